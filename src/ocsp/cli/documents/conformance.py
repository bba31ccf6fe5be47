"""The JSON document of ``ocsp conformance``."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from ocsp.cli.documents.notes import OneOf
from ocsp.conformance import Outcome, Strength

__all__ = ["CheckResultDocument", "ConformanceDocument", "CountsDocument"]


class CountsDocument(TypedDict):
    """How many checks had each outcome."""

    passed: int
    failed: int
    not_applicable: int
    could_not_tell: int


class CheckResultDocument(TypedDict):
    """The result of one check."""

    id: Annotated[str, "its name, which is stable"]
    requirements: Annotated[list[str], "their numbers (R9919-12)"]
    clause: Annotated[str, "where it is required"]
    strength: Annotated[str, OneOf(Strength), "how strongly"]
    sentence: Annotated[str, "what is required"]
    outcome: Annotated[str, OneOf(Outcome)]
    seen: Annotated[str, "what the responder did"]


class ConformanceDocument(TypedDict):
    """The output of ocsp conformance."""

    type: Literal["conformance"]
    url: str
    counts: CountsDocument
    violations: Annotated[int, "failed checks of what must or should be"]
    results: list[CheckResultDocument]
