"""
Signed requests: every kind of key, requestorName, and invalid signatures.

``openssl`` signs requests that we verify, and verifies requests that we sign.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

import ocsp
from ocsp import (
    BuildError,
    CertID,
    DecodeError,
    KeySigner,
    OCSPRequest,
    OCSPRequestBuilder,
    limits,
)
from ocsp.asn1.algorithms import PSSParameters, encode_algorithm, encode_pss
from ocsp.asn1.der import NULL_DER, encode
from ocsp.errors import LimitExceeded, SignatureInvalid
from tests.integration.openssl import openssl, text_of_request
from tests.keys import HASHED, MAKERS, SCHEMES, certificate_of, key_of, label
from tests.pki import ca, delegate, key, leaf, make, name

SHA256 = hashes.SHA256()
SIGNER = certificate_of("p256")
NAME = x509.DirectoryName(SIGNER.subject)
PSS = padding.PSS(padding.MGF1(SHA256), padding.PSS.DIGEST_LENGTH)


def _der(request: OCSPRequest) -> bytes:
    return request.public_bytes(Encoding.DER)


def _builder(who: x509.GeneralName | None = NAME) -> OCSPRequestBuilder:
    builder = OCSPRequestBuilder().add_certificate(leaf(), ca(), SHA256)
    return builder if who is None else builder.requestor_name(who)


def _signed(**options: Any) -> OCSPRequest:
    return _builder().sign(key_of("p256"), SHA256, [SIGNER], **options)


def _load(der: bytes) -> OCSPRequest:
    return ocsp.load_der_ocsp_request(der, allow_multiple=True)


# --- every kind of key -------------------------------------------------------------


@cache
def _other_certificate(kind: str) -> x509.Certificate:
    """Return a certificate of another key of that *kind*."""
    return make("stranger", "Test CA", public=MAKERS[kind]())


@pytest.mark.parametrize(("kind", "algorithm"), SCHEMES, ids=label)
def test_a_request_is_signed_by_every_scheme(kind: str, algorithm: Any) -> None:
    """A loaded request is verified with the certificate that it contains."""
    certificate = certificate_of(kind)
    builder = _builder(x509.DirectoryName(certificate.subject))
    built = builder.sign(key_of(kind), algorithm, [certificate, ca()])
    request = ocsp.load_der_ocsp_request(_der(built))
    assert request == built
    assert request.requestor_name == x509.DirectoryName(certificate.subject)
    assert request.certificates == [certificate, ca()]
    assert request.verify_signature() == certificate
    assert request.verify_signature(certificate) == certificate
    with pytest.raises(SignatureInvalid, match="not that of the key"):
        request.verify_signature(_other_certificate(kind))


@pytest.mark.parametrize("kind", MAKERS)
def test_a_signer_signs_requests_too(kind: str) -> None:
    """Its certificate comes first; more can follow."""
    signer = KeySigner(key_of(kind), certificate_of(kind))
    request = _load(_der(_builder().sign_with(signer)))
    assert request.verify_signature() == signer.certificate
    assert request.certificates == [signer.certificate]
    with_chain = _load(_der(_builder().sign_with(signer, [ca()])))
    assert with_chain.certificates == [signer.certificate, ca()]
    assert with_chain.tbs_request_bytes == request.tbs_request_bytes


def test_pss_parameters_are_in_the_request() -> None:
    """The parameters of the signature."""
    builder = _builder()
    for request in (
        builder.sign(key_of("rsa"), SHA256, rsa_padding=PSS),
        builder.sign_with(
            KeySigner(key_of("rsa"), certificate_of("rsa"), rsa_padding=PSS)
        ),
    ):
        loaded = _load(_der(request))
        assert loaded.verify_signature(certificate_of("rsa"))
        assert loaded.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS
        assert isinstance(loaded.signature_hash_algorithm, hashes.SHA256)
        assert loaded.signature_algorithm_identifier == encode_pss(
            PSSParameters(SHA256, SHA256, 32)
        )
        parameters = loaded.signature_algorithm_parameters
        assert isinstance(parameters, padding.PSS)
        key_of("rsa").public_key().verify(
            loaded.signature, loaded.tbs_request_bytes, parameters, SHA256
        )


def test_a_signature_can_be_verified_with_cryptography() -> None:
    """With the octets, the signature and the algorithm of the request."""
    request = _load(_der(_signed()))
    parameters = request.signature_algorithm_parameters
    assert isinstance(parameters, ec.ECDSA)
    assert request.signature is not None
    public: Any = SIGNER.public_key()
    public.verify(request.signature, request.tbs_request_bytes, parameters)
    unsigned = _builder().build()
    assert request.tbs_request_bytes == unsigned.tbs_request_bytes


# --- unsigned requests, and requestorName ------------------------------------------


def test_an_unsigned_request() -> None:
    """``None`` and an empty list; ``verify_signature`` raises an error."""
    for request in (_builder().build(), _load(_der(_builder().build()))):
        assert request.signature is None
        assert request.signature_algorithm_oid is None
        assert request.signature_algorithm_identifier is None
        assert request.signature_hash_algorithm is None
        assert request.signature_algorithm_parameters is None
        assert request.certificates == []
        with pytest.raises(SignatureInvalid, match="not signed"):
            request.verify_signature()
        with pytest.raises(SignatureInvalid, match="not signed"):
            request.verify_signature(SIGNER)


def test_requestor_name_is_absent_by_default() -> None:
    """It is optional in a request without a signature."""
    assert _builder(None).build().requestor_name is None
    assert _builder().build().requestor_name == NAME


@pytest.mark.parametrize(
    "who",
    [
        NAME,
        x509.DNSName("client.example"),
        x509.RFC822Name("client@example.com"),
        x509.UniformResourceIdentifier("https://client.example/"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
        x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x01a"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_every_kind_of_requestor_name(who: x509.GeneralName) -> None:
    """asn1crypto reads the same name."""
    request = _load(_der(_builder(who).build()))
    assert request.requestor_name == who
    outside = asn1.OCSPRequest.load(_der(request), strict=True)
    found = outside["tbs_request"]["requestor_name"]
    names = x509.CertificateIssuer([who]).public_bytes()
    assert names.endswith(found.chosen.dump())


def test_a_requestor_name_without_a_class_is_refused_at_access() -> None:
    """An x400Address: the request loads, and its other fields can be read."""
    plain = _builder(None).build()
    tbs = plain.tbs_request_bytes[2:]
    odd = _load(encode(0x30, encode(0x30, encode(0xA1, b"\xa3\x02\x05\x00") + tbs)))
    assert odd.serial_number == plain.serial_number
    with pytest.raises(DecodeError) as refused:
        _ = odd.requestor_name
    assert refused.value.path == "tbsRequest.requestorName"


# --- building ----------------------------------------------------------------------


def test_the_octets_are_those_of_the_rfc() -> None:
    """Without certs, instead of an empty list."""
    request = _builder().sign(key_of("p256"), SHA256)
    assert request.signature is not None
    signature = encode(
        0xA0,
        encode(
            0x30,
            encode_algorithm("1.2.840.10045.4.3.2"),
            encode(0x03, b"\0" + request.signature),
        ),
    )
    assert _der(request) == encode(0x30, request.tbs_request_bytes + signature)
    cert_id = CertID.for_certificate(leaf(), ca(), SHA256)
    directory = encode(0xA4, SIGNER.subject.public_bytes())
    named = encode(0xA1, directory)
    listed = encode(0x30, encode(0x30, cert_id.der))
    assert request.tbs_request_bytes == encode(0x30, named + listed)


def test_a_signed_request_with_many_entries() -> None:
    """With extensions of the request and of each entry; the signature covers all."""
    locator = ocsp.ServiceLocator(ca().subject)
    builder = OCSPRequestBuilder(allow_multiple=True).requestor_name(NAME)
    for serial in (1, 2):
        builder = builder.add_certificate_by_id(
            CertID.for_serial(ca(), serial, SHA256), single_extensions=[locator]
        )
    builder = builder.add_extension(ocsp.Nonce(bytes(32)), critical=False)
    request = _load(_der(builder.sign(key_of("p256"), SHA256, [SIGNER])))
    assert request.verify_signature() == SIGNER
    assert [entry.serial_number for entry in request.requests] == [1, 2]
    assert [entry.extensions[0].value for entry in request.requests] == [locator] * 2


def test_repr_shows_that_it_is_signed() -> None:
    """And that it is not verified."""
    assert repr(_signed()).endswith(", signed, unverified)>")
    assert "signed" not in repr(_builder().build())


@pytest.mark.parametrize(
    ("build", "error", "reason"),
    [
        (
            lambda: _builder(None).sign(key_of("p256"), SHA256),
            BuildError,
            "must have a requestorName",
        ),
        (
            lambda: _builder(None).sign_with(KeySigner(key_of("p256"), SIGNER)),
            BuildError,
            "must have a requestorName",
        ),
        (
            lambda: OCSPRequestBuilder().requestor_name(NAME).sign(1, SHA256),  # type: ignore[arg-type]
            BuildError,
            "You must add a certificate before building",
        ),
        (lambda: _builder().requestor_name(NAME), BuildError, "only be set once"),
        (
            lambda: _builder(SIGNER.subject),  # type: ignore[arg-type]
            TypeError,
            "must be a GeneralName",
        ),
        (
            lambda: _builder().sign(key_of("p256"), SHA256, ["x"]),  # type: ignore[list-item]
            TypeError,
            "certificates must be a list of Certificates",
        ),
        (
            lambda: _builder().sign_with(KeySigner(key_of("p256"), SIGNER), [None]),  # type: ignore[list-item]
            TypeError,
            "certificates must be a list of Certificates",
        ),
        (
            lambda: _builder().sign(key_of("p256"), SHA256, [SIGNER] * 65),
            BuildError,
            "more than MAX_CERTIFICATES = 64",
        ),
        (
            lambda: _builder().sign_with(
                KeySigner(key_of("p256"), SIGNER), [SIGNER] * 64
            ),
            BuildError,
            "more than MAX_CERTIFICATES = 64",
        ),
        (lambda: _builder().sign(key_of("p256"), None), TypeError, "hash algorithm"),
        (lambda: _builder().sign("key", SHA256), TypeError, "Key must be"),  # type: ignore[arg-type]
        (
            lambda: _builder().sign(key_of("p256"), hashes.SHA1()),
            UnsupportedAlgorithm,
            "sha1",
        ),
        (
            lambda: _builder().sign(key_of("rsa"), hashes.MD5()),
            UnsupportedAlgorithm,
            "md5",
        ),
        (
            lambda: _builder().sign(key_of("ed25519"), SHA256),
            BuildError,
            "must be None",
        ),
        (
            lambda: _builder(x509.DirectoryName(x509.Name([*name("x")] * 129))).build(),
            BuildError,
            "MAX_NAME_ATTRIBUTES = 128",
        ),
        (
            lambda: _signed().verify_signature("x"),  # type: ignore[arg-type]
            TypeError,
            "certificate must be a Certificate",
        ),
    ],
)
def test_invalid_arguments_are_refused(
    build: Callable[[], object], error: type[Exception], reason: str
) -> None:
    """With a BuildError or a TypeError, as everywhere."""
    with pytest.raises(error, match=reason):
        build()


class _Counting:
    """A signer that must not be used."""

    certificate = SIGNER
    algorithm_identifier = encode_algorithm("1.2.840.10045.4.3.2")

    def sign(self, data: bytes) -> bytes:
        raise AssertionError("signed")


def test_arguments_are_checked_before_anything_is_signed() -> None:
    """A signature in an HSM costs money, or a use of the key."""
    with pytest.raises(TypeError):
        _builder().sign_with(_Counting(), ["x"])  # type: ignore[list-item]
    with pytest.raises(BuildError):
        _builder().sign_with(_Counting(), [SIGNER] * 64)


# --- verifying ---------------------------------------------------------------------


def test_a_changed_bit_in_tbs_request_is_detected() -> None:
    """The signature is invalid, or the request does not load."""
    request = _signed()
    der, tbs = _der(request), request.tbs_request_bytes
    begin = der.index(tbs)
    refused = 0
    for position in range(begin, begin + len(tbs)):
        bent = bytearray(der)
        bent[position] ^= 1
        try:
            changed = _load(bytes(bent))
        except DecodeError:
            continue
        with pytest.raises(SignatureInvalid) as caught:
            changed.verify_signature()
        assert isinstance(caught.value, InvalidSignature)
        refused += 1
    assert refused > 64  # a lower bound: the octets of the two hashes


def test_the_first_certificate_in_the_request_must_have_signed() -> None:
    """Not any of them: the signer's certificate comes first."""
    wrong = _builder().sign(key_of("p256"), SHA256, [ca(), SIGNER])
    with pytest.raises(SignatureInvalid):
        wrong.verify_signature()
    assert wrong.verify_signature(SIGNER) == SIGNER
    without = _builder().sign(key_of("p256"), SHA256)
    with pytest.raises(SignatureInvalid, match="contains no certificate"):
        without.verify_signature()
    assert without.verify_signature(SIGNER) == SIGNER


