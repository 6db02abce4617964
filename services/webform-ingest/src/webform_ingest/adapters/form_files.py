"""Reads `programme/forms/*.yaml`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kawal.programme import ProgrammeError, Topics, load_yaml
from webform_ingest.domain.definitions import Form, TopicChoices

FOLDER = "forms"


def load(programme: Path, *, topics: TopicChoices) -> Mapping[str, Form]:
    """The forms in the folder `programme` by name.

    Raises:
        ProgrammeError: a file cannot be used; the message names it and, line by line, what is wrong where.
    """
    forms = [_load_file(path, topics=topics) for path in sorted((programme / FOLDER).glob("*.yaml"))]
    return {form.form: form for form in forms}


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    load(programme, topics=Topics.load(programme))


def _load_file(path: Path, *, topics: TopicChoices) -> Form:
    form = load_yaml(path, Form)
    if problems := list(_problems(form, name=path.stem, topics=topics)):
        raise ProgrammeError(path, *problems)
    return form


def _problems(form: Form, *, name: str, topics: TopicChoices) -> Iterator[str]:
    """What only shows beside the file's name and the programme's topics."""
    if form.form != name:
        yield f"form: is {form.form!r}, but the file is called {name!r}"
    for field, key, value in form.conditions():
        depends_on = form.field(key)
        if depends_on is not None and depends_on.type == "select" and value not in topics:
            yield f"fields.{field.key}.hints: {value!r} is no topic of complaint (topics.yaml)"
