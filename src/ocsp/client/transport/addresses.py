"""
Addresses: a name becomes addresses once, and what is connected to was checked.

Rules of this file: the address is judged, never the name, and the connection goes to
the address that was judged: a name that points elsewhere a moment later (DNS rebinding)
changes nothing.
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
    "checked",
    "is_public",
    "literal",
    "look_up",
]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that carry an IPv4 address through a translator (RFC 6052)."""


class AddressForbidden(Exception):
    """A host has no address that may be connected to; the text says why."""


def is_public(address: Address) -> bool:
    """
    Tell whether *address* is one of the public Internet.

    Not so: private, loopback, link-local (where cloud machines have their metadata),
    shared, reserved, multicast; nor IPv6 addresses that stand for such an IPv4 one.
    """
    inner = _inner(address)
    return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    """Return the IPv4 address inside of an IPv6 one, if there is one."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def literal(host: str) -> str | None:
    """Return *host* if it is an address itself."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return host


def addresses_of(found: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return the addresses in what ``getaddrinfo`` found, each once."""
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def checked(
    host: str, addresses: Sequence[str], address_policy: AddressPolicy
) -> list[str]:
    """
    Return those of *addresses* that may be connected to.

    Raises:
        AddressForbidden: If there is none.
    """
    if address_policy is AddressPolicy.PUBLIC:
        allowed = [each for each in addresses if is_public(_parsed(each))]
    else:
        allowed = list(addresses)
    if not allowed:
        raise AddressForbidden(
            f"{host} is at {', '.join(addresses) or 'no address'}, which is not public"
        )
    return allowed[: limits.MAX_ADDRESSES]


def _parsed(address: str) -> Address:
    return ipaddress.ip_address(address.partition("%")[0])


def look_up(host: str, port: int) -> list[str]:
    """
    Return the addresses of *host*; this may take long.

    Raises:
        OSError: If there is none.
    """
    return addresses_of(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
