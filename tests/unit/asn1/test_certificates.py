"""Which certificates are read again, and which are kept."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp.asn1 import certificates
from ocsp.asn1.certificates import CertificateParts, parts_of, parts_of_subject
from tests.pki import ca, leaf


@pytest.fixture(name="read")
def _read(monkeypatch: pytest.MonkeyPatch) -> list[x509.Certificate]:
    """Return the list of the certificates that are read from now on."""
    found: list[x509.Certificate] = []

    class Counted(CertificateParts):
        __slots__ = ()

        def __init__(
            self, certificate: x509.Certificate, tbs: bytes, outside: bytes | None
        ) -> None:
            super().__init__(certificate, tbs, outside)
            found.append(certificate)

    certificates._parts.clear()
    certificates._latest[0] = None
    monkeypatch.setattr(certificates, "CertificateParts", Counted)
    return found


def test_issuers_are_kept_and_of_the_others_the_latest(
    read: list[x509.Certificate],
) -> None:
    """A program asks about many certificates of few issuers."""
    subjects = [leaf(serial) for serial in (5, 6, 5, 5, 6)]
    for subject in subjects:
        ocsp.CertID.for_certificate(subject, ca(), hashes.SHA1())
        parts_of(ca())
    assert read == [subjects[0], ca(), subjects[1], subjects[0], subjects[1]]
    assert [each.certificate for each in certificates._parts.values()] == [ca()]


def test_what_is_kept_is_also_used_for_a_subject(read: list[x509.Certificate]) -> None:
    """A CA is a subject too, of another question."""
    assert parts_of_subject(ca()) is parts_of_subject(ca())
    kept = parts_of(ca())
    parts_of_subject(leaf(5))
    assert parts_of_subject(ca()) is kept
    assert read == [ca(), ca(), leaf(5)]


def test_only_certificates_have_parts() -> None:
    """Whichever function is asked."""
    other: object = b"a certificate"
    for ask in (parts_of, parts_of_subject):
        with pytest.raises(TypeError, match="must be a Certificate"):
            ask(other)  # type: ignore[arg-type]
