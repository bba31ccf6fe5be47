"""
The blocks of IP addresses that have a special purpose.

The rows are those of IANA's registries of special-purpose IPv4 and IPv6 addresses
(RFC 6890, RFC 8190) in the state of October 2025, and a few blocks that other documents
set aside. The table is here because releases of Python know different states.
"""

from __future__ import annotations

from typing import NamedTuple

from ocsp.guarded.addresses import Address, Network, read_network

__all__ = ["SPECIAL_BLOCKS", "Block", "Inner", "special_block"]


class Inner(NamedTuple):
    """
    Where addresses of a block contain an IPv4 address.

    Attributes:
        first_bit: The position of its first bit.

        inverted: Whether its bits are inverted.
    """

    first_bit: int
    inverted: bool = False


class Block(NamedTuple):
    """
    One block of addresses.

    Attributes:
        network: The addresses.

        name: The name in the registry.

        source: The document that defines the block.

        public: Whether an address of the block can be public. If addresses of the block
            contain IPv4 addresses, those must be public too.

        inner: The IPv4 addresses inside an address of the block.
    """

    network: Network
    name: str
    source: str
    public: bool = False
    inner: tuple[Inner, ...] = ()


def _row(
    network: str, name: str, source: str, public: bool = False, *inner: Inner
) -> Block:
    return Block(read_network(network), name, source, public, inner)


_LAST = Inner(96)
"""The last 32 bits."""

SPECIAL_BLOCKS = (
    # The registry of IPv4 addresses.
    _row("0.0.0.0/8", "This network", "RFC 791 §3.2"),
    _row("0.0.0.0/32", "This host on this network", "RFC 1122 §3.2.1.3"),
    _row("10.0.0.0/8", "Private-Use", "RFC 1918"),
    _row("100.64.0.0/10", "Shared Address Space", "RFC 6598"),
    _row("127.0.0.0/8", "Loopback", "RFC 1122 §3.2.1.3"),
    _row("169.254.0.0/16", "Link Local", "RFC 3927"),
    _row("172.16.0.0/12", "Private-Use", "RFC 1918"),
    _row("192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890 §2.1"),
    _row("192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335"),
    _row("192.0.0.8/32", "IPv4 dummy address", "RFC 7600"),
    _row("192.0.0.9/32", "Port Control Protocol Anycast", "RFC 7723", True),
    _row("192.0.0.10/32", "TURN Anycast", "RFC 8155", True),
    _row("192.0.0.170/31", "NAT64/DNS64 Discovery", "RFC 7050 §2.2"),
    _row("192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737"),
    _row("192.31.196.0/24", "AS112-v4", "RFC 7535"),
    _row("192.52.193.0/24", "AMT", "RFC 7450"),
    _row("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "RFC 7526"),
    _row("192.88.99.2/32", "6a44-relay anycast address", "RFC 6751"),
    _row("192.168.0.0/16", "Private-Use", "RFC 1918"),
    _row("192.175.48.0/24", "Direct Delegation AS112 Service", "RFC 7534"),
    _row("198.18.0.0/15", "Benchmarking", "RFC 2544"),
    _row("198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737"),
    _row("203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737"),
    _row("240.0.0.0/4", "Reserved", "RFC 1112 §4"),
    _row("255.255.255.255/32", "Limited Broadcast", "RFC 919 §7"),
    # Not in that registry.
    _row("224.0.0.0/4", "Multicast", "RFC 5771"),
    # The registry of IPv6 addresses.
    _row("::1/128", "Loopback Address", "RFC 4291 §2.5.3"),
    _row("::/128", "Unspecified Address", "RFC 4291 §2.5.2"),
    _row("::ffff:0:0/96", "IPv4-mapped Address", "RFC 4291 §2.5.5.2", True, _LAST),
    _row("64:ff9b::/96", "IPv4-IPv6 Translat.", "RFC 6052 §2.1", True, _LAST),
    _row("64:ff9b:1::/48", "IPv4-IPv6 Translat.", "RFC 8215"),
    _row("100::/64", "Discard-Only Address Block", "RFC 6666"),
    _row("100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780"),
    _row("2001::/23", "IETF Protocol Assignments", "RFC 2928"),
    # The server and the client of the tunnel.
    _row("2001::/32", "TEREDO", "RFC 4380 §4", True, Inner(32), Inner(96, True)),
    _row("2001:1::1/128", "Port Control Protocol Anycast", "RFC 7723", True),
    _row("2001:1::2/128", "TURN Anycast", "RFC 8155", True),
    _row("2001:1::3/128", "DNS-SD SRP Anycast", "RFC 9665", True),
    _row("2001:2::/48", "Benchmarking", "RFC 5180"),
    _row("2001:3::/32", "AMT", "RFC 7450"),
    _row("2001:4:112::/48", "AS112-v6", "RFC 7535"),
    _row("2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843"),
    _row("2001:20::/28", "ORCHIDv2", "RFC 7343"),
    _row("2001:30::/28", "Drone Remote ID Protocol Entity Tags", "RFC 9374"),
    _row("2001:db8::/32", "Documentation", "RFC 3849"),
    _row("2002::/16", "6to4", "RFC 3056 §2", True, Inner(16)),
    _row("2620:4f:8000::/48", "Direct Delegation AS112 Service", "RFC 7534"),
    _row("3fff::/20", "Documentation", "RFC 9637"),
    _row("5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602"),
    _row("fc00::/7", "Unique-Local", "RFC 4193"),
    _row("fe80::/10", "Link-Local Unicast", "RFC 4291 §2.5.6"),
    # Not in that registry.
    _row("::/96", "IPv4-compatible Address", "RFC 4291 §2.5.5.1", True, _LAST),
    # Networks choose the length of their part of 64:ff9b:1::/48, and with it the place
    # of the IPv4 address. Only here is no other place possible (RFC 6052 §2.2).
    _row("64:ff9b:1::/96", "IPv4-IPv6 Translat.", "RFC 8215", True, _LAST),
    _row("fec0::/10", "Site-Local Unicast", "RFC 3879"),
    _row("ff00::/8", "Multicast", "RFC 4291 §2.7"),
)
"""
All blocks.

The registries call some blocks globally reachable. Of these, only the single addresses
of services are public here. The others have no HTTP servers: AS112 answers reverse
look-ups of private addresses, AMT relays multicast, and ORCHIDv2 and the tags of drones
are identifiers that no router knows.
"""


def special_block(address: Address) -> Block | None:
    """Return the smallest block that contains *address*, or ``None`` without one."""
    found = [block for block in SPECIAL_BLOCKS if address in block.network]
    return max(found, key=lambda block: block.network.prefixlen, default=None)
