"""The parts of a certificate are the same, however it came into the program."""

from __future__ import annotations

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import assume, given
from hypothesis import strategies as st

from ocsp.asn1.certificates import (
    CertificateParts,
    certificate_der,
    outer_algorithm,
    parts_of,
    read_certificate,
)
from ocsp.asn1.der import SEQUENCE, any_value, content
from ocsp.errors import DecodeError
from tests.cases.builder import CA_USAGE, Builder

BUILD = Builder()


@cache
def _originals() -> tuple[bytes, ...]:
    usual = BUILD.ca, BUILD.leaf, BUILD.responder
    rsa = BUILD.authority(key="rsa-2048", scheme="rsa-sha256", extensions=(CA_USAGE,))
    return tuple(each.der for each in (*usual, rsa))


@st.composite
def certificates(draw: st.DrawFn) -> bytes:
    """Draw a certificate with up to three changed octets."""
    der = bytearray(draw(st.sampled_from(_originals())))
    for _ in range(draw(st.integers(0, 3))):
        der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    return bytes(der)


def _read(der: bytes) -> x509.Certificate:
    try:
        certificate, end = read_certificate(der, 0, len(der), "certificate")
    except DecodeError:
        assume(False)
        raise
    assume(end == len(der))
    return certificate


def _all(parts: CertificateParts) -> tuple[bytes, ...]:
    return (
        parts.tbs,
        parts.serial,
        parts.algorithm,
        parts.issuer,
        parts.subject,
        parts.key_bits,
        parts.key_hash,
        parts.extensions,
        parts.outside,
    )


@given(certificates())
def test_octets_of_a_message_are_those_of_the_object(der: bytes) -> None:
    """``cryptography`` encodes what it has read as it was."""
    certificate = _read(der)
    assert certificate.public_bytes(Encoding.DER) == der
    of_message = parts_of(certificate)
    tbs = certificate.tbs_certificate_bytes
    assert _all(of_message) == _all(CertificateParts(certificate, tbs, None))


@given(certificates())
def test_parts_are_where_the_strict_reader_finds_them(der: bytes) -> None:
    """The fields of TBSCertificate, in order (RFC 5280 §4.1)."""
    certificate = _read(der)
    parts = parts_of(certificate)
    position, end = content(parts.tbs, 0, len(parts.tbs), SEQUENCE, "")
    fields = []
    while position < end:
        tag, start, stop = any_value(parts.tbs, position, end, "")
        if tag != 0xA0 or fields:
            fields.append((tag, start, parts.tbs[position:stop]))
        position = stop
    serial, algorithm, issuer, _, subject, key, *rest = (each[2] for each in fields)
    assert serial.endswith(parts.serial)
    assert int.from_bytes(parts.serial, signed=True) == certificate.serial_number
    assert (algorithm, issuer, subject) == (
        parts.algorithm,
        parts.issuer,
        parts.subject,
    )
    assert key.endswith(parts.key_bits)
    extensions = [each for each in rest if each[0] == 0xA3]
    assert b"".join(extensions).endswith(parts.extensions)
    assert bool(extensions) == bool(parts.extensions)
    assert certificate_der(certificate).endswith(parts.outside)
    assert parts.outside.startswith(outer_algorithm(certificate))
