"""Values of options that several commands share, in the words of the command line."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["HashChoice", "MethodChoice", "ProfileName", "StatusChoice"]


class ProfileName(StrEnum):
    """The standards to check against."""

    RFC6960 = "rfc6960"
    RFC9919 = "rfc9919"
    WEBPKI = "webpki"


class MethodChoice(StrEnum):
    """How a request is sent."""

    GET = "get"
    POST = "post"


class HashChoice(StrEnum):
    """The hash algorithm of a CertID."""

    SHA1 = "sha1"
    SHA256 = "sha256"


class StatusChoice(StrEnum):
    """The status of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
