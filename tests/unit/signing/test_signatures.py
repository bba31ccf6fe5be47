"""
Verifying signatures: every scheme, its parameters, and what is refused.

``cryptography`` and ``openssl`` both make PSS signatures, and both verify ours.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import ocsp
from ocsp import CertID, KeySigner, OCSPCertStatus, OCSPResponderEncoding, limits
from ocsp.asn1.algorithms import (
    PSSParameters,
    encode_algorithm,
    encode_pss,
    pss_parameters,
)
from ocsp.asn1.der import NULL_DER, encode, encode_integer, encode_oid
from ocsp.errors import SignatureInvalid
from ocsp.signing import signatures
from ocsp.signing.signatures import check_signature, signature_parameters
from ocsp.signing.signer import signature_scheme
from tests.integration.openssl import openssl
from tests.keys import (
    AVAILABLE,
    HASHED,
    MAKERS,
    OWN,
    SCHEMES,
    SHA2,
    SHA3,
    certificate_of,
    key_of,
    label,
)
from tests.pki import NOW, ca

DATA = b"what is signed"
RSA = key_of("rsa")
SHA256 = hashes.SHA256()
MGF1 = encode_oid("1.2.840.113549.1.1.8")


def _signed(kind: str, algorithm: Any, pss: Any = None) -> tuple[bytes, bytes]:
    """Return the identifier and the signature of the key of *kind* over ``DATA``."""
    scheme = signature_scheme(key_of(kind), algorithm, pss)
    return scheme.identifier, scheme.sign(key_of(kind), DATA)


def _check(kind: str, identifier: bytes, signature: bytes, data: bytes = DATA) -> None:
    check_signature(key_of(kind).public_key(), identifier, signature, data)


# --- every scheme ------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1 << 20, 5], ids=["whole", "in pieces"])
@pytest.mark.parametrize(("kind", "algorithm"), SCHEMES, ids=label)
def test_a_signature_of_every_scheme_is_checked(
    monkeypatch: pytest.MonkeyPatch, kind: str, algorithm: Any, at_once: int
) -> None:
    """It is valid, and invalid with one bit changed in it or in the data."""
    monkeypatch.setattr(signatures, "_HASHED_AT_ONCE", at_once)
    identifier, signature = _signed(kind, algorithm)
    _check(kind, identifier, signature)
    middle = len(signature) // 2
    bent = bytearray(signature)
    bent[middle] ^= 1
    for wrong in (bytes(bent), signature[:-1], signature + b"\0", b"", DATA):
        with pytest.raises(SignatureInvalid):
            _check(kind, identifier, wrong)
    for other in (DATA[:-1], DATA + b"\0", b""):
        with pytest.raises(SignatureInvalid):
            _check(kind, identifier, signature, other)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_signature_of_another_key_of_that_kind_is_refused(kind: str) -> None:
    """The error is also an InvalidSignature of ``cryptography``."""
    algorithm = SHA256 if kind in HASHED else None
    identifier, signature = _signed(kind, algorithm)
    other = MAKERS[kind]().public_key()
    with pytest.raises(SignatureInvalid, match="not that of the key") as refused:
        check_signature(other, identifier, signature, DATA)
    assert isinstance(refused.value, InvalidSignature)


KINDS: dict[str, Any] = dict.fromkeys(HASHED, SHA256) | dict.fromkeys(OWN)
CURVES = {"p256", "p384", "p521"}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_key_of_another_kind_is_refused(kind: str) -> None:
    """Before it is used, because the algorithm decides which kind is right."""
    identifier, signature = _signed(kind, KINDS[kind])
    for other in set(AVAILABLE) - {kind}:
        reason = "not that of the key" if {kind, other} <= CURVES else "is not for a"
        with pytest.raises(SignatureInvalid, match=reason):
            _check(other, identifier, signature)


@pytest.mark.parametrize("kind", HASHED)
def test_another_hash_than_was_signed_with_is_refused(kind: str) -> None:
    """The hash in the AlgorithmIdentifier is used, and no other is tried."""
    _, signature = _signed(kind, SHA256)
    for algorithm in (hashes.SHA224(), hashes.SHA384(), hashes.SHA512()):
        claimed = signature_scheme(key_of(kind), algorithm).identifier
        with pytest.raises(SignatureInvalid):
            _check(kind, claimed, signature)


@pytest.mark.parametrize(
    ("kind", "algorithm", "expected"),
    [
        ("rsa", SHA256, padding.PKCS1v15),
        ("p256", hashes.SHA3_256(), ec.ECDSA),
        ("dsa", SHA256, type(None)),
        *((kind, None, type(None)) for kind in OWN),
    ],
    ids=label,
)
def test_signature_parameters(kind: str, algorithm: Any, expected: type) -> None:
    """The same as ``Certificate.signature_algorithm_parameters``."""
    identifier, _ = _signed(kind, algorithm)
    parameters = signature_parameters(identifier)
    assert type(parameters) is expected
    if isinstance(parameters, ec.ECDSA):
        assert parameters.algorithm.name == "sha3-256"


def test_null_and_absent_parameters_of_rsa_are_the_same() -> None:
    """RFC 4055 §5: NULL is written, and both are accepted."""
    identifier, signature = _signed("rsa", SHA256)
    absent = encode_algorithm("1.2.840.113549.1.1.11")
    assert identifier == encode_algorithm("1.2.840.113549.1.1.11", NULL_DER)
    _check("rsa", absent, signature)


# --- weak and unknown --------------------------------------------------------------

WEAK = [
    ("rsa", "1.2.840.113549.1.1.5", hashes.SHA1()),
    ("rsa", "1.3.14.3.2.29", hashes.SHA1()),
    ("rsa", "1.2.840.113549.1.1.4", hashes.MD5()),
    ("p256", "1.2.840.10045.4.1", hashes.SHA1()),
    ("dsa", "1.2.840.10040.4.3", hashes.SHA1()),
]


@pytest.mark.parametrize(("kind", "dotted", "weak"), WEAK, ids=label)
def test_a_valid_signature_with_a_weak_hash_is_refused(
    kind: str, dotted: str, weak: Any
) -> None:
    """RFC 6960 §5.1.1: SHA-1 and MD5, with every kind of key."""
    key = key_of(kind)
    arguments: tuple[Any, ...] = (weak,)
    if kind == "rsa":
        arguments = (padding.PKCS1v15(), weak)
    elif kind == "p256":
        arguments = (ec.ECDSA(weak),)
    signature = key.sign(DATA, *arguments)
    key.public_key().verify(signature, DATA, *arguments)
    for parameters in (b"", NULL_DER) if kind == "rsa" else (b"",):
        with pytest.raises(UnsupportedAlgorithm):
            _check(kind, encode_algorithm(dotted, parameters), signature)


@pytest.mark.parametrize(
    ("digest", "mask"),
    [("sha1", "sha1"), ("sha1", "sha256"), ("sha256", "sha1")],
)
def test_a_weak_hash_in_pss_is_refused(digest: str, mask: str) -> None:
    """As the hash of the message, and as that of the mask; SHA-1 is their default."""
    known = {"sha1": hashes.SHA1(), "sha256": SHA256}
    pss = padding.PSS(padding.MGF1(known[mask]), 20)
    signature = RSA.sign(DATA, pss, known[digest])
    fields = b""
    if digest != "sha1":
        fields += encode(0xA0, _hash("2.16.840.1.101.3.4.2.1"))
    if mask != "sha1":
        fields += encode(0xA1, encode(0x30, MGF1, _hash("2.16.840.1.101.3.4.2.1")))
    identifier = _pss(fields)
    parameters = pss_parameters(identifier)
    assert (parameters.hash.name, parameters.mask_hash.name) == (digest, mask)
    assert parameters.salt_length == 20
    with pytest.raises(UnsupportedAlgorithm, match="sha1 is too weak"):
        _check("rsa", identifier, signature)


@pytest.mark.parametrize(
    "dotted",
    [
        "1.2.3.4",
        "1.2.840.113549.1.1.1",  # an RSA key, not a signature
        "2.16.840.1.101.3.4.2.1",  # SHA-256 by itself
        "1.3.6.1.5.5.7.6.36",  # "unsigned" (RFC 9925)
        "1.2.643.7.1.1.3.2",  # GOST: ``cryptography`` names it, but cannot verify it
    ],
)
def test_unknown_signature_algorithms_are_refused(dotted: str) -> None:
    """By the object identifier, for every kind of key."""
    for kind in AVAILABLE:
        with pytest.raises(UnsupportedAlgorithm, match=dotted.replace(".", r"\.")):
            _check(kind, encode_algorithm(dotted), b"x")


# --- PSS ---------------------------------------------------------------------------


def _hash(dotted: str) -> bytes:
    return encode_algorithm(dotted, NULL_DER)


def _pss(fields: bytes) -> bytes:
    return encode_algorithm("1.2.840.113549.1.1.10", encode(0x30, fields))


def _scheme(
    algorithm: Any = SHA256, mask: Any = SHA256, salt: Any = padding.PSS.DIGEST_LENGTH
) -> tuple[bytes, bytes]:
    return _signed("rsa", algorithm, padding.PSS(padding.MGF1(mask), salt))


@pytest.mark.parametrize("algorithm", [*SHA2, *SHA3], ids=label)
@pytest.mark.parametrize("mask", [SHA256, hashes.SHA3_512()], ids=label)
@pytest.mark.parametrize("salt", [0, 20, 21, padding.PSS.DIGEST_LENGTH], ids=str)
def test_pss_is_verified_with_its_own_parameters(
    algorithm: Any, mask: Any, salt: Any
) -> None:
    """Hash, mask and salt length are independent (RFC 4055 §3.1)."""
    identifier, signature = _scheme(algorithm, mask, salt)
    octets = salt if isinstance(salt, int) else algorithm.digest_size
    found = pss_parameters(identifier)
    assert (found.hash.name, found.mask_hash.name) == (algorithm.name, mask.name)
    assert found.salt_length == octets
    _check("rsa", identifier, signature)
    with pytest.raises(SignatureInvalid):
        _check("rsa", identifier, signature, DATA + b"!")
    parameters = signature_parameters(identifier)
    assert isinstance(parameters, padding.PSS)
    RSA.public_key().verify(signature, DATA, parameters, algorithm)


def test_the_salt_length_max_is_written_as_a_number() -> None:
    """The number for ``MAX_LENGTH`` depends on the key."""
    identifier, signature = _scheme(salt=padding.PSS.MAX_LENGTH)
    assert pss_parameters(identifier).salt_length == 2048 // 8 - 32 - 2
    _check("rsa", identifier, signature)


@pytest.mark.parametrize(
    "claimed",
    [
        PSSParameters(SHA256, SHA256, 31),
        PSSParameters(SHA256, SHA256, 33),
        PSSParameters(SHA256, SHA256, 20),
        PSSParameters(SHA256, SHA256, 0),
        PSSParameters(SHA256, SHA256, 222),
        PSSParameters(SHA256, SHA256, 223),
        PSSParameters(SHA256, SHA256, 65535),
        PSSParameters(SHA256, hashes.SHA384(), 32),
        PSSParameters(SHA256, hashes.SHA3_256(), 32),
        PSSParameters(hashes.SHA3_256(), SHA256, 32),
        PSSParameters(hashes.SHA512(), SHA256, 32),
        PSSParameters(hashes.SHA512(), hashes.SHA512(), 64),
    ],
    ids=lambda each: f"{each.hash.name}-{each.mask_hash.name}-{each.salt_length}",
)
def test_wrong_pss_parameters_are_refused(
    claimed: PSSParameters,
) -> None:
    """No other hash, mask or salt length is tried."""
    _, signature = _scheme()
    with pytest.raises(SignatureInvalid):
        _check("rsa", encode_pss(claimed), signature)


def test_the_two_paddings_of_rsa_are_not_interchangeable() -> None:
    """PKCS #1 v1.5 with the identifier of PSS, and the reverse."""
    pkcs1, plain = _signed("rsa", SHA256)
    pss, salted = _scheme()
    for identifier, signature in ((pss, plain), (pkcs1, salted)):
        with pytest.raises(SignatureInvalid):
            _check("rsa", identifier, signature)


