"""
Verify a CRL as a whole: for its issuer, not for one certificate (RFC 5280 §6.3).

A responder answers from a CRL for certificates that it has not seen. So the rules that
compare the CRL with a certificate in question do not apply here, and it depends on
configuration which CRLs together cover the certificates of an issuer.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from cryptography import x509

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.name_comparison import is_comparable, same_name, text
from ocsp.errors import CRLIssuerMismatch, VerificationError
from ocsp.verification.case import Findings
from ocsp.verification.crl.case import CRLCase, CRLQuestion, read_crl
from ocsp.verification.crl.entries import CRLEntry
from ocsp.verification.crl.entry import check_entries
from ocsp.verification.crl.points import directory_names
from ocsp.verification.crl.reader import CRLData, ReadCRL
from ocsp.verification.crl.rules import critical_extensions, not_future
from ocsp.verification.crl.scope import check_delta
from ocsp.verification.crl.signer import find_signer
from ocsp.verification.policy import Policy

__all__ = ["CRLIssuers", "entries_for", "verify_delta", "verify_whole"]


class CRLIssuers:
    """
    The issuer of certificates, and the keys that may sign its CRLs.

    Attributes:
        issuer: The certificate of the issuer of the certificates.

        trusted: Certificates that are trusted to sign CRLs for it: of CRL issuers, and
            of other keys of the issuer.

        policy: Which keys and algorithms are accepted, and the tolerated clock skew.
    """

    def __init__(
        self,
        issuer: x509.Certificate,
        trusted: Sequence[x509.Certificate],
        policy: Policy,
    ) -> None:
        self.issuer = issuer
        self.trusted = tuple(trusted)
        self.policy = policy
        self.name = parts_of(issuer).subject

    def question(self, at: datetime.datetime) -> CRLQuestion:
        """Return the conditions at *at*. No rule applied here uses the certificate."""
        return CRLQuestion(self.issuer, self.issuer, at, self.policy, self.trusted)


def verify_whole(
    data: CRLData, name: str, issuers: CRLIssuers, at: datetime.datetime
) -> ReadCRL:
    """
    Return the CRL *data*, verified: R1 to R6, R8 and R12, and all its entries.

    Not checked: whether it has expired, and which certificates are in its scope.

    Args:
        data: The CRL, in DER or PEM.

        name: Its name in errors.

        issuers: Whose keys may sign it.

        at: The current time, aware.

    Raises:
        VerificationError: If a rule fails.
    """
    findings = Findings()
    crl = read_crl(data, name, findings)
    if crl is None:
        raise _error(findings)
    case = CRLCase(issuers.question(at), crl, None)
    _check_issuer(case, crl)
    find_signer(case, crl)
    not_future(case, crl)
    critical_extensions(case, crl)
    check_entries(case, crl)
    if case.failures:
        raise _error(case)
    return crl


def _check_issuer(case: CRLCase, crl: ReadCRL) -> None:
    """R2: check that the CRL is one of the issuer, or an indirect one."""
    indirect = crl.scope is not None and crl.scope.indirect
    if not case.is_direct and not indirect:
        expected = text(parts_of(case.asked.issuer).subject)
        case.fail(
            "R2",
            CRLIssuerMismatch,
            f"{crl.name} names {text(crl.issuer)} as its issuer, not {expected}",
            issuer=text(crl.issuer),
            expected=expected,
        )


def verify_delta(
    complete: ReadCRL, delta: ReadCRL, issuers: CRLIssuers, at: datetime.datetime
) -> None:
    """
    Check that the verified CRL *delta* is a delta CRL that applies to *complete* (R11).

    Raises:
        VerificationError: If it is not.
    """
    case = CRLCase(issuers.question(at), complete, delta)
    check_delta(case)
    if case.failures:
        raise _error(case)


def _error(findings: Findings) -> VerificationError:
    return findings.failures[0].error(findings.failures)


def entries_for(crl: ReadCRL, serial: bytes, issuers: CRLIssuers) -> Iterator[CRLEntry]:
    """
    Return the entries of the verified CRL *crl* for a certificate of the issuer.

    Args:
        crl: The CRL.

        serial: The content of the INTEGER of the certificate.

        issuers: The issuer of the certificate.

    Raises:
        DecodeError: If an entry with this serial number is malformed.
        ValueError: If it cannot be found out whose certificate an entry is for.
    """
    for entry in crl.entries.find(serial):
        names = [crl.issuer] if entry.issuer is None else directory_names(entry.issuer)
        if any(same_name(name, issuers.name) for name in names):
            yield entry
        elif not all(map(is_comparable, (issuers.name, *names))):
            raise ValueError(
                "it has the serial number for an issuer whose name cannot be compared"
            )
