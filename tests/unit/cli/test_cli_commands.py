"""The commands: their output, files, exit codes and error lines."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import ocsp
from ocsp import CertID
from ocsp.cli import main
from ocsp.cli.demo import command as demo_command
from ocsp.cli.demo.clients import Answer
from ocsp.http import get_url
from ocsp.responder import IssuerKey, StatusQuery
from ocsp.store import SQLiteStore
from tests.pki import DELEGATION, OF_A_CA, ca, delegate, key, leaf, make
from tests.vectors import REQUESTS, RESPONSES

Run = Callable[..., tuple[int, str, str]]

PROGRAM = (
    sys.executable,
    "-c",
    # A shell that runs the tests in the background makes them ignore SIGINT, and child
    # processes inherit that.
    (
        "import signal, sys; from ocsp.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.exit(main(sys.argv[1:]))"
    ),
)
"""The program in a separate process."""


@pytest.fixture(name="run")
def _run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line in this process."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    return run


@pytest.fixture(name="files")
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a directory with certificates and keys, and change to it."""
    signer = key("Test Responder")
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    (tmp_path / "other.pem").write_bytes(ca("Other CA").public_bytes(Encoding.PEM))
    (tmp_path / "leaf.pem").write_bytes(leaf().public_bytes(Encoding.PEM))
    (tmp_path / "leaf.der").write_bytes(leaf().public_bytes(Encoding.DER))
    (tmp_path / "responder.pem").write_bytes(delegate().public_bytes(Encoding.PEM))
    for name, encryption in (
        ("responder.key", NoEncryption()),
        ("locked.key", BestAvailableEncryption(b"open sesame")),
    ):
        (tmp_path / name).write_bytes(
            signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        )
        (tmp_path / name).chmod(0o600)
    (tmp_path / "passphrase").write_text("open sesame\n")
    (tmp_path / "passphrase").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _one_line(err: str) -> str:
    """Assert that *err* is one error line, not a traceback, and return it."""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("garbage", [b"", b"\x00" * 50, b"garbage", b"\x30\x80" * 500])
def test_inspect_reports_garbage_in_one_line(
    run: Run, tmp_path: Path, garbage: bytes
) -> None:
    """The exit code is 4, and standard output is empty."""
    file = tmp_path / "garbage"
    file.write_bytes(garbage)
    code, out, err = run("inspect", file)
    assert (code, out) == (4, "")
    assert str(file) in _one_line(err)


def _refused(name: str) -> bool:
    """Return whether every loader rejects the vector *name*."""
    return any(
        word in name
        for word in (
            "invalid-version",
            "no-response-bytes",
            "type-unknown-oid",
            "unknown-response",
        )
    )


def _entries(data: bytes) -> list[ocsp.OCSPSingleResponse]:
    response = ocsp.load_der_ocsp_response(data)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return []
    return list(response.responses)


def test_inspect_shows_a_large_response_of_a_public_ca(
    run: Run, tmp_path: Path
) -> None:
    """All twenty entries are shown, as a tree and as JSON."""
    readable = [data for name, data in RESPONSES.items() if not _refused(name)]
    (large,) = [data for data in readable if len(_entries(data)) == 20]
    file = tmp_path / "response.der"
    file.write_bytes(large)
    code, out, _ = run("inspect", file)
    assert code == 0
    assert "20" in out
    assert "Nothing is verified" in out
    code, out, _ = run("inspect", file, "--json")
    document = json.loads(out)
    assert len(document["responses"]) == 20
    assert document["verified"] is False
    shown = [
        entry["cert_id"]["serial_number"]["decimal"] for entry in document["responses"]
    ]
    assert shown == [str(each.serial_number) for each in _entries(large)]


MESSAGES = RESPONSES | REQUESTS