SHA256_ID = _hash("2.16.840.1.101.3.4.2.1")
FIELDS = encode(0xA0, SHA256_ID) + encode(0xA1, encode(0x30, MGF1, SHA256_ID))
SALT = encode(0xA2, encode_integer(32))


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        (encode_algorithm("1.2.840.113549.1.1.10"), "without parameters"),
        (
            _pss(FIELDS + SALT + encode(0xA3, encode_integer(2))),
            "the trailer 2",
        ),
        (
            _pss(
                encode(0xA0, SHA256_ID)
                + encode(0xA1, encode(0x30, encode_oid("1.2.3.4"), SHA256_ID))
            ),
            r"mask generation function 1\.2\.3\.4",
        ),
        (_pss(encode(0xA0, _hash("1.2.3.4"))), r"the hash 1\.2\.3\.4"),
        (
            _pss(encode(0xA1, encode(0x30, MGF1, _hash("1.2.3.4")))),
            r"the hash 1\.2\.3\.4",
        ),
        (
            # MD5, which is not in the table.
            _pss(encode(0xA0, _hash("1.2.840.113549.2.5")) + SALT),
            r"the hash 1\.2\.840\.113549\.2\.5",
        ),
    ],
)
def test_unknown_pss_parameters_are_refused(identifier: bytes, reason: str) -> None:
    """Absent parameters allow any values (RFC 4055 §3.1), so nothing is verified."""
    _, signature = _scheme()
    for read in (
        lambda: _check("rsa", identifier, signature),
        lambda: signature_parameters(identifier),
    ):
        with pytest.raises(UnsupportedAlgorithm, match=reason):
            read()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (b"\x05\x00", "parameters"),
        (encode(0xA0, b"\x05\x00"), "parameters.hashAlgorithm|hashAlgorithm"),
        (encode(0xA1, SHA256_ID[:-2]), "maskGenAlgorithm"),
        (FIELDS + encode(0xA2, b"\x02\x01\x14"), "saltLength"),
        (FIELDS + encode(0xA2, b"\x02\x01\xff"), "saltLength"),
        (FIELDS + encode(0xA2, b"\x02\x02\x00\x20"), "saltLength"),
        (FIELDS + encode(0xA2, b"\x02\x03\x01\x00\x00"), "saltLength"),
        (FIELDS + encode(0xA3, b"\x05\x00"), "trailerField"),
        (SALT + FIELDS, "parameters"),
    ],
)
def test_malformed_parameters_name_the_place(fields: bytes, place: str) -> None:
    """Loading a message refuses the structure, and so does this function."""
    with pytest.raises(ocsp.DecodeError, match=place):
        _check("rsa", _pss(fields), b"x")


