"""
The deliberate differences between this package and ``cryptography``.

Each rule has a name, a reason, and a condition as narrow as possible. A difference that
no rule explains is a fault. ``test_rules.py`` shows each rule with a document made for
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cryptography import x509

from ocsp import ResponseStatusError
from ocsp.asn1.der import encode_oid
from ocsp.errors import DERError, SchemaError
from tests.differential.compare import Outcome

__all__ = ["RULES", "Rule", "explain"]


class Rule(NamedTuple):
    """
    A deliberate difference.

    Attributes:
        name: What to call it.

        reason: Why we differ, in one sentence.

        applies: Whether it explains what differs, given the document, both outcomes
            and the names of the attributes that differ.
    """

    name: str
    reason: str
    applies: Callable[[bytes, Outcome, Outcome, list[str]], bool]


def explain(
    data: bytes, theirs: Outcome, ours: Outcome, differing: list[str]
) -> Rule | None:
    """Return the rule that explains the difference, or ``None``."""
    return next((r for r in RULES if r.applies(data, theirs, ours, differing)), None)


def _error_with_body(
    data: bytes, theirs: Outcome, ours: Outcome, differing: list[str]
) -> bool:
    status = ours.get("response_status", ("", "", 0))
    if status[2] == 0:
        return False
    if differing == ["load"]:
        return "Certificate::" in str(theirs["load"]) or "::value" in str(
            theirs["load"]
        )
    return all(isinstance(ours[name], ResponseStatusError) for name in differing)


def _year_zero(
    data: bytes, theirs: Outcome, ours: Outcome, differing: list[str]
) -> bool:
    error = ours.get("load")
    return isinstance(error, DERError) and error.reason.startswith("b'0000")


def _certificate_version(
    data: bytes, theirs: Outcome, ours: Outcome, differing: list[str]
) -> bool:
    error = ours.get("load")
    return isinstance(error, SchemaError) and isinstance(
        error.__cause__, x509.InvalidVersion
    )


def _no_request(
    data: bytes, theirs: Outcome, ours: Outcome, differing: list[str]
) -> bool:
    error = ours.get("load")
    return (
        isinstance(error, SchemaError)
        and error.path == "tbsRequest.requestList"
        and isinstance(theirs.get("load"), NotImplementedError)
    )


_OTHER_PURPOSES = tuple(
    encode_oid(f"{arc}.{last}")
    for arc, lasts in (
        ("2.16.840.1.101.3.4.1", (2, 22, 42)),  # AES in CBC mode
        ("1.2.840.113549.1.5", (3, 12, 13)),  # PBES1, PBKDF2, PBES2
        ("1.2.840.113549.2", (7, 8, 9, 10, 11)),  # HMAC
        ("1.2.840.113549.3", (2, 7)),  # RC2, triple DES
        ("1.2.840.113549.1.12.1", (1, 3, 6)),  # PKCS #12 ciphers
        ("1.2.840.10045.2", (1,)),  # keys: EC, DSA, DH
        ("1.2.840.10040.4", (1,)),
        ("1.2.840.10046.2", (1,)),
        ("1.3.6.1.4.1.11591.4", (11,)),  # scrypt
    )
    for last in lasts
)


def _other_purpose(
    data: bytes, theirs: Outcome, ours: Outcome, differing: list[str]
) -> bool:
    return (
        "AlgorithmIdentifier::params" in str(theirs.get("load"))
        and "load" not in ours
        and any(identifier in data for identifier in _OTHER_PURPOSES)
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "error-with-body",
        "An unsuccessful response has no responseBytes (RFC 6960 §4.2.1), so those "
        "present are checked for structure, but no property returns them, and "
        "certificates and names in them are not parsed.",
        _error_with_body,
    ),
    Rule(
        "year-zero",
        "The year 0000 loads there, and access to it raises; here loading refuses it, "
        "because datetime does not support it.",
        _year_zero,
    ),
    Rule(
        "certificate-version",
        "An embedded certificate of an unknown version is not an X.509 certificate, and "
        "``cryptography`` refuses it by itself as well.",
        _certificate_version,
    ),
    Rule(
        "no-request",
        "A request without entries is malformed (ValueError), not one with several.",
        _no_request,
    ),
    Rule(
        "other-purpose",
        "A cipher, key or password scheme in place of a hash or signature algorithm is "
        "an unknown algorithm here, with any parameters; there they are checked.",
        _other_purpose,
    ),
)
