"""
Resolve host names and refuse addresses that are not public.

The client resolves a name once, checks the addresses and connects to an address that it
has checked. So a name that resolves to another address later (DNS rebinding) does not
bypass the check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, TypeAlias

from ocsp import limits
from ocsp.client.options import AddressPolicy

__all__ = [
    "AddressForbidden",
    "addresses_of",
    "allowed_addresses",
    "is_ip_literal",
    "is_public",
    "resolve",
]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that contain an IPv4 address for a translator (RFC 6052)."""


class AddressForbidden(Exception):
    """A host has no address that the client may connect to; the text says why."""


def is_public(address: Address) -> bool:
    """
    Return whether *address* belongs to the public Internet.

    Private, loopback, link-local (cloud metadata services), shared, reserved and
    multicast addresses do not, nor do IPv6 addresses that contain such an IPv4 address.
    """
    inner = _inner(address)
    return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 address, or else *address* itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_ip_literal(host: str) -> bool:
    """Return whether *host* is an IP address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def addresses_of(found: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return the addresses in a result of ``getaddrinfo``, without duplicates."""
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def allowed_addresses(
    host: str, addresses: Sequence[str], address_policy: AddressPolicy
) -> list[str]:
    """
    Return those of *addresses* that the client may connect to.

    Raises:
        AddressForbidden: If there are none.
    """
    if address_policy is AddressPolicy.PUBLIC:
        allowed = [each for each in addresses if is_public(_parsed(each))]
    else:
        allowed = list(addresses)
    if not allowed:
        raise AddressForbidden(
            f"{host} resolves to {', '.join(addresses) or 'no address'}, which is not"
            " public"
        )
    return allowed[: limits.MAX_ADDRESSES]


def _parsed(address: str) -> Address:
    return ipaddress.ip_address(address.partition("%")[0])


def resolve(host: str, port: int) -> list[str]:
    """
    Return the addresses of *host*. This blocks, without a time limit.

    Raises:
        OSError: If the name cannot be resolved.
    """
    return addresses_of(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
