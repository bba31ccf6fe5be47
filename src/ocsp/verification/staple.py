"""
Stapling: judging what came in the handshake (RFC 6066 §8, RFC 8446 §4.4.2.1, RFC 7633).

Rules of this file: a staple answers no request, so there is no nonce; everything else
counts in full, the CertID above all.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509

from ocsp.asn1.certificates import decoded_extensions
from ocsp.errors import MustStapleViolation, VerificationError
from ocsp.messages.message import SupportsDER
from ocsp.verification.case import Findings
from ocsp.verification.clock import moment_of
from ocsp.verification.evidence import Evidence, VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.response import check_settings, verify

__all__ = ["must_staple", "verify_staple"]

_STRICT = Policy()


def must_staple(cert: x509.Certificate) -> bool:
    """
    Tell whether *cert* demands a staple (RFC 7633: TLSFeature with status_request).

    Raises:
        ValueError: If the extensions of *cert* cannot be read.
    """
    try:
        features = (
            decoded_extensions(cert).get_extension_for_class(x509.TLSFeature).value
        )
    except x509.ExtensionNotFound:
        return False
    return x509.TLSFeatureType.status_request in features


def verify_staple(
    staple: bytes | SupportsDER | None,
    cert: x509.Certificate,
    issuer: x509.Certificate,
    *,
    at: datetime.datetime | None = None,
    responders: Iterable[x509.Certificate] = (),
    evidence: Iterable[Evidence] = (),
    policy: Policy = _STRICT,
) -> VerifiedResponse | None:
    """
    Return what the staple of a TLS server proves about its certificate.

    Not verified: the path of *cert*, as in :func:`ocsp.verify`.

    Args:
        staple: What came in the handshake, as *response* of :func:`ocsp.verify`;
            ``None`` or empty if nothing did.

        cert: The certificate of the server.

        issuer: The certificate of its issuer.

        at: As for :func:`ocsp.verify`, like all that follow.

        responders: See there.

        evidence: See there.

        policy: See there.

    Returns:
        Evidence, whose ``status`` is to be looked at; ``None`` if there is no staple
        and *cert* demands none: then nothing is known.

    Raises:
        VerificationError: If the staple is no evidence. :class:`MustStapleViolation` is
            among the failures where *cert* demands one, and alone if there is none.
        TypeError: As :func:`ocsp.verify`.
        ValueError: If the extensions of *cert* cannot be read.
    """
    if not isinstance(cert, x509.Certificate):
        raise TypeError("cert must be a Certificate")
    if staple is None or staple == b"":
        check_settings(issuer, policy)
        moment_of(at)
        _require_none_demanded(cert)
        return None
    try:
        return verify(
            staple,
            cert,
            issuer,
            at=at,
            responders=responders,
            evidence=evidence,
            policy=policy,
        )
    except VerificationError as error:
        if not _may_demand(cert):
            raise
        findings = Findings()
        has_staple(findings, "one that is no evidence")
        raise type(error)((*error.failures, *findings.failures)) from error


def _may_demand(cert: x509.Certificate) -> bool:
    try:
        return must_staple(cert)
    except ValueError:
        return False  # and what speaks against the staple is to be told


def _require_none_demanded(cert: x509.Certificate) -> None:
    if must_staple(cert):
        findings = Findings()
        has_staple(findings, "none")
        raise MustStapleViolation(findings.failures)


def has_staple(findings: Findings, came: str) -> None:
    """V28: a certificate that demands a staple came with another one, or none."""
    findings.fail(
        "V28",
        MustStapleViolation,
        f"the certificate demands a staple (RFC 7633), and {came} came",
    )
