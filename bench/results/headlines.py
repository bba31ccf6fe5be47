"""The rows that README shows, in words for readers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HEADLINES", "WEB_MIX", "Headline"]


class Headline(NamedTuple):
    """
    A row that README shows.

    Attributes:
        name: The name of the result.

        text: What README says.

        beside: What README says about the peer.
    """

    name: str
    text: str
    beside: str


RUST = "`cryptography` (Rust)"

WEB_MIX = "response: web mix: ten fields / cryptography"

HEADLINES = (
    Headline(WEB_MIX, "read responses of 150 CAs, ten fields", RUST),
    Headline(
        "response: web mix, from empty caches: ten fields / cryptography",
        "the same, from empty caches",
        RUST,
    ),
    Headline(
        "response: 600 delegates: ten fields / cryptography",
        "read responses of 600 delegates in turn",
        RUST,
    ),
    Headline(
        "response: few shapes: ten fields / cryptography",
        "read responses of three CAs",
        RUST,
    ),
    Headline(
        "response: shapes never met, from empty caches: ten fields / cryptography",
        "read responses of shapes never met",
        RUST,
    ),
    Headline(
        "response: 500 entries: all fields of all entries / cryptography",
        "read responses with 500 entries",
        RUST,
    ),
    Headline(
        "request: mix: four fields / cryptography",
        "read requests about 50 CAs, four fields",
        RUST,
    ),
    Headline(
        "memory: a loaded response / cryptography",
        "memory of a loaded response",
        RUST,
    ),
    Headline(
        "sign: build and sign, P-256 / bare key.sign",
        "build and sign, another certificate each time, P-256",
        "bare `key.sign`",
    ),
    Headline(
        "sign: in bulk, P-256 / bare key.sign",
        "sign in bulk, P-256",
        "bare `key.sign`",
    ),
    Headline(
        "verify: by the CA, P-256 / parse, key.verify",
        "verify, another certificate each time, P-256",
        "parse, bare `key.verify`",
    ),
    Headline(
        "verify: by delegates never met, P-256 / parse, two key.verify",
        "verify, another delegate each time, P-256",
        "parse, two bare `key.verify`",
    ),
    Headline(
        "check: from memory, 2,000 certificates in turn / bare P-256 verify",
        "`check` from memory, 2,000 certificates in turn",
        "bare P-256 `verify`",
    ),
    Headline(
        "check: check_many, async, 1,000 certificates / aiohttp and ocsp.verify",
        "`check_many`, async, 1,000 certificates",
        "aiohttp and `ocsp.verify`",
    ),
    Headline(
        "cache: SQLiteCache.put, 1,000,000 entries / 100 µs",
        "`SQLiteCache.put` with 1,000,000 entries",
        "100 µs",
    ),
    Headline(
        "attack: 56 KB, verified / ordinary 56 KB",
        "verify a hostile response of 56 KB",
        "an ordinary one of 56 KB",
    ),
    Headline(
        "start: import ocsp and its loader / cryptography.x509.ocsp",
        "import `ocsp` and its loader",
        "`cryptography.x509.ocsp`",
    ),
    Headline("start: ocsp --version / 60 ms", "`ocsp --version`", "60 ms"),
)
