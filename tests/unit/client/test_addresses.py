"""Addresses: which are public, and which only look public."""

from __future__ import annotations

import ipaddress

import pytest

from ocsp import limits
from ocsp.client import AddressPolicy
from ocsp.client.transport.addresses import (
    AddressForbidden,
    allowed_addresses,
    is_public,
)


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
def test_private_and_special_addresses_are_not_public(address: str) -> None:
    """Also when an IPv6 address contains them. 169.254.169.254 is cloud metadata."""
    assert not is_public(ipaddress.ip_address(address.partition("%")[0]))
    with pytest.raises(AddressForbidden, match=r"name\.example resolves to"):
        allowed_addresses("name.example", [address], AddressPolicy.PUBLIC)
    assert allowed_addresses("name.example", [address], AddressPolicy.PRIVATE_TOO) == [
        address
    ]


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
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Also an IPv4 address inside an IPv6 address."""
    assert is_public(ipaddress.ip_address(address))
    assert allowed_addresses("name.example", [address], AddressPolicy.PUBLIC) == [
        address
    ]


def test_a_name_with_both_kinds_uses_only_the_public_address() -> None:
    """A private address beside a public one is not used."""
    both = ["10.0.0.1", "1.1.1.1"]
    assert allowed_addresses("name.example", both, AddressPolicy.PUBLIC) == ["1.1.1.1"]


def test_the_number_of_addresses_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with many addresses does not cause as many connections."""
    monkeypatch.setattr(limits, "MAX_ADDRESSES", 2)
    many = [f"1.1.1.{number}" for number in range(1, 9)]
    assert allowed_addresses("name.example", many, AddressPolicy.PUBLIC) == many[:2]