def _response(signer: KeySigner) -> ocsp.OCSPResponse:
    cert_id = CertID.for_serial(ca(), 7, SHA256)
    builder = ocsp.OCSPResponseBuilder().add_response_by_id(
        cert_id, OCSPCertStatus.GOOD, NOW, None, None, None
    )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, signer.certificate)
    built = builder.sign_with(signer).public_bytes(Encoding.DER)
    return ocsp.load_der_ocsp_response(built)


@pytest.mark.programs
@pytest.mark.parametrize(
    ("mask", "salt"),
    [("sha256", 32), ("sha256", 20), ("sha512", 0), ("sha384", 222)],
)
def test_openssl_verifies_our_pss(mask: str, salt: int, tmp_path: Path) -> None:
    """``openssl dgst`` with the options from the AlgorithmIdentifier that we wrote."""
    mask_hash: Any = {"sha256": SHA256, "sha384": SHA2[2], "sha512": SHA2[3]}[mask]
    pss = padding.PSS(padding.MGF1(mask_hash), salt)
    signer = KeySigner(RSA, certificate_of("rsa"), SHA256, rsa_padding=pss)
    response = _response(signer)
    found = pss_parameters(signer.algorithm_identifier)
    public = RSA.public_key()
    (tmp_path / "key").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "signature").write_bytes(response.signature)
    (tmp_path / "tbs").write_bytes(response.tbs_response_bytes)

    def verified(salt_length: int) -> str:
        options = (
            "rsa_padding_mode:pss",
            f"rsa_pss_saltlen:{salt_length}",
            f"rsa_mgf1_md:{found.mask_hash.name}",
        )
        return openssl(
            "dgst",
            f"-{found.hash.name}",
            "-verify",
            tmp_path / "key",
            *(each for option in options for each in ("-sigopt", option)),
            "-signature",
            tmp_path / "signature",
            tmp_path / "tbs",
            expect=None,
        )

    assert "Verified OK" in verified(found.salt_length)
    assert "Verified OK" not in verified(found.salt_length + 1)


