"""
The extensions of RFC 6960 §4.4: building, reading, comparing, refusing.

The expected octets are written by hand from the ASN.1 of the RFC; asn1crypto reads them
as well.
"""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, SignatureAlgorithmOID

import ocsp
from ocsp import (
    ArchiveCutoff,
    BuildError,
    CertHash,
    CertID,
    CRLReference,
    DecodeError,
    ExtendedRevoke,
    Nonce,
    OCSPCertStatus,
    OCSPResponderEncoding,
    PreferredSignatureAlgorithm,
    PreferredSignatureAlgorithms,
    ServiceLocator,
)
from ocsp.asn1.der import encode, encode_oid
from ocsp.errors import SchemaError
from tests.pki import NOW, ca, key, leaf, make, name

URL = "http://crl.example/ca.crl"
NAME = name("Test CA")
LOCATOR = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP,
            x509.UniformResourceIdentifier("http://ocsp.example/"),
        )
    ]
)
ECDSA_SHA256 = SignatureAlgorithmOID.ECDSA_WITH_SHA256
RSA_SHA256 = SignatureAlgorithmOID.RSA_WITH_SHA256
P256 = encode(0x30, encode_oid("1.2.840.10045.2.1"), encode_oid("1.2.840.10045.3.1.7"))
TIME = b"\x18\x0f20260701120000Z"
CHOICE = encode(0x30, encode(0x30, encode_oid("1.2.840.10045.4.3.2")))

Known = (
    CRLReference
    | CertHash
    | ArchiveCutoff
    | ServiceLocator
    | PreferredSignatureAlgorithms
    | ExtendedRevoke
)


def _preferred() -> PreferredSignatureAlgorithms:
    chosen = PreferredSignatureAlgorithm.of(ECDSA_SHA256, key=P256)
    return PreferredSignatureAlgorithms(
        [chosen, PreferredSignatureAlgorithm.of(RSA_SHA256)]
    )


def _crl(*fields: bytes) -> bytes:
    return encode(0x30, *fields)


ENCODINGS: list[tuple[str, Callable[[], Known], bytes]] = [
    (
        "all of a CRL",
        lambda: CRLReference(url=URL, number=300, time=NOW),
        _crl(
            encode(0xA0, encode(0x16, URL.encode())),
            b"\xa1\x04\x02\x02\x01\x2c",
            encode(0xA2, TIME),
        ),
    ),
    (
        "the URL of a CRL",
        lambda: CRLReference(url=URL),
        _crl(encode(0xA0, encode(0x16, URL.encode()))),
    ),
    (
        "the number of a CRL",
        lambda: CRLReference(number=0),
        _crl(b"\xa1\x03\x02\x01\x00"),
    ),
    ("the time of a CRL", lambda: CRLReference(time=NOW), _crl(encode(0xA2, TIME))),
    ("an archive cutoff", lambda: ArchiveCutoff(NOW), TIME),
    (
        "the hash of a certificate",
        lambda: CertHash(leaf(), hashes.SHA256()),
        encode(
            0x30,
            encode(0x30, encode_oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00"),
            encode(0x04, leaf().fingerprint(hashes.SHA256())),
        ),
    ),
    (
        "a service locator",
        lambda: ServiceLocator(NAME, LOCATOR),
        encode(
            0x30,
            NAME.public_bytes(),
            encode(
                0x30,
                encode(
                    0x30,
                    encode_oid("1.3.6.1.5.5.7.48.1"),
                    encode(0x86, b"http://ocsp.example/"),
                ),
            ),
        ),
    ),
    (
        "a service locator of an issuer only",
        lambda: ServiceLocator(NAME),
        encode(0x30, NAME.public_bytes()),
    ),
    (
        "preferred signature algorithms",
        _preferred,
        encode(
            0x30,
            encode(0x30, encode(0x30, encode_oid("1.2.840.10045.4.3.2")), P256),
            encode(
                0x30, encode(0x30, encode_oid("1.2.840.113549.1.1.11"), b"\x05\x00")
            ),
        ),
    ),
    ("an extended revoke", ExtendedRevoke, b"\x05\x00"),
]
CASES = pytest.mark.parametrize(
    ("made", "der"),
    [pytest.param(make, der, id=what) for what, make, der in ENCODINGS],
)


@CASES
def test_the_octets_are_those_of_the_rfc(made: Callable[[], Known], der: bytes) -> None:
    """Written by hand from the ASN.1."""
    assert made().public_bytes() == made().value == der


@CASES
def test_it_is_read_back_as_the_same_value(
    made: Callable[[], Known], der: bytes
) -> None:
    """Equal to the object that was built, and to the one of ``cryptography``."""
    one = made()
    twin = type(one).read(der)
    twin.check()
    assert twin == one
    assert repr(twin) == repr(one)
    plain = x509.UnrecognizedExtension(one.oid, der)
    assert one == plain
    assert plain == one
    assert hash(one) == hash(twin) == hash(plain)
    assert isinstance(one, x509.UnrecognizedExtension)


@CASES
def test_it_differs_from_all_others(made: Callable[[], Known], der: bytes) -> None:
    """By its content, or by its object identifier if contents are the same."""
    others = [other() for _, other, octets in ENCODINGS if octets != der]
    assert made() not in others
    assert made() != x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), der)
    assert made() != der