@pytest.mark.parametrize("name", sorted(filter(_refused, MESSAGES)))
def test_inspect_reports_a_rejected_vector_in_one_line(
    run: Run, tmp_path: Path, name: str
) -> None:
    """The line names the invalid field."""
    file = tmp_path / "message"
    file.write_bytes(MESSAGES[name])
    code, out, err = run("inspect", file)
    assert (code, out) == (4, "")
    assert re.search("version|response|Status", _one_line(err))


@pytest.mark.parametrize(
    "name", sorted(set(MESSAGES) - set(filter(_refused, MESSAGES)))
)
def test_inspect_reads_every_vector_in_every_encoding(
    run: Run, tmp_path: Path, name: str
) -> None:
    """DER, PEM and base64 give the same document."""
    der = MESSAGES[name]
    kind = "RESPONSE" if name in RESPONSES else "REQUEST"
    text = base64.b64encode(der)
    pem = f"-----BEGIN OCSP {kind}-----\n{text.decode()}\n-----END OCSP {kind}-----\n"
    documents = []
    for form in (der, text, pem.encode()):
        file = tmp_path / "message"
        file.write_bytes(form)
        code, out, err = run("inspect", file, "--json")
        assert (code, err) == (0, "")
        documents.append(json.loads(out))
        documents[-1].pop("encoding")
        assert run("inspect", file)[0] == 0
    assert documents[0] == documents[1] == documents[2]


