"""Documents whose parts are signed: read them, and sign them again after a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.cases.keys import SCHEMES, private_key
from tests.mutators.tree import Node, parse, serialize

__all__ = ["read", "sign_again"]

_BY_IDENTIFIER = {each.identifier: name for name, each in SCHEMES.items()}
_SCHEMES_OF: dict[type, tuple[str, ...]] = {
    ec.EllipticCurvePrivateKey: ("ecdsa-",),
    rsa.RSAPrivateKey: ("rsa-", "pss-"),
    ed25519.Ed25519PrivateKey: ("ed25519",),
}
_DEFAULTS = {
    ec.EllipticCurvePrivateKey: "ecdsa-sha256",
    rsa.RSAPrivateKey: "rsa-sha256",
    ed25519.Ed25519PrivateKey: "ed25519",
}


def read(der: bytes, signed_by: Sequence[str]) -> list[Node]:
    """
    Return *der* as a tree, with the names of the keys that sign its parts.

    Args:
        der: The document.

        signed_by: The names, in the order in which the parts begin.
    """
    nodes = parse(der)
    for part, name in zip(_parts(nodes), signed_by, strict=True):
        part.signed_by = name
    return nodes


def _parts(nodes: list[Node]) -> list[Node]:
    found = []
    for node in nodes:
        if _is_signed(node):
            found.append(node)
        found += _parts(node.children)
    return found


def _is_signed(node: Node) -> bool:
    """Return whether it is SEQUENCE { SEQUENCE, AlgorithmIdentifier, BIT STRING, … }."""
    tags = [each.tag for each in node.children[:3]]
    return node.tag == 0x30 and tags == [0x30, 0x30, 0x03]


def sign_again(nodes: list[Node], choose: Callable[[str], str | None]) -> None:
    """
    Sign every part again, the innermost first.

    Args:
        nodes: The document.

        choose: Returns the key for the part of a key; ``None`` keeps its signature.
    """
    for node in nodes:
        sign_again(node.children, choose)
        if not node.signed_by or not _is_signed(node):
            continue
        name = choose(node.signed_by)
        if name is not None:
            data, identifier = (serialize([each]) for each in node.children[:2])
            node.children[2] = Node(0x03, b"\x00" + _signature(name, identifier, data))


def _signature(name: str, identifier: bytes, data: bytes) -> bytes:
    """Sign as *identifier* says, if the key is able to; otherwise as usual."""
    key: Any = private_key(name)
    kind = next(each for each in _SCHEMES_OF if isinstance(key, each))
    scheme = _BY_IDENTIFIER.get(identifier, "")
    if not scheme.startswith(_SCHEMES_OF[kind]):
        scheme = _DEFAULTS[kind]
    try:
        signature: bytes = key.sign(data, *SCHEMES[scheme].arguments)
    except (ValueError, UnsupportedAlgorithm):  # a key that is too short for a hash
        signature = bytes(64)
    return signature
