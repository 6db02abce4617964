"""Whom does a note call by `@name`?"""

import re
from collections import Counter
from collections.abc import Collection

from ticket_core.domain.case import Agent

_AT = re.compile(r"(?<![\w.@])@(?=\w)")  # not that of an e-mail address


def mentioned(text: str, *, agents: Collection[Agent]) -> tuple[str, ...]:
    """The ids of those called in `text`, in its order, each once.

    Somebody is called by his full name, or by its first word where nobody else's begins with it; the longest name that
    fits counts. Case does not matter. An `@` in front of anything else is just text.
    """
    names = _names(agents)
    found: dict[str, None] = {}
    for at in _AT.finditer(text):
        behind = text[at.end() :].casefold()
        fitting = (name for name in names if re.match(rf"{re.escape(name)}(?!\w)", behind))
        longest = max(fitting, key=len, default=None)
        if longest is not None:
            found.setdefault(names[longest])
    return tuple(found)


def _names(agents: Collection[Agent]) -> dict[str, str]:
    """By which names whom; a name that several have calls nobody."""
    full = Counter(agent.name.casefold() for agent in agents)
    first = Counter(_first(agent) for agent in agents)
    names = {_first(agent): agent.id for agent in agents if first[_first(agent)] == 1}
    return names | {agent.name.casefold(): agent.id for agent in agents if full[agent.name.casefold()] == 1}


def _first(agent: Agent) -> str:
    return (agent.name.split() or [agent.name])[0].casefold()
