"""
Verify the response that a TLS server stapled to its handshake.

See RFC 6066 §8, RFC 8446 §4.4.2.1 and RFC 7633. A staple answers no request of the
client, so no nonce is compared; all other rules apply.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509

from ocsp.asn1.extensions import extensions_of, integers
from ocsp.errors import DecodeError, MustStapleViolation, VerificationError
from ocsp.messages.message import SupportsDER
from ocsp.verification.case import Findings
from ocsp.verification.clock import moment_of
from ocsp.verification.evidence import Evidence, VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.response import check_settings, verify

__all__ = ["must_staple", "verify_staple"]

_DEFAULT = Policy()


def must_staple(cert: x509.Certificate) -> bool:
    """
    Tell whether *cert* requires a staple (RFC 7633: TLSFeature with status_request).

    A TLSFeature that cannot be decoded, or occurs twice, may contain status_request,
    so the certificate counts as one that requires a staple.
    """
    try:
        features = extensions_of(cert).octets(x509.TLSFeature.oid.dotted_string)
        # cryptography decodes no list with a feature that it does not know.
        return features is not None and _STATUS_REQUEST in integers(features)
    except DecodeError:
        return True


_STATUS_REQUEST = x509.TLSFeatureType.status_request.value


def verify_staple(
    staple: bytes | SupportsDER | None,
    cert: x509.Certificate,
    issuer: x509.Certificate,
    *,
    at: datetime.datetime | None = None,
    responders: Iterable[x509.Certificate] = (),
    candidates: Iterable[x509.Certificate] = (),
    evidence: Iterable[Evidence] = (),
    policy: Policy = _DEFAULT,
) -> VerifiedResponse | None:
    """
    Verify the stapled response of a TLS server.

    Not verified: the certification path of *cert*, as in :func:`ocsp.verify`.

    Args:
        staple: The response from the handshake, as for :func:`ocsp.verify`; ``None`` or
            empty if the server sent none.

        cert: The certificate of the server.

        issuer: The certificate of its issuer.

        at: As for :func:`ocsp.verify`.

        responders: As for :func:`ocsp.verify`.

        candidates: As for :func:`ocsp.verify`.

        evidence: As for :func:`ocsp.verify`.

        policy: As for :func:`ocsp.verify`.

    Returns:
        Evidence; the caller still has to check its ``status``. ``None`` if there is no
        staple and *cert* does not require one: then the status is not known.

    Raises:
        VerificationError: If the staple fails verification. If *cert* requires a
            staple, :class:`MustStapleViolation` is among the failures; without any
            staple it is the only one.
        TypeError: As for :func:`ocsp.verify`.
    """
    if not isinstance(cert, x509.Certificate):
        raise TypeError("cert must be a Certificate")
    if staple is None or staple == b"":
        check_settings(issuer, policy)
        moment_of(at)
        _require_no_must_staple(cert)
        return None
    try:
        return verify(
            staple,
            cert,
            issuer,
            at=at,
            responders=responders,
            candidates=candidates,
            evidence=evidence,
            policy=policy,
        )
    except VerificationError as error:
        if not must_staple(cert):
            raise
        findings = Findings()
        report_missing_staple(findings, "one that fails verification")
        raise type(error)((*error.failures, *findings.failures)) from error


def _require_no_must_staple(cert: x509.Certificate) -> None:
    if must_staple(cert):
        findings = Findings()
        report_missing_staple(findings, "none")
        raise MustStapleViolation(findings.failures)


def report_missing_staple(findings: Findings, sent: str) -> None:
    """V28: report that the certificate requires a staple, and what the server sent."""
    findings.fail(
        "V28",
        MustStapleViolation,
        f"the certificate requires a staple (RFC 7633); the server sent {sent}",
    )
