"""Addresses: what is public, and what only looks so."""

from __future__ import annotations

import ipaddress

import pytest

from ocsp import limits
from ocsp.client import AddressPolicy
from ocsp.client.transport.addresses import AddressForbidden, allowed_addresses, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1",
    ],
)  # fmt: skip
def test_no_address_of_this_network_is_public(address: str) -> None:
    """However it is written; cloud metadata lies at a link-local one."""
    assert not is_public(ipaddress.ip_address(address.partition("%")[0]))
    with pytest.raises(AddressForbidden, match=r"name\.example resolves to"):
        allowed_addresses("name.example", [address], AddressPolicy.PUBLIC)
    assert allowed_addresses("name.example", [address], AddressPolicy.PRIVATE_TOO) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "1.1.1.1",
        "2606:4700::1111",
        "64:ff9b::101:101",
        "::ffff:1.1.1.1",
    ],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    """Also through a translator."""
    assert is_public(ipaddress.ip_address(address))
    assert allowed_addresses("name.example", [address], AddressPolicy.PUBLIC) == [address]


def test_of_a_name_with_both_only_the_public_address_is_used() -> None:
    """A private one beside it is no way in."""
    both = ["10.0.0.1", "1.1.1.1"]
    assert allowed_addresses("name.example", both, AddressPolicy.PUBLIC) == ["1.1.1.1"]


def test_the_number_of_addresses_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a thousand addresses does not cost a thousand connections."""
    monkeypatch.setattr(limits, "MAX_ADDRESSES", 2)
    many = [f"1.1.1.{number}" for number in range(1, 9)]
    assert allowed_addresses("name.example", many, AddressPolicy.PUBLIC) == many[:2]
