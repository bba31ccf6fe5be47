"""
L2: the certificates that the entries are for, and their CertIDs.

To compare a CertID, its hashes are computed again from the encoded name and key of the
issuer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import serial_of
from ocsp.asn1.der import number_text
from ocsp.linting.case import Case, Complaint
from ocsp.messages.certid import CertID
from ocsp.messages.responses.single_response import OCSPSingleResponse

__all__ = [
    "all_requested_entries",
    "has_entry_for_certificate",
    "hash_sizes_fit",
    "hashes_of_one_issuer",
    "known_hash",
    "no_contradiction",
    "no_unrequested_entries",
    "one_certificate",
    "one_entry_each",
    "strong_hash",
    "valid_serial_numbers",
]


def _hash(entry: OCSPSingleResponse) -> hashes.HashAlgorithm | None:
    try:
        return entry.hash_algorithm
    except UnsupportedAlgorithm:
        return None


def known_hash(case: Case) -> Iterator[Complaint]:
    """L201: hashAlgorithm is one that clients can compute."""
    for where, entry in case.numbered():
        if _hash(entry) is None:
            yield Complaint(f"{where}.certID.hashAlgorithm", "is not SHA-1 or SHA-2")


def hash_sizes_fit(case: Case) -> Iterator[Complaint]:
    """L202: both hashes have the size of their algorithm."""
    for where, entry in case.numbered():
        algorithm = _hash(entry)
        if algorithm is None:
            continue
        for name, value in (
            ("issuerNameHash", entry.issuer_name_hash),
            ("issuerKeyHash", entry.issuer_key_hash),
        ):
            if len(value) != algorithm.digest_size:
                yield Complaint(
                    f"{where}.certID.{name}",
                    f"has {len(value)} octets instead of the "
                    f"{algorithm.digest_size} of {algorithm.name}",
                )


def strong_hash(case: Case) -> Iterator[Complaint]:
    """L203: a CertID uses SHA-256; SHA-1 is for old clients only."""
    for where, entry in case.numbered():
        if isinstance(_hash(entry), hashes.SHA1):
            yield Complaint(f"{where}.certID.hashAlgorithm", "is SHA-1")


def hashes_of_one_issuer(case: Case) -> Iterator[Complaint]:
    """L204: both hashes match the issuer, or neither does."""
    for where, entry in case.numbered():
        expected = _expected(case.issuer, entry)
        if expected is None:
            continue
        same_name = entry.issuer_name_hash == expected.issuer_name_hash
        same_key = entry.issuer_key_hash == expected.issuer_key_hash
        if same_name and not same_key:
            yield Complaint(
                f"{where}.certID.issuerKeyHash",
                "does not match the issuer's key, though issuerNameHash matches its "
                "name",
            )
        elif same_key and not same_name:
            yield Complaint(
                f"{where}.certID.issuerNameHash",
                "does not match the issuer's name, though issuerKeyHash matches its "
                "key",
            )


def _expected(
    issuer: x509.Certificate | None, entry: OCSPSingleResponse
) -> CertID | None:
    algorithm = _hash(entry)
    if issuer is None or algorithm is None:
        return None
    return CertID.for_serial(issuer, entry.serial_number, algorithm)


def valid_serial_numbers(case: Case) -> Iterator[Complaint]:
    """L205: serial numbers are positive and have at most 20 octets."""
    for where, entry in case.numbered():
        number = entry.serial_number
        octets = number.bit_length() // 8 + 1
        if number <= 0 or octets > MAX_SERIAL_OCTETS:
            what = f"has {octets} octets" if number > 0 else f"is {number_text(number)}"
            yield Complaint(f"{where}.certID.serialNumber", what)


MAX_SERIAL_OCTETS = 20
"""The limit of RFC 5280 §4.1.2.2."""


def one_entry_each(case: Case) -> Iterator[Complaint]:
    """L206: no two entries have the same CertID."""
    for cert_id, number in Counter(entry.cert_id for entry in case.entries).items():
        if number > 1:
            yield Complaint(
                "responses",
                f"has {number} entries for serial number {cert_id.serial_number:#x}",
            )


def one_certificate(case: Case) -> Iterator[Complaint]:
    """L207: all entries are for one certificate."""
    numbers = {entry.serial_number for entry in case.entries}
    if len(numbers) > 1:
        yield Complaint("responses", f"has entries for {len(numbers)} certificates")


def all_requested_entries(case: Case) -> Iterator[Complaint]:
    """L208: every certificate of the request has an entry."""
    answered = {_meaning(case, entry.cert_id) for entry in case.entries}
    for asked in case.request.requests if case.request else ():
        if _meaning(case, asked.cert_id) not in answered:
            yield Complaint(
                "responses",
                f"has no entry for serial number {asked.serial_number:#x} of the "
                "request",
            )


def no_unrequested_entries(case: Case) -> Iterator[Complaint]:
    """L209: every entry is for a certificate of the request."""
    if case.request is None:
        return
    asked = {_meaning(case, each.cert_id) for each in case.request.requests}
    for where, entry in case.numbered():
        if _meaning(case, entry.cert_id) not in asked:
            yield Complaint(
                where,
                f"is for serial number {entry.serial_number:#x}, which is not in the "
                "request",
            )


def _meaning(case: Case, cert_id: CertID) -> CertID | int:
    """Return the serial number if *cert_id* is of the given issuer, else the CertID."""
    if case.issuer is not None:
        try:
            algorithm = cert_id.hash_algorithm
        except UnsupportedAlgorithm:
            return cert_id
        if cert_id == CertID.for_serial(case.issuer, cert_id.serial_number, algorithm):
            return cert_id.serial_number
    return cert_id


def has_entry_for_certificate(case: Case) -> Iterator[Complaint]:
    """L210: an entry is for the certificate in question."""
    if case.cert is not None and not any(
        case.is_about(entry.cert_id) for entry in case.entries
    ):
        yield Complaint(
            "responses",
            f"has no entry for the certificate {serial_of(case.cert):#x}",
        )


def no_contradiction(case: Case) -> Iterator[Complaint]:
    """L211: entries for one certificate state the same status."""
    by_certificate: dict[CertID | int, list[OCSPSingleResponse]] = {}
    for entry in case.entries:
        by_certificate.setdefault(_meaning(case, entry.cert_id), []).append(entry)
    for entries in by_certificate.values():
        names = dict.fromkeys(each.certificate_status.name.lower() for each in entries)
        if len(names) > 1:
            yield Complaint(
                "responses",
                f"has different statuses for serial number "
                f"{entries[0].serial_number:#x}: {' and '.join(names)}",
            )
