import pytest

from kawal.http.origins import host_of


class TestHostOf:
    @pytest.mark.parametrize(
        ("origin", "host"),
        [("https://Kawal.example", "kawal.example"), ("http://127.0.0.1:8101", "127.0.0.1:8101")],
    )
    def test_as_in_the_host_header(self, origin, host):
        assert host_of(origin) == host

    @pytest.mark.parametrize("origin", ["", "null", "http://[", "kawal.example"])
    def test_none(self, origin):
        assert host_of(origin) is None
