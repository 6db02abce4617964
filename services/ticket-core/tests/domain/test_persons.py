from core_factories import BUDI, CHAT, WEB, Desk, contact, form, identity, message
from ticket_core.domain.inputs import MergePersons

INCENTIVE, TRAINING = "Insentif saya belum cair dari bulan lalu", "Sertifikat pelatihan belum terbit di akun saya"


class TestMerged:
    def test_one_known_by_both(self) -> None:
        desk = Desk()
        desk.one(contact(message(INCENTIVE, identities=(identity("+621"),))))
        desk.one(contact(form(("Masalah", TRAINING), identities=(identity("+622"),))))
        siti, other = desk.people
        desk.give(MergePersons(participant_id=siti, other_id=other, agent=BUDI))
        both = (identity("+621"), identity("+622"))
        desk.one(contact(message("Lagi", conversation="voice:bbbbbbbb", identities=both)))
        assert desk.people == [siti, other]
        assert {desk.world.person_of(one) for one in desk.people} == {siti}
        # Whose identity it is does not change.
        assert [fact.participant_id for fact in desk.world.facts.values() if fact.value == "+622"] == [other]
        assert {one.id for one in desk.world.conversations.values()} == {CHAT, WEB, "voice:bbbbbbbb"}
