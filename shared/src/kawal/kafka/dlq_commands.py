"""`kawal dlq list|show|replay`."""

import asyncio
from typing import Annotated

import typer

from kawal.kafka import replay as replays
from kawal.kafka.commands import Brokers
from kawal.kafka.masking import masked, revealed
from kawal.kafka.replay import Letter, most_waiting_first

app = typer.Typer(help="Look at dead letters, and have them handled again.", no_args_is_help=True)

Topic = Annotated[str, typer.Argument(help="A dead-letter topic, as `kawal dlq list` shows it.")]
AGAIN = f"Also what was replayed before, in the last {replays.KNOWN_FOR.days} days."
ENVELOPE = ("ce_id", "ce_source", "ce_type", "ce_time", "traceparent")


@app.command("list")
def list_topics(brokers: Brokers) -> None:
    """Show every dead-letter topic: letters, how many were never replayed, and the reasons."""
    asyncio.run(_list(brokers))


@app.command()
def show(
    topic: Topic,
    brokers: Brokers,
    offset: Annotated[int | None, typer.Option(help="Only this one.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show texts unmasked: personal data.")] = False,  # noqa: FBT002
) -> None:
    """Show letters with their reason, headers and data; texts are masked."""
    asyncio.run(_show(brokers, topic, offset=offset, reveal=reveal))


@app.command()
def replay(
    topic: Topic,
    brokers: Brokers,
    from_start: Annotated[bool, typer.Option("--from-start", help=AGAIN)] = False,  # noqa: FBT002
) -> None:
    """Have the letters handled again, in order, and unpark their keys. Doing it twice changes nothing."""
    asyncio.run(_replay(brokers, topic, from_start=from_start))


async def _list(brokers: str) -> None:
    async with replays.opened(brokers) as reader:
        summaries = [await reader.summary(topic) for topic in await reader.topics()]
    for summary in most_waiting_first(summaries):
        typer.echo(f"{summary.topic}: {summary.letters} letters, {summary.waiting} never replayed")
        for reason, count in summary.reasons.most_common():
            typer.echo(f"  {count:6}  {reason}")
    if not summaries:
        typer.echo("There is no dead-letter topic. `kawal topics` creates them.")


async def _show(brokers: str, topic: str, *, offset: int | None, reveal: bool) -> None:
    async with replays.opened(brokers) as reader:
        await _known(reader, topic)
        async for letter in reader.letters(topic, start=offset or 0):
            typer.echo(_described(letter, reveal=reveal))
            if offset is not None:
                return


async def _replay(brokers: str, topic: str, *, from_start: bool) -> None:
    async with replays.opened(brokers) as reader:
        await _known(reader, topic)
        done = await reader.replay(topic, from_start=from_start)
    if done.left_out:
        typer.echo(
            f"Left out {done.left_out} letters that were replayed more than {replays.KNOWN_FOR.days} days ago: what was"
            " applied then may be known to nobody any more, and would be applied again."
        )
    typer.echo(f"Sent {done.letters} letters of {done.keys} keys again. What fails again comes back: kawal dlq list")


async def _known(reader: replays.DeadLetterReader, topic: str) -> None:
    if topic not in await reader.topics():
        typer.echo(f"There is no dead-letter topic {topic}; see `kawal dlq list`.", err=True)
        raise typer.Exit(1)


def _described(letter: Letter, *, reveal: bool) -> str:
    headers = [
        f"  {name}: {value.decode(errors='backslashreplace') if reveal or name in ENVELOPE else '(masked)'}"
        for name, value in letter.headers
    ]
    data = revealed(letter.value) if reveal else masked(letter.value)
    head = f"offset {letter.offset}, {letter.at}: {letter.reason}\n  was at {letter.was_at}"
    return "\n".join([head, *headers, data, ""])
