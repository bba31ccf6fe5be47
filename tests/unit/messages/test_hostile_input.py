"""Malicious messages: deep nesting, long numbers, and lower limits."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp as original

import ocsp
from ocsp import CertID, limits
from ocsp.asn1.der import encode, encode_integer, encode_oid
from tests.pki import ca, key, name
from tests.unit.test_limits import SIZE, _calls, _request, _response
from tests.vectors import RESPONSES

PSS = encode_oid("1.2.840.113549.1.1.10")
MGF1 = encode_oid("1.2.840.113549.1.1.8")


def _nested_pss(size: int, *, mask: bool = False) -> bytes:
    """Return PSS whose hash (or mask) is PSS, and so on; all of it well-formed."""
    data = encode(0x30, PSS)
    while len(data) < size:
        wrapped = encode(0xA1, encode(0x30, MGF1, data)) if mask else encode(0xA0, data)
        data = encode(0x30, PSS, encode(0x30, wrapped))
    return data


def _request_with(algorithm: bytes, serial: bytes = b"\x01") -> bytes:
    octets = encode(0x04, bytes(20))
    cert_id = encode(0x30, algorithm, octets, octets, encode(0x02, serial))
    return encode(0x30, encode(0x30, encode(0x30, encode(0x30, cert_id))))


def _response_with(algorithm: bytes, certs: bytes = b"") -> bytes:
    signed = ocsp.load_der_ocsp_response(_response())
    basic = encode(0x30, signed.tbs_response_bytes, algorithm, b"\x03\x01\x00", certs)
    octets = encode(0x30, encode_oid("1.3.6.1.5.5.7.48.1.1"), encode(0x04, basic))
    return encode(0x30, b"\x0a\x01\x00", encode(0xA0, octets))


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("size", [8_000, SIZE])
def test_nested_pss_is_refused_or_read_with_bounded_work(size: int, mask: bool) -> None:
    """A DecodeError or a message, but no RecursionError; 8 kB fit into a request."""
    nested = _nested_pss(size, mask=mask)
    valid = _request(entries=SIZE // len(_request()))
    limits.MAX_CACHE_BYTES = limits.MAX_CACHE_BYTES  # clears all caches
    allowed = _calls(lambda: ocsp.load_der_ocsp_request(valid, allow_multiple=True))
    allowed = max(allowed, 32)  # calls of compiled functions do not count
    asked, said = _request_with(nested), _response_with(nested)
    assert _calls(lambda: ocsp.load_der_ocsp_request(asked)) <= allowed
    assert _calls(lambda: ocsp.load_der_ocsp_response(said)) <= allowed


def _certificate_with(algorithm: bytes) -> bytes:
    subject, time = name("x").public_bytes(), b"\x17\x0d260101000000Z"
    public = key("Test CA").public_key()
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    head = b"\xa0\x03\x02\x01\x02\x02\x01\x01"
    tbs = encode(
        0x30, head, algorithm, subject, encode(0x30, time, time), subject, info
    )
    return encode(0x30, tbs, algorithm, b"\x03\x01\x00")


def test_a_nested_certificate_does_not_crash_the_process() -> None:
    """``cryptography`` reads certificates by recursion, and its stack can overflow."""
    certificate = _certificate_with(_nested_pss(SIZE))
    algorithm = encode(0x30, encode_oid("1.2.840.10045.4.3.2"))
    data = _response_with(algorithm, encode(0xA0, encode(0x30, certificate)))
    code = (
        "import sys, ocsp\n"
        "try: ocsp.load_der_ocsp_response(sys.stdin.buffer.read())\n"
        "except ocsp.DecodeError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=data, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("octets", [1, 2, 20, 127, 128, 255, 256, 257, 513])
def test_a_serial_number_is_minimal_with_and_without_the_cache(octets: int) -> None:
    """A length in several octets is not accepted as the length 1."""
    algorithm = encode(0x30, encode_oid("1.3.14.3.2.26"), b"\x05\x00")
    limits.MAX_CACHE_BYTES = limits.MAX_CACHE_BYTES  # clears all caches
    good = _request_with(algorithm, b"\x01" * octets)
    ocsp.load_der_ocsp_request(good)
    for first in (0x00, 0xFF):
        second = 0x01 if first == 0 else 0x81
        serial = bytes((first, *[second] * (octets - 1)))
        if octets == 1:
            ocsp.load_der_ocsp_request(_request_with(algorithm, serial))
            continue
        with pytest.raises(ocsp.errors.DERError, match="not minimal"):
            ocsp.load_der_ocsp_request(_request_with(algorithm, serial))


@pytest.mark.parametrize(
    ("limit", "lowered", "data"),
    [
        ("MAX_EXTENSIONS", 1, lambda: _response(1, 2)),
        ("MAX_CERTIFICATES", 1, lambda: _response(certificates=2)),
        ("MAX_NAME_ATTRIBUTES", 0, lambda: _response(signer=ca())),
    ],
)
def test_a_lower_limit_holds_for_cached_data(
    monkeypatch: pytest.MonkeyPatch, limit: str, lowered: int, data: Any
) -> None:
    """Neither cached layouts nor cached names bypass it."""
    der = data()
    ocsp.load_der_ocsp_response(der)
    ocsp.load_der_ocsp_response(der)
    monkeypatch.setattr(limits, limit, lowered)
    with pytest.raises(ocsp.errors.LimitExceeded) as refused:
        ocsp.load_der_ocsp_response(der)
    assert refused.value.limit == limit
    assert refused.value.maximum == lowered


def test_what_is_no_certificate_is_a_type_error() -> None:
    """In every method that makes a CertID from certificates."""
    wrong: Any = "no certificate"
    with pytest.raises(TypeError):
        CertID.for_certificate(wrong, ca(), hashes.SHA1())
    with pytest.raises(TypeError):
        CertID.for_certificate(ca(), wrong, hashes.SHA1())
    with pytest.raises(TypeError):
        CertID.for_serial(wrong, 1, hashes.SHA1())


@pytest.mark.parametrize("of", [lambda x: x, lambda x: next(x.responses)])
def test_the_warning_points_at_the_caller(of: Any) -> None:
    """Not at a line of this package."""
    message = of(ocsp.load_der_ocsp_response(RESPONSES["resp-sha256"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _ = message.this_update
    assert [each.filename for each in caught] == [__file__]


HUGE = 1 << 8 * 2000
"""More digits than Python converts: over 4,300 it raises a ValueError."""


@pytest.mark.parametrize("sign", [1, -1])
def test_a_version_with_a_huge_number_is_refused(sign: int) -> None:
    """Like any other version: a DecodeError that names the place."""
    version = encode(0xA0, encode_integer(sign * HUGE))
    request = encode(0x30, encode(0x30, version, encode(0x30)))
    with pytest.raises(ocsp.DecodeError) as raised:
        ocsp.load_der_ocsp_request(request)
    assert raised.value.path.endswith("tbsRequest.version")
    basic = encode(0x30, encode(0x30, version), encode(0x30, PSS), b"\x03\x01\x00")
    octets = encode(0x30, encode_oid("1.3.6.1.5.5.7.48.1.1"), encode(0x04, basic))
    with pytest.raises(ocsp.DecodeError) as raised:
        ocsp.load_der_ocsp_response(encode(0x30, b"\x0a\x01\x00", encode(0xA0, octets)))
    assert raised.value.path.endswith("tbsResponseData.version")


def test_an_arc_over_the_limit_is_refused() -> None:
    """As in ``cryptography``; otherwise ``ObjectIdentifier`` would raise later."""
    fits, too_large = (encode_oid(f"2.25.{(1 << 128) - step}") for step in (1, 0))
    loaded = ocsp.load_der_ocsp_response(_response_with(encode(0x30, fits)))
    assert loaded.signature_algorithm_oid.dotted_string.startswith("2.25.3402")
    data = _response_with(encode(0x30, too_large))
    with pytest.raises(ocsp.DecodeError, match="arc of an object identifier"):
        ocsp.load_der_ocsp_response(data)
    with pytest.raises(ValueError, match="parsing asn1"):
        original.load_der_ocsp_response(data)
    with pytest.raises(ocsp.DecodeError, match="arc of an object identifier"):
        ocsp.load_der_ocsp_request(_request_with(encode(0x30, too_large)))


def test_huge_numbers_can_be_shown() -> None:
    """In hexadecimal."""
    assert repr(ocsp.CRLReference(number=5)) == "<CRLReference(number=5)>"
    assert repr(ocsp.CRLReference(number=HUGE)).startswith(
        "<CRLReference(number=0x1000"
    )


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_a_value_that_ends_before_its_first_field_gives_no_other_error(
    name: str,
) -> None:
    """With length 0 in a long form, read tolerantly: what was in it comes after it."""
    whole = RESPONSES[name]
    with contextlib.suppress(ocsp.DecodeError):
        ocsp.load_der_ocsp_response(whole)  # now its pieces are known
    for position in range(len(whole) - 2):
        if whole[position : position + 2] == b"\x30\x81":
            changed = whole[: position + 2] + b"\x00" + whole[position + 3 :]
            with contextlib.suppress(ocsp.DecodeError):
                ocsp.load_der_ocsp_response(
                    changed, encoding=ocsp.EncodingRules.TOLERANT
                )