def test_the_given_certificate_is_used_instead_of_the_first() -> None:
    """And no other one."""
    with pytest.raises(SignatureInvalid):
        _signed().verify_signature(ca())


def test_a_weak_signature_is_read_and_not_verified() -> None:
    """RFC 6960 §5.1.1: SHA-1, with which some clients still sign."""
    tbs = _builder().build().tbs_request_bytes
    weak = key_of("rsa").sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    request = _with_signature(
        encode_algorithm("1.2.840.113549.1.1.5", NULL_DER), encode(0x03, b"\0" + weak)
    )
    assert isinstance(request.signature_hash_algorithm, hashes.SHA1)
    assert request.signature == weak
    with pytest.raises(UnsupportedAlgorithm, match="sha1 is too weak"):
        request.verify_signature(certificate_of("rsa"))


# --- malformed signatures ----------------------------------------------------------

ECDSA = encode_algorithm("1.2.840.10045.4.3.2")
BITS = encode(0x03, b"\0abc")


def _with_signature(*parts: bytes) -> OCSPRequest:
    tbs = _builder().build().tbs_request_bytes
    return _load(encode(0x30, tbs, encode(0xA0, encode(0x30, *parts))))


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ((), "optionalSignature.signatureAlgorithm"),
        ((b"\x05\x00",), "optionalSignature.signatureAlgorithm"),
        ((ECDSA,), "optionalSignature.signature"),
        ((ECDSA, b"\x04\x01a"), "optionalSignature.signature"),
        ((ECDSA, b"\x03\x00"), "optionalSignature.signature"),
        ((ECDSA, b"\x03\x02\x01\xfe"), "optionalSignature.signature"),
        (
            (encode_algorithm("1.2.840.10045.4.3.2", NULL_DER), BITS),
            "optionalSignature.signatureAlgorithm.parameters",
        ),
        ((ECDSA, BITS, b"\x05\x00"), "optionalSignature.certs"),
        ((ECDSA, BITS, encode(0xA0, b"\x05\x00")), "optionalSignature.certs"),
        (
            (ECDSA, BITS, encode(0xA0, encode(0x30, b"\x05\x00"))),
            "optionalSignature.certs[0]",
        ),
        (
            (ECDSA, BITS, encode(0xA0, encode(0x30, b"\x30\x00"))),
            "optionalSignature.certs[0]",
        ),
        (
            (ECDSA, BITS, encode(0xA0, encode(0x30)), b"\x05\x00"),
            "optionalSignature",
        ),
    ],
)
def test_a_malformed_signature_loads_and_cannot_be_read(
    parts: tuple[bytes, ...], path: str
) -> None:
    """RFC 9919 §3.1.2: a responder may ignore it; the octets are kept."""
    request = _with_signature(*parts)
    again = _load(_der(request))
    assert again == request
    assert request.serial_number == leaf().serial_number
    assert request.requestor_name == NAME
    assert "signed" in repr(request)
    readings: tuple[Callable[[], object], ...] = (
        lambda: request.signature,
        lambda: request.certificates,
        lambda: request.signature_algorithm_oid,
        lambda: request.signature_algorithm_identifier,
        lambda: request.signature_hash_algorithm,
        lambda: request.signature_algorithm_parameters,
        request.verify_signature,
        lambda: request.verify_signature(SIGNER),
    )
    for read in readings:
        with pytest.raises(DecodeError) as refused:
            read()
        assert refused.value.path == path
        offset = refused.value.offset
        assert offset is not None
        assert len(request.tbs_request_bytes) < offset <= len(_der(request))


