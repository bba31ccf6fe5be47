"""PEM (RFC 7468): find the DER in data that may be text."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from ocsp.errors import SchemaError

__all__ = ["der_blocks", "is_pem", "readable_blocks"]

_BEGIN = b"-----BEGIN "
_BLOCK = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]{1,64})-----"
    rb"(?:\s*+[A-Za-z][A-Za-z-]*+:[^\n]*+){0,16}"  # headers: a key of OpenSSL has two
    rb"([A-Za-z0-9+/=\s]*+)-----END \1-----"
)
"""
Up to 16 headers, so that a search that fails goes back over few. A possessive group
would do so too, but Python 3.11.4 and earlier (Debian 12 has 3.11.2) goes on behind the
beginning of a header that is none, and so loses octets of the content.
"""


def is_pem(data: bytes) -> bool:
    """Return whether *data* is text with a PEM block, not DER."""
    # DER starts with the tag of a SEQUENCE, which is the digit zero in a text.
    return data[:1] != b"\x30" and data.find(_BEGIN) >= 0


def der_blocks(data: bytes, *labels: str) -> list[bytes]:
    """
    Return the DER in *data*: *data* itself, or the PEM blocks with one of *labels*.

    Text around the blocks is skipped (RFC 7468 §2). Without *labels*, all blocks are
    returned.

    Raises:
        SchemaError: If *data* is PEM, and a block is not Base64 or none has the label.
    """
    if not is_pem(data):
        return [data]
    return [_decoded(content) for content in _contents(data, labels)]


def readable_blocks(data: bytes, *labels: str) -> list[bytes | None]:
    """
    Return :func:`der_blocks`, with ``None`` in the place of a block that is not Base64.

    Raises:
        SchemaError: If *data* is PEM, and no block has one of *labels*.
    """
    if not is_pem(data):
        return [data]
    return [_decoded_or_none(content) for content in _contents(data, labels)]


def _contents(data: bytes, labels: tuple[str, ...]) -> list[bytes]:
    """Return what is between the lines of the blocks with one of *labels*, if any."""
    wanted = {label.encode() for label in labels}
    found = [
        content for label, content in _blocks(data) if label in wanted or not wanted
    ]
    if not found:
        raise SchemaError(f"has no PEM block {' or '.join(labels)}".rstrip())
    return found


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """
    Return the label and the content of each block.

    A block ends before the next one begins. So each octet is searched once, also if
    thousands of blocks begin in one line that looks like a header of each.
    """
    start = data.find(_BEGIN)
    while start >= 0:
        following = data.find(_BEGIN, start + len(_BEGIN))
        stop = following if following >= 0 else len(data)
        block = _BLOCK.match(data, start, stop)
        if block is not None:
            yield block[1], block[2]
        start = following


def _decoded(content: bytes) -> bytes:
    try:
        return binascii.a2b_base64(content)
    except binascii.Error as error:
        raise SchemaError(f"has a PEM block that is not Base64: {error}") from error


def _decoded_or_none(content: bytes) -> bytes | None:
    try:
        return _decoded(content)
    except SchemaError:
        return None
