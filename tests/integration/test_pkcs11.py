"""Signing with keys in SoftHSM2; cryptography and openssl verify the signatures."""

from __future__ import annotations

import copy
import datetime
import hashlib
import logging
import os
import pickle
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original

import ocsp
from ocsp import (
    ConfigError,
    MissingExtraError,
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponse,
)
from ocsp.errors import SignerUnavailable
from ocsp.pkcs11 import PKCS11Signer, RSAPadding
from ocsp.pkcs11 import token as token_module
from ocsp.pkcs11.settings import KeyName, Pin
from ocsp.pkcs11.token import Token as OpenToken
from ocsp.pkcs11.token import find_key
from ocsp.responder import Authority, IssuerKey, Responder, StatusQuery, StatusRecord
from ocsp.server import RequestHandler, bind, serve_in_thread
from ocsp.status import MemorySource
from tests.docs.examples import blocks
from tests.docs.test_howto import HSM
from tests.integration import softhsm as softhsm_module
from tests.integration.openssl import ask, openssl
from tests.integration.softhsm import PIN, SoftHSM, Token, TokenKey, installed, softhsm
from tests.pki import DELEGATION, make

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
VALID: dict[str, Any] = {"begin": NOW - DAY, "end": NOW + DAY}
DATA = b"any data"
OTHER_PIN = "pin-4713-never-shown"


@cache
def _ca() -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    return make("HSM CA", "HSM CA", extensions=[constraints], **VALID)


@cache
def _leaf() -> x509.Certificate:
    return make("leaf", "HSM CA", serial=0x1F2E, **VALID)


def _delegate(key: Any, common: str = "HSM Responder") -> x509.Certificate:
    """Return a certificate for the key of a delegated responder."""
    return make(common, "HSM CA", public=key, extensions=DELEGATION, **VALID)


@pytest.fixture(name="hsm", scope="session")
def _hsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHSM:
    return softhsm(tmp_path_factory)


@dataclass(frozen=True)
class Bench:
    """A token with keys, and the certificates of the keys."""

    token: Token
    certificates: dict[str, x509.Certificate]

    def settings(self, key: str, **other: Any) -> dict[str, Any]:
        """Return the settings of a signer for *key*, updated with *other*."""
        return {
            "module": self.token.home.module,
            "token_label": self.token.label,
            "pin": PIN,
            "key_label": key,
            "certificate": self.certificates[key],
        } | other

    def open(self, key: str, **other: Any) -> PKCS11Signer:
        """Open a signer for *key*."""
        return PKCS11Signer.open(**self.settings(key, **other))


@pytest.fixture(name="bench", scope="session")
def _bench(hsm: SoftHSM) -> Bench:
    """Return a token with keys of all kinds; no test changes it."""
    token = hsm.token()
    keys: dict[str, TokenKey] = {
        "rsa": token.rsa("rsa"),
        "p256": token.ec("p256", "secp256r1"),
        "p384": token.ec("p384", "secp384r1"),
        "p521": token.ec("p521", "secp521r1"),
    }
    return Bench(token, {name: _delegate(key) for name, key in keys.items()})


@pytest.fixture(name="lone")
def _lone(hsm: SoftHSM, bench: Bench) -> Bench:
    """Return a token with a P-256 key for one test, which may change or remove it."""
    token = hsm.token()
    return Bench(token, {"key": _delegate(token.ec("key"))})


def _builder(responder: x509.Certificate) -> ocsp.OCSPResponseBuilder:
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            _leaf(),
            _ca(),
            hashes.SHA1(),
            OCSPCertStatus.GOOD,
            NOW,
            NOW + DAY,
            None,
            None,
        )
        .responder_id(OCSPResponderEncoding.HASH, responder)
    )


def _response(signer: ocsp.Signer, *certs: x509.Certificate) -> OCSPResponse:
    builder = _builder(signer.certificate)
    return (builder.certificates(certs) if certs else builder).sign_with(signer)