@pytest.mark.programs
def test_openssl_reads_our_pss_response(tmp_path: Path) -> None:
    """And verifies it, with the signer's certificate as trust anchor."""
    pss = padding.PSS(padding.MGF1(SHA256), padding.PSS.DIGEST_LENGTH)
    signer = KeySigner(RSA, certificate_of("rsa"), SHA256, rsa_padding=pss)
    file = tmp_path / "response"
    file.write_bytes(_response(signer).public_bytes(Encoding.DER))
    trusted = tmp_path / "trusted"
    trusted.write_bytes(certificate_of("rsa").public_bytes(Encoding.PEM))
    options = ("-verify_other", trusted, "-VAfile", trusted)
    printed = openssl("ocsp", "-respin", file, "-resp_text", *options, expect=None)
    assert "Signature Algorithm: rsassaPss" in printed
    assert "Mask Algorithm: mgf1 with sha256" in printed
    assert "Salt Length: 0x20" in printed
    assert "Response verify OK" in printed


@pytest.mark.programs
def test_we_verify_pss_from_openssl(tmp_path: Path) -> None:
    """SHA-384 with a mask of SHA-256 and 17 octets of salt: no default values."""
    (tmp_path / "key").write_bytes(
        RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "data").write_bytes(DATA)
    options = ("rsa_padding_mode:pss", "rsa_pss_saltlen:17", "rsa_mgf1_md:sha256")
    openssl(
        "dgst",
        "-sha384",
        "-sign",
        tmp_path / "key",
        *(each for option in options for each in ("-sigopt", option)),
        "-out",
        tmp_path / "signature",
        tmp_path / "data",
    )
    signature = (tmp_path / "signature").read_bytes()
    _check("rsa", encode_pss(PSSParameters(hashes.SHA384(), SHA256, 17)), signature)
    wrong = PSSParameters(hashes.SHA384(), SHA256, 18)
    with pytest.raises(SignatureInvalid):
        _check("rsa", encode_pss(wrong), signature)


