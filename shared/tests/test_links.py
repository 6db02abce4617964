from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kawal.links import ExpiredLink, InvalidLink, read, read_status_token, sign, status_token

KEY, NOW = "key", datetime(2026, 11, 24, tzinfo=UTC)


def token(**options):
    return sign({"c": "web:12345678"}, key=KEY, purpose="status", **options)


class TestRead:
    def test_what_was_signed(self):
        assert read(token(), key=KEY, purpose="status", now=NOW) == {"c": "web:12345678"}

    def test_within_its_time(self):
        claims = read(token(expires_at=NOW), key=KEY, purpose="status", now=NOW)
        assert claims["c"] == "web:12345678"

    def test_expired(self):
        with pytest.raises(ExpiredLink):
            read(token(expires_at=NOW), key=KEY, purpose="status", now=NOW + timedelta(seconds=1))

    @pytest.mark.parametrize(("key", "purpose"), [("other", "status"), (KEY, "magic")])
    def test_made_for_something_else(self, key, purpose):
        with pytest.raises(InvalidLink):
            read(token(), key=key, purpose=purpose, now=NOW)

    @given(st.text() | st.text(alphabet="abcAB01-_=.", max_size=80))
    def test_made_up(self, forged):
        with pytest.raises(InvalidLink):
            read(forged, key=KEY, purpose="status", now=NOW)

    @given(st.integers(min_value=0), st.characters())
    def test_changed(self, place, character):
        genuine = token()
        place %= len(genuine)
        changed = genuine[:place] + character + genuine[place + 1 :]
        try:
            claims = read(changed, key=KEY, purpose="status", now=NOW)
        except InvalidLink:
            return
        assert claims == {"c": "web:12345678"}


class TestStatusToken:
    def test_round_trip(self):
        assert read_status_token(status_token("web:12345678", key=KEY), key=KEY, now=NOW) == "web:12345678"

    def test_never_expires(self):
        long_after = NOW + timedelta(days=3650)
        assert read_status_token(status_token("web:12345678", key=KEY), key=KEY, now=long_after)

    def test_safe_in_a_path(self):
        assert set(status_token("web:12345678", key=KEY)) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        )
