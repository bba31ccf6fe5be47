"""
Read IP addresses, networks and host names from text.

No other module calls ``ipaddress``. A text can come from a certificate, a resolver or a
user; one that is not an address is a result here, and not an exception of another
library.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from ocsp.errors import SchemaError

__all__ = [
    "Address",
    "IPv4Address",
    "IPv6Address",
    "Network",
    "address_of",
    "inner_ipv4",
    "is_host_name",
    "read_network",
]

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_ALL_BITS = 0xFFFF_FFFF
"""The bits of an IPv4 address."""


def address_of(text: str) -> Address | None:
    """
    Return the IP address that *text* is, or ``None`` if it is anything else.

    Accepted are the forms of RFC 4291 §2.2, with or without a zone (``%eth0``, RFC 4007
    §11), and four decimal numbers. Other spellings of IPv4 addresses, such as ``127.1``
    and ``0x7f000001``, are host names here: the resolver of the system reads them.
    """
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_host_name(text: str) -> bool:
    """
    Return whether *text* can be the name of a host (RFC 1123 §2.1).

    No top-level domain begins with a digit: ``127.1`` and ``999.1.1.1`` are no names.
    Accepted are underscores, which resolvers know, and a dot at the end. Not checked:
    whether there is such a host.
    """
    return len(text) <= _MAX_NAME and _HOST_NAME.fullmatch(text) is not None


_MAX_NAME = 254
"""Characters of a host name with its last dot (RFC 1035 §2.3.4)."""

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]){_LABEL}\.?")


def read_network(text: str) -> Network:
    """
    Return the network that *text* is: an address, or an address, ``/`` and a length.

    Raises:
        SchemaError: If it is anything else.
    """
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise SchemaError(f"{text[:64]!r} is not a network") from error


def inner_ipv4(
    address: IPv6Address, first_bit: int, *, inverted: bool = False
) -> IPv4Address:
    """
    Return the IPv4 address in 32 bits of *address*.

    Args:
        address: The IPv6 address that contains it.

        first_bit: The position of its first bit, from 0 to 96.

        inverted: Whether each bit is inverted (Teredo, RFC 4380 §4).
    """
    bits = int(address) >> (96 - first_bit) & _ALL_BITS
    return IPv4Address(bits ^ _ALL_BITS if inverted else bits)