# --- parameters for signing --------------------------------------------------------


def _made(**options: Any) -> Callable[[], object]:
    kind = options.pop("kind", "rsa")
    algorithm = options.pop("algorithm", SHA256)
    return lambda: KeySigner(key_of(kind), certificate_of(kind), algorithm, **options)


@pytest.mark.parametrize(
    ("made", "error", "reason"),
    [
        (
            _made(rsa_padding=padding.PSS(padding.MGF1(hashes.SHA1()), 20)),
            UnsupportedAlgorithm,
            "sha1",
        ),
        (
            _made(
                rsa_padding=padding.PSS(padding.MGF1(SHA256), 20),
                algorithm=hashes.SHA1(),
            ),
            UnsupportedAlgorithm,
            "sha1",
        ),
        (
            _made(rsa_padding=padding.PSS(padding.MGF1(SHA256), 223)),
            ocsp.BuildError,
            "a salt of 223 octets is too long: at most 222",
        ),
        (
            _made(rsa_padding=padding.PSS(padding.MGF1(SHA256), padding.PSS.AUTO)),
            ocsp.BuildError,
            "AUTO can only verify",
        ),
        (
            _made(rsa_padding=padding.OAEP(padding.MGF1(SHA256), SHA256, None)),
            TypeError,
            "PSS or PKCS1v15",
        ),
        (
            _made(kind="p256", rsa_padding=padding.PSS(padding.MGF1(SHA256), 20)),
            TypeError,
            "only supported with RSA",
        ),
        (
            _made(kind="ed25519", algorithm=None, rsa_padding=padding.PKCS1v15()),
            TypeError,
            "only supported with RSA",
        ),
    ],
)
def test_parameters_that_verifiers_reject_are_not_used_for_signing(
    made: Callable[[], object], error: type[Exception], reason: str
) -> None:
    """Weak masks, salts that do not fit, paddings that are not for signatures."""
    with pytest.raises(error, match=reason):
        made()


def test_pkcs1_is_the_default_padding() -> None:
    """``padding.PKCS1v15()`` and no padding give the same signature."""
    assert _signed("rsa", SHA256, padding.PKCS1v15()) == _signed("rsa", SHA256)


def _limited(
    private: rsa.RSAPrivateKey | dsa.DSAPrivateKey, identifier: bytes, signature: bytes
) -> Callable[[], None]:
    return lambda: check_signature(private.public_key(), identifier, signature, b"data")


def test_no_signature_is_checked_with_an_rsa_key_that_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor with an exponent that is too large; the signature does not matter."""
    private = rsa.generate_private_key(65537, 2048)
    signature = private.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    identifier = encode_algorithm("1.2.840.113549.1.1.11", NULL_DER)
    check = _limited(private, identifier, signature)
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 2048)
    monkeypatch.setattr(limits, "MAX_EXPONENT_BITS", 17)
    check()
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 2047)
    with pytest.raises(SignatureInvalid, match="2048 bits; at most 2047 are"):
        check()
    monkeypatch.setattr(limits, "MAX_EXPONENT_BITS", 16)
    with pytest.raises(SignatureInvalid, match="exponent of 17 bits; at most 16 are"):
        check()


def test_no_signature_is_checked_with_a_dsa_key_that_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit of RSA keys does not count."""
    private = dsa.generate_private_key(1024)
    signature = private.sign(b"data", hashes.SHA256())
    identifier = encode_algorithm("2.16.840.1.101.3.4.3.2")
    check = _limited(private, identifier, signature)
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 512)
    monkeypatch.setattr(limits, "MAX_DSA_BITS", 1024)
    check()
    monkeypatch.setattr(limits, "MAX_DSA_BITS", 1023)
    with pytest.raises(SignatureInvalid, match="1024 bits; at most 1023 are"):
        check()
