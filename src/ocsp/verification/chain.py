"""
Chains: the status of every certificate up to below the root (RFC 5280 §6.3).

Rules of this file: a certificate without evidence is *not verified*, whatever the
others are; only the root and certificates that say they need no status are passed over.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1 import oids
from ocsp.asn1.certificates import decoded_extensions, serial_of
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import (
    Finding,
    RevocationUndetermined,
    VerificationError,
)
from ocsp.messages.message import SupportsDER
from ocsp.verification.case import Findings
from ocsp.verification.clock import moment_of
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.judging.judge import error_of
from ocsp.verification.policy import Policy
from ocsp.verification.response import check_settings, verify

__all__ = [
    "CertificateReport",
    "ChainOutcome",
    "ChainReport",
    "needs_no_status",
    "verify_chain",
]

_STRICT = Policy()


class ChainOutcome(enum.Enum):
    """What is known of one certificate of a chain."""

    VERIFIED = "verified"
    """There is evidence; its status is to be looked at."""

    NOT_NEEDED = "not-needed"
    """The certificate says that it has no status (RFC 9608 §2, RFC 6960 §4.2.2.2.1)."""

    NOT_VERIFIED = "not-verified"
    """There is no response, or it is no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateReport:
    """What is known of one certificate of a chain."""

    certificate: x509.Certificate
    """The certificate."""

    outcome: ChainOutcome
    """What is known."""

    evidence: VerifiedResponse | None = None
    """The evidence, where there is some."""

    failures: tuple[Finding, ...] = ()
    """Why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What is known of a chain."""

    certificates: tuple[CertificateReport, ...]
    """All but the last certificate of the chain, in its order."""

    def require_good(self) -> ChainReport:
        """
        Return this report if every certificate is good or has no status.

        Raises:
            VerificationError: If one has no evidence.
            CertificateNotGood: If one is revoked, or unknown to its responder.
        """
        for report in self.certificates:
            if report.evidence is not None:
                report.evidence.require_good()
        missing = [each for report in self.certificates for each in report.failures]
        if missing:
            raise error_of(missing)
        return self


def needs_no_status(cert: x509.Certificate) -> bool:
    """
    Tell whether *cert* says that it has no revocation status.

    noRevAvail, which is not for CAs (RFC 9608 §2, §3); or id-pkix-ocsp-nocheck, which
    is for the certificates of responders and means nothing elsewhere (RFC 6960
    §4.2.2.2.1).

    Raises:
        ValueError: If the extensions of *cert* cannot be read.
    """
    found = {each.oid.dotted_string: each.value for each in decoded_extensions(cert)}
    if oids.NO_REV_AVAIL in found:
        constraints = found.get(x509.BasicConstraints.oid.dotted_string)
        return not (isinstance(constraints, x509.BasicConstraints) and constraints.ca)
    purposes = found.get(x509.ExtendedKeyUsage.oid.dotted_string)
    return (
        oids.OCSP_NOCHECK in found
        and isinstance(purposes, x509.ExtendedKeyUsage)
        and ExtendedKeyUsageOID.OCSP_SIGNING in purposes
    )


def verify_chain(
    chain: Sequence[x509.Certificate],
    responses: Sequence[bytes | SupportsDER | None],
    *,
    at: datetime.datetime | None = None,
    responders: Iterable[x509.Certificate] = (),
    policy: Policy = _STRICT,
) -> ChainReport:
    """
    Return what is known of every certificate of *chain* but the last.

    Not verified: the path itself. Build and check it first.

    Args:
        chain: The certificates, each issued by the next; the last is trusted without a
            status.

        responses: A response for each but the last, as for :func:`ocsp.verify`, or
            ``None``.

        at: As for :func:`ocsp.verify`; the same moment for all.

        responders: As for :func:`ocsp.verify`.

        policy: As for :func:`ocsp.verify`.

    Raises:
        ValueError: If *chain* has fewer than two certificates, the numbers do not go
            together, or the extensions of a certificate cannot be read.
        TypeError: As :func:`ocsp.verify`.
    """
    if len(chain) < 2 or len(responses) != len(chain) - 1:
        raise ValueError(
            f"{len(chain)} certificates take {max(len(chain) - 1, 1)} responses, "
            f"not {len(responses)}"
        )
    for each in chain:
        check_settings(each, policy)
    moment, configured = moment_of(at), tuple(responders)
    return ChainReport(
        certificates=tuple(
            _report(response, cert, issuer, moment, configured, policy)
            for response, cert, issuer in zip(
                responses, chain[:-1], chain[1:], strict=True
            )
        )
    )


def _report(
    response: bytes | SupportsDER | None,
    cert: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime.datetime,
    responders: tuple[x509.Certificate, ...],
    policy: Policy,
) -> CertificateReport:
    if needs_no_status(cert):
        return CertificateReport(certificate=cert, outcome=ChainOutcome.NOT_NEEDED)
    failures: tuple[Finding, ...]
    if response is None:
        failures = has_status(cert)
    else:
        try:
            found = verify(
                response, cert, issuer, at=at, responders=responders, policy=policy
            )
        except VerificationError as error:
            failures = error.failures
        else:
            return CertificateReport(
                certificate=cert, outcome=ChainOutcome.VERIFIED, evidence=found
            )
    return CertificateReport(
        certificate=cert, outcome=ChainOutcome.NOT_VERIFIED, failures=failures
    )


def has_status(cert: x509.Certificate) -> tuple[Finding, ...]:
    """V27: of a certificate of a chain that has no response, the status is missing."""
    findings = Findings()
    findings.fail(
        "V27",
        RevocationUndetermined,
        f"there is no response about {text(name_of_subject(cert))}",
        serial_number=serial_of(cert),
    )
    return tuple(findings.failures)
