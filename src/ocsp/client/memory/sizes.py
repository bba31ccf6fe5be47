"""
Estimate the memory that kept values take.

The estimates are for values whose size a server determines: octets and texts,
certificates, responses, evidence and errors.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import certificate_size
from ocsp.errors import OCSPError
from ocsp.messages.responses.response import OCSPResponse
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["octets_of", "without_frames"]

_PER_OBJECT = 128
"""Octets of a small object, and of the objects that hold octets or a text."""

_PER_ENTRY = 1536
"""Octets of the objects for one entry of a response, which has about 100 in DER."""

_PER_EXTENSION = 256
"""Octets of the objects for one extension of an entry."""


def octets_of(*values: object) -> int:
    """Return about how many octets *values* take in memory."""
    return sum([_PER_OBJECT + _inside(value) for value in values])


def _inside(value: object) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, str):
        return len(value) * (1 if value.isascii() else 4)
    if isinstance(value, tuple):
        return octets_of(*value)
    if isinstance(value, x509.Certificate):
        return 2 * certificate_size(value)
    if isinstance(value, OCSPResponse):
        return _inside_response(value)
    # Final classes: isinstance() takes longer with an abstract base class.
    if type(value) is VerifiedResponse or type(value) is VerifiedRevocation:
        return octets_of(value._judgement)
    if isinstance(value, OCSPError):
        return octets_of(value.args, value.__cause__)
    return 0


def _inside_response(response: OCSPResponse) -> int:
    entries = response._responses
    extensions = sum(len(each._raw_extensions) for each in entries)
    objects = _PER_ENTRY * len(entries) + _PER_EXTENSION * extensions
    return 2 * len(response.public_bytes(Encoding.DER)) + objects


def without_frames(error: OCSPError) -> OCSPError:
    """Return *error* without its stack frames, which hold the messages they read."""
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error
