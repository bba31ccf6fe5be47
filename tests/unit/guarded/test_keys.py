"""Keys of attackers: of any kind and size."""

from __future__ import annotations

from base64 import encodebytes

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ocsp.asn1.der import encode, encode_integer, encode_oid
from ocsp.errors import LimitExceeded, SchemaError
from ocsp.guarded.key_files import load_private_key, load_public_key
from ocsp.guarded.keys import has_signed
from tests.nested import nested_algorithm

KEY = ec.generate_private_key(ec.SECP256R1())
SECRET = b"secret"


def _private(
    encoding: Encoding, form: PrivateFormat, passphrase: bytes | None = None
) -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return KEY.private_bytes(encoding, form, encryption)


@pytest.mark.parametrize(
    ("encoding", "form", "passphrase"),
    [
        (Encoding.PEM, PrivateFormat.PKCS8, None),
        (Encoding.PEM, PrivateFormat.PKCS8, SECRET),
        (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, None),
        (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, SECRET),
        (Encoding.DER, PrivateFormat.PKCS8, None),
        (Encoding.DER, PrivateFormat.PKCS8, SECRET),
        (Encoding.DER, PrivateFormat.TraditionalOpenSSL, None),
    ],
)
def test_private_keys_are_loaded(
    encoding: Encoding, form: PrivateFormat, passphrase: bytes | None
) -> None:
    """In PEM and DER, encrypted or not; OpenSSL's old encryption has headers in PEM."""
    data = _private(encoding, form, passphrase)
    loaded = load_private_key(data, passphrase)
    assert loaded.public_key() == KEY.public_key()
    if passphrase:
        with pytest.raises(TypeError):
            load_private_key(data, None)
        with pytest.raises(SchemaError):
            load_private_key(data, b"wrong")


def _info(algorithm: bytes) -> bytes:
    """Return a PrivateKeyInfo with *algorithm*."""
    return encode(0x30, encode_integer(0), algorithm, encode(4, b"\x30\x00"))


def test_nested_private_keys_are_refused() -> None:
    """Before a recursive parser reads them, also in PEM."""
    der = _info(nested_algorithm(3000))
    armored = (
        b"-----BEGIN PRIVATE KEY-----\n"
        + encodebytes(der)
        + b"-----END PRIVATE KEY-----\n"
    )
    for data in (der, armored, armored.replace(b"-----\n", b"-----\nA: b\n\n", 1)):
        with pytest.raises(LimitExceeded) as refused:
            load_private_key(data, None)
        assert refused.value.limit == "MAX_DEPTH"


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\n", _info(b"\x30\x00")]
)
def test_what_is_no_private_key_is_an_error(data: bytes) -> None:
    """One of this package."""
    with pytest.raises(SchemaError):
        load_private_key(data, None)


def test_nested_public_keys_are_refused() -> None:
    """Before a recursive parser reads them."""
    with pytest.raises(LimitExceeded):
        load_public_key(encode(0x30, nested_algorithm(3000), encode(3, b"\x00")))


def test_public_keys_are_loaded_or_an_error() -> None:
    """Old releases of ``cryptography`` raise a ValueError for an unknown kind."""
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert load_public_key(der) == KEY.public_key()
    with pytest.raises(SchemaError):
        load_public_key(der[:-1])
    unknown = encode(0x30, encode(0x30, encode_oid("1.2.3")), encode(3, b"\x00"))
    with pytest.raises((SchemaError, UnsupportedAlgorithm)):
        load_public_key(unknown)


def test_a_key_that_cannot_check_a_signature_has_not_made_it() -> None:
    """OpenSSL raises other errors than InvalidSignature for these."""
    small = rsa.generate_private_key(65537, 1024).public_key()
    pss = padding.PSS(padding.MGF1(hashes.SHA512()), 300)
    assert not has_signed(small, bytes(128), b"x", pss, hashes.SHA512())
    huge = rsa.RSAPublicNumbers(3, (1 << 20_000) + 1).public_key()
    pkcs1 = padding.PKCS1v15()
    assert not has_signed(huge, bytes(2500), b"x", pkcs1, hashes.SHA256())
    assert not has_signed(None, b"", b"x")
    scheme = ec.ECDSA(hashes.SHA256())
    assert not has_signed(KEY.public_key(), b"", b"x", scheme)
    assert has_signed(KEY.public_key(), KEY.sign(b"x", scheme), b"x", scheme)