def test_an_empty_list_of_certificates() -> None:
    """Some clients write one; it is the same as no list."""
    request = _with_signature(ECDSA, BITS, encode(0xA0, encode(0x30)))
    assert request.certificates == []
    with pytest.raises(SignatureInvalid, match="contains no certificate"):
        request.verify_signature()


def test_more_certificates_than_the_limit_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the first access."""
    request = _builder().sign(key_of("p256"), SHA256, [SIGNER, ca(), delegate()])
    monkeypatch.setattr(limits, "MAX_CERTIFICATES", 2)
    with pytest.raises(LimitExceeded, match="MAX_CERTIFICATES = 2") as refused:
        _ = request.certificates
    assert refused.value.path == "optionalSignature.certs"


def test_certificates_are_a_new_list_each_time() -> None:
    """Callers cannot change the list of the request."""
    request = _signed()
    request.certificates.clear()
    assert request.certificates == [SIGNER]


# --- openssl -----------------------------------------------------------------------


def _pem(directory: Path, kind: str) -> tuple[Path, Path]:
    """Write certificate and key of *kind* to files, and return their paths."""
    certificate, private = directory / f"{kind}.pem", directory / f"{kind}.key"
    certificate.write_bytes(certificate_of(kind).public_bytes(Encoding.PEM))
    private.write_bytes(
        key_of(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return certificate, private


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> Path:
    """Return a directory with the test CA, a certificate, and an index of both."""
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    (tmp_path / "leaf.pem").write_bytes(leaf().public_bytes(Encoding.PEM))
    expires = leaf().not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
    row = f"V\t{expires}\t\t{leaf().serial_number:X}\tunknown\t/CN=leaf\n"
    (tmp_path / "index").write_text(row)
    (tmp_path / "responder.pem").write_bytes(delegate().public_bytes(Encoding.PEM))
    (tmp_path / "responder.key").write_bytes(
        key("Test Responder").private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    return tmp_path


OPENSSL_KINDS = ("rsa", "dsa", "p256", "p384", "p521", "ed25519", "ed448")
"""Kinds of key without ML-DSA, which needs OpenSSL 3.5; Debian 12 has an older one."""


@pytest.mark.programs
@pytest.mark.parametrize("kind", OPENSSL_KINDS)
def test_we_verify_what_openssl_signs(kind: str, world: Path) -> None:
    """Its client signs a request, with its name and certificate."""
    certificate, private = _pem(world, kind)
    file = world / "request"
    openssl(
        "ocsp",
        *("-issuer", world / "ca.pem", "-cert", world / "leaf.pem"),
        *("-signer", certificate, "-signkey", private),
        *("-reqout", file),
    )
    request = ocsp.load_der_ocsp_request(file.read_bytes())
    assert request.verify_signature() == certificate_of(kind)
    assert request.requestor_name == x509.DirectoryName(certificate_of(kind).subject)
    assert request.requests[0].cert_id.matches(leaf(), ca())
    assert _der(request) == file.read_bytes()


NAMES = {
    "rsa": "sha256WithRSAEncryption",
    "dsa": "dsa_with_SHA256",
    "p256": "ecdsa-with-SHA256",
    "p384": "ecdsa-with-SHA256",
    "p521": "ecdsa-with-SHA256",
    "ed25519": "ED25519",
    "ed448": "ED448",
}


@pytest.mark.programs
@pytest.mark.parametrize("kind", OPENSSL_KINDS)
def test_openssl_reads_what_we_sign(kind: str, world: Path) -> None:
    """Requestor, algorithm and certificate; and it answers the request."""
    algorithm = SHA256 if kind in HASHED else None
    builder = _builder(x509.DirectoryName(certificate_of(kind).subject))
    file = world / "request"
    file.write_bytes(
        _der(builder.sign(key_of(kind), algorithm, [certificate_of(kind)]))
    )
    text = text_of_request(file)
    assert f"Requestor Name: DirName:CN = signer-{kind}" in text
    assert f"Signature Algorithm: {NAMES[kind]}" in text
    assert "-----BEGIN CERTIFICATE-----" in text
    openssl(
        "ocsp",
        *("-index", world / "index", "-CA", world / "ca.pem"),
        *("-rsigner", world / "responder.pem", "-rkey", world / "responder.key"),
        *("-reqin", file, "-respout", world / "response"),
    )
    response = ocsp.load_der_ocsp_response((world / "response").read_bytes())
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert response.serial_number == leaf().serial_number


@pytest.mark.programs
@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521"])
def test_openssl_verifies_what_we_sign(kind: str, world: Path) -> None:
    """With ``openssl dgst``, over the octets and the signature of the request."""
    request = _builder().sign(key_of(kind), SHA256)
    assert request.signature is not None
    public = world / "public"
    public.write_bytes(
        key_of(kind)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (world / "signature").write_bytes(request.signature)
    (world / "tbs").write_bytes(request.tbs_request_bytes)
    arguments = (
        "dgst",
        "-sha256",
        "-verify",
        public,
        "-signature",
        world / "signature",
    )
    assert "Verified OK" in openssl(*arguments, world / "tbs")
    (world / "tbs").write_bytes(request.tbs_request_bytes + b"!")
    assert "Verified OK" not in openssl(*arguments, world / "tbs", expect=None)


@pytest.mark.programs
def test_a_key_for_pss_only_refuses_pkcs1(tmp_path: Path) -> None:
    """RFC 4055 §1.2: its certificate has the identifier of RSASSA-PSS."""
    private, certificate = _only_pss(tmp_path)
    named = _builder(x509.DirectoryName(certificate.subject))
    salted = named.sign(private, SHA256, [certificate], rsa_padding=PSS)
    assert _load(_der(salted)).verify_signature() == certificate
    plain = named.sign(private, SHA256, [certificate])
    with pytest.raises(SignatureInvalid, match="certificate allows only PSS"):
        plain.verify_signature()
    with pytest.raises(BuildError, match="certificate allows only PSS"):
        KeySigner(private, certificate)
    assert KeySigner(private, certificate, rsa_padding=PSS).sign(b"x")


def _only_pss(directory: Path) -> tuple[Any, x509.Certificate]:
    """Return a key for PSS only, and a certificate, which only ``openssl`` makes."""
    options = ("-newkey", "rsa-pss", "-noenc", "-keyout", directory / "key")
    openssl("req", "-x509", *options, "-subj", "/CN=pss", "-out", directory / "pss")
    private = load_pem_private_key((directory / "key").read_bytes(), None)
    return private, x509.load_pem_x509_certificate((directory / "pss").read_bytes())


def test_a_certificate_with_an_unreadable_key_is_refused() -> None:
    """Anyone can put one into a request; it must not raise another exception."""
    point = SIGNER.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    broken = SIGNER.public_bytes(Encoding.DER).replace(point, b"\4" + bytes(64))
    request = _with_signature(ECDSA, BITS, encode(0xA0, encode(0x30, broken)))
    assert len(request.certificates) == 1
    with pytest.raises(SignatureInvalid, match="the key cannot be read"):
        request.verify_signature()
