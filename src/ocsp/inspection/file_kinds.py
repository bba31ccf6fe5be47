"""
Recognize what a file is, to say it in an error if a command needs another kind.

The content is tried with a reader of each kind. Nothing is verified.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1.der import INTEGER, SEQUENCE, any_value, content
from ocsp.errors import DecodeError
from ocsp.guarded.certificates import load_certificate, load_crl, load_request
from ocsp.guarded.pem import is_pem
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.responses.response import load_received_response

__all__ = ["hint_for_kind", "kind_of"]

_KEY = "a private key"
_PKCS7 = "a PKCS #7 file"
_PKCS12 = "a PKCS #12 file"
_CSR = "a certificate request (CSR)"

_LABELS = (
    ("CERTIFICATE REQUEST", _CSR),
    ("PRIVATE KEY", _KEY),
    ("PUBLIC KEY", "a public key"),
    ("X509 CRL", "a CRL"),
    ("CERTIFICATE", "a certificate"),
    ("OCSP REQUEST", "an OCSP request"),
    ("OCSP RESPONSE", "an OCSP response"),
    ("PKCS7", _PKCS7),
    ("CMS", _PKCS7),
)
"""What a PEM block is, by the end of its label."""

_HINTS = {
    _PKCS12: "openssl pkcs12 -nokeys -in FILE -out certs.pem writes its certificates",
    _CSR: "the CA issues the certificate for it",
}

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")


def kind_of(data: bytes) -> str | None:
    """Return what *data* is, with its article, or ``None`` if that is not known."""
    if is_pem(data):
        labels = [label.decode() for label in _BEGIN.findall(data)]
        kinds = (
            kind for label in labels for end, kind in _LABELS if label.endswith(end)
        )
        return next(kinds, None)
    return next((kind for kind, is_one in _READERS if is_one(data)), None)


def hint_for_kind(kind: str) -> str:
    """Return what to do with a file of this *kind*; may be empty."""
    return _HINTS.get(kind, "")


def _reads(load: Callable[[bytes], object]) -> Callable[[bytes], bool]:
    def is_one(data: bytes) -> bool:
        try:
            load(data)
        except (DecodeError, UnsupportedAlgorithm):
            return False
        return True

    return is_one


def _load_key(data: bytes) -> None:
    # Few files are keys, and the import takes long.
    from ocsp.guarded.key_files import load_private_key

    try:
        load_private_key(data, None)
    except TypeError:  # it is encrypted
        return


def _load_public_key(data: bytes) -> None:
    # Few files are keys, and the import takes long.
    from ocsp.guarded.key_files import load_public_key

    load_public_key(data)


def _is_pkcs12(data: bytes) -> bool:
    """Return whether *data* starts as a PFX: version 3, ContentInfo (RFC 7292 §4)."""
    try:
        start, stop = content(data, 0, len(data), SEQUENCE, "")
        tag, begin, end = any_value(data, start, stop, "")
        following, _, _ = any_value(data, end, stop, "")
    except DecodeError:
        return False
    return (tag, data[begin:end], following) == (INTEGER, b"\x03", SEQUENCE)


def _is_pkcs7(data: bytes) -> bool:
    """Return whether *data* starts as a ContentInfo: SignedData (RFC 5652 §3, §5.1)."""
    try:
        start, stop = content(data, 0, len(data), SEQUENCE, "")
    except DecodeError:
        return False
    return data.startswith(_SIGNED_DATA, start, stop)


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""The OID id-signedData in DER."""


_READERS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("an OCSP response", _reads(load_received_response)),
    (
        "an OCSP request",
        _reads(lambda data: load_der_ocsp_request(data, allow_multiple=True)),
    ),
    ("a certificate", _reads(load_certificate)),
    ("a CRL", _reads(load_crl)),
    (_CSR, _reads(load_request)),
    (_PKCS7, _is_pkcs7),
    (_PKCS12, _is_pkcs12),
    (_KEY, _reads(_load_key)),
    ("a public key", _reads(_load_public_key)),
)
"""
The readers, in the order in which they are tried. No file is of two kinds. Messages are
tried first: people inspect them most, and the reader of certificates takes long to
import.
"""
