"""Recognize by its content in which format a file has the status of certificates."""

from __future__ import annotations

import enum
import re

from ocsp.asn1.der import GENERALIZED_TIME, INTEGER, SEQUENCE
from ocsp.asn1.times import UTC_TIME
from ocsp.status.importing.formats.comma_separated import is_csv_header

__all__ = ["HEAD_OCTETS", "ImportKind", "kind_of"]

HEAD_OCTETS = 1 << 16
"""How many octets from the begin of a file :func:`kind_of` needs."""

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_INDEX_LINE = re.compile(rb"[VRE]\t[0-9]*Z?\t")
_TIMES = (UTC_TIME, GENERALIZED_TIME)


class ImportKind(enum.StrEnum):
    """The formats that can be imported."""

    INDEX = "index"
    """``index.txt`` of ``openssl ca`` and easy-rsa."""

    CRL = "crl"
    """A CRL in PEM or DER: only certificates that are revoked."""

    CSV = "csv"
    """CSV with the names of the columns in the first line."""

    JSON_LINES = "jsonl"
    """One JSON object a line."""

    CERTIFICATES = "certificates"
    """Certificates in PEM or DER, or PKCS #7."""

    DIRECTORY = "directory"
    """A directory with files of certificates."""


def kind_of(head: bytes) -> ImportKind | None:
    """
    Return the format of the file that begins with *head*.

    An empty file is the ``index.txt`` of a CA that has not issued a certificate yet.

    Returns:
        ``None`` if the format is none that can be imported.
    """
    if not head or _INDEX_LINE.match(head):
        return ImportKind.INDEX
    if head[:1] == bytes((SEQUENCE,)):
        return ImportKind.CRL if _is_crl(head) else ImportKind.CERTIFICATES
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return ImportKind.JSON_LINES
    first = text.partition(b"\n")[0].rstrip()
    if is_csv_header(first):
        return ImportKind.CSV
    found = _BEGIN.search(head)
    return None if found is None else _of_label(found[1])


def _of_label(label: bytes) -> ImportKind | None:
    if label == b"X509 CRL":
        return ImportKind.CRL
    known = label.endswith(b"CERTIFICATE") or label in {b"PKCS7", b"CMS"}
    return ImportKind.CERTIFICATES if known else None


def _is_crl(head: bytes) -> bool:
    """
    Tell whether the DER *head* is a CRL rather than a certificate.

    After the name of the issuer, a CRL has a time (RFC 5280 §5.1), and a certificate
    has a SEQUENCE of two (§4.1).
    """
    position = _inside(head, _inside(head, 0))
    if head[position : position + 1] == bytes((INTEGER,)):
        position = _after(head, position)
    position = _after(head, _after(head, position))
    return head[position : position + 1] in {bytes((tag,)) for tag in _TIMES}


def _inside(data: bytes, position: int) -> int:
    """Return where the content of the value at *position* begins."""
    first = data[position + 1] if position + 1 < len(data) else 0
    return position + 2 + (first & 0x7F if first & 0x80 else 0)


def _after(data: bytes, position: int) -> int:
    """Return where the value at *position* ends; *data* may end before."""
    start = _inside(data, position)
    if start - position == 2:
        return start + (data[position + 1] if position + 1 < len(data) else 0)
    return start + int.from_bytes(data[position + 2 : start])