@CASES
def test_it_is_copied_and_pickled(made: Callable[[], Known], der: bytes) -> None:
    """Into an equal value of the same class."""
    one = made()
    for twin in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert type(twin) is type(one)
        assert twin == one
        assert twin.value == der


@CASES
def test_it_is_immutable(made: Callable[[], Known], der: bytes) -> None:
    """No attribute can be set, added or deleted."""
    one = made()
    public = [each for each in dir(one) if not each.startswith("__")]
    for each in (*public, "_oid", "_value", "something_new"):
        with pytest.raises(AttributeError):
            setattr(one, each, 1)
    with pytest.raises(AttributeError):
        del one._value
    assert one.value == der


def test_an_identifier_belongs_to_the_class() -> None:
    """As in every other ``x509.ExtensionType``: RFC 6960 App. B.1."""
    arcs: dict[type[Any], int] = {
        CRLReference: 3,
        ArchiveCutoff: 6,
        ServiceLocator: 7,
        PreferredSignatureAlgorithms: 8,
        ExtendedRevoke: 9,
    }
    for kind, last in arcs.items():
        assert kind.oid == x509.ObjectIdentifier(f"1.3.6.1.5.5.7.48.1.{last}")
    with pytest.raises(x509.ExtensionNotFound) as missing:
        x509.Extensions([]).get_extension_for_class(CRLReference)
    assert missing.value.oid == CRLReference.oid
    assert CertHash.oid == x509.ObjectIdentifier("1.3.36.8.3.13")


