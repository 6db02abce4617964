"""What is printed where nobody reads any more."""

import io
import os

from kawal_local.output import PrefixedOutput


class TestWrite:
    def test_whole_lines_with_their_program(self, tmp_path):
        with (tmp_path / "printed").open("w") as target:
            output = PrefixedOutput(target)
            receive = output.stream("kafka")
            receive({"data": b"one\ntw"})
            output.say("between")
            receive({"data": b"o\n"})
            output.plain("done")
        assert (tmp_path / "printed").read_text().splitlines() == [
            "kafka           | one",
            "kawal           | between",
            "kafka           | two",
            "done",
        ]

    def test_nobody_reads_any_more(self):
        """The terminal is closed: whatever runs goes on, and can be stopped in order."""
        reading, writing = os.pipe()
        os.close(reading)
        with io.TextIOWrapper(os.fdopen(writing, "wb", buffering=0), write_through=True) as target:
            output = PrefixedOutput(target)
            output.write("kafka", "there")
            output.plain("done")
