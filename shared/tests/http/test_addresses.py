from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kawal.http.addresses import LONGEST, ClientAddress, host_of, line_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
ADDRESSES = st.ip_addresses().filter(lambda address: not any(address in network for network in PROXIES))


async def client_of(peer, *forwarded, trusted=PROXIES):
    """Whom an app behind the proxies sees; `forwarded` are the headers in their order."""
    seen = []

    async def app(scope, _receive, _send):
        seen.append(host_of(scope))

    scope = {
        "type": "http",
        "client": (peer, 1234),
        "headers": [(b"host", b"x"), *((b"x-forwarded-for", value.encode("latin-1")) for value in forwarded)],
    }
    await ClientAddress(app, trusted=trusted)(scope, None, None)
    return seen[0]


class TestClientAddress:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "client"),
        [
            ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
            ("10.1.2.3", [], "10.1.2.3"),
            ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", ["192.0.2.9, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", ["192.0.2.9, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("10.1.2.3", ["192.0.2.9", "198.51.100.1"], "198.51.100.1"),
            ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
            ("::ffff:10.1.2.3", ["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", ["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
            ("10.1.2.3", ["198.51.100.1:4711"], "198.51.100.1"),
            ("10.1.2.3", ["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.1.2.3", ["198.51.100.1, unknown"], "10.1.2.3"),
            ("10.1.2.3", ["198.51.100.1, , 10.0.0.8"], "10.0.0.8"),
            ("10.1.2.3", ["\xff\xfe"], "10.1.2.3"),
            ("10.1.2.3", [f"  198.51.100.1{' ' * LONGEST}"], "198.51.100.1"),
            ("10.1.2.3", [f"fe80::1%{'x' * LONGEST}"], "10.1.2.3"),
        ],
    )
    async def test_first_hop_from_the_end_that_is_not_ours(self, peer, forwarded, client):
        assert await client_of(peer, *forwarded) == client

    @given(
        claimed=st.lists(st.text(st.characters(max_codepoint=255)).map(lambda text: text.replace("\n", ""))),
        real=ADDRESSES,
        hops=st.lists(st.ip_addresses(network="10.0.0.0/8"), max_size=3),
    )
    async def test_nobody_can_choose_his_address(self, claimed, real, hops):
        written = ", ".join([*claimed, *map(str, [real, *hops])])
        assert line_of(await client_of("10.0.0.1", written)) == line_of(str(real))

    async def test_without_an_address(self):
        scope = {"type": "http", "client": None, "headers": []}

        async def app(seen, _receive, _send):
            assert seen["client"] is None

        await ClientAddress(app, trusted=PROXIES)(scope, None, None)


class TestLineOf:
    def test_an_ipv6_subscriber_has_many_addresses(self):
        assert line_of("2001:db8:1:2:aaaa::1") == line_of("2001:db8:1:2::bbbb") == "2001:db8:1:2::/64"
        assert line_of("2001:db8:1:3::1") != line_of("2001:db8:1:2::1")

    def test_an_ipv4_one_has_one(self):
        assert line_of("198.51.100.1") == line_of("::ffff:198.51.100.1") == "198.51.100.1"

    def test_what_is_none_is_kept_apart(self):
        assert line_of("") == ""
