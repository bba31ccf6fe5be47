"""The JSON document of ``ocsp check``."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from ocsp.cli.documents.notes import Moment, OneOf
from ocsp.client.outcome import CheckStatus, Reason, Source

__all__ = ["AttemptDocument", "CheckDocument", "CheckedDocument", "KnownDocument"]


class KnownDocument(TypedDict):
    """The newest verified answer about a certificate."""

    status: Literal["good", "revoked"]
    this_update: Moment


class AttemptDocument(TypedDict):
    """One attempt to get a status."""

    url: str
    method: Annotated[str | None, "GET or POST; null if nothing was sent"]
    hash: Annotated[str | None, "the hash algorithm of the CertID"]
    started: Annotated[float, "seconds from the beginning of the check"]
    seconds: Annotated[float, "how long it took"]
    octets: Annotated[int, "the size of the answer"]
    error: Annotated[str | None, "why it gave no status"]
    rules: Annotated[list[str], "the rules of verification that failed"]


class CheckedDocument(TypedDict):
    """The outcome for one certificate; what evidence tells is null without evidence."""

    subject: str
    serial_number: Annotated[str, "in hexadecimal, after 0x"]
    status: Annotated[str, OneOf(CheckStatus)]
    source: Annotated[str, OneOf(Source), "where the status comes from"]
    reason: Annotated[Annotated[str, OneOf(Reason)] | None, "why there is no status"]
    failure: Annotated[str | None, "the same in words"]
    newest_known: Annotated[KnownDocument | None, "if the status is indeterminate"]
    hint: Annotated[str | None, "what the user can do"]
    counts: Annotated[bool, "whether it counts for the exit code"]
    revocation_time: Moment | None
    revocation_reason: Annotated[str | None, "as RFC 5280 §5.3.1 names it"]
    this_update: Moment | None
    next_update: Moment | None
    signed_by: Annotated[str | None, "the subject of the signer"]
    authorized_by: Annotated[str | None, "why it may sign for the issuer"]
    warnings: Annotated[list[str], "what does not contradict the status"]
    attempts: list[AttemptDocument]


class CheckDocument(TypedDict):
    """The output of ocsp check."""

    type: Literal["check"]
    certificates: list[CheckedDocument]
