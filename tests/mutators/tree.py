"""
A document of DER as a tree of values: read it, change it, and write it again.

This module has its own small reader and writer, so that a fault of the package cannot
hide here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Node", "parse", "serialize", "walk"]


@dataclass
class Node:
    """One value: its identifier octet, and its content or its elements."""

    tag: int
    content: bytes = b""
    children: list[Node] = field(default_factory=list)
    wrapped: bool = False
    """An OCTET STRING or BIT STRING whose content is itself a document."""

    prefix: bytes = b""
    """The octets of the content before the children (unused bits)."""

    signed_by: str = ""
    """The name of the key that signs it: of a certificate, a CRL, a BasicOCSPResponse."""


def parse(data: bytes) -> list[Node]:
    """
    Parse *data* as deep as possible.

    Raises:
        ValueError: If it is not a series of values with definite lengths.
    """
    nodes = []
    while data:
        if len(data) < 2 or data[0] & 0x1F == 0x1F:
            raise ValueError("not DER")
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4 or len(data) < 2 + count:
                raise ValueError("not DER")
            length = int.from_bytes(data[2 : 2 + count])
            start += count
        if len(data) < start + length:
            raise ValueError("not DER")
        nodes.append(_node(tag, data[start : start + length]))
        data = data[start + length :]
    return nodes


def _node(tag: int, content: bytes) -> Node:
    if tag & 0x20:
        return Node(tag, children=parse(content))
    if tag == 0x04 and len(content) > 4 and content[0] in (0x30, 0x04, 0x0A):
        try:
            return Node(tag, children=parse(content), wrapped=True)
        except ValueError:
            pass
    return Node(tag, content=content)


def serialize(nodes: list[Node]) -> bytes:
    """Write documents again, with minimal lengths."""
    return b"".join(_encode(node) for node in nodes)


def _encode(node: Node) -> bytes:
    body = node.content
    if node.children or node.tag & 0x20 or node.wrapped:
        body = node.prefix + serialize(node.children)
    return bytes((node.tag,)) + _length(len(body)) + body


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((0x80 | len(octets),)) + octets


def walk(nodes: list[Node]) -> list[tuple[list[Node], int]]:
    """Return each value, as the list that holds it and its index."""
    places = []
    for index, node in enumerate(nodes):
        places.append((nodes, index))
        places += walk(node.children)
    return places