def test_inspect_reads_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a file argument, the command reads standard input."""
    stream = io.TextIOWrapper(io.BytesIO(REQUESTS["req-sha1"]))
    monkeypatch.setattr(sys, "stdin", stream)
    code, out, _ = run("inspect", "--json")
    assert (code, json.loads(out)["type"]) == (0, "request")


def test_request_contains_the_given_certificates(run: Run, files: Path) -> None:
    """A certificate and a serial number are in the DER that the loader reads back."""
    code, out, _ = run(
        "request", "--issuer", "ca.pem", "--cert", "leaf.pem", "--serial", "0x77",
        "--hash", "sha1", "--out", "request.der",
    )  # fmt: skip
    assert (code, out) == (0, "")
    der = (files / "request.der").read_bytes()
    request = ocsp.load_der_ocsp_request(der, allow_multiple=True)
    assert [entry.cert_id for entry in request.requests] == [
        CertID.for_certificate(leaf(), ca(), hashes.SHA1()),
        CertID.for_serial(ca(), 0x77, hashes.SHA1()),
    ]


def test_request_has_every_format(run: Run, files: Path) -> None:
    """DER, PEM, base64 and the URL of a GET contain the same message."""
    asked = ("request", "--issuer", "ca.pem", "--cert", "leaf.der", "--format")
    url = "http://ocsp.test/ca"
    forms = {
        form: run(*asked, form, "--url", url, "--out", f"out.{form}")[0]
        for form in ("der", "pem", "base64", "url")
    }
    assert set(forms.values()) == {0}
    der = (files / "out.der").read_bytes()
    assert (files / "out.base64").read_text().strip() == base64.b64encode(der).decode()
    assert (files / "out.url").read_text().strip() == get_url(url, der)
    assert "BEGIN OCSP REQUEST" in (files / "out.pem").read_text()
    documents = []
    for form in forms:
        code, out, _ = run("inspect", f"out.{form}", "--json")
        documents.append((code, json.loads(out)["requests"]))
    assert all(document == documents[0] for document in documents)


def test_request_can_have_a_nonce(run: Run, files: Path) -> None:
    """The nonce has 32 octets and differs each time (RFC 9654 §2.1)."""
    nonces = set()
    for _ in range(2):
        assert (
            run(
                "request", "--issuer", "ca.pem", "--serial", 1, "--nonce", "--out", "r"
            )[0]
            == 0
        )
        (extension,) = ocsp.load_der_ocsp_request((files / "r").read_bytes()).extensions
        assert isinstance(extension.value, x509.OCSPNonce)
        nonces.add(extension.value.nonce)
    assert {len(nonce) for nonce in nonces} == {32}
    assert len(nonces) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--issuer", "ca.pem"), "no certificate given"),
        (("--issuer", "none.pem", "--serial", "1"), "none.pem: No such file"),
        (
            ("--issuer", "ca.pem", "--serial", "twelve"),
            "--serial: 'twelve' is not a number",
        ),
        (
            ("--issuer", "other.pem", "--cert", "leaf.pem"),
            "--cert was issued by CN=Test CA",
        ),
        (("--serial", "1"), "--issuer"),
        (("--issuer", "ca.pem", "--serial", "1", "--hash", "md5"), "--hash"),
        (
            ("--issuer", "ca.pem", "--cert", "leaf.pem", "--format", "url"),
            "no responder URL",
        ),
        (("--issuer", "ca.pem", "--serial", "1", "--out", "none/there"), "none/there"),
    ],
)
def test_request_reports_an_error_in_one_line(
    run: Run, files: Path, arguments: tuple[str, ...], words: str
) -> None:
    """The exit code is 4, and the line names the wrong file or option."""
    code, out, err = run("request", *arguments)
    assert (code, out) == (4, "")
    assert words in _one_line(err)


def test_status_manages_a_file(run: Run, files: Path) -> None:
    """Certificates can be added, revoked and listed."""
    assert (
        run(
            "status", "add", "--issuer", "ca.pem", "--cert", "leaf.pem", "--serial", "7"
        )[0]
        == 0
    )
    code, out, _ = run("status", "add", "--issuer", "ca.pem", "--cert", "leaf.pem")
    assert (code, out) == (0, "status.db: 0 certificates added, 1 already present\n")
    code, out, _ = run(
        "status", "revoke", "--issuer", "ca.pem", "--serial", "7",
        "--reason", "keyCompromise", "--time", "2026-07-01T12:00:00",
    )  # fmt: skip
    assert code == 0
    assert out == (
        "status.db: 1 certificate revoked\n"
        "  serial number 0x7: revoked (keyCompromise) since 2026-07-01T12:00:00Z\n"
    )
    code, out, _ = run("status", "list", "--json")
    listed = json.loads(out)
    assert (listed["schema_version"], listed["type"]) == (1, "status-list")
    assert listed["certificates"] == [
        {
            "issuer": "CN=Test CA",
            "issuer_key_sha256": IssuerKey.of(ca()).key_hash.hex(),
            "serial_number": "0x7",
            "subject": None,
            "expires": None,
            "status": "revoked",
            "revocation_time": "2026-07-01T12:00:00Z",
            "revocation_reason": "keyCompromise",
            "invalidity_date": None,
        },
        {
            "issuer": "CN=Test CA",
            "issuer_key_sha256": IssuerKey.of(ca()).key_hash.hex(),
            "serial_number": "0x1f2e",
            "subject": "CN=leaf-1f2e",
            "expires": "2026-07-31T12:00:00Z",
            "status": "good",
            "revocation_time": None,
            "revocation_reason": None,
            "invalidity_date": None,
        },
    ]
    code, out, _ = run("status", "list")
    assert code == 0
    assert re.search(r"CN=Test CA\n(.|\n)* 0x7 +revoked \(keyCompromise\)", out)
    assert out.endswith("2 certificates: 1 good, 1 revoked\n")


def _changes(out: str) -> list[tuple[str, str, str | None]]:
    """Return serial number, change and issuer of each certificate in JSON."""
    document = json.loads(out)
    assert (document["schema_version"], document["type"]) == (1, "status-change")
    return [
        (each["serial_number"], each["change"], each["issuer"])
        for each in document["certificates"]
    ]


def _stored(run: Run) -> dict[tuple[str, str], str]:
    """Return the status of each certificate in the file, with its reason."""
    listed = json.loads(run("status", "list", "--json")[1])["certificates"]
    return {
        (each["issuer"], each["serial_number"]): (
            f"{each['status']} {each['revocation_reason'] or ''}".rstrip()
        )
        for each in listed
    }


def _write(name: str, *certificates: x509.Certificate) -> str:
    Path(name).write_bytes(
        b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    )
    return name


def _renewed_ca() -> x509.Certificate:
    """Return a CA with the same name and a new key."""
    return make(
        "Test CA",
        "Test CA",
        public=key("new key"),
        signer=key("new key"),
        extensions=OF_A_CA,
    )


def test_the_issuer_that_signed_is_used(run: Run, files: Path) -> None:
    """Not the first one with the right name; the order does not matter."""
    new = _renewed_ca()
    mine = make("new leaf", "Test CA", serial=0x77, signer=key("new key"))
    _write("new-ca.pem", new)
    _write("new.pem", mine)
    _write("both.pem", leaf(), mine)
    chosen = (("--issuer", "ca.pem", "--issuer", "new-ca.pem"),)
    chosen += (("--issuer", _write("cas.pem", new, ca("Other CA"), ca())),)
    for issuers in chosen:
        run("status", "add", *issuers, "--cert", "both.pem")
        assert run("status", "revoke", *issuers, "--cert", "new.pem")[0] == 0
        with SQLiteStore("status.db") as source:
            records = source.look_up_now(
                [
                    StatusQuery(IssuerKey.of(new), 0x77),
                    StatusQuery(IssuerKey.of(ca()), 0x77),
                    StatusQuery(IssuerKey.of(ca()), 0x1F2E),
                ]
            )
        assert [each and each.status.name for each in records] == [
            "REVOKED", None, "GOOD",
        ]  # fmt: skip


@pytest.mark.parametrize("command", ["add", "revoke", "release"])
def test_a_certificate_that_the_issuer_did_not_sign_is_refused(
    run: Run, files: Path, command: str
) -> None:
    """The CA has a new key; the responder would go on to say *good*."""
    run("status", "add", "--issuer", "ca.pem", "--cert", "leaf.pem")
    _write("new-ca.pem", _renewed_ca())
    code, out, err = run(
        "status", command, "--issuer", "new-ca.pem", "--cert", "leaf.pem"
    )
    assert (code, out) == (4, "")
    assert "leaf.pem: 'CN=leaf-1f2e' names the issuer 'CN=Test CA', but no key" in (
        _one_line(err)
    )
    assert _stored(run) == {("CN=Test CA", "0x1f2e"): "good"}


def test_a_request_about_a_certificate_of_another_key(run: Run, files: Path) -> None:
    """The CertID has the hash of the wrong key: no responder knows the certificate."""
    _write("new-ca.pem", _renewed_ca())
    about = ("--cert", "leaf.pem", "--format", "pem")
    code, _, err = run("request", "--issuer", "new-ca.pem", *about)
    assert code == 0
    assert "new-ca.pem: no key of CN=Test CA in it signed --cert" in err
    assert run("request", "--issuer", "ca.pem", *about)[2] == ""


def test_serial_numbers_need_one_issuer(run: Run, files: Path) -> None:
    """Two certificates of the same key and name are one issuer."""
    about = ("--issuer", "ca.pem", "--issuer", "other.pem", "--serial", "7")
    code, _, err = run("status", "add", *about)
    assert code == 4
    assert "several issuers: 'CN=Test CA', 'CN=Other CA'" in _one_line(err)
    cross = make("Test CA", "Root", public=key("Test CA"), extensions=OF_A_CA)
    _write("cross.pem", cross)
    about = ("--issuer", "ca.pem", "--issuer", "cross.pem", "--serial", "7")
    assert run("status", "add", *about)[0] == 0


def test_a_chain_has_the_issuer_besides_others(run: Run, files: Path) -> None:
    """As the file of a server does; its own certificate is no issuer."""
    chain = _write("chain.pem", leaf(), ca())
    code, out, _ = run("status", "add", "--issuer", chain, "--serial", "7")
    assert (code, out) == (0, "status.db: 1 certificate added\n")


def test_revoking_is_idempotent_and_reported(run: Run, files: Path) -> None:
    """A mixture of files and serial numbers; one that is named twice counts once."""
    about = (
        "--issuer",
        "ca.pem",
        "--cert",
        "leaf.pem",
        "--serial",
        "7",
        "--serial",
        "0x1f2e",
    )
    run("status", "add", *about)
    revoke = ("status", "revoke", *about, "--reason", "superseded")
    code, out, _ = run(*revoke, "--json")
    assert code == 0
    assert _changes(out) == [
        ("0x1f2e", "revoked", "CN=Test CA"), ("0x7", "revoked", "CN=Test CA"),
    ]  # fmt: skip
    before = run("status", "list", "--json")
    code, out, _ = run(*revoke)
    assert code == 0
    summary, *lines = out.splitlines()
    assert summary == "status.db: 0 certificates revoked, 2 unchanged"
    assert lines[0].startswith(
        "  CN=leaf-1f2e, serial number 0x1f2e: unchanged, revoked (superseded) since "
    )
    assert run("status", "list", "--json") == before
    code, _, err = run("status", "revoke", *about, "--reason", "keyCompromise")
    assert code == 4
    assert "is revoked already (its time cannot be changed" in _one_line(err)
    code, out, _ = run(
        "status",
        "revoke",
        *about,
        "--reason",
        "keyCompromise",
        "--change-reason",
        "--json",
    )
    assert [each[1] for each in _changes(out)] == ["revoked", "revoked"]
    assert set(_stored(run).values()) == {"revoked keyCompromise"}


def test_a_serial_number_is_printed_as_it_can_be_typed(run: Run, files: Path) -> None:
    """10 means ten, and 0x10 sixteen: a copied number must not name another one."""
    run("status", "add", "--issuer", "ca.pem", "--serial", "0x10", "--serial", "10")
    shown = {word for word in run("status", "list")[1].split() if word[:1].isdigit()}
    assert {"0x10", "0xa"} < shown
    run("status", "revoke", "--issuer", "ca.pem", "--serial", "0x10")
    assert _stored(run) == {
        ("CN=Test CA", "0x10"): "revoked",
        ("CN=Test CA", "0xa"): "good",
    }


def test_a_revocation_cannot_be_planned(run: Run, files: Path) -> None:
    """The certificate would be revoked at once, and its time could not be changed."""
    about = ("--issuer", "ca.pem", "--serial", "7")
    run("status", "add", *about)
    code, _, err = run("status", "revoke", *about, "--time", "9999-01-01")
    assert code == 4
    assert "--time: '9999-01-01' is in the future" in _one_line(err)
    assert _stored(run) == {("CN=Test CA", "0x7"): "good"}


def test_remove_from_crl_is_no_reason_of_a_revocation(run: Run, files: Path) -> None:
    """It is for delta CRLs; a responder that sends it is at fault (L403)."""
    about = ("--issuer", "ca.pem", "--serial", "7")
    run("status", "add", *about)
    code, _, err = run("status", "revoke", *about, "--reason", "removeFromCRL")
    assert code == 4
    assert "--reason: 'removeFromCRL' is for delta CRLs only" in _one_line(err)
    assert _stored(run) == {("CN=Test CA", "0x7"): "good"}


@pytest.mark.parametrize("bad", ["0x99", "0x1f2e"])
@pytest.mark.parametrize("order", [1, -1])
def test_all_certificates_are_revoked_or_none(
    run: Run, files: Path, bad: str, order: int
) -> None:
    """One is not in the file, or revoked for another reason: nothing is changed."""
    run("status", "add", "--issuer", "ca.pem", "--serial", "7", "--serial", "0x1f2e")
    run(
        "status",
        "revoke",
        "--issuer",
        "ca.pem",
        "--serial",
        "0x1f2e",
        "--reason",
        "superseded",
    )
    before = _stored(run)
    serials = [each for one in ("7", bad)[::order] for each in ("--serial", one)]
    code, _, err = run(
        "status", "revoke", "--issuer", "ca.pem", *serials, "--reason", "keyCompromise"
    )
    assert code == 4
    assert "othing was changed" in _one_line(err)
    assert _stored(run) == before


def test_a_hold_can_be_released(run: Run, files: Path) -> None:
    """A certificate that is not on hold cannot be released."""
    about = ("--issuer", "ca.pem", "--serial", "7")
    run("status", "add", *about)
    assert run("status", "revoke", *about, "--reason", "certificatehold")[0] == 0
    assert run("status", "release", *about)[0] == 0
    code, _, err = run("status", "release", *about)
    assert code == 4
    assert "is not on hold" in _one_line(err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("revoke", "--issuer", "ca.pem", "--serial", "9"), "ocsp status add"),
        (("revoke", "--issuer", "ca.pem"), "no certificate given"),
        (
            ("revoke", "--issuer", "ca.pem", "--serial", "7", "--reason", "bored"),
            "'bored' is not a revocation reason (use one of unspecified, keyCompromise",
        ),
        (("revoke", "--issuer", "ca.pem", "--serial", "7", "--time", "noon"), "--time"),
        (
            ("add", "--issuer", "other.pem", "--cert", "leaf.pem"),
            "'CN=leaf-1f2e' was issued by 'CN=Test CA' (--issuer is 'CN=Other CA')",
        ),
        (
            ("add", "--issuer", "leaf.pem", "--serial", "7"),
            "leaf.pem: CN=leaf-1f2e is not a CA: it has no basicConstraints (give the",
        ),
        (
            ("import", "--issuer", "responder.pem", "ca.pem"),
            "responder.pem: CN=Test Responder is not a CA",
        ),
        (("list", "--db", "none.db"), "the file does not exist"),
        (("list", "--db", "ca.pem"), "not a database"),
    ],
)
def test_status_reports_an_error_in_one_line(
    run: Run, files: Path, arguments: tuple[str, ...], words: str
) -> None:
    """The exit code is 4, and the line says what is wrong or what to do."""
    run("status", "add", "--issuer", "ca.pem", "--serial", "7")
    code, out, err = run("status", *arguments)
    assert (code, out) == (4, "")
    assert words in _one_line(err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--key", "none.key"), "none.key: No such file"),
        (
            (
                *("--key", "responder.key", "--cert", "responder.pem"),
                *("--issuer", "leaf.pem"),
            ),
            "--issuer: leaf.pem: CN=leaf-1f2e is not a CA: it has no basicConstraints;",
        ),
        (("--key", "ca.pem"), "--key: ca.pem: is a certificate, not a private key"),
        (("--key", "locked.key"), "--passphrase-file"),
        (("--key", "locked.key", "--passphrase-file", "ca.pem"), "passphrase is wrong"),
        (
            ("--key", "responder.key"),
            "--key: responder.key: is not the key of the certificate ca.pem",
        ),
        (
            (
                "--key",
                "responder.key",
                "--cert",
                "responder.pem",
                "--issuer",
                "other.pem",
            ),
            "--cert: 'CN=Test Responder' was issued by",
        ),
        (
            ("--key", "responder.key", "--cert", "responder.pem", "--db", "none.db"),
            "--db: none.db does not exist",
        ),
        (
            ("--key", "responder.key", "--cert", "responder.pem", "--port", "70000"),
            "--port",
        ),
        (
            ("--key", "responder.key", "--cert", "responder.pem", "--hours", "0"),
            "--hours: must be more than 0",
        ),
        (
            ("--key", "responder.key", "--cert", "responder.pem"),
            "--cert: no certificate of a signer is valid now",
        ),
    ],
)
def test_serve_reports_an_error_in_one_line(
    run: Run, files: Path, arguments: tuple[str, ...], words: str
) -> None:
    """The error comes before the server listens, and never shows the passphrase."""
    run("status", "add", "--issuer", "ca.pem", "--serial", "7")
    issuer = () if "--issuer" in arguments else ("--issuer", "ca.pem")
    code, out, err = run("serve", *issuer, *arguments)
    assert (code, out) == (4, "")
    assert words in _one_line(err)
    assert "sesame" not in err


def test_serve_without_options_reads_the_configuration_of_the_folder(
    run: Run, files: Path
) -> None:
    """As other commands do; with an option it does not, and the error names the file."""
    code, _, err = run("serve")
    assert code == 4
    assert "ocsp.toml: No such file or directory; ocsp config init writes" in err
    (files / "ocsp.toml").write_text("worker = 2\n")
    code, _, err = run("serve")
    assert code == 4
    assert "ocsp.toml:1: worker: is not a setting" in err
    code, _, err = run("serve", "--port", "0")
    assert code == 4
    assert "--issuer is missing" in err
    assert "without options, ocsp.toml is read" in _one_line(err)
    code, _, err = run("serve", "--config", "ocsp.toml", "--port", "0")
    assert code == 4
    assert "--port: cannot be combined with --config" in err


def test_serve_reports_a_host_that_does_not_exist(run: Run, files: Path) -> None:
    """After the warnings: the issuer of these tests has ended."""
    run("status", "add", "--issuer", "ca.pem", "--serial", "7")
    _write_fresh_responder(files / "fresh.pem")
    signer = ("--issuer", "ca.pem", "--cert", "fresh.pem", "--key", "responder.key")
    code, out, err = run("serve", *signer, "--host", "no.such.invalid")
    assert (code, out) == (4, "")
    warning, error = err.splitlines()
    assert warning.startswith("warning: the issuer's certificate is valid from ")
    assert error.startswith("error: --host or --port: cannot listen on no.such.invalid")


def test_serve_answers_until_it_is_interrupted(files: Path, run: Run) -> None:
    """Garbage gets a well-formed error response; Ctrl-C exits with 130."""
    run("status", "add", "--issuer", "ca.pem", "--serial", "7")
    command = [*PROGRAM, "serve", "--issuer", "ca.pem"]
    command += ["--cert", "fresh.pem", "--key", "locked.key", "--passphrase-file"]
    command += ["passphrase", "--port", "0", "--verbose"]
    _write_fresh_responder(files / "fresh.pem")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url, _, words = server.stdout.readline().partition(" ")
            assert words == "answers for CN=Test CA from status.db\n"
            cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
            asked = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
            with httpx.Client(trust_env=False) as http:
                garbage = http.post(url, content=b"garbage")
                good = http.post(url, content=asked.public_bytes(Encoding.DER))
            assert garbage.content == b"\x30\x03\x0a\x01\x01"
            response = ocsp.load_der_ocsp_response(good.content)
            assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
        finally:
            err = _interrupted(server)
    assert server.returncode == 130
    assert "MALFORMED_REQUEST" in err
    assert "Traceback" not in err


def _interrupted(process: subprocess.Popen[str]) -> str:
    """Send SIGINT, as Ctrl-C does, and return the standard error of *process*."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=20)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _write_fresh_responder(file: Path) -> None:
    """Write a delegate's certificate that is valid now."""
    import datetime

    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = make(
        "Test Responder",
        "Test CA",
        extensions=DELEGATION,
        begin=now - day,
        end=now + day,
    )
    file.write_bytes(certificate.public_bytes(Encoding.PEM))


