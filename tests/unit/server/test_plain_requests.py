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
HASHES = st.sampled_from([hashes.SHA1(), hashes.SHA256(), hashes.SHA512()])


def _learned(*requests: bytes) -> PlainRequests:
    plain = PlainRequests()
    for der in requests:
        step = RESPONDER.receive(der, START)
        if isinstance(step, Lookup):
            plain.learn(der, step)
    return plain


def _check(plain: PlainRequests, der: bytes) -> bool:
    """Check the short cut for *der*, and return whether there is one."""
    found = plain.find(der)
    if found is None:
        return False
    full = RESPONDER.receive(der, START)
    assert isinstance(full, Lookup)
    assert found == full._replace(cert_ids=())
    return True


@given(SERIALS, SERIALS, HASHES)
def test_another_serial_number_is_the_same_request(
    first: int, second: int, algorithm: hashes.HashAlgorithm
) -> None:
    """If the numbers have the same size, and answers in this hash are stored."""
    one, other = (request(each, algorithm=algorithm) for each in (first, second))
    found = _check(_learned(one), other)
    is_stored = not isinstance(algorithm, hashes.SHA512)
    assert found == (len(one) == len(other) and is_stored)


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
    plain = _learned(der, request(serial))
    assert plain.find(der) is None
    changed = bytearray(data.draw(st.sampled_from([der, request(serial)])))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.integers(0, 255)
        )
    _check(plain, bytes(changed))


def test_what_is_learned_is_bounded() -> None:
    """A client can send any number of different beginnings."""
    plain = _learned(*(request(1 << (8 * size)) for size in range(120)))
    known = [size for size in range(120) if plain.find(request(1 << (8 * size)))]
    assert len(known) == 64