def test_fields_are_read() -> None:
    """Each field, and ``None`` for an absent one."""
    crl = CRLReference(url=URL, number=300, time=NOW)
    assert (crl.url, crl.number, crl.time) == (URL, 300, NOW)
    bare = CRLReference.read(b"\x30\x00")
    assert (bare.url, bare.number, bare.time) == (None, None, None)
    below = CRLReference.read(bytes.fromhex("3005a1030201ff"))
    assert below.number == -1  # other programs may write it
    assert ArchiveCutoff(NOW).cutoff == NOW
    locator = ServiceLocator(NAME, LOCATOR)
    assert (locator.issuer, locator.locator) == (NAME, LOCATOR)
    assert ServiceLocator(NAME).locator is None
    cert_hash = CertHash(leaf(), hashes.SHA1())
    assert cert_hash.hash_algorithm.name == "sha1"
    assert cert_hash.certificate_hash == leaf().fingerprint(hashes.SHA1())
    assert cert_hash.matches(leaf())
    assert not cert_hash.matches(leaf(9))
    *others, last = cert_hash.value
    assert not CertHash.read(bytes((*others, last ^ 1))).matches(leaf())
    first, second = _preferred().algorithms
    assert first.signature_algorithm_oid == ECDSA_SHA256
    assert first.key == P256
    assert first.key_algorithm_oid == x509.ObjectIdentifier("1.2.840.10045.2.1")
    assert second.signature_algorithm_oid == RSA_SHA256
    assert second.key is second.key_algorithm_oid is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            CRLReference(url=URL, number=3, time=NOW),
            f"<CRLReference(url='{URL}', number=3, time=2026-07-01T12:00:00Z)>",
        ),
        (CRLReference(number=3), "<CRLReference(number=3)>"),
        (ArchiveCutoff(NOW), "<ArchiveCutoff(2026-07-01T12:00:00Z)>"),
        (ServiceLocator(NAME), "<ServiceLocator('CN=Test CA')>"),
        (
            CertHash.read(bytes.fromhex("300b300706052b0e03021a0400")),
            "<CertHash(sha1, )>",
        ),
        (
            ServiceLocator(NAME, LOCATOR),
            "<ServiceLocator('CN=Test CA', 'http://ocsp.example/')>",
        ),
        (
            _preferred(),
            "<PreferredSignatureAlgorithms(1.2.840.10045.4.3.2, 1.2.840.113549.1.1.11)>",
        ),
        (ExtendedRevoke(), "<ExtendedRevoke()>"),
        (
            ExtendedRevoke.read(b"\x01"),
            "<ExtendedRevoke(malformed: ExtendedRevoke at offset 0: is not NULL)>",
        ),
    ],
)
def test_repr_shows_the_fields(value: Known, text: str) -> None:
    """Also of malformed extensions."""
    assert repr(value) == text


# --- invalid arguments -------------------------------------------------------------

WRONG: Any = 5


@pytest.mark.parametrize(
    ("made", "error", "reason"),
    [
        (CRLReference, BuildError, "a URL, a number or a time"),
        (lambda: CRLReference(url="http://ü"), BuildError, "ASCII"),
        (lambda: CRLReference(number=-1), BuildError, "negative: -1"),
        (lambda: CRLReference(url=WRONG), TypeError, "url must be of type str"),
        (lambda: CRLReference(number="3"), TypeError, "number must be"),  # type: ignore[arg-type]
        (lambda: CRLReference(time=WRONG), TypeError, "time must be"),
        (lambda: ArchiveCutoff(NOW.date()), TypeError, "cutoff must be"),  # type: ignore[arg-type]
        (lambda: CertHash(WRONG, hashes.SHA1()), TypeError, "certificate must be"),
        (lambda: CertHash(leaf(), hashes.SHA3_256()), BuildError, "must be SHA1"),
        (lambda: CertHash(leaf(), WRONG), BuildError, "must be SHA1"),
        (lambda: ServiceLocator(WRONG), TypeError, "issuer must be of type Name"),
        (lambda: ServiceLocator(NAME, WRONG), TypeError, "locator must be"),
        (lambda: ServiceLocator.for_certificate(WRONG), TypeError, "cert must be"),
        (lambda: PreferredSignatureAlgorithms([]), BuildError, "algorithms is empty"),
        (
            lambda: PreferredSignatureAlgorithms([CHOICE]),  # type: ignore[list-item]
            TypeError,
            "must be of type PreferredSignatureAlgorithm",
        ),
        (
            lambda: PreferredSignatureAlgorithms([PreferredSignatureAlgorithm(b"x")]),
            BuildError,
            r"PreferredSignatureAlgorithms\[0\]\.sigIdentifier",
        ),
        (
            lambda: PreferredSignatureAlgorithms(
                [PreferredSignatureAlgorithm.of(ECDSA_SHA256, key=b"\x05\x00")]
            ),
            BuildError,
            r"PreferredSignatureAlgorithms\[0\]\.pubKeyAlgIdentifier",
        ),
        (
            lambda: PreferredSignatureAlgorithm.of(WRONG),
            TypeError,
            "signature must be of type ObjectIdentifier",
        ),
        (lambda: Nonce(b""), BuildError, "1 to 128 octets, not 0"),
        (lambda: Nonce(bytes(129)), BuildError, "1 to 128 octets, not 129"),
        (lambda: Nonce(bytearray(16)), TypeError, "nonce must be bytes"),  # type: ignore[arg-type]
    ],
)
def test_invalid_arguments_are_refused(
    made: Callable[[], object], error: type[Exception], reason: str
) -> None:
    """A BuildError or a TypeError that names the argument."""
    with pytest.raises(error, match=reason):
        made()


