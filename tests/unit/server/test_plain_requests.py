"""The short cut for plain requests gives what reading them in full gives."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import CertID
from ocsp.asn1.der import INTEGER, encode, integer_octets
from ocsp.responder import Authority, Lookup, Responder
from ocsp.server.plain_requests import PlainRequests
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import START, request

RESPONDER = Responder([Authority(ca(), [delegate_signer()])])
SERIALS = st.integers(1 - (1 << 159), (1 << 159) - 1) | st.sampled_from(
    [0, 1, 127, 128, 255, 256, -1, -128, -129, (1 << 63) - 1, 1 << 63]
)
NONCES = st.none() | st.binary(min_size=1, max_size=40)
HASHES = st.sampled_from([hashes.SHA1(), hashes.SHA256(), hashes.SHA512()])


def _request(
    serial: int, algorithm: hashes.HashAlgorithm, nonce: bytes | None
) -> bytes:
    cert_id = CertID.for_serial(ca(), serial, algorithm)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _learned(*requests: bytes) -> PlainRequests:
    plain = PlainRequests()
    for der in requests:
        step = RESPONDER.receive(der, START)
        if isinstance(step, Lookup):
            plain.learn(der, step)
    return plain


def _check(plain: PlainRequests, der: bytes) -> bool:
    """Check the short cut for *der*, and return whether there is one."""
    match = plain.match(der)
    if match is None:
        return False
    found = match.lookup(match.query())
    full = RESPONDER.receive(der, START)
    assert isinstance(full, Lookup)
    assert found == full
    assert [each.der for each in found.cert_ids] == [each.der for each in full.cert_ids]
    return True


@given(SERIALS, SERIALS, HASHES, NONCES, NONCES)
def test_another_serial_number_and_nonce_are_the_same_request(
    first: int,
    second: int,
    algorithm: hashes.HashAlgorithm,
    nonce: bytes | None,
    other_nonce: bytes | None,
) -> None:
    """If the numbers have the same size, and the nonces too, which are echoed."""
    one = _request(first, algorithm, nonce)
    other = _request(second, algorithm, other_nonce)
    found = _check(_learned(one), other)
    same_sizes = _sizes(first, nonce) == _sizes(second, other_nonce)
    assert found == (same_sizes and (nonce is None or 16 <= len(nonce) <= 32))


def _sizes(serial: int, nonce: bytes | None) -> tuple[int, int]:
    return len(integer_octets(serial)), len(nonce or b"")


@given(st.binary(min_size=1, max_size=20), st.integers(1, 3))
def test_a_serial_number_that_is_not_minimal_is_read_in_full(
    content: bytes, keep: int
) -> None:
    """It is not DER, so the reader decides."""
    base = request(int.from_bytes(content) | 1 << (8 * len(content) - 2))
    plain = _learned(base)
    for end in (
        content,
        b"\0" * keep + content[keep:],
        b"\xff" * keep + content[keep:],
    ):
        _check(plain, base[: -len(content)] + end[: len(content)])


@given(st.integers(1, 1 << 32), st.binary(max_size=12), st.data())
def test_nothing_else_is_taken_for_plain(
    serial: int, tail: bytes, data: st.DataObject
) -> None:
    """An extension may end like the serial number; any octet may be another one."""
    number = encode(INTEGER, integer_octets(serial))
    cert_id = CertID.for_serial(ca(), serial, hashes.SHA256())
    extension = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.2.3"), tail + number
    )
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    extended = builder.add_extension(extension, critical=False).build()
    der = extended.public_bytes(Encoding.DER)
    fresh = _request(serial, hashes.SHA1(), bytes(16))
    plain = _learned(der, request(serial), fresh)
    assert plain.match(der) is None
    changed = bytearray(data.draw(st.sampled_from([der, request(serial), fresh])))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.integers(0, 255)
        )
    _check(plain, bytes(changed))


def test_what_is_learned_is_bounded() -> None:
    """A client can send any number of different beginnings."""
    plain = _learned(*(request(1 << (8 * size)) for size in range(120)))
    known = [size for size in range(120) if plain.match(request(1 << (8 * size)))]
    assert len(known) == 64
