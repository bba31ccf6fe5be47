"""
V7 to V9: which entry of the response is for the certificate.

The verifier computes both issuer hashes again, with the algorithm of the entry, from
the encoded name and key of the issuer that the caller gave. It compares the full serial
number. Nothing in the response selects the issuer.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import parts_of, serial_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, text
from ocsp.errors import (
    CertIDMismatch,
    ConflictingResponses,
    IncompleteResponse,
)
from ocsp.messages.certid import CertID, is_cert_id_of
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.signing.issued import names_issuer
from ocsp.verification.case import Case
from ocsp.verification.policy import CertIDHashes
from ocsp.verification.rules.times import is_current

__all__ = ["check_complete", "find_entries", "select_entry"]

Entries = tuple[OCSPSingleResponse, ...]


def find_entries(case: Case, entries: Entries) -> list[OCSPSingleResponse]:
    """V7: return the entries that are for the certificate."""
    mismatch = _issuer_mismatch(case)
    if mismatch:
        case.fail("V7", CertIDMismatch, mismatch)
        return []
    found = [entry for entry in entries if _is_about(case, entry)]
    if not found and entries:
        case.fail(
            "V7",
            CertIDMismatch,
            _explain_mismatch(case, entries),
            expected=_serial(case.cert),
            found=tuple(entry.serial_number for entry in entries[:_MENTIONED]),
        )
    return found


_MENTIONED = 8
"""The number of entries that a failure lists."""


_FOREIGN_CERT_ID = "the CertID that was given does not match the issuer that was given"


def _issuer_mismatch(case: Case) -> str:
    """Describe why *issuer* cannot have issued *cert*, or return an empty string."""
    cert, issuer = case.cert, case.issuer
    if isinstance(cert, CertID):
        return "" if _canonical_id(case, cert) != cert else _FOREIGN_CERT_ID
    if names_issuer(cert, issuer):
        return ""
    name, expected = name_of_issuer(cert), name_of_subject(issuer)
    return f"the certificate names {text(name)} as its issuer, not {text(expected)}"


def _is_about(case: Case, entry: OCSPSingleResponse) -> bool:
    layout = entry._layout.cert_id
    if layout.hash is None or not _accepted(case, layout.hash):
        return False
    if isinstance(case.cert, CertID):
        return entry.cert_id == _expected(case, layout.hash)
    return is_cert_id_of(entry._der, layout, parts_of(case.cert), case.issuer)


def _accepted(case: Case, algorithm: hashes.HashAlgorithm) -> bool:
    if case.policy.cert_id_hashes is CertIDHashes.SHA1_AND_SHA2:
        return True
    return not isinstance(algorithm, hashes.SHA1)


def _expected(case: Case, algorithm: hashes.HashAlgorithm) -> CertID:
    if isinstance(case.cert, CertID):
        return CertID.for_serial(case.issuer, case.cert.serial_number, algorithm)
    return CertID.for_certificate(case.cert, case.issuer, algorithm)


def _serial(cert: x509.Certificate | CertID) -> int:
    if isinstance(cert, CertID):
        return cert.serial_number
    return serial_of(cert)


def _explain_mismatch(case: Case, entries: Entries) -> str:
    wanted = _serial(case.cert)
    if not any(entry.serial_number == wanted for entry in entries):
        return f"no entry has serial number {wanted:#x}"
    if not any(_of_issuer(case, entry) for entry in entries):
        return (
            f"the entry for serial number {wanted:#x} is for a certificate of another "
            "issuer, or its hash algorithm is not accepted"
        )
    return f"no entry has both this issuer and serial number {wanted:#x}"


def _of_issuer(case: Case, entry: OCSPSingleResponse) -> bool:
    try:
        expected = _expected(case, entry.hash_algorithm)
    except UnsupportedAlgorithm:
        return False
    return _accepted(case, entry.hash_algorithm) and (
        entry.issuer_name_hash == expected.issuer_name_hash
        and entry.issuer_key_hash == expected.issuer_key_hash
    )


_WORST_FIRST = (OCSPCertStatus.REVOKED, OCSPCertStatus.UNKNOWN, OCSPCertStatus.GOOD)


def select_entry(
    case: Case, about: list[OCSPSingleResponse]
) -> OCSPSingleResponse | None:
    """
    V8: of the entries for the certificate, return the one that counts.

    A revocation also counts after its end, until a newer entry states another status.
    """
    if not about:
        return None
    current = [entry for entry in about if is_current(case, entry)]
    if len({entry.certificate_status for entry in current}) > 1:
        case.warn(
            "V8",
            ConflictingResponses,
            f"{len(current)} current entries for the certificate state different "
            "statuses; the worst one counts",
            entries=len(current),
        )
    return min(
        current + [each for each in about if _revoked_since(case, each, current)]
        or about,
        key=lambda entry: (
            _WORST_FIRST.index(entry.certificate_status),
            -entry.this_update_utc.timestamp(),
        ),
    )


def _revoked_since(
    case: Case, entry: OCSPSingleResponse, current: list[OCSPSingleResponse]
) -> bool:
    """Tell whether *entry* states a revocation that no current entry contradicts."""
    return (
        entry.certificate_status is OCSPCertStatus.REVOKED
        and entry._this_update - case.at <= case.policy.clock_skew
        and all(each._this_update <= entry._this_update for each in current)
    )


def check_complete(case: Case, request: OCSPRequest, entries: Entries) -> None:
    """V9: every certificate of the request has an entry."""
    answered = {_canonical_id(case, entry.cert_id) for entry in entries}
    missing = [
        each.serial_number
        for each in request.requests
        if _canonical_id(case, each.cert_id) not in answered
    ]
    if missing:
        case.fail(
            "V9",
            IncompleteResponse,
            f"{len(missing)} of the certificates in the request have no entry in the "
            "response",
            missing=tuple(missing[:_MENTIONED]),
        )


def _canonical_id(case: Case, cert_id: CertID) -> CertID | int:
    """
    Return a value that does not depend on the hash algorithm of *cert_id*.

    The responder may use another hash algorithm than the request. For the issuer of the
    case the value is the serial number. For another issuer the hashes cannot be
    computed, so it is *cert_id* itself.
    """
    try:
        algorithm, serial = cert_id.hash_algorithm, cert_id.serial_number
    except UnsupportedAlgorithm:
        return cert_id
    if cert_id == CertID.for_serial(case.issuer, serial, algorithm) or (
        # The certificate may encode the name differently from the issuer certificate.
        isinstance(case.cert, x509.Certificate)
        and cert_id.matches(case.cert, case.issuer)
    ):
        return serial
    return cert_id
