"""
Test the way of a signer from its request to answers that ``openssl`` verifies.

The command line makes each file, as an operator does. The keys are in files, and in a
token of SoftHSM2.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import OCSPResponse
from ocsp.cli import main
from ocsp.errors import ConfigError, SignerUnavailable
from ocsp.responder import Authority, IssuerKey, Responder, StatusQuery, StatusRecord
from ocsp.server import RequestHandler, bind, serve_in_thread
from ocsp.signers import (
    SignerSet,
    SignerSpec,
    SignerState,
    SignerTester,
    SigningSlots,
    load_signer,
    self_test,
)
from ocsp.signing.signer import Signer
from ocsp.status import MemorySource
from ocsp.testing.throwaway_ca import Validity
from tests.ca_folder import CAFolder
from tests.integration.openssl import ask, openssl
from tests.integration.services import Load, request_for, serving
from tests.integration.services import ask as ask_service
from tests.integration.softhsm import PIN, SoftHSM, Token, softhsm
from tests.keys import AVAILABLE
from tests.pki import DELEGATION, key, make
from tests.unit.signers.files import key_pem

pytestmark = pytest.mark.programs

SERIAL = 0x1F2E
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
CA_NAME = "Signers CA"
SUBJECT = ("--subject", "CN=OCSP 2027,O=Example")
CA = make(
    CA_NAME,
    CA_NAME,
    begin=NOW - DAY,
    end=NOW + 400 * DAY,
    extensions=[x509.BasicConstraints(ca=True, path_length=None)],
)


@dataclass(frozen=True)
class Desk:
    """The directory of an operator, with a CA."""

    folder: Path

    def __call__(self, *arguments: object, expect: int = 0) -> None:
        """Run ``ocsp signer``; names of files are relative to the directory."""
        words = [str(each).replace("@", f"{self.folder}/") for each in arguments]
        assert main(["signer", *words]) == expect

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a directory with the key and the certificate of a CA."""
    (tmp_path / "ca.pem").write_bytes(CA.public_bytes(Encoding.PEM))
    (tmp_path / "ca.key").write_bytes(key_pem(key(CA_NAME)))
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """Return a token without keys."""
    store: SoftHSM = softhsm(tmp_path_factory)
    return store.token()


ISSUER = ("--issuer", "@ca.pem")
ISSUER_KEY = (*ISSUER, "--issuer-key", "@ca.key")


def _answer(desk: Desk, signer: Signer) -> str:
    """Let ``openssl`` ask a responder with *signer*, and return what it prints."""
    source = MemorySource({StatusQuery(IssuerKey.of(CA), SERIAL): StatusRecord()})
    responder = Responder([Authority(CA, [signer])])
    with serve_in_thread(
        RequestHandler(responder, source), bind("127.0.0.1", 0)
    ) as url:
        return ask(url, desk / "ca.pem", "-serial", hex(SERIAL))


def _uri(token: Token, label: str) -> str:
    module = token.home.module
    return f"pkcs11:token={token.label};object={label}?module-path={module}"


def _kinds() -> list[str]:
    kinds = ["p256", "p384", "rsa2048", "rsa4096", "ed25519"]
    return kinds + ["mldsa44"] * ("mldsa44" in AVAILABLE)


@pytest.mark.parametrize("kind", _kinds())
def test_from_a_request_to_answers_that_openssl_verifies(kind: str, desk: Desk) -> None:
    """Request, issue, check, serve; openssl reads the request and the certificate."""
    new = ("--key", "@r.key", "--out", "@r.csr", "--kind", kind)
    desk("request", *new, *SUBJECT)
    desk("issue", *ISSUER_KEY, "--request", "@r.csr", "--cert", "@r.pem", "--days", 30)
    desk("check", *ISSUER, "--key", "@r.key", "--cert", "@r.pem")
    spec = SignerSpec(certificate=desk / "r.pem", key=desk / "r.key")
    signer = load_signer(spec)
    if kind == "mldsa44":  # before OpenSSL 3.5, the program does not have it
        assert self_test(Authority(CA, [signer]), NOW).failures == ()
        return
    printed = _answer(desk, signer)
    assert "Response verify OK" in printed
    assert f"{hex(SERIAL)}: good" in printed
    assert "OK" in openssl("req", "-in", desk / "r.csr", "-verify", "-noout")
    openssl("verify", "-CAfile", desk / "ca.pem", desk / "r.pem")


