"""The JSON document of ``ocsp verify``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from ocsp.cli.documents.notes import Moment, OneOf
from ocsp.inspection.document_types import (
    AlgorithmDocument,
    CertIDDocument,
    CertificateDocument,
    SerialDocument,
)
from ocsp.verification.evidence import AuthorizedBy

__all__ = [
    "EvidenceDocument",
    "FindingDocument",
    "SubjectDocument",
    "VerdictDocument",
]


class SubjectDocument(TypedDict):
    """The certificate in question."""

    subject: Annotated[str | None, "null if only its serial number was given"]
    serial_number: SerialDocument


class FindingDocument(TypedDict):
    """A failure or a warning."""

    rule: Annotated[str, "its number (V19)"]
    error: Annotated[str, "the class in Python"]
    clause: Annotated[str, "where it is required"]
    message: str
    values: Annotated[
        Mapping[str, Any],
        "the compared values by name: a text, a list of texts, or null",
    ]


class EvidenceDocument(TypedDict):
    """What the verified response states."""

    cert_id: CertIDDocument
    revocation_time: Moment | None
    revocation_reason: Annotated[str | None, "as RFC 5280 §5.3.1 names it"]
    not_issued: Annotated[bool, "revoked because the CA never issued the certificate"]
    this_update: Moment
    next_update: Moment | None
    holds_until: Moment
    produced_at: Moment
    authorized_by: Annotated[str, OneOf(AuthorizedBy)]
    responder: CertificateDocument
    signature_algorithm: AlgorithmDocument
    nonce_matched: bool


class VerdictDocument(TypedDict):
    """The output of ocsp verify."""

    type: Literal["verdict"]
    verified: Annotated[bool, "whether there is evidence"]
    status: Annotated[
        Literal["good", "revoked", "unknown"] | None, "null if not verified"
    ]
    revoked_but_stale: Annotated[
        bool, "whether its age is the only fault of a response that says revoked"
    ]
    certificate: SubjectDocument
    issuer: Annotated[str, "its subject"]
    at: Annotated[Moment, "the time of verification"]
    policy: Annotated[str, "its name"]
    evidence: Annotated[EvidenceDocument | None, "null if not verified"]
    failures: Annotated[
        list[FindingDocument], "all that is wrong, the most specific first"
    ]
    warnings: list[FindingDocument]