def _verify(
    certificate: x509.Certificate,
    signature: bytes,
    data: bytes,
    algorithm: hashes.HashAlgorithm,
    rsa_padding: RSAPadding = RSAPadding.PKCS1V15,
) -> None:
    """Verify with cryptography, which raises if the signature is wrong."""
    public_key: Any = certificate.public_key()
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        public_key.verify(signature, data, ec.ECDSA(algorithm))
    elif rsa_padding is RSAPadding.PSS:
        scheme = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        public_key.verify(signature, data, scheme, algorithm)
    else:
        public_key.verify(signature, data, padding.PKCS1v15(), algorithm)


SHA2 = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
SCHEMES = [
    *(("rsa", algorithm, RSAPadding.PKCS1V15) for algorithm in SHA2),
    *(("rsa", algorithm, RSAPadding.PSS) for algorithm in SHA2),
    *(
        (curve, algorithm, RSAPadding.PKCS1V15)
        for curve in ("p256", "p384", "p521")
        for algorithm in SHA2
    ),
]


def _name(value: object) -> str:
    if isinstance(value, hashes.HashAlgorithm):
        return value.name
    if isinstance(value, dict):
        return ",".join(f"{key}={_name(other)}" for key, other in value.items())
    return value.value if isinstance(value, RSAPadding) else ascii(value).strip("'")


def _texts(error: BaseException) -> str:
    """Return the texts of an error and its causes."""
    return "".join(traceback.format_exception(error)) + repr(error)


# --- signatures ------------------------------------------------------------------


@pytest.mark.parametrize(("key", "algorithm", "rsa_padding"), SCHEMES, ids=_name)
def test_a_response_verifies(
    bench: Bench,
    key: str,
    algorithm: hashes.HashAlgorithm,
    rsa_padding: RSAPadding,
    tmp_path: Path,
) -> None:
    """Cryptography accepts the signature; openssl too, by path and by explicit trust."""
    with bench.open(key, algorithm=algorithm, rsa_padding=rsa_padding) as signer:
        sent = _response(signer, signer.certificate)
        bare = _response(signer)
    parsed = original.load_der_ocsp_response(sent.public_bytes(Encoding.DER))
    tbs, signature = parsed.tbs_response_bytes, parsed.signature
    _verify(signer.certificate, signature, tbs, algorithm, rsa_padding)
    read = ocsp.load_der_ocsp_response(sent.public_bytes(Encoding.DER))
    assert (signature, tbs) == (read.signature, read.tbs_response_bytes)

    files = {"ca": _ca(), "leaf": _leaf(), "responder": signer.certificate}
    for name, certificate in files.items():
        (tmp_path / name).write_bytes(certificate.public_bytes(Encoding.PEM))
    about = ("-issuer", tmp_path / "ca", "-cert", tmp_path / "leaf", "-no_nonce")
    for response, trust in (
        (sent, ("-CAfile", tmp_path / "ca")),
        (bare, ("-VAfile", tmp_path / "responder")),
        (
            bare,
            ("-verify_other", tmp_path / "responder", "-trust_other"),
        ),
    ):
        file = tmp_path / "response"
        file.write_bytes(response.public_bytes(Encoding.DER))
        printed = openssl("ocsp", "-respin", file, *about, *trust)
        assert "Response verify OK" in printed
        assert "leaf: good" in printed


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("rsa", hashes.SHA256()),
        ("p256", hashes.SHA256()),
        ("p384", hashes.SHA384()),
        ("p521", hashes.SHA512()),
    ],
    ids=_name,
)
def test_the_default_hash_fits_the_key(
    bench: Bench, key: str, algorithm: hashes.HashAlgorithm
) -> None:
    """The default is the same as for a key in memory."""
    with bench.open(key) as signer:
        _verify(signer.certificate, signer.sign(DATA), DATA, algorithm)
        response = _response(signer)
    assert response.signature_hash_algorithm is not None
    assert algorithm.name == response.signature_hash_algorithm.name