def test_openssl_sees_the_profile(desk: Desk) -> None:
    """What RFC 9919 §3.2.2 wants, and no URL."""
    desk("issue", *ISSUER_KEY, "--key", "@r.key", "--cert", "@r.pem", *SUBJECT)
    text = openssl("x509", "-in", desk / "r.pem", "-noout", "-text")
    for line in (
        "OCSP No Check",
        "OCSP Signing",
        "Digital Signature",
        "CA:FALSE",
        "Subject Key Identifier",
        "Authority Key Identifier",
    ):
        assert line in text
    assert "URI" not in text
    assert "Key Cert Sign" not in text
    ends = openssl("x509", "-in", desk / "r.pem", "-noout", "-checkend", 89 * 86400)
    assert "will not expire" in ends


def test_a_key_in_a_token_from_request_to_renewal(desk: Desk, token: Token) -> None:
    """The key is made there, signs the request and the answers, and is renewed."""
    (desk / "pin").write_text(f"{PIN}\n")
    own = ("--pkcs11", _uri(token, "ocsp"), "--pin-file", "@pin")
    files = ("--out", "@r.csr")
    desk("request", *own, *files, *SUBJECT)
    desk("request", *own, *files, *SUBJECT, "--overwrite", expect=4)  # the name is used
    desk("request", *own, *files, *SUBJECT, "--overwrite", "--reuse-key")
    desk("issue", *ISSUER_KEY, "--request", "@r.csr", "--cert", "@r.pem", "--days", 30)
    pair = (*ISSUER, "--cert", "@r.pem", *own)
    desk("check", *pair)
    spec = SignerSpec(
        certificate=desk / "r.pem",
        pkcs11=_uri(token, "ocsp"),
        pin_file=desk / "pin",
    )
    signer = load_signer(spec)
    try:
        assert not signer.local
        assert signer.parallel == 1
        printed = _answer(desk, signer)
    finally:
        signer.close()
    assert "Response verify OK" in printed
    command = f"{sys.executable} -m ocsp signer issue --issuer @ca.pem"
    command += " --issuer-key @ca.key --request - --cert -"
    desk("renew", *pair, "--command", command)
    renewed = load_signer(spec)
    renewed.close()
    assert renewed.certificate.not_valid_after_utc > NOW + 80 * DAY
    assert renewed.certificate.public_key() == signer.certificate.public_key()


