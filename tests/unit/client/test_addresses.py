"""Addresses: which are public, which only look public, and every special block."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ocsp
from ocsp import limits
from ocsp.client import AddressPolicy
from ocsp.client.transport.addresses import (
    AddressForbidden,
    allowed_addresses,
    check_proxied_name,
    check_target_addresses,
    check_unresolved_name,
    is_public,
)
from ocsp.client.transport.special_addresses import SPECIAL_BLOCKS

PUBLIC = AddressPolicy.PUBLIC


def test_one_module_reads_addresses() -> None:
    """No other one imports ``ipaddress``, whose exceptions it would have to handle."""
    sources = Path(ocsp.__file__).parent
    found = [
        str(path.relative_to(sources))
        for path in sources.rglob("*.py")
        if "ipaddress" in path.read_text()
    ]
    assert found == ["guarded/addresses.py"]


# --- the registries -------------------------------------------------------------------

REGISTRIES = {
    # IPv4 special-purpose addresses, and multicast.
    "0.0.0.0/8": False, "0.0.0.0/32": False, "10.0.0.0/8": False,
    "100.64.0.0/10": False, "127.0.0.0/8": False, "169.254.0.0/16": False,
    "172.16.0.0/12": False, "192.0.0.0/24": False, "192.0.0.0/29": False,
    "192.0.0.8/32": False, "192.0.0.9/32": True, "192.0.0.10/32": True,
    "192.0.0.170/32": False, "192.0.0.171/32": False, "192.0.2.0/24": False,
    "192.31.196.0/24": False, "192.52.193.0/24": False, "192.88.99.0/24": False,
    "192.88.99.2/32": False, "192.168.0.0/16": False, "192.175.48.0/24": False,
    "198.18.0.0/15": False, "198.51.100.0/24": False, "203.0.113.0/24": False,
    "224.0.0.0/4": False, "240.0.0.0/4": False, "255.255.255.255/32": False,
    # IPv6 special-purpose addresses, and what else is set aside.
    "::/128": False, "::1/128": False, "100::/64": False, "100:0:0:1::/64": False,
    "64:ff9b:1::/48": False, "2001::/23": False, "2001:1::1/128": True,
    "2001:1::2/128": True, "2001:1::3/128": True, "2001:2::/48": False,
    "2001:3::/32": False, "2001:4:112::/48": False, "2001:10::/28": False,
    "2001:20::/28": False, "2001:30::/28": False, "2001:db8::/32": False,
    "2620:4f:8000::/48": False, "3fff::/20": False, "5f00::/16": False,
    "fc00::/7": False, "fe80::/10": False, "fec0::/10": False, "ff00::/8": False,
    # Everything else outside of 2000::/3.
    "::/3": False, "4000::/2": False, "8000::/1": False,
}  # fmt: skip
"""Each block, and whether its addresses are public; the smallest block decides."""

NETWORKS = {ipaddress.ip_network(block): public for block, public in REGISTRIES.items()}

EMBEDDING = (
    "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/96", "2001::/32", "2002::/16",
)  # fmt: skip
"""Blocks whose addresses contain IPv4 addresses."""


def _expected(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether *address* is public, by the table above."""
    sizes = {
        network.num_addresses: public
        for network, public in NETWORKS.items()
        if address in network
    }
    return sizes[min(sizes)] if sizes else True


@pytest.mark.parametrize("block", [*REGISTRIES, *EMBEDDING])
def test_every_block_of_the_registries(block: str) -> None:
    """The first and the last address, and their neighbours outside of the block."""
    network = ipaddress.ip_network(block)
    kind = type(network.network_address)
    first, last = int(network.network_address), int(network.broadcast_address)
    most = 2**network.max_prefixlen - 1
    embedding = [ipaddress.ip_network(each) for each in EMBEDDING]
    for number in (first - 1, first, (first + last) // 2, last, last + 1):
        address = kind(min(max(number, 0), most))
        if not any(address in each for each in embedding):
            assert is_public(address) is _expected(address), address


def test_the_table_has_every_block() -> None:
    """And no other one."""
    known = {str(block.network) for block in SPECIAL_BLOCKS} - set(EMBEDDING)
    registered = set(REGISTRIES) - {"::/3", "4000::/2", "8000::/1"}
    pair = {"192.0.0.170/32", "192.0.0.171/32"}
    assert known == registered - pair | {"192.0.0.170/31"}


@given(st.ip_addresses(v=4))
def test_python_knows_no_more_private_ipv4_addresses(
    address: ipaddress.IPv4Address,
) -> None:
    """What is public here is global for ``ipaddress``, but for two anycast addresses."""
    if is_public(address) and str(address) not in {"192.0.0.9", "192.0.0.10"}:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
@example(ipaddress.IPv6Address("2606:4700::1111"))
def test_python_knows_no_more_private_ipv6_addresses(
    address: ipaddress.IPv6Address,
) -> None:
    """The same for IPv6, except in blocks that contain IPv4 addresses."""
    if is_public(address) and REGISTRIES.get(f"{address}/128") is None:
        assert address.is_global or address.ipv4_mapped or address.sixtofour


# --- IPv4 addresses in IPv6 addresses -------------------------------------------------

_ALL = 0xFFFF_FFFF

_ipv4 = st.one_of(
    st.ip_addresses(v=4),
    st.sampled_from(
        [
            ipaddress.IPv4Address(each)
            for each in ("8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254")
        ]
    ),
)


def _inside(prefix: str, bits: int, shift: int = 0) -> ipaddress.IPv6Address:
    return ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | bits << shift)


