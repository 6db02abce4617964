from chat_ingest.domain.reads import ReportedReads


class TestNote:
    def test_only_ever_goes_up(self) -> None:
        reads = ReportedReads()
        reads.note("chat:a", seq=5)
        reads.note("chat:a", seq=3)
        assert (reads.reported("chat:a"), reads.reported("chat:b")) == (5, 0)

    def test_forgets_whoever_was_silent_for_longest(self) -> None:
        reads = ReportedReads(remembered=2)
        for conversation_id in ("chat:a", "chat:b", "chat:a", "chat:c"):
            reads.note(conversation_id, seq=1)
        assert [reads.reported(f"chat:{name}") for name in "abc"] == [1, 0, 1]
