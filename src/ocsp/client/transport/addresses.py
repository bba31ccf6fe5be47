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
from typing import TypeAlias

from ocsp import limits
from ocsp.client.options import AddressPolicy

__all__ = [
    "AddressForbidden",
    "allowed_addresses",
    "check_target_addresses",
    "check_unresolved_name",
    "is_ip_literal",
    "is_public",
    "resolve",
]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that contain an IPv4 address for a translator (RFC 6052)."""


_LOCAL_DOMAINS = frozenset(
    {"arpa", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost"}
)
"""
Last labels of names in local networks: RFC 6761, RFC 6762, RFC 8375, and those that
ICANN reserved or does not delegate because local networks use them.
"""


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


def check_target_addresses(host: str, addresses: Sequence[str]) -> None:
    """
    Check that all *addresses* of *host* are public, before a proxy connects to one.

    Raises:
        AddressForbidden: If one is not: the client does not know which the proxy uses.
    """
    for address in addresses:
        allowed_addresses(host, [address], AddressPolicy.PUBLIC)


def check_unresolved_name(host: str) -> None:
    """
    Check a name that only the proxy can resolve.

    Raises:
        AddressForbidden: If it is a name of a local network, or another spelling of an
            IPv4 address, such as ``127.1``.
    """
    labels = host.lower().rstrip(".").split(".")
    last = labels[-1]
    if len(labels) == 1 or last in _LOCAL_DOMAINS or last[:1].isdecimal():
        raise AddressForbidden(
            f"{host} does not resolve here and is not a public name, so the client does"
            " not send it to the proxy"
        )


def _parsed(address: str) -> Address:
    return ipaddress.ip_address(address.partition("%")[0])


def resolve(host: str, port: int) -> list[str]:
    """
    Return the addresses of *host*. This blocks, without a time limit.

    Raises:
        OSError: If the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
