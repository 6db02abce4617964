import asyncio

from ticket_core.adapters.passwords import MOST_WAITING, Passwords, TooManyPasswords


class TestVerify:
    async def test_who_is_one_too_many_is_not_waited_for(self) -> None:
        passwords = Passwords()
        asked = (passwords.verify("x", hashed=None) for _ in range(MOST_WAITING + 10))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [bool] * (MOST_WAITING + 2) + [TooManyPasswords] * 8
        assert not await passwords.verify("x", hashed=None)