@pytest.mark.parametrize(("key", "algorithm", "rsa_padding"), SCHEMES, ids=_name)
def test_the_algorithm_identifier_equals_that_of_cryptography(
    bench: Bench,
    key: str,
    algorithm: hashes.HashAlgorithm,
    rsa_padding: RSAPadding,
) -> None:
    """Also the parameters of PSS are equal (RFC 4055 §3.1, RFC 5758 §3.2)."""
    with bench.open(key, algorithm=algorithm, rsa_padding=rsa_padding) as signer:
        identifier = signer.algorithm_identifier
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    options: dict[str, Any] = {}
    if rsa_padding is RSAPadding.PSS:
        options["rsa_padding"] = padding.PSS(
            padding.MGF1(algorithm), algorithm.digest_size
        )
    private_key = _memory_key(key)
    der = builder.sign(private_key, algorithm, **options).public_bytes(Encoding.DER)
    assert identifier in der


@cache
def _memory_key(kind: str) -> Any:
    if kind == "rsa":
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(65537, 2048)
    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def test_a_key_is_found_by_its_identifier(bench: Bench) -> None:
    """The token is found by its slot."""
    token: dict[str, Any] = {"token_label": None, "slot": bench.token.slot}
    with bench.open("rsa", key_label=None, key_id=b"\x01", **token) as signer:
        _verify(signer.certificate, signer.sign(DATA), DATA, hashes.SHA256())
        assert f"slot {bench.token.slot}, key id 01" == str(signer)


def test_a_key_that_needs_the_pin_each_time_gets_it(lone: Bench) -> None:
    """CKA_ALWAYS_AUTHENTICATE is set, as for the signature key of a smart card."""
    key = lone.token.ec("careful", always_authenticate=True)
    with lone.open("key", key_label="careful", certificate=_delegate(key)) as signer:
        for _ in range(3):
            _verify(signer.certificate, signer.sign(DATA), DATA, hashes.SHA256())


def test_a_responder_answers_over_http(bench: Bench, tmp_path: Path) -> None:
    """The openssl client accepts a response that the token has signed."""
    file = tmp_path / "ca"
    file.write_bytes(_ca().public_bytes(Encoding.PEM))
    source = MemorySource({StatusQuery(IssuerKey.of(_ca()), 0x1F2E): StatusRecord()})
    with (
        bench.open("p256") as signer,
        serve_in_thread(
            RequestHandler(Responder([Authority(_ca(), [signer])]), source),
            bind("127.0.0.1", 0),
        ) as url,
    ):
        printed = ask(url, file, "-serial", "0x1F2E")
    assert "Response verify OK" in printed
    assert "0x1F2E: good" in printed


