"""
CRLs of random entries: certificateIssuer is carried over, and serials are found.

The statuses are those of a simple model, and of the reader of ``cryptography``.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ocsp import OCSPCertStatus
from ocsp.verification import verify_crl
from ocsp.verification.crl.reader import ReadCRL
from tests.crls import crl, entry, scope
from tests.pki import NOW, ca, key, make, name

CAS = ("Test CA", "Other CA", "CRL Issuer")
SERIALS = (1, 2, 3, 0x80, 1 << 158)
SIGNER = make("CRL Issuer", "Root")
REASONS = [
    None,
    x509.ReasonFlags.key_compromise,
    x509.ReasonFlags.certificate_hold,
    x509.ReasonFlags.unspecified,
]


class Written(NamedTuple):
    """One entry: its serial number, its certificateIssuer if any, and its reason."""

    serial: int
    issuer: str | None
    reason: x509.ReasonFlags | None


ENTRIES = st.lists(
    st.builds(
        Written,
        st.sampled_from(SERIALS),
        st.sampled_from([None, *CAS]),
        st.sampled_from(REASONS),
    ),
    max_size=12,
)


def _entry(written: Written) -> x509.RevokedCertificate:
    extensions: list[x509.ExtensionType] = []
    if written.reason is not None:
        extensions.append(x509.CRLReason(written.reason))
    if written.issuer is not None:
        issuer = x509.DirectoryName(name(written.issuer))
        extensions.append(x509.CertificateIssuer([issuer]))
    return entry(written.serial, *extensions, critical=True)


def _cert(issuer: str, serial: int) -> x509.Certificate:
    known = issuer, serial
    if known not in _made:
        by = [x509.DirectoryName(name("CRL Issuer"))]
        points = x509.CRLDistributionPoints(
            [x509.DistributionPoint(None, None, None, by)]
        )
        _made[known] = make("leaf", issuer, serial=serial, extensions=[points])
    return _made[known]


_made: dict[tuple[str, int], x509.Certificate] = {}


def _listed(entries: list[Written], issuer: str, serial: int) -> list[Written]:
    """Return the entries for the certificate, by the words of RFC 5280 §5.3.3."""
    current, found = "CRL Issuer", []
    for each in entries:
        current = each.issuer or current
        if (current, each.serial) == (issuer, serial):
            found.append(each)
    return found


@given(ENTRIES)
def test_the_status_is_that_of_a_simple_model(entries: list[Written]) -> None:
    """For each certificate of three CAs."""
    data = crl(
        *map(_entry, entries),
        issuer="CRL Issuer",
        signer=key("CRL Issuer"),
        critical=[scope(indirect=True)],
    )
    for issuer in CAS:
        authority = SIGNER if issuer == "CRL Issuer" else ca(issuer)
        for serial in SERIALS:
            cert = _cert(issuer, serial)
            found = verify_crl(data, cert, authority, crl_issuers=[SIGNER], at=NOW)
            expected = _listed(entries, issuer, serial)
            assert (found.status is OCSPCertStatus.REVOKED) is bool(expected)
            if expected:
                assert found.revocation_reason is expected[0].reason


@given(
    st.lists(st.integers(1, (1 << 159) - 1), max_size=60),
    st.lists(st.integers(1, 1 << 100), max_size=5),
)
def test_entries_are_found_as_by_cryptography(
    serials: list[int], others: list[int]
) -> None:
    """Every serial number in the list, with repetitions, and none besides."""
    times = [NOW - datetime.timedelta(hours=each) for each in range(len(serials))]
    data = crl(
        *(entry(each, since=time) for each, time in zip(serials, times, strict=True))
    )
    theirs, ours = x509.load_der_x509_crl(data), ReadCRL(data, "the CRL")
    for serial in [*serials, *others]:
        octets = serial.to_bytes(serial.bit_length() // 8 + 1)
        expected = [
            each.revocation_date_utc for each in theirs if each.serial_number == serial
        ]
        assert [each.time for each in ours.entries.find(octets)] == expected
