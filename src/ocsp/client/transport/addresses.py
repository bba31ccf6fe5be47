"""
Refuse addresses that are not public.

The client resolves a name once, checks the addresses and connects to an address that it
has checked. So a name that resolves to another address later (DNS rebinding) does not
bypass the check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ocsp import limits
from ocsp.client.options import AddressPolicy
from ocsp.client.transport.special_addresses import special_block
from ocsp.guarded.addresses import (
    Address,
    IPv4Address,
    IPv6Address,
    address_of,
    inner_ipv4,
    is_host_name,
    read_network,
)

__all__ = [
    "AddressForbidden",
    "allowed_addresses",
    "check_proxied_name",
    "check_target_addresses",
    "check_unresolved_name",
    "is_ip_literal",
    "is_public",
]

_GLOBAL_UNICAST = read_network("2000::/3")
"""The IPv6 addresses that registries assign to networks (RFC 4291 §2.4, RFC 3587)."""

_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""
Bits 64 to 95 of an IPv6 address that ends in the IPv4 address of its interface
(RFC 5214 §6.1), in any network.
"""

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

    By IANA's registries of special-purpose addresses: private, loopback, link-local
    (cloud metadata services), shared, reserved and multicast addresses do not, nor do
    IPv6 addresses outside of 2000::/3. An IPv6 address that contains an IPv4 address,
    for a translator or a tunnel, does only if the IPv4 address does. An address with a
    zone (``%eth0``) belongs to a link of this machine.
    """
    block = special_block(address)
    if isinstance(address, IPv4Address):
        return block is None or block.public
    if address.scope_id is not None:
        return False
    public = address in _GLOBAL_UNICAST if block is None else block.public
    return public and all(map(is_public, _inner_addresses(address)))


def _inner_addresses(address: IPv6Address) -> Iterator[IPv4Address]:
    """Return the IPv4 addresses that *address* contains."""
    block = special_block(address)
    for inner in block.inner if block is not None else ():
        yield inner_ipv4(address, inner.first_bit, inverted=inner.inverted)
    if int(inner_ipv4(address, 64)) in _ISATAP:
        yield inner_ipv4(address, 96)


def is_ip_literal(host: str) -> bool:
    """Return whether *host* is an IP address and not a name."""
    return address_of(host) is not None


def allowed_addresses(
    host: str, addresses: Sequence[str], address_policy: AddressPolicy
) -> list[str]:
    """
    Return those of *addresses* that the client may connect to.

    Raises:
        AddressForbidden: If there are none.
    """
    if address_policy is AddressPolicy.PUBLIC:
        allowed = [each for each in addresses if _is_public_text(each)]
    else:
        allowed = list(addresses)
    if not allowed:
        found = ", ".join(addresses[: limits.MAX_ADDRESSES]) or "no address"
        which = host if found == host else f"{host} resolves to {found}, which"
        raise AddressForbidden(
            f"{which} is not public, as AddressPolicy.PUBLIC requires"
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


def _is_public_text(text: str) -> bool:
    address = address_of(text)
    return address is not None and is_public(address)


def check_proxied_name(host: str) -> None:
    """
    Check that a proxy understands *host* as this program does.

    Raises:
        AddressForbidden: If it is neither an IP address nor a host name. A proxy can
            read ``0127.0.0.1`` as another address than the resolver here, and decode
            ``%6c``.
    """
    if not is_ip_literal(host) and not is_host_name(host):
        raise AddressForbidden(
            f"{host} is neither an IP address nor a host name, so the client does not"
            " send it to the proxy"
        )


def check_unresolved_name(host: str) -> None:
    """
    Check a name that only the proxy can resolve.

    Raises:
        AddressForbidden: If it is a name of a local network.
    """
    labels = host.lower().rstrip(".").split(".")
    if len(labels) == 1 or labels[-1] in _LOCAL_DOMAINS:
        raise AddressForbidden(
            f"{host} does not resolve here and is not a public name, so the client does"
            " not send it to the proxy"
        )
