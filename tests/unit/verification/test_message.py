"""The messages of V1 to V5: they name the place of the fault."""

from __future__ import annotations

import re

import pytest
from cryptography import x509

import ocsp
from ocsp.errors import VerificationError
from tests.cases.builder import Builder, extension
from tests.cases.model import NOW

BUILD = Builder()
UNKNOWN = extension("1.2.3.4", b"\x05\x00")
BAD_REASON = extension("2.5.29.21", b"\x30\x05a", critical=True)
CRITICAL = extension("1.2.3.4", b"\x05\x00", critical=True)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (BUILD.failed(3), "returned the OCSP error 'try later'"),
        (
            BUILD.response(extensions=(UNKNOWN, UNKNOWN, UNKNOWN)),
            "1.2.3.4 occurs twice in responseExtensions$",
        ),
        (
            BUILD.response(BUILD.entry(extensions=(UNKNOWN, UNKNOWN))),
            "1.2.3.4 occurs twice in singleExtensions$",
        ),
        (
            BUILD.response(extensions=(CRITICAL,)),
            "critical extension 1.2.3.4 in responseExtensions is not known",
        ),
        (
            BUILD.response(BUILD.entry(extensions=(CRITICAL,))),
            "critical extension 1.2.3.4 in singleExtensions is not known",
        ),
        (
            BUILD.response(BUILD.entry(extensions=(BAD_REASON,))),
            r"the critical extension 2.5.29.21 in singleExtensions cannot be decoded: single",
        ),
    ],
)
def test_message_names_the_place(data: bytes, sentence: str) -> None:
    """The status, or the extension and its list."""
    leaf, ca = (
        x509.load_der_x509_certificate(each.der) for each in (BUILD.leaf, BUILD.ca)
    )
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(data, leaf, ca, at=NOW)
    (failure,) = raised.value.failures
    assert re.search(sentence, failure.message)


def _of_issuers(count: int, *, critical: bool = False) -> bytes:
    name = x509.DirectoryName(x509.Name.from_rfc4514_string("CN=Another CA"))
    names = x509.CertificateIssuer([name] * count).public_bytes()
    added = extension("2.5.29.29", names, critical=critical)
    return BUILD.response(BUILD.entry(extensions=(added,)))


def _verified(data: bytes) -> ocsp.VerifiedResponse:
    leaf, ca = (
        x509.load_der_x509_certificate(each.der) for each in (BUILD.leaf, BUILD.ca)
    )
    return ocsp.verify(data, leaf, ca, at=NOW)


def test_issuers_are_decoded_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer list is ignored, or refused if it is critical; programs can read it."""
    size = len(
        next(ocsp.load_der_ocsp_response(_of_issuers(2)).responses)
        .single_extensions[0]
        .value.public_bytes()
    )
    monkeypatch.setattr(ocsp.limits, "MAX_CERTIFICATE_ISSUER_BYTES", size)
    for critical in (False, True):
        assert not _verified(_of_issuers(2, critical=critical)).warnings
    monkeypatch.setattr(ocsp.limits, "MAX_CERTIFICATE_ISSUER_BYTES", size - 1)
    (warning,) = _verified(_of_issuers(2)).warnings
    assert warning.rule == "V5"
    assert f"{size} exceeds the limit MAX_CERTIFICATE_ISSUER_BYTES" in str(warning)
    with pytest.raises(VerificationError) as raised:
        _verified(_of_issuers(2, critical=True))
    assert raised.value.failures[0].rule == "V5"
    entry = next(ocsp.load_der_ocsp_response(_of_issuers(300)).responses)
    assert len(list(entry.single_extensions[0].value)) == 300