def test_a_ca_whose_key_is_in_a_token_issues(desk: Desk, token: Token) -> None:
    """With an RSA key; the certificate verifies with openssl."""
    public = token.rsa("ca-key", b"\x77")
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    template = {"begin": NOW - DAY, "end": NOW + 400 * DAY}
    own = make("HSM CA", CA_NAME, public=public, extensions=[constraints], **template)  # type: ignore[arg-type]
    (desk / "hsm-ca.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (desk / "pin").write_text(PIN)
    desk(
        *("issue", "--issuer", "@hsm-ca.pem", "--issuer-pin-file", "@pin"),
        *("--issuer-pkcs11", _uri(token, "ca-key")),
        *("--key", "@r.key", "--cert", "@r.pem", *SUBJECT),
    )
    roots = ("-partial_chain", "-trusted", desk / "hsm-ca.pem")
    openssl("verify", *roots, desk / "r.pem")


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        ({"pin": "wrong"}, "pin", "was refused by the token"),
        ({"label": "missing"}, "key_label", "no private EC key has this name"),
        ({"token": "missing"}, "token_label", "no token has this label"),
        ({"module": "/missing.so"}, "module", "cannot be loaded"),
    ],
)
def test_what_is_wrong_with_a_token_is_named(
    change: dict[str, str], setting: str, words: str, desk: Desk, token: Token
) -> None:
    """The PIN is in no error."""
    public = token.ec(f"key-{setting}", identifier=setting.encode())
    times = {"begin": NOW - DAY, "end": NOW + 30 * DAY}
    own = make("OCSP", CA_NAME, public=public, extensions=DELEGATION, **times)  # type: ignore[arg-type]
    (desk / "r.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (desk / "pin").write_text(change.get("pin", PIN))
    module = change.get("module", str(token.home.module))
    label = change.get("label", f"key-{setting}")
    uri = f"pkcs11:token={change.get('token', token.label)};object={label}"
    spec = SignerSpec(
        certificate=desk / "r.pem",
        pkcs11=f"{uri}?module-path={module}",
        pin_file=desk / "pin",
    )
    with pytest.raises(ConfigError, match=words) as caught:
        load_signer(spec)
    assert caught.value.key == setting
    assert PIN not in str(caught.value)


def test_a_renewal_is_loaded_by_a_running_responder(desk: Desk) -> None:
    """Answers go on during the change; afterwards the new key signs."""
    desk(
        *("issue", *ISSUER_KEY, "--key", "@r.key", "--cert", "@r.pem", *SUBJECT),
        *("--days", 20),
    )
    spec = SignerSpec(certificate=desk / "r.pem", key=desk / "r.key")
    signers = SignerSet([spec], SignerTester(issuer=CA))
    asyncio.run(signers.load(NOW))
    (old,) = signers.signers
    command = f"{sys.executable} -m ocsp signer issue --issuer @ca.pem"
    command += " --issuer-key @ca.key --request - --cert - --days 60"
    pair = (*ISSUER, "--cert", "@r.pem", "--key", "@r.key", "--command", command)
    desk("renew", *pair, "--days-before", 10)
    assert not asyncio.run(signers.update(NOW))  # 20 days are left
    desk("renew", *pair, "--days-before", 30)
    assert asyncio.run(signers.update(NOW))
    (new,) = signers.signers
    assert new.certificate.public_key() != old.certificate.public_key()
    assert "Response verify OK" in _answer(desk, old)
    assert "Response verify OK" in _answer(desk, new)
    assert [each.state for each in signers.health()] == [SignerState.READY]


def test_signatures_of_a_token_are_bounded(desk: Desk, token: Token) -> None:
    """Many requests at once: one thread signs, the line is short, the rest is told."""
    public = token.ec("bounded", identifier=b"\x55")
    times = {"begin": NOW - DAY, "end": NOW + 30 * DAY}
    own = make("OCSP", CA_NAME, public=public, extensions=DELEGATION, **times)  # type: ignore[arg-type]
    (desk / "r.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (desk / "pin").write_text(PIN)
    spec = SignerSpec(
        certificate=desk / "r.pem",
        pkcs11=_uri(token, "bounded"),
        pin_file=desk / "pin",
    )
    signer = load_signer(spec)
    slots = SigningSlots(in_flight=8, waiting=20)

    async def ask_all() -> list[bytes | BaseException]:
        calls = [
            slots.run(lambda: signer.sign(b"data"), signer=signer) for _ in range(100)
        ]
        return await asyncio.gather(*calls, return_exceptions=True)

    try:
        found = asyncio.run(ask_all())
    finally:
        signer.close()
    refused = [each for each in found if isinstance(each, SignerUnavailable)]
    signed = [each for each in found if isinstance(each, bytes)]
    assert len(refused) + len(signed) == 100
    assert len(signed) >= 20
    assert refused


def test_a_running_service_follows_its_signer(tmp_path: Path) -> None:
    """A renewal by the command needs no signal, and loses no request."""
    files = CAFolder(tmp_path)
    (tmp_path / "ca.key").write_bytes(files.ca.identity.key_pem)
    command = f"{sys.executable} -m ocsp signer issue --issuer {tmp_path}/ca.pem"
    command += f" --issuer-key {tmp_path}/ca.key --request - --cert - --days 29"
    short = Validity(files.now - DAY, files.now + 10 * DAY)
    old = files.add_delegate("responder", short)
    request = request_for(files.web, files.ca.certificate)
    desk = Desk(tmp_path)
    with serving(tmp_path) as service, Load(service.url, request, clients=2) as load:
        load.wait_for_more()
        assert _signer_of(ask_service(service.url, request)) == old.certificate
        pair = (*ISSUER, "--cert", "@responder.pem", "--key", "@responder.key")
        desk("renew", *pair, "--command", command)
        service.wait_for("loaded from changed files")
        renewed = x509.load_pem_x509_certificate((desk / "responder.pem").read_bytes())
        load.wait_for_more()
        while _signer_of(ask_service(service.url, request)) != renewed:
            load.wait_for_more(1)
        (desk / "responder.key").write_bytes(b"half-written")
        service.wait_for("the changed files are not used")
        load.wait_for_more()
        assert _signer_of(ask_service(service.url, request)) == renewed
    assert load.failures == []
    assert renewed.public_key() != old.certificate.public_key()


def _signer_of(response: OCSPResponse) -> x509.Certificate:
    (found,) = response.certificates
    return found


def test_check_says_what_openssl_would_say_later(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate for servers: the command fails, and so would every client."""
    own = make("A server", CA_NAME, begin=NOW - DAY, end=NOW + DAY)
    (desk / "r.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (desk / "r.key").write_bytes(key_pem(key("A server")))
    show: Callable[..., None] = desk
    pair = (*ISSUER, "--cert", "@r.pem", "--key", "@r.key")
    show("check", *pair, "--json", expect=1)
    document = json.loads(capsys.readouterr().out)
    assert document["state"] == "refused"
    (failed,) = [each for each in document["checks"] if each["result"] == "failed"]
    assert failed["name"] == "delegation"
    assert "does not have the extended key usage OCSPSigning" in failed["messages"][0]
