"""
Messages that deviate from DER: one or several deviations, each at any place.

A message of the builder is read into a tree with its own small reader, and written
again with the deviations. Certificates are not changed: they must stay DER.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hypothesis import strategies as st

__all__ = ["KINDS", "Node", "deviating", "parse"]

SHOWN = "%Y%m%d%H%M%S"


@dataclass(eq=False)
class Node:
    """One value: a tag, and its content or the values inside."""

    tag: int
    content: bytes = b""
    children: list[Node] = field(default_factory=list)
    frozen: bool = False
    length: Callable[[bytes], bytes] | None = None
    """How to write the length of the content, if not in DER."""

    def encode(self) -> bytes:
        """Return the octets of the value."""
        body = b"".join(child.encode() for child in self.children) or self.content
        if self.length is None:
            return bytes([self.tag]) + _minimal(len(body)) + body
        return bytes([self.tag]) + self.length(body)

    def walk(self) -> Iterator[Node]:
        """Return this value and all values inside that may be changed."""
        if not self.frozen:
            yield self
            for child in self.children:
                yield from child.walk()


def _minimal(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def parse(der: bytes) -> Node:
    """Return the tree of the message *der*; the BasicOCSPResponse is part of it."""
    root, _ = _parse(der, 0)
    first = root.children[0]
    if first.tag == 0x0A and len(root.children) > 1:
        octets = root.children[1].children[0].children[1]
        octets.children = [_parse(octets.content, 0)[0]]
        signed, index = octets.children[0], 3
    else:
        signed = root.children[1].children[0] if len(root.children) > 1 else Node(0)
        index = 2
    for certs in signed.children[index:]:
        for certificate in certs.children[0].children:
            certificate.frozen = True
    return root


def _parse(der: bytes, at: int) -> tuple[Node, int]:
    tag, length, start = der[at], der[at + 1], at + 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[at + 2 : start])
    node, stop = Node(tag, der[start : start + length]), start + length
    while tag & 0x20 and start < stop:
        child, start = _parse(der, start)
        node.children.append(child)
    return node, stop


# --- the kinds of deviation ------------------------------------------------------

Change = Callable[[st.DrawFn, Node], None]


def _long(draw: st.DrawFn, node: Node) -> None:
    extra = draw(st.integers(0, 2))

    def length(body: bytes) -> bytes:
        minimal = _minimal(len(body))
        digits = minimal[1:] or minimal
        digits = bytes(extra + (len(minimal) > 1)) + digits
        return bytes([0x80 | len(digits)]) + digits + body

    node.length = length


def _indefinite(_draw: st.DrawFn, node: Node) -> None:
    node.length = lambda body: b"\x80" + body + b"\0\0"


def _segments(draw: st.DrawFn, node: Node) -> None:
    whole = node.encode()
    body = whole[len(whole) - len(_body(node)) :]
    cut = draw(st.integers(0, max(len(body) - 1, 0)))
    if node.tag == 3:  # one segment: OpenSSL joins several in a wrong way
        node.children = [Node(3, body)]
    else:
        node.children = [Node(4, body[:cut]), Node(4, body[cut:])]
    node.tag |= 0x20


def _body(node: Node) -> bytes:
    return b"".join(child.encode() for child in node.children) or node.content


def _true(draw: st.DrawFn, node: Node) -> None:
    node.content = bytes([draw(st.integers(1, 254))])


def _false(_draw: st.DrawFn, node: Node) -> None:
    node.children.insert(1, Node(1, b"\0"))


def _version(_draw: st.DrawFn, node: Node) -> None:
    node.children.insert(0, Node(0xA0, children=[Node(2, b"\0")]))


def _fraction(draw: st.DrawFn, node: Node) -> None:
    digits = draw(st.text("0123456789", min_size=1, max_size=12))
    node.content = node.content[:14] + b"." + digits.encode() + node.content[14:]


def _offset(draw: st.DrawFn, node: Node) -> None:
    hours, minutes = draw(st.integers(0, 12)), draw(st.integers(0, 59))
    sign = draw(st.sampled_from((1, -1)))
    when = datetime.datetime.strptime(node.content.decode(), f"{SHOWN}Z")  # noqa: DTZ007
    when += sign * datetime.timedelta(hours=hours, minutes=minutes)
    text = f"{when:{SHOWN}}{'+' if sign > 0 else '-'}{hours:02}{minutes:02}"
    node.content = text.encode().rjust(19, b"0")


def _seconds(_draw: st.DrawFn, node: Node) -> None:
    node.content = node.content[:12] + b"Z"


def _is_extension(node: Node) -> bool:
    return (
        node.tag == 0x30
        and len(node.children) == 2
        and (node.children[0].tag, node.children[1].tag) == (6, 4)
        and not node.children[1].children  # else ResponseBytes
    )


def _tbs(root: Node) -> Node:
    """Return tbsRequest or tbsResponseData."""
    first = root.children[0]
    if first.tag == 0x0A:
        octets = root.children[1].children[0].children[1]
        first = octets.children[0].children[0]
    return first


KINDS: dict[str, tuple[Callable[[Node, Node], bool], Change]] = {
    # OpenSSL refuses a long length of zero at the end of another value.
    "long": (lambda _, node: bool(_body(node)), _long),
    "indefinite": (lambda _, node: bool(node.tag & 0x20), _indefinite),
    "segments": (lambda _, node: node.tag in {3, 4}, _segments),
    "true": (lambda _, node: node.tag == 1 and node.content == b"\xff", _true),
    "false": (lambda _, node: _is_extension(node), _false),
    "version": (lambda tbs, node: node is tbs, _version),
    "fraction": (lambda _, node: node.tag == 0x18, _fraction),
    "offset": (lambda _, node: node.tag == 0x18, _offset),
    "seconds": (
        lambda _, node: node.tag == 0x18 and node.content[12:] == b"00Z",
        _seconds,
    ),
}
"""The kinds of deviation: where each is possible, and how to make it."""


@st.composite
def deviating(
    draw: st.DrawFn, ders: st.SearchStrategy[bytes], *, most: int = 4
) -> tuple[bytes, bytes, list[str]]:
    """Return a message in DER, the same with deviations, and their kinds."""
    der = draw(ders)
    root, changed, kinds = parse(der), set[int](), []
    tbs = _tbs(root)
    for _ in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(sorted(KINDS)))
        fits, change = KINDS[kind]
        places = [
            node for node in root.walk() if id(node) not in changed and fits(tbs, node)
        ]
        if places:
            node = draw(st.sampled_from(places))
            changed.add(id(node))
            change(draw, node)
            kinds.append(kind)
    return der, root.encode(), kinds
