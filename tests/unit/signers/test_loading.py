"""Test the loading of signers from files: every form, and every error with a remedy."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp import limits
from ocsp.errors import ConfigError
from ocsp.responder import Authority
from ocsp.signers import LoadedSigner, SignerSpec, load_signer, self_test
from ocsp.signing.signatures import check_signature_of
from tests.keys import AVAILABLE, certificate_of, key_of
from tests.pki import NOW, ca, delegate, delegate_signer, key
from tests.unit.signers.files import key_pem, write_pair

DATA = b"signed"


def _verifies(signer: LoadedSigner) -> bool:
    check_signature_of(
        signer.certificate, signer.algorithm_identifier, signer.sign(DATA), DATA
    )
    return True


@pytest.mark.parametrize("kind", AVAILABLE)
def test_every_kind_of_key_loads_and_signs(kind: str, tmp_path: Path) -> None:
    """Also Ed25519 and ML-DSA; the certificate verifies the signature."""
    spec = write_pair(tmp_path, key_of(kind), certificate_of(kind))
    signer = load_signer(spec)
    assert _verifies(signer)
    assert signer.spec is spec
    assert 0 < signer.seconds < limits.MAX_SIGNING_SECONDS


@pytest.mark.parametrize("form", ["pkcs8", "traditional", "der", "encrypted", "both"])
def test_every_form_of_a_key_file_loads(form: str, tmp_path: Path) -> None:
    """PKCS #8 and the older form, DER, encrypted, and in one file with others."""
    spec, own = write_pair(tmp_path), key("Test Responder")
    assert spec.key is not None
    if form == "traditional":
        spec.key.write_bytes(key_pem(own, form=PrivateFormat.TraditionalOpenSSL))
    elif form == "der":
        der = own.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        spec.key.write_bytes(der)
    elif form == "encrypted":
        spec.key.write_bytes(key_pem(own, b"secret"))
        (tmp_path / "passphrase").write_bytes(b"secret\r\nnot this line\n")
        spec = replace(spec, passphrase_file=tmp_path / "passphrase")
    elif form == "both":
        parts = (spec.certificate.read_bytes(), key_pem(key("other")), key_pem(own))
        spec.key.write_bytes(b"text\n".join(parts))
        spec = replace(spec, certificate=spec.key)
    assert _verifies(load_signer(spec))


def _missing(spec: SignerSpec) -> SignerSpec:
    _key_file(spec).unlink()
    return spec


def _encrypted(spec: SignerSpec) -> SignerSpec:
    _key_file(spec).write_bytes(key_pem(key("Test Responder"), b"secret"))
    return spec


def _passphrase(spec: SignerSpec, content: str) -> SignerSpec:
    file = spec.certificate.with_name("passphrase")
    file.write_text(content)
    return replace(spec, passphrase_file=file)


def _with_key(spec: SignerSpec, content: bytes) -> SignerSpec:
    _key_file(spec).write_bytes(content)
    return spec


def _cut(spec: SignerSpec) -> SignerSpec:
    spec.certificate.write_bytes(spec.certificate.read_bytes()[:200])
    return spec


def _key_file(spec: SignerSpec) -> Path:
    assert spec.key is not None
    return spec.key


FAULTS: dict[str, Callable[[SignerSpec], SignerSpec]] = {
    "no key": _missing,
    "directory": lambda spec: replace(spec, key=spec.certificate.parent),
    "not a key": lambda spec: _with_key(spec, b"hello"),
    "empty key": lambda spec: _with_key(spec, b""),
    "another key": lambda spec: _with_key(spec, key_pem(key("other"))),
    "certificate as key": lambda spec: replace(spec, key=spec.certificate),
    "encrypted": _encrypted,
    "wrong passphrase": lambda spec: _passphrase(_encrypted(spec), "guess"),
    "needless passphrase": lambda spec: _passphrase(spec, "secret"),
    "empty passphrase": lambda spec: _passphrase(spec, "\nsecret"),
    "key as certificate": lambda spec: replace(spec, certificate=_key_file(spec)),
    "cut certificate": _cut,
}