@pytest.mark.programs
def test_demo_runs_to_the_end(run: Run) -> None:
    """Both clients together get twelve answers, and all are right."""
    code, out, _ = run("demo")
    assert code == 0
    rows = [line for line in out.splitlines() if " POST " in line or " GET " in line]
    assert len(rows) == 12
    assert sum("openssl: verify OK" in row for row in rows) == 4
    assert sum("ocsp: Demo CA" in row for row in rows) == 4
    assert sum("unauthorized" in row for row in rows) == 4
    url = r"http://127\.0\.0\.1:\d+/$"
    (page,) = re.findall(f"The page for operators was at: +{url}", out, re.MULTILINE)
    with pytest.raises(httpx.ConnectError):
        httpx.get(page.split()[-1], timeout=20, trust_env=False)
    assert "Both have stopped." in out
    assert out.endswith("demo --stay\n")


def test_demo_fails_if_the_page_cannot_be_opened(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row with its address says why."""

    def refuse(self: object, url: str) -> bytes:
        raise ocsp.FetchError(url, "does not answer")

    monkeypatch.setattr(demo_command, "find_openssl", lambda: None)
    monkeypatch.setattr(demo_command.PackageClient, "fetch", refuse)
    code, out, _ = run("demo")
    assert code == 1
    assert "WRONG" in out
    assert "does not answer" in out


@pytest.mark.programs
def test_demo_help_names_the_methods_of_both_clients(run: Run) -> None:
    """Both clients ask by GET and by POST, and the help says so."""
    code, out, _ = run("demo", "--help")
    assert code == 0
    assert "by GET and by POST" in out
    table = run("demo")[1]
    for client in ("ocsp GET", "ocsp POST", "openssl GET", "openssl POST"):
        assert table.count(client) == 3


@pytest.mark.programs
def test_demo_fails_if_an_answer_is_wrong(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One wrong answer is enough, and the table marks it."""

    def lie(self: object, certificate: Path) -> Answer:
        return Answer(says="good", verified_by="-")

    monkeypatch.setattr(demo_command.OpenSSLClient, "post", lie)
    code, out, _ = run("demo")
    assert code == 1
    assert out.count("WRONG: expected") == 2


def test_demo_without_openssl_uses_only_this_package(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The missing program is a warning, not a wrong answer."""
    monkeypatch.setattr(demo_command, "find_openssl", lambda: None)
    code, out, err = run("demo")
    assert code == 0
    assert "openssl" not in out.replace("openssl ocsp", "")
    assert "the openssl program is not installed" in err


def test_demo_keeps_its_files_but_not_the_key_of_the_ca(
    run: Run, tmp_path: Path
) -> None:
    """The directory of --keep must be new."""
    kept = tmp_path / "kept"
    assert run("demo", "--keep", kept)[0] == 0
    names = {file.name for file in kept.iterdir()}
    assert {"ca.pem", "responder.pem", "responder.key", "status.db"} <= names
    keys = [name for name in names if b"PRIVATE" in (kept / name).read_bytes()]
    assert keys == ["responder.key"]
    assert (kept / "responder.key").stat().st_mode & 0o077 == 0
    code, _, err = run("demo", "--keep", kept)
    assert code == 4
    assert "exists already" in _one_line(err)


@pytest.mark.programs
def test_demo_stays_and_prints_a_command_that_works(tmp_path: Path) -> None:
    """The printed openssl command gets an answer, and the page says what it is."""
    command = [*PROGRAM, "demo", "--stay"]
    environment = os.environ | {"COLUMNS": "400", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as demo:
        try:
            assert demo.stdout is not None
            page = next(
                line
                for line in demo.stdout
                if line.startswith("The page for operators: ")
            )
            shown = httpx.get(page.split()[-1], timeout=20, trust_env=False)
            assert "Demo CA" in shown.text
            asked = next(line for line in demo.stdout if line.startswith("  openssl"))
            done = subprocess.run(
                asked.split(), capture_output=True, text=True, timeout=20, check=True
            )
            assert "good.pem: good" in done.stdout
        finally:
            _interrupted(demo)
    assert demo.returncode == 0


def test_usage_errors_are_one_line_and_code_4(run: Run) -> None:
    """The line names the command whose --help explains the usage."""
    code, _, err = run("inspect", "--no-such-option")
    assert code == 4
    assert "see ocsp inspect --help" in _one_line(err)
    assert run("no-such-command")[0] == 4


def test_version_is_printed(run: Run) -> None:
    """The version of the command line is that of the package."""
    kind = "compiled" if ocsp.compiled else "pure Python"
    assert run("--version")[:2] == (0, f"ocsp {ocsp.__version__} ({kind})\n")
