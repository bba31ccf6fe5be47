"""PEM (RFC 7468): find the DER in data that may be text."""

from __future__ import annotations

import binascii
import re

from ocsp.errors import SchemaError

__all__ = ["der_blocks", "is_pem"]

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
    wanted = {label.encode() for label in labels}
    found = [
        content
        for label, content in _BLOCK.findall(data)
        if label in wanted or not wanted
    ]
    if not found:
        raise SchemaError(f"has no PEM block {' or '.join(labels)}".rstrip())
    try:
        return [binascii.a2b_base64(content) for content in found]
    except binascii.Error as error:
        raise SchemaError(f"has a PEM block that is not Base64: {error}") from error
