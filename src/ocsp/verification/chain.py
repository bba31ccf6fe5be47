"""
Verify the status of every certificate of a chain but the root (RFC 5280 §6.3).

A certificate without evidence is *not verified*, whatever the results of the others.
Only the root and certificates that state that they need no status are skipped.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1 import oids
from ocsp.asn1.certificates import parts_of_subject, serial_of
from ocsp.asn1.der import encode_oid
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
from ocsp.verification.facts import facts_of
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

_DEFAULT = Policy()


class ChainOutcome(enum.Enum):
    """The result of verifying the status of one certificate of a chain."""

    VERIFIED = "verified"
    """There is evidence. The caller still has to check its status."""

    NOT_NEEDED = "not-needed"
    """The certificate states that it needs no status (RFC 9608 §2, RFC 6960
    §4.2.2.2.1)."""

    NOT_VERIFIED = "not-verified"
    """There is no response, or the response failed verification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateReport:
    """The result for one certificate of a chain."""

    certificate: x509.Certificate
    """The certificate."""

    outcome: ChainOutcome
    """Whether there is evidence."""

    evidence: VerifiedResponse | None = None
    """The evidence, or ``None``."""

    failures: tuple[Finding, ...] = ()
    """The failures that explain why there is no evidence."""

    def __repr__(self) -> str:
        # The generated one fails if cryptography cannot decode the certificate's name.
        name = text(name_of_subject(self.certificate))
        return f"<CertificateReport({self.outcome.value}, {name})>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """The results for a chain."""

    certificates: tuple[CertificateReport, ...]
    """One report for each certificate but the last, in the order of the chain."""

    def require_good(self) -> ChainReport:
        """
        Return this report if every certificate is good or needs no status.

        Raises:
            VerificationError: If a certificate has no evidence.
            CertificateNotGood: If a certificate is revoked, or unknown to its
                responder.
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
    Tell whether *cert* states that it needs no revocation status.

    It does so with noRevAvail, which CA certificates must not have (RFC 9608 §2, §3),
    or with id-pkix-ocsp-nocheck, which counts only in the certificate of a delegated
    responder (RFC 6960 §4.2.2.2.1).

    An extension that cannot be decoded, or occurs twice, states nothing: the
    certificate then needs a status.
    """
    octets = parts_of_subject(cert).tbs
    if _NO_REV_AVAIL not in octets and _OCSP_NOCHECK not in octets:
        return False  # most certificates; reading the others takes much of a check
    facts = facts_of(cert)
    if facts.no_rev_avail:
        return not (facts.ca or facts.ca_error)
    return facts.nocheck and ExtendedKeyUsageOID.OCSP_SIGNING in facts.purposes


_NO_REV_AVAIL = encode_oid(oids.NO_REV_AVAIL)
_OCSP_NOCHECK = encode_oid(oids.OCSP_NOCHECK)


def verify_chain(
    chain: Sequence[x509.Certificate],
    responses: Sequence[bytes | SupportsDER | None],
    *,
    at: datetime.datetime | None = None,
    responders: Iterable[x509.Certificate] = (),
    candidates: Iterable[x509.Certificate] = (),
    policy: Policy = _DEFAULT,
) -> ChainReport:
    """
    Verify one response for every certificate of *chain* but the last.

    Not verified: the certification path itself. Build and validate it first.

    Args:
        chain: The certificates, each issued by the next one. The last one is trusted
            without a status.

        responses: For each certificate but the last, a response as for
            :func:`ocsp.verify`, or ``None`` if it is missing.

        at: As for :func:`ocsp.verify`; the same time for all responses.

        responders: As for :func:`ocsp.verify`.

        candidates: As for :func:`ocsp.verify`.

        policy: As for :func:`ocsp.verify`.

    Raises:
        ValueError: If *chain* has fewer than two certificates, *responses* has the
            wrong length, or the extensions of a certificate cannot be decoded.
        TypeError: As for :func:`ocsp.verify`.
    """
    if len(chain) < 2:
        raise ValueError(f"a chain needs at least two certificates, not {len(chain)}")
    if len(responses) != len(chain) - 1:
        raise ValueError(
            f"a chain of {len(chain)} certificates needs {len(chain) - 1} responses, "
            f"not {len(responses)}; pass None for a missing response"
        )
    for each in chain:
        check_settings(each, policy)
    moment = moment_of(at)
    signers = _Signers(tuple(responders), tuple(candidates))
    return ChainReport(
        certificates=tuple(
            _report(response, cert, issuer, moment, signers, policy)
            for response, cert, issuer in zip(
                responses, chain[:-1], chain[1:], strict=True
            )
        )
    )


class _Signers(NamedTuple):
    """The certificates of signers that the caller gave."""

    responders: tuple[x509.Certificate, ...]
    candidates: tuple[x509.Certificate, ...]


def _report(
    response: bytes | SupportsDER | None,
    cert: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime.datetime,
    signers: _Signers,
    policy: Policy,
) -> CertificateReport:
    if needs_no_status(cert):
        return CertificateReport(certificate=cert, outcome=ChainOutcome.NOT_NEEDED)
    failures: tuple[Finding, ...]
    if response is None:
        failures = report_missing_response(cert)
    else:
        try:
            found = verify(
                response,
                cert,
                issuer,
                at=at,
                responders=signers.responders,
                candidates=signers.candidates,
                policy=policy,
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


def report_missing_response(cert: x509.Certificate) -> tuple[Finding, ...]:
    """V27: report that a certificate of the chain has no response."""
    findings = Findings()
    findings.fail(
        "V27",
        RevocationUndetermined,
        f"there is no response for the certificate {text(name_of_subject(cert))}",
        serial_number=serial_of(cert),
    )
    return tuple(findings.failures)