@pytest.mark.parametrize("document", ["docs/pkcs11.md", HSM])
def test_the_example_of_the_document_works(
    bench: Bench, document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python block of the document runs with the names of this token."""
    (block,) = blocks(document)
    certificate = bench.certificates["p256"]
    (tmp_path / "responder.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "ca.pem").write_bytes(_ca().public_bytes(Encoding.PEM))
    (tmp_path / "pin").write_text(f"{PIN}\n")
    program = block.text
    for shown, used in (
        ("/usr/lib/softhsm/libsofthsm2.so", str(bench.token.home.module)),
        ('"ocsp"', repr(bench.token.label)),
        ('"signer"', '"p256"'),
    ):
        assert shown in program
        program = program.replace(shown, used)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"builder": _builder(certificate)}
    exec(compile(program, document, "exec"), names)
    names["signer"].close()
    if document == "docs/pkcs11.md":
        response = names["response"]
        tbs, signature = response.tbs_response_bytes, response.signature
        _verify(certificate, signature, tbs, hashes.SHA256())


# --- wrong settings --------------------------------------------------------------


def _refused(bench: Bench, key: str, setting: str, /, **other: Any) -> str:
    """Check that the error names the setting and hides the PIN; return its text."""
    with pytest.raises(ConfigError) as caught:
        bench.open(key, **other)
    assert setting == caught.value.key
    assert PIN not in _texts(caught.value)
    assert OTHER_PIN not in _texts(caught.value)
    return str(caught.value)


def test_the_package_is_missing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which extra to install."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[pkcs11\]'"):
        bench.open("rsa")


def test_importing_ocsp_does_not_import_python_pkcs11() -> None:
    """Only opening a signer needs python-pkcs11."""
    program = "import sys, ocsp, ocsp.pkcs11; sys.exit('pkcs11' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_the_module_cannot_be_loaded(
    bench: Bench, tmp_path: Path, content: bytes | None
) -> None:
    """The file is missing, empty or not a library."""
    module = tmp_path / "module.so"
    if content is not None:
        module.write_bytes(content)
    text = _refused(bench, "rsa", "module", module=module)
    assert str(module) in text


def test_a_library_that_is_not_a_pkcs11_module(bench: Bench) -> None:
    """The loader finds libc by its name, but it has no C_GetFunctionList."""
    assert "cannot be loaded" in _refused(bench, "rsa", "module", module="libc.so.6")


@pytest.mark.parametrize(
    ("setting", "other"),
    [
        ("token_label", {"token_label": "nowhere"}),
        ("token_label", {"token_label": None}),
        ("token_label", {"slot": 1}),
        ("slot", {"token_label": None, "slot": 987654321}),
        ("key_label", {"key_label": "nothing"}),
        ("key_label", {"key_label": None}),
        ("key_label", {"key_id": b"\xff"}),
        ("key_id", {"key_label": None, "key_id": b"\xff"}),
        ("key_label", {"key_label": "p256"}),
        ("pin", {"pin": OTHER_PIN}),
        ("pin", {"pin": ""}),
        ("pin", {"pin": OTHER_PIN + "\udcff"}),
        ("algorithm", {"algorithm": hashes.SHA1()}),
        ("algorithm", {"algorithm": hashes.MD5()}),
        ("algorithm", {"algorithm": hashes.SHA224()}),
        ("algorithm", {"algorithm": hashes.SHA3_256()}),
    ],
    ids=_name,
)
def test_a_setting_is_wrong(bench: Bench, setting: str, other: dict[str, Any]) -> None:
    """The error names the setting and shows the label that was not found."""
    text = _refused(bench, "rsa", setting, **other)
    labels = [name for name in ("token_label", "key_label") if name == setting]
    for name in labels:
        assert other.get(name) is None or repr(other[name]) in text


def test_without_a_pin_a_private_key_is_not_found(bench: Bench) -> None:
    """Without a login, a token hides its private keys."""
    assert "no private RSA key" in _refused(bench, "rsa", "key_label", pin=None)


def test_an_error_names_the_token_and_the_key(bench: Bench) -> None:
    """It says which setting is wrong, for which token and key, and why."""
    text = _refused(bench, "rsa", "key_label", key_label="nothing")
    where = f"token {bench.token.label!r}, key label 'nothing'"
    assert f"key_label: {where}: no private RSA key has this name" == text


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"pin": 4711}, "pin"),
        ({"token_label": b"label"}, "token_label"),
        ({"token_label": None, "slot": "1"}, "slot"),
        ({"key_label": b"label"}, "key_label"),
        ({"key_id": "01"}, "key_id"),
        ({"certificate": b"certificate"}, "certificate"),
        ({"algorithm": "sha256"}, "algorithm"),
        ({"rsa_padding": "pss"}, "rsa_padding"),
        ({"rsa_padding": None}, "rsa_padding"),
    ],
    ids=_name,
)
def test_an_argument_has_the_wrong_type(
    bench: Bench, other: dict[str, Any], named: str
) -> None:
    """The error names the argument and does not show its value."""
    with pytest.raises(TypeError, match=named) as caught:
        bench.open("rsa", **other)
    assert "4711" not in str(caught.value)


def test_pss_needs_an_rsa_key(bench: Bench) -> None:
    """ECDSA has no padding."""
    _refused(bench, "p256", "rsa_padding", rsa_padding=RSAPadding.PSS)


def test_a_certificate_may_allow_only_pss(bench: Bench, tmp_path: Path) -> None:
    """Its SubjectPublicKeyInfo has id-RSASSA-PSS (RFC 4055 §1.2)."""
    file = tmp_path / "pss"
    options = ("-newkey", "rsa-pss", "-noenc", "-keyout", tmp_path / "key")
    openssl("req", "-x509", *options, "-subj", "/CN=pss", "-out", file)
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    text = _refused(bench, "rsa", "rsa_padding", certificate=certificate)
    assert "must be PSS" in text
    pss = RSAPadding.PSS
    _refused(bench, "rsa", "certificate", certificate=certificate, rsa_padding=pss)


@pytest.mark.parametrize(
    "key",
    [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())],
    ids=["ed25519", "secp256k1"],
)
def test_the_certificate_has_a_key_of_another_kind(bench: Bench, key: Any) -> None:
    """Only RSA and three curves are supported."""
    _refused(bench, "rsa", "certificate", certificate=_delegate(key))


@pytest.mark.parametrize(
    ("key", "kind"), [("rsa", "rsa"), ("p256", "p256"), ("p256", "p384")]
)
def test_the_key_does_not_belong_to_the_certificate(
    bench: Bench, key: str, kind: str
) -> None:
    """The test signature detects it, also if the labels match."""
    certificate = _delegate(_memory_key(kind))
    text = _refused(bench, key, "certificate", certificate=certificate)
    assert "does not belong to the certificate" in text


def test_two_keys_have_the_label(lone: Bench) -> None:
    """Label and identifier together select one."""
    second = lone.token.ec("key", identifier=b"\x03")
    assert "2 private EC keys" in _refused(lone, "key", "key_label")
    with lone.open("key", key_id=b"\x03", certificate=_delegate(second)) as signer:
        assert "key label 'key', key id 03" in str(signer)


def test_two_tokens_have_the_label(hsm: SoftHSM, lone: Bench) -> None:
    """The slot selects one."""
    twin = hsm.token(lone.token.label)
    assert "2 tokens" in _refused(lone, "key", "token_label")
    certificate = _delegate(twin.ec("key"))
    by_slot: dict[str, Any] = {"token_label": None, "slot": twin.slot}
    with lone.open("key", certificate=certificate, **by_slot) as signer:
        _verify(certificate, signer.sign(DATA), DATA, hashes.SHA256())


def test_the_key_is_not_allowed_to_sign(lone: Bench) -> None:
    """CKA_SIGN is false."""
    key = lone.token.ec("mute", sign=False)
    text = _refused(
        lone, "key", "key_label", key_label="mute", certificate=_delegate(key)
    )
    assert "CKA_SIGN" in text


def test_the_key_allows_another_mechanism_only(lone: Bench) -> None:
    """CKA_ALLOWED_MECHANISMS of the key lists one scheme."""
    allowed = (pkcs11.Mechanism.SHA512_RSA_PKCS,)
    key = lone.token.rsa("strict", allowed_mechanisms=allowed)
    other = {"key_label": "strict", "certificate": _delegate(key)}
    text = _refused(lone, "key", "algorithm", **other)
    assert "does not support this scheme" in text
    pss = {"rsa_padding": RSAPadding.PSS}
    text = _refused(lone, "key", "rsa_padding", **other, **pss)
    assert "does not support this scheme" in text
    with lone.open("key", algorithm=hashes.SHA512(), **other) as signer:
        assert signer.sign(DATA)


# --- sessions, logins, threads, processes ----------------------------------------


def test_signers_on_one_token_do_not_log_each_other_out(bench: Bench) -> None:
    """A login belongs to the process; the last signer to close logs out."""
    first = bench.open("rsa")
    second = bench.open("p256", token_label=None, slot=bench.token.slot)
    first.close()
    _verify(second.certificate, second.sign(DATA), DATA, hashes.SHA256())
    second.close()
    with bench.token.session():  # would raise UserAlreadyLoggedIn
        pass


def test_a_second_signer_needs_the_same_pin(bench: Bench) -> None:
    """The token itself does not check the PIN again while it is logged in."""
    with bench.open("rsa"):
        text = _refused(bench, "p256", "pin", pin=OTHER_PIN)
    assert "differs from the PIN" in text


def test_other_code_in_the_process_has_logged_in(bench: Bench) -> None:
    """The signer uses that login; after the other code logs out, it logs in itself."""
    with bench.token.session():
        signer = bench.open("rsa")
    with signer:
        _verify(signer.certificate, signer.sign(DATA), DATA, hashes.SHA256())


def test_signers_log_in_again_after_other_code_logged_out(bench: Bench) -> None:
    """Both a new signer and the one that was open detect it."""
    with bench.token.session():
        first = bench.open("rsa")
    with first, bench.open("p256") as second:
        _works(second)
        _works(first)


def test_signers_open_a_new_session_after_other_code_closed_theirs(
    bench: Bench,
) -> None:
    """Both a new signer and the one that was open detect it."""
    with bench.open("rsa") as first:
        assert first._token.session is not None
        first._token.session.close()
        with bench.open("p256") as second:
            _works(second)
            _works(first)


def test_threads_share_a_signer(bench: Bench) -> None:
    """Every signature is right, also while other signers on the token are opened."""
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait(timeout=30)
        for step in range(10):
            data = hashlib.sha256(bytes((number, step))).digest()
            _verify(signer.certificate, signer.sign(data), data, hashes.SHA256())
        with bench.open("p384") as other:
            _verify(other.certificate, other.sign(DATA), DATA, hashes.SHA384())

    with bench.open("p256") as signer, ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result(timeout=60)


def test_a_closed_signer_does_not_sign(bench: Bench) -> None:
    """Closing twice is allowed."""
    with bench.open("rsa") as signer:
        pass
    signer.close()
    with pytest.raises(SignerUnavailable, match="closed"):
        signer.sign(DATA)


def test_a_signer_is_not_pickled_or_copied(bench: Bench) -> None:
    """Its session and its PIN belong to this process."""
    with bench.open("p256") as signer:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="open another one"):
                pickle.dumps(signer, protocol)
        with pytest.raises(TypeError, match="open another one"):
            copy.copy(signer)


def test_repr_names_the_token_and_the_key(bench: Bench) -> None:
    """Neither the signer nor its parts show the PIN."""
    with bench.open("rsa") as signer:
        shown = repr(signer)
        parts = [repr(getattr(signer, name)) for name in type(signer).__slots__]
        inner = signer._token
        parts += [repr(getattr(inner, name)) for name in type(inner).__slots__]
    assert f"<PKCS11Signer(token {bench.token.label!r}, key label 'rsa')>" == shown
    assert "<PIN>" in parts
    assert not any(PIN in part for part in parts)


FORK = """
import os, sys
from cryptography import x509
from ocsp.errors import SignerUnavailable
from ocsp.pkcs11 import PKCS11Signer

module, label, pin, file = sys.argv[1:]
with open(file, "rb") as opened:
    certificate = x509.load_pem_x509_certificate(opened.read())

def signer():
    return PKCS11Signer.open(
        module, token_label=label, pin=pin, key_label="rsa", certificate=certificate
    )

parent = signer()
child = os.fork()
if child == 0:
    code = 1
    try:
        parent.sign(b"data")
    except SignerUnavailable as error:
        assert "another process" in str(error)
        parent.close()
        with signer() as own:
            assert len(own.sign(b"data")) == 256
        code = 0
    finally:
        os._exit(code)
_, status = os.waitpid(child, 0)
assert status == 0, status
with parent:
    assert len(parent.sign(b"data")) == 256
"""


def _run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_forked_child_must_open_its_own_signer(bench: Bench, tmp_path: Path) -> None:
    """PKCS #11 v2.40 §5.4: a child must not use an inherited session."""
    file = tmp_path / "certificate"
    file.write_bytes(bench.certificates["rsa"].public_bytes(Encoding.PEM))
    done = _run(FORK, bench.token.home.module, bench.token.label, PIN, file)
    assert done.returncode == 0, done.stderr


def test_a_signer_of_another_process_is_not_touched(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test simulates a child: it changes the process ID."""
    # Otherwise the next test would find a module that another process has loaded.
    monkeypatch.setattr("ocsp.pkcs11.token._modules", dict(token_module._modules))
    with bench.open("p256") as signer:
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            with pytest.raises(SignerUnavailable, match="another process"):
                signer.sign(DATA)
            with bench.open("p256") as own:
                _works(own)
            bench.open("p256").close()
        _works(signer)
        monkeypatch.setattr(os, "getpid", lambda: -2)
        session = signer._token.session
        signer.close()
        assert session is signer._token.session
        monkeypatch.undo()
        with pytest.raises(SignerUnavailable, match="closed"):
            signer.sign(DATA)
        signer._token.release()


def test_the_module_does_not_start(
    bench: Bench, hsm: SoftHSM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module does not find its settings; later it does."""
    monkeypatch.setattr("ocsp.pkcs11.token._modules", {})
    pkcs11.lib(str(hsm.module)).finalize()
    with monkeypatch.context() as settings:
        settings.setenv("SOFTHSM2_CONF", f"{hsm.settings}.missing")
        with pytest.raises(SignerUnavailable, match="cannot be initialised") as caught:
            bench.open("p256")
        assert str(hsm.module) in str(caught.value)
        assert PIN not in _texts(caught.value)
    with bench.open("p256") as signer:
        _works(signer)


# --- lost tokens -----------------------------------------------------------------


def _fails(signer: PKCS11Signer) -> str:
    """Check that signing fails and the error hides the PIN; return its text."""
    with pytest.raises(SignerUnavailable) as caught:
        _response(signer)
    assert PIN not in _texts(caught.value)
    assert str(signer) in str(caught.value)
    return str(caught.value)


def _works(signer: PKCS11Signer) -> None:
    _verify(signer.certificate, signer.sign(DATA), DATA, hashes.SHA256())


def test_a_token_is_removed_and_comes_back(
    lone: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The same signer signs again, and the log says so."""
    with lone.open("key") as signer, caplog.at_level(logging.DEBUG):
        with lone.token.away():
            _fails(signer)
            _fails(signer)
        _works(signer)
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert f"{signer}: opened a new session" in record.getMessage()
        assert PIN not in caplog.text
        _works(signer)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("rsa", {}),
        ("rsa", {"rsa_padding": RSAPadding.PSS}),
        ("p256", {}),
    ],
    ids=["rsa", "pss", "ecdsa"],
)
@pytest.mark.parametrize("by", ["slot", "label"])
def test_errors_of_every_scheme_name_the_token(
    hsm: SoftHSM, key: str, options: dict[str, Any], by: str
) -> None:
    """A token that does not exist is ConfigError; a lost one is SignerUnavailable."""
    token = hsm.token()
    kind = token.rsa(key) if key == "rsa" else token.ec(key)
    own = Bench(token, {key: _delegate(kind)})
    shown = f"slot {token.slot}" if by == "slot" else f"token {token.label!r}"
    if by == "slot":
        options = {"token_label": None, "slot": token.slot, **options}
        never: dict[str, Any] = {"token_label": None, "slot": 4711}
        nowhere = "slot: slot 4711"
    else:
        never = {"token_label": "nowhere"}
        nowhere = "token_label: token 'nowhere'"
    text = _refused(own, key, nowhere.partition(":")[0], **(options | never))
    assert text.startswith(f"{nowhere}, key label {key!r}: ")
    with own.open(key, **options) as signer:
        with token.away():
            assert _fails(signer).startswith(f"{shown}, key label {key!r}: ")
        assert _response(signer)


def test_a_lost_token_does_not_disturb_another(bench: Bench, lone: Bench) -> None:
    """The module is not initialised again while another of its tokens works."""
    with bench.open("p256") as working:
        session = working._token.session
        with lone.open("key") as signer, lone.token.away():
            _fails(signer)
            assert session is working._token.session
            _works(working)
        _works(working)


def test_both_tokens_are_lost(lone: Bench, hsm: SoftHSM) -> None:
    """After their return, the first signature initialises the module for both."""
    token = hsm.token()
    other = Bench(token, {"key": _delegate(token.ec("key"))})
    with lone.open("key") as first, other.open("key") as second:
        with lone.token.away():
            hidden = token.directory
            away = hidden.rename(hsm.directory / "away too")
            _fails(first)
            _fails(second)
            away.rename(hidden)
        _works(second)
        _works(first)


def test_other_code_initialises_the_module_again(bench: Bench, hsm: SoftHSM) -> None:
    """All sessions end; signers that shared a session open and share a new one."""
    with bench.open("p256") as first, bench.open("rsa") as second:
        hsm.restart()
        _works(first)
        session = first._token.session
        _works(second)
        _works(first)
        assert session is first._token.session
        hsm.restart()
        with bench.open("p384") as third:
            third.sign(DATA)
        _works(second)


def test_the_key_is_destroyed_while_open(lone: Bench) -> None:
    """Signing fails, and a new key of that name is not used instead."""
    with lone.open("key") as signer:
        program = """
import sys
from tests.integration.softhsm import *
import pkcs11
module, label, pin = sys.argv[1:]
token = pkcs11.lib(module).get_token(token_label=label)
with token.open(rw=True, user_pin=pin) as session:
    for found in session.get_objects({pkcs11.Attribute.LABEL: "key"}):
        found.destroy()
"""
        done = _run(program, lone.token.home.module, lone.token.label, PIN)
        assert done.returncode == 0, done.stderr
        assert "no private EC key" in _fails(signer)
    lone.token.ec("key")
    _refused(lone, "key", "certificate")


def test_a_refused_pin_is_not_sent_again(lone: Bench, hsm: SoftHSM) -> None:
    """Tokens lock themselves. A second signer with the new PIN also repairs the first."""
    with lone.open("key") as signer:
        hsm.restart()
        lone.token.change_pin(PIN, OTHER_PIN)
        assert "was refused" in _fails(signer)
        assert "is not sent again" in _fails(signer)
        lone.token.change_pin(OTHER_PIN, PIN)
        assert "is not sent again" in _fails(signer)
        lone.token.change_pin(PIN, OTHER_PIN)
        with lone.open("key", pin=OTHER_PIN) as second:
            _works(second)
            _works(signer)


def test_a_refused_pin_is_not_sent_again_with_a_signature(lone: Bench) -> None:
    """A key that needs the PIN each time can be the first to meet a changed PIN."""
    key = lone.token.ec("careful", always_authenticate=True)
    with lone.open("key", key_label="careful", certificate=_delegate(key)) as signer:
        _works(signer)
        signer._token.pin = Pin(OTHER_PIN)
        assert "was refused" in _fails(signer)
        assert "is not sent again" in _fails(signer)


def test_a_token_that_fails_is_not_a_wrong_setting(lone: Bench, hsm: SoftHSM) -> None:
    """The slot exists, but the token does not answer."""
    by_slot: dict[str, Any] = {"token_label": None, "slot": lone.token.slot}
    with lone.token.away(), pytest.raises(SignerUnavailable, match="failed") as caught:
        lone.open("key", **by_slot)
    assert PIN not in _texts(caught.value)
    hsm.restart()
    with lone.open("key", **by_slot) as signer:
        _works(signer)


class _Plain(pkcs11.SignMixin):
    """A session and a key without optional features, which SoftHSM2 has."""

    def __init__(self, error: type[pkcs11.PKCS11Error]) -> None:
        self.error = error

    def generate_random(self, _: int) -> bytes:
        raise self.error

    def get_objects(self, _: object) -> list[_Plain]:
        return [self]

    def __getitem__(self, _: object) -> object:
        raise self.error


def test_a_token_without_always_authenticate_needs_no_pin_each_time() -> None:
    """PKCS #11 v2.20 added the attribute; older tokens do not support it."""
    session: Any = _Plain(pkcs11.AttributeTypeInvalid)
    key = find_key(session, KeyName("key", None), "RSA")
    assert not key.always_authenticate


@pytest.mark.parametrize(
    ("error", "there"),
    [
        (pkcs11.RandomNoRNG, True),
        (pkcs11.FunctionNotSupported, True),
        (pkcs11.SessionHandleInvalid, False),
        (pkcs11.DeviceRemoved, False),
    ],
)
def test_a_token_without_random_numbers_still_answers(
    error: type[pkcs11.PKCS11Error], there: bool
) -> None:
    """The signer keeps a session if the token only lacks the function."""
    session: Any = _Plain(error)
    assert there is OpenToken._answers(session)


def test_a_failed_open_leaves_nothing_behind(bench: Bench) -> None:
    """Other code in the process can log in."""
    _refused(bench, "rsa", "key_label", key_label="nothing")
    _refused(bench, "rsa", "pin", pin=OTHER_PIN)
    with bench.token.session():
        pass


# --- the tests themselves --------------------------------------------------------


def test_without_softhsm_the_tests_fail_and_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are not skipped: a skipped test proves nothing."""
    monkeypatch.setattr(softhsm_module, "_MODULES", ())
    with pytest.raises(pytest.fail.Exception, match="apt-get install softhsm2"):
        installed()