@pytest.mark.parametrize(
    ("fault", "setting", "words"),
    [
        ("no key", "key", "responder.key: No such file"),
        ("directory", "key", "is a directory, not a regular file"),
        ("not a key", "key", "responder.key: is not a private key in PEM or DER"),
        ("empty key", "key", "responder.key: is not a private key in PEM or DER"),
        (
            "certificate as key",
            "key",
            "is a certificate, not a private key in PEM or DER",
        ),
        ("encrypted", "key", "name the file of its passphrase in passphrase_file"),
        ("wrong passphrase", "key", "or its passphrase is wrong"),
        ("needless passphrase", "key", "is not encrypted; remove passphrase_file"),
        ("empty passphrase", "passphrase_file", "has an empty first line"),
        ("another key", "key", "is not the key of the certificate .*responder.pem"),
        ("key as certificate", "certificate", "is a private key, not a certificate"),
        ("cut certificate", "certificate", "responder.pem: "),
    ],
)
def test_an_error_names_setting_file_and_remedy(
    fault: str, setting: str, words: str, tmp_path: Path
) -> None:
    """And shows no secret."""
    with pytest.raises(ConfigError, match=words) as caught:
        load_signer(FAULTS[fault](write_pair(tmp_path)))
    assert caught.value.key == setting
    assert "secret" not in str(caught.value)
    assert "guess" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({}, "key"),
        ({"key": Path("k"), "pkcs11": "pkcs11:"}, "key"),
        ({"pkcs11": "pkcs11:", "passphrase_file": Path("p")}, "passphrase_file"),
        ({"key": Path("k"), "pin_file": Path("p")}, "pin_file"),
        ({"key": Path("k"), "rate": 0}, "rate"),
        ({"key": Path("k"), "rate": float("nan")}, "rate"),
        ({"key": Path("k"), "rate": float("inf")}, "rate"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    settings: dict[str, Any], setting: str
) -> None:
    """Before any file is read."""
    with pytest.raises(ConfigError) as caught:
        SignerSpec(certificate=Path("c"), **settings)
    assert caught.value.key == setting


def test_names_of_files_can_be_text(tmp_path: Path) -> None:
    """As a document in JSON or TOML has them."""
    spec = write_pair(tmp_path)
    texts: dict[str, Any] = {
        "certificate": str(spec.certificate),
        "key": str(spec.key),
    }
    assert SignerSpec(**texts) == spec


def test_a_fast_key_in_memory_is_local(tmp_path: Path) -> None:
    """A slow one, one with a rate and one in a token are not."""
    spec = write_pair(tmp_path)
    assert load_signer(spec).local
    assert not load_signer(replace(spec, rate=1000)).local
    token = LoadedSigner(spec, delegate_signer(), close=lambda: None)
    assert not token.local
    assert token.parallel == 1


class _BrokenToken:
    """Returns the same octets for all data."""

    certificate = delegate()
    algorithm_identifier = delegate_signer().algorithm_identifier

    def __init__(self, signature: bytes | None) -> None:
        self.signature = signature

    def sign(self, data: bytes) -> bytes:
        return self.signature or delegate_signer().sign(data)


@pytest.mark.parametrize(
    "garbage", [b"", b"\x00" * 72, delegate_signer().sign(b"other data")]
)
def test_garbage_from_a_token_is_refused(garbage: bytes, tmp_path: Path) -> None:
    """By the responder, which never sends it, and so by the test of the signer."""
    spec = write_pair(tmp_path)
    token = _BrokenToken(None)
    signer = LoadedSigner(spec, token, close=lambda: None)
    assert _verifies(signer)
    token.signature = garbage or b"\x30"
    found = self_test(Authority(ca(), [signer]), NOW)
    assert found.is_unavailable
    assert "its signature is wrong" in found.failures[0]


def test_a_slow_key_in_memory_is_not_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RSA with 4,096 bits on most machines: it would stop all other requests."""
    monkeypatch.setattr(limits, "MAX_INLINE_SIGNING_SECONDS", 0)
    assert not load_signer(write_pair(tmp_path)).local


def test_a_key_file_is_read_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device or a log file given by mistake does not fill the memory."""
    monkeypatch.setattr(limits, "MAX_KEY_FILE_BYTES", 100)
    with pytest.raises(ConfigError, match="is larger than 100 octets"):
        load_signer(write_pair(tmp_path))


def test_a_loaded_signer_keeps_its_key(tmp_path: Path) -> None:
    """It cannot be pickled, and its representation shows its name only."""
    signer = load_signer(write_pair(tmp_path))
    assert repr(signer) == "<LoadedSigner(CN=Test Responder)>"
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    signer.close()  # a key in memory has nothing to close
    assert _verifies(signer)
