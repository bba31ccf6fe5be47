"""The JSON document of ``ocsp probe``."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from ocsp.cli.documents.lint import LintFindingDocument
from ocsp.cli.documents.notes import Moment, OneOf
from ocsp.cli.documents.verdict import SubjectDocument
from ocsp.probing import Failure, HashName, Method, NonceUse

__all__ = [
    "HeaderDocument",
    "ProbeAnswerDocument",
    "ProbeDocument",
    "ProblemDocument",
]

LevelName = Literal["ok", "warning", "critical", "unknown"]


class HeaderDocument(TypedDict):
    """A header of the HTTP reply."""

    name: Annotated[str, "in lower case"]
    value: str


class ProbeAnswerDocument(TypedDict):
    """The answer to one question; what evidence tells is null without evidence."""

    method: Annotated[str, OneOf(Method)]
    hash: Annotated[str, OneOf(HashName), "of the CertID"]
    nonce: Annotated[str, OneOf(NonceUse), "what became of the nonce"]
    time: Annotated[Moment, "when the answer was received"]
    seconds: Annotated[float, "how long it took"]
    verified: Annotated[bool, "whether there is evidence"]
    status: Annotated[
        Literal["good", "revoked", "unknown"] | None, "null if not verified"
    ]
    failure: Annotated[Annotated[str, OneOf(Failure)] | None, "why it is not verified"]
    error: Annotated[str | None, "the same in words"]
    rules: Annotated[list[str], "the rules of verification that failed"]
    this_update: Moment | None
    next_update: Moment | None
    produced_at: Moment | None
    age_seconds: Annotated[int | None, "since thisUpdate"]
    remaining_seconds: Annotated[int | None, "until nextUpdate"]
    signed_by: Annotated[str | None, "the subject of the signer"]
    authorized_by: Annotated[str | None, "why it may sign for the issuer"]
    http_status: Annotated[int | None, "null without an HTTP reply"]
    octets: Annotated[int, "the size of the answer"]
    headers: list[HeaderDocument]
    findings: Annotated[
        list[LintFindingDocument], "deviations in the response and its headers"
    ]


class ProblemDocument(TypedDict):
    """Why a probe is not OK."""

    level: LevelName
    text: str


class ProbeDocument(TypedDict):
    """The output of ocsp probe."""

    type: Literal["probe"]
    url: str
    certificate: SubjectDocument
    issuer: Annotated[str, "its subject"]
    level: Annotated[LevelName, "the worst of all problems"]
    problems: Annotated[list[ProblemDocument], "the worst first"]
    answers: list[ProbeAnswerDocument]