@given(_ipv4, st.integers(0, 2**80 - 1))
def test_an_embedded_ipv4_address_decides(
    inner: ipaddress.IPv4Address, rest: int
) -> None:
    """Mapped, compatible, translated (NAT64), 6to4, Teredo and ISATAP."""
    bits, public = int(inner), is_public(inner)
    other = int(ipaddress.IPv4Address("8.8.8.8"))
    assert is_public(_inside("::ffff:0:0", bits)) is public
    assert is_public(_inside("64:ff9b::", bits)) is public
    assert is_public(_inside("64:ff9b:1::", bits)) is public
    if bits > 1:
        assert is_public(_inside("::", bits)) is public
    if rest >> 32 & _ALL not in {0x5EFE, 0x0200_5EFE}:
        assert is_public(_inside("2002::", bits << 80 | rest)) is public
    assert is_public(_inside("2001::", bits << 64 | other ^ _ALL)) is public
    assert is_public(_inside("2001::", other << 64 | bits ^ _ALL)) is public
    for interface in ("::5efe:0:0", "::200:5efe:0:0"):
        at = int(ipaddress.IPv6Address(interface)) | bits
        assert is_public(_inside("2606:4700::", at)) is public
        assert not is_public(_inside("fe80::", at))
        assert not is_public(_inside("2001:db8::", at))


@given(_ipv4, st.integers(1, 2**48 - 1))
def test_local_nat64_addresses_with_an_unknown_layout_are_not_public(
    inner: ipaddress.IPv4Address, between: int
) -> None:
    """RFC 6052 §2.2: the IPv4 address can be in four places of 64:ff9b:1::/48."""
    assert not is_public(_inside("64:ff9b:1::", between << 32 | int(inner)))


# --- what a resolver returns ----------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fec0::2", "64:ff9b:1::a00:1", "fd00::2", "::ffff:127.0.0.1", "2002:7f00:1::",
        "::10.0.0.1", "2606:4700::1111%eth0", "2606:4700::1111%1", "::ffff:8.8.8.8%lo",
        "", "name", "127.1", "127.0.0.01", "１２７.0.0.1", "8.8.8.8 ", "8.8.8.8\n", "[::1]",
        "8.8.8.8%eth0", "2606:4700::1111%", "2606:4700::1111%a%b", "/run/socket",
    ],
)  # fmt: skip
def test_only_public_addresses_are_allowed(address: str) -> None:
    """A text that is no address is not allowed either. A zone is a link of this host."""
    with pytest.raises(AddressForbidden, match=r"name\.example resolves to"):
        allowed_addresses("name.example", [address], PUBLIC)
    with pytest.raises(AddressForbidden):
        check_target_addresses("name.example", ["8.8.8.8", address])
    both = [address, "8.8.8.8"]
    assert allowed_addresses("name.example", both, PUBLIC) == ["8.8.8.8"]
    private_too = AddressPolicy.PRIVATE_TOO
    assert allowed_addresses("name.example", [address], private_too) == [address]


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::FFFF:1.1.1.1"],
)
def test_addresses_of_the_internet_are_allowed(address: str) -> None:
    """Also an IPv4 address inside an IPv6 address."""
    assert allowed_addresses("name.example", [address], PUBLIC) == [address]


def test_the_number_of_addresses_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with many addresses does not cause as many connections, or a long text."""
    monkeypatch.setattr(limits, "MAX_ADDRESSES", 2)
    many = [f"1.1.1.{number}" for number in range(1, 9)]
    assert allowed_addresses("name.example", many, PUBLIC) == many[:2]
    private = [f"10.1.1.{number}" for number in range(1, 9)]
    with pytest.raises(AddressForbidden, match=r"to 10\.1\.1\.1, 10\.1\.1\.2, which"):
        allowed_addresses("name.example", private, PUBLIC)


# --- names for a proxy ----------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "0x7f.1", "017700000001", "2130706433", "0127.0.0.1", "127.0.0.1.",
        "a.0x7f", "1.2.3.4.5", "a..b", ".", "", ".a", "a..", "%6cocalhost", "a.%6cocal",
        "a b", "a\\b", "a\0b", "a,b", "１２７.0.0.1", "é.example", "ⓛocalhost", "[::1]",
        "a" * 64 + ".example", "a:b", "a@b",
    ],
)  # fmt: skip
def test_a_proxy_gets_no_name_that_it_could_read_differently(host: str) -> None:
    """Spellings of IPv4 addresses, escapes, and what is no host name."""
    with pytest.raises(AddressForbidden, match="neither an IP address nor a host name"):
        check_proxied_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "a.example",
        "A.EXAMPLE.",
        "xn--bcher-kva.example",
        "a_b.4.example",
        "8.8.8.8",
        "::1",
    ],
)
def test_a_proxy_gets_names_and_addresses(host: str) -> None:
    """Whether an address is public, another check decides."""
    check_proxied_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST.", "a.localhost", "printer.local", "intranet", "x.home.arpa",
        "metadata.google.internal", "a.LAN.",
    ],
)  # fmt: skip
def test_names_of_local_networks_are_not_left_to_a_proxy(host: str) -> None:
    """RFC 6761, RFC 6762, RFC 8375."""
    check_proxied_name(host)
    with pytest.raises(AddressForbidden, match="not a public name"):
        check_unresolved_name(host)


@pytest.mark.parametrize(
    "spelling",
    ["2130706433", "0x7f.1", "0X7F000001", "017700000001", "127.1", "127.0.1"],
)
def test_the_resolver_reads_other_spellings_and_the_result_is_checked(
    spelling: str,
) -> None:
    """``getaddrinfo`` reads them as IPv4 addresses, like the C library."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(spelling, 80)}
    assert found == {"127.0.0.1"}
    with pytest.raises(AddressForbidden):
        allowed_addresses(spelling, sorted(found), PUBLIC)
