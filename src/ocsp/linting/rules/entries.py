"""
L2: which certificates the response is about, and how it names them.

Rules of this file: a CertID is compared by recomputing its hashes, from names and keys
as signed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.der import number_text
from ocsp.linting.case import Case, Complaint
from ocsp.messages.certid import CertID
from ocsp.messages.responses.single_response import OCSPSingleResponse

__all__ = [
    "about_the_certificate",
    "answers_all",
    "answers_nothing_else",
    "hash_sizes_fit",
    "hashes_of_one_issuer",
    "known_hash",
    "no_contradiction",
    "one_certificate",
    "one_entry_each",
    "sane_serial_numbers",
    "strong_hash",
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
            yield Complaint(f"{where}.certID.hashAlgorithm", "is no SHA-1 and no SHA-2")


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
                    f"has {len(value)} octets, and {algorithm.name} has "
                    f"{algorithm.digest_size}",
                )


def strong_hash(case: Case) -> Iterator[Complaint]:
    """L203: a certificate is named by SHA-256, or by SHA-1 for old clients only."""
    for where, entry in case.numbered():
        if isinstance(_hash(entry), hashes.SHA1):
            yield Complaint(f"{where}.certID.hashAlgorithm", "is SHA-1")


def hashes_of_one_issuer(case: Case) -> Iterator[Complaint]:
    """L204: both hashes are those of the issuer, or neither is."""
    for where, entry in case.numbered():
        expected = _expected(case.issuer, entry)
        if expected is None:
            continue
        same_name = entry.issuer_name_hash == expected.issuer_name_hash
        same_key = entry.issuer_key_hash == expected.issuer_key_hash
        if same_name and not same_key:
            yield Complaint(
                f"{where}.certID.issuerKeyHash",
                "is not that of the issuer's key, and issuerNameHash is of its name",
            )
        elif same_key and not same_name:
            yield Complaint(
                f"{where}.certID.issuerNameHash",
                "is not that of the issuer's name, and issuerKeyHash is of its key",
            )


def _expected(
    issuer: x509.Certificate | None, entry: OCSPSingleResponse
) -> CertID | None:
    algorithm = _hash(entry)
    if issuer is None or algorithm is None:
        return None
    return CertID.for_serial(issuer, entry.serial_number, algorithm)


def sane_serial_numbers(case: Case) -> Iterator[Complaint]:
    """L205: serial numbers are positive and have at most 20 octets."""
    for where, entry in case.numbered():
        number = entry.serial_number
        octets = number.bit_length() // 8 + 1
        if number <= 0 or octets > MAX_SERIAL_OCTETS:
            what = f"has {octets} octets" if number > 0 else f"is {number_text(number)}"
            yield Complaint(f"{where}.certID.serialNumber", what)


MAX_SERIAL_OCTETS = 20
"""RFC 5280 §4.1.2.2."""


def one_entry_each(case: Case) -> Iterator[Complaint]:
    """L206: no two entries are about the same CertID."""
    for cert_id, number in Counter(entry.cert_id for entry in case.entries).items():
        if number > 1:
            yield Complaint(
                "responses",
                f"has {number} entries about serial number {cert_id.serial_number:#x}",
            )


def one_certificate(case: Case) -> Iterator[Complaint]:
    """L207: the response is about one certificate, be it named by several hashes."""
    numbers = {entry.serial_number for entry in case.entries}
    if len(numbers) > 1:
        yield Complaint("responses", f"is about {len(numbers)} certificates")


def answers_all(case: Case) -> Iterator[Complaint]:
    """L208: every certificate of the request has an entry."""
    answered = {_meaning(case, entry.cert_id) for entry in case.entries}
    for asked in case.request.requests if case.request else ():
        if _meaning(case, asked.cert_id) not in answered:
            yield Complaint(
                "responses",
                f"has no entry about serial number {asked.serial_number:#x}, which was "
                "asked about",
            )


def answers_nothing_else(case: Case) -> Iterator[Complaint]:
    """L209: there are no entries that nobody has asked for."""
    if case.request is None:
        return
    asked = {_meaning(case, each.cert_id) for each in case.request.requests}
    for where, entry in case.numbered():
        if _meaning(case, entry.cert_id) not in asked:
            yield Complaint(
                where,
                f"is about serial number {entry.serial_number:#x}, which was not asked "
                "about",
            )


def _meaning(case: Case, cert_id: CertID) -> CertID | int:
    """Return the serial number, if the issuer is that of the case; else the CertID."""
    if case.issuer is not None:
        try:
            algorithm = cert_id.hash_algorithm
        except UnsupportedAlgorithm:
            return cert_id
        if cert_id == CertID.for_serial(case.issuer, cert_id.serial_number, algorithm):
            return cert_id.serial_number
    return cert_id


def about_the_certificate(case: Case) -> Iterator[Complaint]:
    """L210: an entry is about the certificate in question."""
    if case.cert is not None and not any(
        case.is_about(entry.cert_id) for entry in case.entries
    ):
        yield Complaint(
            "responses",
            f"has no entry about the certificate {case.cert.serial_number:#x}",
        )


def no_contradiction(case: Case) -> Iterator[Complaint]:
    """L211: entries about one certificate say the same, whatever hash they use."""
    said: dict[CertID | int, list[OCSPSingleResponse]] = {}
    for entry in case.entries:
        said.setdefault(_meaning(case, entry.cert_id), []).append(entry)
    for entries in said.values():
        names = dict.fromkeys(each.certificate_status.name.lower() for each in entries)
        if len(names) > 1:
            yield Complaint(
                "responses",
                f"say of serial number {entries[0].serial_number:#x} that it is "
                f"{' and '.join(names)}",
            )