def test_times_are_written_in_whole_seconds_of_utc() -> None:
    """Naive is UTC, aware is converted, microseconds are dropped."""
    zone = datetime.timezone(datetime.timedelta(hours=-7))
    given = NOW.replace(microsecond=999_999)
    for moment in (given, given.replace(tzinfo=None), given.astimezone(zone)):
        assert ArchiveCutoff(moment) == ArchiveCutoff(NOW)
        assert CRLReference(time=moment) == CRLReference(time=NOW)


# --- malformed content -------------------------------------------------------------

MALFORMED: list[tuple[type[Known], str, str]] = [
    (CRLReference, "", "CrlID at offset 0"),
    (CRLReference, "0500", "CrlID at offset 0: expected SEQUENCE, found NULL"),
    (CRLReference, "300000", "CrlID at offset 2: 1 unexpected"),
    (CRLReference, "3002a000", "CrlID.crlUrl at offset 4"),
    (CRLReference, "3005a0031601ff", "CrlID.crlUrl at offset 6: text is not ASCII"),
    (CRLReference, "3005a0030c0161", "CrlID.crlUrl at offset 4: expected tag 0x16"),
    (CRLReference, "3004a1020200", "CrlID.crlNum at offset 4: integer is empty"),
    (CRLReference, "3006a10402020001", "CrlID.crlNum at offset 4: integer is not min"),
    (CRLReference, "3007a1050201010500", "CrlID.crlNum at offset 7: 2 unexpected"),
    (CRLReference, "3005a203180132", "CrlID.crlTime at offset 4: b'2' is not a time"),
    (CRLReference, "300aa103020101a003160161", "CrlID at offset 7: 5 unexpected"),
    (CRLReference, "3002a300", "CrlID at offset 2: 2 unexpected"),
    (ArchiveCutoff, "1800", "ArchiveCutoff at offset 0: b'' is not a time"),
    (ArchiveCutoff, "170d3236303730313132303030305a", "ArchiveCutoff at offset 0"),
    (ArchiveCutoff, f"{TIME.hex()}00", "ArchiveCutoff at offset 17: 1 unexpected"),
    (CertHash, "0500", "CertHash at offset 0: expected SEQUENCE, found NULL"),
    (CertHash, "3000", "CertHash.hashAlgorithm at offset 2"),
    (CertHash, "300b300706052b0e03021a0500", "CertHash.certificateHash at offset 11"),
    (CertHash, "300d300706052b0e03021a04000500", "CertHash at offset 13: 2 unexp"),
    (CertHash, "300b300706052b0e03021a040000", "CertHash at offset 13: 1 unexp"),
    (ServiceLocator, "3000", "ServiceLocator.issuer at offset 2"),
    (ServiceLocator, "3002a000", "ServiceLocator.issuer at offset 2: expected SEQ"),
    (
        ServiceLocator,
        # A BMPString with half a surrogate pair.
        "3011300f310d300b06035504031e04d8000041",
        "ServiceLocator.issuer.attribute.value",
    ),
    (
        ServiceLocator,
        # A UTF8String that is not valid UTF-8.
        "3010300e310c300a06035504030c03ffffff",
        "ServiceLocator.issuer: ",
    ),
    (ServiceLocator, "300430000500", "ServiceLocator.locator at offset 4"),
    (ServiceLocator, "3006300030000500", "ServiceLocator at offset 6: 2 unexpected"),
    (ServiceLocator, "3006300030023000", "ServiceLocator.locator[0].accessMethod"),
    (
        ServiceLocator,
        "30103000300c300a06032a03048703010203",
        "ServiceLocator.locator[0].accessLocation: ",
    ),
    (
        ServiceLocator,
        "300e3000300a300806032a0304a501ff",
        "ServiceLocator.locator[0].accessLocation: ",
    ),
    (
        ServiceLocator,
        "300d30003009300706032a03040500",
        "ServiceLocator.locator[0].accessLocation at offset 13: not a GeneralName",
    ),
    (
        ServiceLocator,
        "30113000300d300706032a0304820030020500",
        "ServiceLocator.locator[1].accessMethod at offset 17",
    ),
    (PreferredSignatureAlgorithms, "0500", "PreferredSignatureAlgorithms at offset 0"),
    (
        PreferredSignatureAlgorithms,
        "300000",
        "PreferredSignatureAlgorithms at offset 2: 1 unexpected",
    ),
    (
        PreferredSignatureAlgorithms,
        encode(0x30, CHOICE, b"\x30\x00").hex(),
        "PreferredSignatureAlgorithms[1].sigIdentifier at offset 18",
    ),
    (
        PreferredSignatureAlgorithms,
        encode(0x30, encode(0x30, CHOICE[2:], P256, b"\x05\x00")).hex(),
        "PreferredSignatureAlgorithms[0] at offset 37: 2 unexpected",
    ),
    (
        PreferredSignatureAlgorithms,
        # ecdsa-with-SHA256 has no parameters (RFC 5758 §3.2).
        encode(0x30, encode(0x30, encode(0x30, CHOICE[4:], b"\x05\x00"))).hex(),
        "PreferredSignatureAlgorithms[0].sigIdentifier.parameters",
    ),
    (ExtendedRevoke, "", "ExtendedRevoke at offset 0: is not NULL"),
    (ExtendedRevoke, "050000", "ExtendedRevoke at offset 0: is not NULL"),
]


