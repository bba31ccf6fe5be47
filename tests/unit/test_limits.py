"""The limits: a lower value refuses a message by name. Malformed data costs little."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding, limits
from ocsp.asn1.der import encode, encode_oid
from ocsp.guarded.nesting import depth
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.responses.response import load_der_ocsp_response
from tests.cases import builder as cases
from tests.compiled import needs_sources
from tests.pki import NOW, ca, delegate, key
from tests.vectors import REQUESTS, RESPONSES

Load = Callable[[bytes], Any]


def _load_request(data: bytes) -> ocsp.OCSPRequest:
    return load_der_ocsp_request(data, allow_multiple=True)


def _extensions(count: int) -> list[x509.UnrecognizedExtension]:
    return [
        x509.UnrecognizedExtension(
            x509.ObjectIdentifier(f"1.2.3.{number}"), b"\x05\x00"
        )
        for number in range(count)
    ]


def _request(entries: int = 1, extensions: int = 0) -> bytes:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for serial in range(1, entries + 1):
        cert_id = CertID.for_serial(ca(), serial, hashes.SHA256())
        builder = builder.add_certificate_by_id(cert_id)
    for extension in _extensions(extensions):
        builder = builder.add_extension(extension, critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _response_builder(
    entries: int = 1, extensions: int = 0
) -> ocsp.OCSPResponseBuilder:
    builder = ocsp.OCSPResponseBuilder(allow_multiple=True)
    for serial in range(1, entries + 1):
        cert_id = CertID.for_serial(ca(), serial, hashes.SHA256())
        builder = builder.add_response_by_id(
            cert_id, OCSPCertStatus.GOOD, NOW, NOW, None, None
        )
    for extension in _extensions(extensions):
        builder = builder.add_extension(extension, critical=False)
    return builder


def _response(
    entries: int = 1,
    extensions: int = 0,
    certificates: int = 0,
    signer: x509.Certificate | None = None,
) -> bytes:
    builder = _response_builder(entries, extensions)
    if certificates:
        builder = builder.certificates([delegate()] * certificates)
    encoding = OCSPResponderEncoding.NAME if signer else OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, signer or ca())
    signed = builder.sign(key("Test CA"), hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def _with_certificate(extensions: int) -> bytes:
    build = cases.Builder()
    each = [cases.extension(f"1.2.3.{number}", b"") for number in range(extensions)]
    return build.response(certs=[build.delegate(extensions=each).der])


def _long_name(attributes: int) -> x509.Certificate:
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "x")] * attributes
    )
    template = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key("Test CA").public_key(),
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW,
    )
    return template.sign(key("Test CA"), hashes.SHA256())


@pytest.mark.parametrize(
    ("limit", "lowered", "value", "load", "make_fitting", "make_larger"),
    [
        ("MAX_ENTRIES", 2, 3, _load_request, lambda: _request(2), lambda: _request(3)),
        (
            "MAX_ENTRIES", 2, 3, load_der_ocsp_response,
            lambda: _response(2), lambda: _response(3),
        ),
        (
            "MAX_EXTENSIONS", 2, 3, _load_request,
            lambda: _request(1, 2), lambda: _request(1, 3),
        ),
        (
            "MAX_EXTENSIONS", 2, 3, load_der_ocsp_response,
            lambda: _response(1, 2), lambda: _response(1, 3),
        ),
        (
            "MAX_EXTENSIONS", 2, 3, load_der_ocsp_response,
            lambda: _with_certificate(2), lambda: _with_certificate(3),
        ),
        (
            "MAX_CERTIFICATES", 1, 2, load_der_ocsp_response,
            lambda: _response(certificates=1), lambda: _response(certificates=2),
        ),
        (
            "MAX_NAME_ATTRIBUTES", 3, 4, load_der_ocsp_response,
            lambda: _response(signer=_long_name(3)),
            lambda: _response(signer=_long_name(4)),
        ),
    ],
)  # fmt: skip
def test_a_message_over_a_limit_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    lowered: int,
    value: int,
    load: Load,
    make_fitting: Callable[[], bytes],
    make_larger: Callable[[], bytes],
) -> None:
    """At the limit it loads; one more raises with limit, value and maximum."""
    fitting, larger = make_fitting(), make_larger()
    monkeypatch.setattr(limits, limit, lowered)
    load(fitting)
    with pytest.raises(ocsp.errors.LimitExceeded) as refused:
        load(larger)
    assert refused.value.limit == limit
    assert (refused.value.value, refused.value.maximum) == (value, lowered)
    assert refused.value.path


@pytest.mark.parametrize(
    ("load", "data"),
    [
        (_load_request, REQUESTS["req-sha1"]),
        (load_der_ocsp_response, RESPONSES["resp-sha256"]),
    ],
    ids=["request", "response"],
)
def test_the_size_limit_holds_for_cached_layouts_too(
    monkeypatch: pytest.MonkeyPatch, load: Load, data: bytes
) -> None:
    """The layout cache does not bypass the limit."""
    load(data)
    load(data)
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", len(data))
    load(data)
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", len(data) - 1)
    with pytest.raises(ocsp.errors.LimitExceeded) as refused:
        load(data)
    assert refused.value.limit == "MAX_MESSAGE_BYTES"
    assert refused.value.value == len(data)


def test_nesting_in_certificates_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit it loads; one level more is refused."""
    data, der = _response(certificates=1), delegate().public_bytes(Encoding.DER)
    levels = depth(der, limits.MAX_DEPTH)
    monkeypatch.setattr(limits, "MAX_DEPTH", levels)
    load_der_ocsp_response(data)
    monkeypatch.setattr(limits, "MAX_DEPTH", levels - 1)
    with pytest.raises(ocsp.errors.LimitExceeded) as refused:
        load_der_ocsp_response(data)
    assert refused.value.limit == "MAX_DEPTH"
    assert (refused.value.value, refused.value.maximum) == (levels, levels - 1)


