"""Dead letters are replayed in order, whatever else arrives meanwhile."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from kawal.errors import TransientError
from kawal.kafka import InvalidRecords, dlq_commands, replay
from kawal.testing import eventually
from kawal.testing.waiting import run_apart

pytestmark = pytest.mark.integration


class Bug:
    """Refuses the numbers in `refused`, until somebody mends it."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)

    def __call__(self, record):
        return InvalidRecords([(record, "no")]) if record.envelope.id in self.refused else None


async def _replay(stream, **options):
    async with replay.opened(stream.bootstrap_servers) as reader:
        return await reader.replay(stream.dead_letter_topic, **options)


async def _settled(stream, records: int) -> None:
    async def committed() -> bool:
        return await stream.committed() == records

    await eventually(committed)


class TestReplay:
    async def test_handles_the_letters_in_order_and_unparks_the_key(self, stream, applied, run):
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2), ("good", 1), ("bad", 3))
        async with run(stream.consumer(applied)):
            await _settled(stream, 4)
            bug.refused.clear()
            done = await _replay(stream)
            await eventually(lambda: applied.of("bad") == [1, 2, 3])
            await _settled(stream, 8)
            await stream.send(("bad", 4))
            await eventually(lambda: applied.of("bad") == [1, 2, 3, 4])
        assert (done.letters, done.keys) == (3, 1)
        assert await stream.parked() == set()
        assert len(await stream.buried()) == 3

    async def test_twice_changes_nothing(self, stream, applied, run):
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2))
        async with run(stream.consumer(applied)):
            await _settled(stream, 2)
            bug.refused.clear()
            await _replay(stream)
            again = await _replay(stream)
            forced = await _replay(stream, from_start=True)
            await _settled(stream, 2 + 3 + 3)
        assert again.letters == 0
        assert forced.letters == 2
        assert applied.of("bad") == [1, 2]
        assert len(await stream.buried()) == 2
        assert await stream.parked() == set()

    async def test_what_fails_again_comes_back_in_order(self, stream, applied, run):
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2))
        async with run(stream.consumer(applied)):
            await _settled(stream, 2)
            await _replay(stream)
            await _settled(stream, 5)
            assert await stream.parked() == {b"bad"}
            assert await stream.buried_ids() == ["bad/1", "bad/2"] * 2
            bug.refused.clear()
            await _replay(stream)
            await eventually(lambda: applied.of("bad") == [1, 2])
            await _settled(stream, 8)
        assert await stream.parked() == set()

    async def test_a_record_that_arrives_before_the_mark_keeps_its_place(self, stream, applied, run):
        """The race: a new record of the key lies between the replayed ones and their mark."""
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2))
        async with run(stream.consumer(applied)):
            await _settled(stream, 2)
        bug.refused.clear()
        await stream.send(("bad", 3))
        await _replay(stream)
        await stream.send(("bad", 4))
        async with run(stream.consumer(applied)):
            # 3 was buried before the mark, so the key stays parked, and 4 follows it.
            await eventually(lambda: applied.of("bad") == [1, 2])
            await _settled(stream, 7)
            assert await stream.parked() == {b"bad"}
            await _replay(stream)
            await eventually(lambda: applied.of("bad") == [1, 2, 3, 4])
            await _settled(stream, 10)
        assert await stream.parked() == set()

    async def test_is_nothing_to_another_group(self, stream, applied, applied_of, run):
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1))
        async with run(stream.consumer(applied)):
            await _settled(stream, 1)
        bug.refused.clear()
        await _replay(stream)
        other = stream.another_group()
        await other.create_dead_letters()
        seen = applied_of()
        async with run(other.consumer(seen)):
            await _settled(other, 3)
        assert seen.calls == {"bad/1": 1}

    async def test_survives_an_outage_in_the_middle(self, stream, applied, run):
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2))
        async with run(stream.consumer(applied)):
            await _settled(stream, 2)
            bug.refused.clear()
            applied.trouble = lambda _record: TransientError("away")
            await _replay(stream)
            await eventually(lambda: applied.calls["bad/1"] >= 4)
            applied.trouble = bug
            await eventually(lambda: applied.of("bad") == [1, 2])
            await _settled(stream, 5)
        assert await stream.parked() == set()

    async def test_how_far_it_came_is_kept_beside_the_letters(self, stream, applied, run):
        """A consumer group's offset would be gone after a week, and the letters with it be handled again."""
        applied.trouble = bug = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2))
        async with run(stream.consumer(applied)):
            await _settled(stream, 2)
            bug.refused.clear()
            await _replay(stream)
            await _settled(stream, 5)
        last = (await stream.dead_letter_log())[-1]
        assert dict(last.headers)["kawal_replayed_through"] == b"1"

    async def test_what_no_inbox_may_know_any_more_is_left_out(self, stream, applied, run, monkeypatch):
        applied.trouble = bug = Bug("bad/1", "late/1")
        await stream.send(("bad", 1))
        async with run(stream.consumer(applied)):
            await _settled(stream, 1)
            await _replay(stream)
            await _settled(stream, 3)
            bug.refused.clear()
            monkeypatch.setattr(replay, "KNOWN_FOR", timedelta(0))
            done = await _replay(stream, from_start=True)
            await eventually(lambda: applied.of("bad") == [1])
        assert (done.letters, done.left_out) == (1, 1)


class TestCommands:
    async def test_list_counts_letters_by_reason(self, stream, applied, run):
        applied.trouble = Bug("bad/1")
        await stream.send(("bad", 1), ("bad", 2))
        async with run(stream.consumer(applied)):
            await _settled(stream, 2)
        listed = _invoke("list", "--kafka", stream.bootstrap_servers)
        assert f"{stream.dead_letter_topic}: 2 letters, 2 never replayed" in listed
        assert "1  no" in listed

    async def test_show_masks_what_may_be_personal(self, stream, applied, run):
        applied.trouble = Bug("bad/1")
        message = stream.message("bad", 1)
        await stream.producer.send(
            type(message)(message.topic, message.key, b'{"kind": "x", "text": "Ibu Sri"}', message.headers)
        )
        async with run(stream.consumer(applied)):
            await _settled(stream, 1)
        options = (stream.dead_letter_topic, "--kafka", stream.bootstrap_servers)
        shown = _invoke("show", *options)
        assert "Sri" not in shown
        assert '"kind": "x"' in shown
        assert "ce_id: bad/1" in shown
        assert "Ibu Sri" in _invoke("show", *options, "--reveal")

    async def test_replay_of_an_unknown_topic_is_told(self, kafka_bootstrap):
        told = _invoke("replay", "nothing.dlq", "--kafka", kafka_bootstrap, code=1)
        assert "no dead-letter topic nothing.dlq" in told


def _invoke(*arguments: str, code: int = 0) -> str:
    result = run_apart(lambda: CliRunner().invoke(dlq_commands.app, arguments))
    assert result.exit_code == code, result.output
    return result.output
