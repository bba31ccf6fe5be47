"""
Estimate the memory that kept values take.

The estimates are for values whose size a server determines: octets and texts,
certificates, responses, evidence and errors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from cryptography import x509

from ocsp.asn1.certificates import certificate_size
from ocsp.errors import OCSPError
from ocsp.messages.certid import CertID
from ocsp.messages.responses.response import OCSPResponse
from ocsp.verification.evidence import (
    ResponseJudgement,
    VerifiedResponse,
    VerifiedRevocation,
)

__all__ = ["octets_of", "without_frames"]

_PER_OBJECT = 128
"""Octets of a small object, and of the objects that hold octets or a text."""

_PER_ENTRY = 1536
"""Octets of the objects for one entry of a response, which has about 100 in DER."""

_PER_EXTENSION = 256
"""Octets of the objects for one extension of an entry."""


def octets_of(*values: object) -> int:
    """Return about how many octets *values* take in memory."""
    octets = _PER_OBJECT * len(values)
    for value in values:
        inside = _inside(type(value))  # type: ignore[arg-type] # a class is hashable
        if inside is not None:
            octets += inside(value)
    return octets


@cache
def _inside(kind: type[Any]) -> Callable[[Any], int] | None:
    """Return what estimates the content of a *kind*; ``None`` if it has none."""
    for known, inside in _KINDS:
        if issubclass(kind, known):
            return inside
    return None


def _inside_text(text: str) -> int:
    return len(text) * (1 if text.isascii() else 4)


def _inside_tuple(values: tuple[object, ...]) -> int:
    return octets_of(*values)


def _inside_certificate(certificate: x509.Certificate) -> int:
    return 2 * certificate_size(certificate)


def _inside_verified(evidence: VerifiedResponse) -> int:
    """Return what the judgement takes; found once, as a check keeps it twice."""
    if evidence._octets is None:
        object.__setattr__(evidence, "_octets", _of_judgement(evidence._judgement))
    return cast("int", evidence._octets)


def _of_judgement(judged: ResponseJudgement) -> int:
    """Return what *judged* takes, without asking each of its fields."""
    octets = _PER_OBJECT * len(judged) + _inside_response(judged.response)
    for each in (judged.cert, judged.issuer, judged.responder):
        if type(each) is not CertID:
            octets += 2 * certificate_size(each)
    return octets + octets_of(*judged.warnings)


def _inside_revocation(evidence: VerifiedRevocation) -> int:
    return octets_of(evidence._judgement)


def _inside_error(error: OCSPError) -> int:
    return octets_of(error.args, error.__cause__)


def _inside_response(response: OCSPResponse) -> int:
    entries = response._responses
    octets = 2 * len(response._octets) + _PER_ENTRY * len(entries)
    if response._extended:
        octets += _PER_EXTENSION * sum(len(each._raw_extensions) for each in entries)
    return octets


_KINDS: tuple[tuple[type, Callable[[Any], int]], ...] = (
    (bytes, len),
    (str, _inside_text),
    (tuple, _inside_tuple),
    (x509.Certificate, _inside_certificate),
    (OCSPResponse, _inside_response),
    (VerifiedResponse, _inside_verified),
    (VerifiedRevocation, _inside_revocation),
    (OCSPError, _inside_error),
)


def without_frames(error: OCSPError) -> OCSPError:
    """Return *error* without its stack frames, which hold the messages they read."""
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error