def test_builders_keep_to_the_same_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builders do not make messages that the loaders refuse."""
    requests, responses = (
        ocsp.OCSPRequestBuilder(allow_multiple=True),
        _response_builder(2),
    )
    cert_id = CertID.for_serial(ca(), 1, hashes.SHA256())
    monkeypatch.setattr(limits, "MAX_ENTRIES", 2)
    monkeypatch.setattr(limits, "MAX_CERTIFICATES", 1)
    requests = requests.add_certificate_by_id(cert_id).add_certificate_by_id(cert_id)
    with pytest.raises(ocsp.BuildError, match="MAX_ENTRIES = 2"):
        requests.add_certificate_by_id(cert_id)
    with pytest.raises(ocsp.BuildError, match="MAX_ENTRIES = 2"):
        responses.add_response_by_id(cert_id, OCSPCertStatus.GOOD, NOW, NOW, None, None)
    with pytest.raises(ocsp.BuildError, match="MAX_CERTIFICATES = 1 "):
        responses.certificates([ca(), ca()])


def _calls(action: Callable[[], object]) -> int:
    """Return how many functions *action* calls, as a measure of its cost."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    previous = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    except ocsp.DecodeError:
        pass
    finally:
        sys.setprofile(previous)
    return count


SIZE = 64 * 1024
TAGS = (0x30, 0x31, 0xA0, 0xA2, 0x24)


def _nested(tag: int) -> bytes:
    """Return nested values in correct DER, 64 KiB in all."""
    data = b"\x05\x00"
    while len(data) < SIZE:
        data = encode(tag, data)
    return data


def _in_an_extension(value: bytes) -> bytes:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), value)
    cert_id = CertID.for_serial(ca(), 1, hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    built = builder.add_extension(extension, critical=False).build()
    return built.public_bytes(Encoding.DER)


def _in_parameters(value: bytes) -> bytes:
    octets = encode(0x04, bytes(20))
    algorithm = encode(0x30, encode_oid("1.3.14.3.2.26"), value)
    cert_id = encode(0x30, algorithm, octets, octets, b"\x02\x01\x01")
    return encode(0x30, encode(0x30, encode(0x30, encode(0x30, cert_id))))


def _in_the_name(value: bytes) -> bytes:
    other = encode(0xA0, encode_oid("1.2.3"), encode(0xA0, value))
    der = _request()
    request = ocsp.load_der_ocsp_request(der)
    entry = encode(0x30, request.requests[0].cert_id.der)
    return encode(0x30, encode(0x30, encode(0xA1, other), encode(0x30, entry)))


@needs_sources
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    "place", [bytes, _in_an_extension, _in_parameters, _in_the_name]
)
def test_nested_garbage_costs_no_more_than_a_message_of_its_size(
    place: Callable[[bytes], bytes], tag: int
) -> None:
    """64 KiB, thousands of levels deep, in each field that can have any content."""
    data = place(_nested(tag))
    assert len(data) >= SIZE
    valid = _request(entries=SIZE // len(_request()))
    limits.MAX_CACHE_BYTES = limits.MAX_CACHE_BYTES  # clears all caches
    allowed = _calls(lambda: _load_request(valid))
    assert _calls(lambda: _load_request(data)) <= allowed
    assert _calls(lambda: load_der_ocsp_response(data)) <= allowed


@pytest.mark.parametrize("octet", [0x00, 0x30, 0x80, 0xA0, 0xFF])
def test_repeated_octets_are_refused_at_once(octet: int) -> None:
    """Indefinite lengths, endless tags, and zeros."""
    data = bytes((octet,)) * SIZE
    for load in (_load_request, load_der_ocsp_response):
        assert _calls(lambda load=load: load(data)) < 50
        with pytest.raises(ocsp.DecodeError):
            load(data)


def test_every_limit_is_documented() -> None:
    """Each constant has a docstring below it."""
    source = inspect.getsource(limits)
    for name in limits.__all__:
        if not name.isupper():
            continue
        _, _, after = source.partition(f"\n{name} = ")
        assert after.partition("\n")[2].startswith('"""')


def test_every_limit_is_lowered_by_a_test() -> None:
    """In this module, or in the tests of the code that uses it."""
    sources = "\n".join(
        path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")
    )
    for name in limits.__all__:
        if name.isupper():
            lowered = rf'limits,\s*"{name}",|^ +\(?"{name}", \d'
            assert re.search(lowered, sources, re.MULTILINE), name