@pytest.mark.parametrize(("kind", "octets", "place"), MALFORMED)
def test_malformed_content_is_refused_at_its_first_access(
    kind: type[Known], octets: str, place: str
) -> None:
    """The error names the place; the octets are kept unchanged."""
    bad = kind.read(bytes.fromhex(octets))
    assert bad.value == bad.public_bytes() == bytes.fromhex(octets)
    assert "malformed" in repr(bad)
    with pytest.raises(DecodeError) as refused:
        bad.check()
    assert str(refused.value).startswith(place)
    assert pickle.loads(pickle.dumps(bad)) == bad


# --- in messages -------------------------------------------------------------------


def _id(serial: int = 7) -> CertID:
    return CertID.for_serial(ca(), serial, hashes.SHA256())


def _request(
    *extensions: x509.ExtensionType, single: tuple[x509.ExtensionType, ...] = ()
) -> ocsp.OCSPRequest:
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(
        _id(), single_extensions=single
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    built = builder.build().public_bytes(Encoding.DER)
    return ocsp.load_der_ocsp_request(built)


def _response(
    *extensions: x509.ExtensionType, single: tuple[x509.ExtensionType, ...] = ()
) -> ocsp.OCSPResponse:
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(
            _id(),
            OCSPCertStatus.REVOKED,
            NOW,
            None,
            NOW,
            None,
            single_extensions=single,
        )
        .responder_id(OCSPResponderEncoding.HASH, ca())
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    signed = builder.sign(key("Test CA"), hashes.SHA256())
    return ocsp.load_der_ocsp_response(signed.public_bytes(Encoding.DER))


ACCEPTABLE = x509.OCSPAcceptableResponses(
    [x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")]
)
CRL_ENTRY: tuple[x509.ExtensionType, ...] = (
    x509.CRLReason(x509.ReasonFlags.key_compromise),
    x509.InvalidityDate(NOW.replace(tzinfo=None)),
    x509.CertificateIssuer([x509.DirectoryName(NAME), x509.DNSName("ca.example")]),
)


def test_each_is_found_where_it_belongs() -> None:
    """``get_extension_for_class`` returns the value that was added."""
    asked = _request(
        Nonce(bytes(32)), ACCEPTABLE, _preferred(), single=(ServiceLocator(NAME),)
    )
    for value in (x509.OCSPNonce(bytes(32)), ACCEPTABLE, _preferred()):
        assert asked.extensions.get_extension_for_class(type(value)).value == value
    (entry,) = asked.requests
    located = entry.extensions.get_extension_for_class(ServiceLocator)
    assert located.value == ServiceLocator(NAME)
    singles = (CRLReference(number=3), ArchiveCutoff(NOW), *CRL_ENTRY)
    built = _response(Nonce(bytes(32)), ExtendedRevoke(), single=singles)
    for value in (x509.OCSPNonce(bytes(32)), ExtendedRevoke()):
        assert built.extensions.get_extension_for_class(type(value)).value == value
    (only,) = built.responses
    for extensions in (built.single_extensions, only.single_extensions):
        assert [each.value for each in extensions] == list(singles)
        for value in singles:
            assert extensions.get_extension_for_class(type(value)).value == value


def test_extensions_of_one_message_can_be_added_to_another() -> None:
    """With the same octets and criticality."""
    built = _response(ExtendedRevoke(), single=(ArchiveCutoff(NOW), *CRL_ENTRY))
    critical = x509.Extension(CRLReference.oid, True, CRLReference(number=3))
    builder = ocsp.OCSPResponseBuilder().responder_id(OCSPResponderEncoding.HASH, ca())
    again = builder.add_response_by_id(
        _id(),
        OCSPCertStatus.GOOD,
        NOW,
        None,
        None,
        None,
        single_extensions=[*built.single_extensions, critical],
    ).sign(key("Test CA"), hashes.SHA256())
    read = ocsp.load_der_ocsp_response(again.public_bytes(Encoding.DER))
    assert list(read.single_extensions) == [*built.single_extensions, critical]


def test_asn1crypto_reads_each() -> None:
    """An independent implementation of the RFC."""
    asked = asn1.OCSPRequest.load(
        _request(
            Nonce(b"n" * 32),
            ACCEPTABLE,
            _preferred(),
            single=(ServiceLocator(NAME, LOCATOR),),
        ).public_bytes(Encoding.DER),
        strict=True,
    )
    assert asked.nonce_value.native == b"n" * 32
    assert asked.acceptable_responses_value.native == ["basic_ocsp_response"]
    first, second = asked.preferred_signature_algorithms_value
    assert first["sig_identifier"]["algorithm"].native == "sha256_ecdsa"
    assert first["cert_identifier"]["parameters"].native == "secp256r1"
    assert second["sig_identifier"]["algorithm"].native == "sha256_rsa"
    assert isinstance(second["sig_identifier"]["parameters"], core.Null)
    (entry,) = asked["tbs_request"]["request_list"]
    located = entry.service_locator_value
    assert located["issuer"].dump() == NAME.public_bytes()
    assert located["locator"][0]["access_location"].native == "http://ocsp.example/"

    crl = CRLReference(url=URL, number=300, time=NOW)
    built = asn1.OCSPResponse.load(
        _response(
            ExtendedRevoke(), single=(crl, ArchiveCutoff(NOW), *CRL_ENTRY)
        ).public_bytes(Encoding.DER),
        strict=True,
    )
    assert isinstance(built.extended_revoke_value, core.Null)
    (single,) = built.response_data["responses"]
    assert dict(single.crl_value.native) == {
        "crl_url": URL,
        "crl_num": 300,
        "crl_time": NOW,
    }
    assert single.archive_cutoff_value.native == NOW
    assert single.crl_reason_value.native == "key_compromise"
    assert single.invalidity_date_value.native == NOW
    issuer, host = single.certificate_issuer_value.native
    assert (dict(issuer), host) == ({"common_name": "Test CA"}, "ca.example")


def test_a_locator_can_be_taken_from_the_certificate() -> None:
    """RFC 6960 §4.4.6: issuer and authority information access."""
    with_access = make("x", "Test CA", extensions=[LOCATOR])
    assert ServiceLocator.for_certificate(with_access) == ServiceLocator(NAME, LOCATOR)
    without = make("x", "Test CA")
    assert ServiceLocator.for_certificate(without) == ServiceLocator(NAME)


def test_default_parameters_fit_the_algorithm() -> None:
    """NULL for RSA PKCS #1 v1.5 (RFC 4055 §5), the given ones for PSS."""
    null = PreferredSignatureAlgorithm.of(RSA_SHA256)
    assert null.signature.endswith(b"\x05\x00")
    absent = PreferredSignatureAlgorithm.of(RSA_SHA256, b"")
    assert not absent.signature.endswith(b"\x05\x00")
    pss = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.RSASSA_PSS, b"\x30\x00")
    assert PreferredSignatureAlgorithms([pss]).algorithms == (pss,)


# --- the nonce ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 32, 127, 128])
def test_a_nonce_is_counted_without_its_header(size: int) -> None:
    """RFC 9654 §2.1: the limits are those of the inner OCTET STRING."""
    nonce = Nonce(bytes(size))
    assert nonce.public_bytes() == encode(0x04, bytes(size))
    (read,) = _request(nonce).extensions
    assert read.value == nonce == x509.OCSPNonce(bytes(size))
    assert hash(read.value) == hash(nonce)
    assert pickle.loads(pickle.dumps(nonce)) == nonce


@pytest.mark.parametrize("size", [0, 129, 1000])
def test_a_nonce_of_any_length_is_read_as_ocspnonce(size: int) -> None:
    """Loading does not check the length; the responder does."""
    (read,) = _request(x509.OCSPNonce(bytes(size))).extensions
    assert type(read.value) is x509.OCSPNonce
    assert read.value.nonce == bytes(size)
    with pytest.raises(BuildError):
        Nonce(read.value.nonce)


# --- extensions of cryptography, with malformed content -----------------------------


@pytest.mark.parametrize(
    ("dotted", "octets"),
    [
        ("2.5.29.21", "0500"),
        ("2.5.29.21", "0a0107"),
        ("2.5.29.24", "170d3236303730313132303030305a"),
        ("2.5.29.29", "3002a7ff"),
        ("2.5.29.29", "3004a3020500"),
        ("1.3.6.1.4.1.11129.2.4.5", "0500"),
    ],
)
def test_a_malformed_single_extension_is_named(dotted: str, octets: str) -> None:
    """The response loads; access to its extensions names the malformed one."""
    bad = x509.UnrecognizedExtension(
        x509.ObjectIdentifier(dotted), bytes.fromhex(octets)
    )
    built = _response(single=(bad,))
    with pytest.raises(SchemaError) as refused:
        _ = built.single_extensions
    assert refused.value.path.startswith(f"singleExtensions[{dotted}]")


def test_malformed_acceptable_responses_are_named() -> None:
    """The request loads; access to its extensions names the malformed one."""
    oid = x509.OCSPAcceptableResponses.oid
    asked = _request(x509.UnrecognizedExtension(oid, b"\x30\x02\x05\x00"))
    assert asked.serial_number == 7
    with pytest.raises(DecodeError) as refused:
        _ = asked.extensions
    assert refused.value.path == f"requestExtensions[{oid.dotted_string}]"
