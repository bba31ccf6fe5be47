"""Test ``ocsp signer``: files, output, exit codes and error lines."""

from __future__ import annotations

import datetime
import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.store import SQLiteStore
from tests.pki import key, make
from tests.unit.signers.files import key_pem

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
CA = make(
    "Desk CA",
    "Desk CA",
    begin=NOW - DAY,
    end=NOW + 400 * DAY,
    extensions=[x509.BasicConstraints(ca=True, path_length=None)],
)
ISSUER = ("--issuer", "ca.pem")
ISSUE = ("issue", *ISSUER, "--issuer-key", "ca.key")
NEW = ("--key", "r.key", "--subject", "CN=OCSP 2027,O=Example")
PAIR = (*ISSUER, "--cert", "r.pem", "--key", "r.key")


class Desk:
    """A command line in a directory with a CA."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object, expect: int = 0) -> str:
        """Run ``ocsp signer``, and return its output; for an error, the error line."""
        code = main(["signer", *map(str, words)])
        out, err = self._capsys.readouterr()
        assert code == expect, err
        assert (err == "") == (expect in {0, 1})
        return err or out


@pytest.fixture
def desk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    """Return a command line whose current directory has a CA."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(CA.public_bytes(Encoding.PEM))
    Path("ca.key").write_bytes(key_pem(key("Desk CA")))
    return Desk(capsys)


def test_request_and_issue_say_what_they_wrote(desk: Desk) -> None:
    """And the key is readable by its owner only."""
    made = desk("request", *NEW, "--out", "r.csr")
    assert made == "r.csr: request for CN=OCSP 2027,O=Example\n"
    assert stat.S_IMODE(Path("r.key").stat().st_mode) == 0o600
    issued = desk(*ISSUE, "--request", "r.csr", "--cert", "r.pem", "--days", 30)
    end = NOW + 30 * DAY
    assert issued.startswith("r.pem: CN=OCSP 2027,O=Example, until ")
    assert f"{end:%Y-%m}" in issued
    renamed = ("--subject", "CN=Another name", "--cert", "other.pem")
    assert "CN=Another name" in desk(*ISSUE, "--request", "r.csr", *renamed)


def test_an_encrypted_key_is_made_with_a_passphrase_file(desk: Desk) -> None:
    """And used with it."""
    Path("passphrase").write_text("secret\n")
    secret = ("--passphrase-file", "passphrase")
    desk(*ISSUE, *NEW, "--cert", "r.pem", *secret)
    assert b"ENCRYPTED" in Path("r.key").read_bytes()
    desk("check", *PAIR, *secret)
    shown = desk("check", *PAIR, expect=1)
    assert "name the file of its passphrase in passphrase_file" in " ".join(
        shown.split()
    )


@pytest.mark.parametrize(
    ("words", "option", "other"),
    [
        (
            (*ISSUE, *NEW[2:], "--key", "ca.key", "--cert", "r.pem"),
            "--key",
            "--issuer-key",
        ),
        (
            (*ISSUE, *NEW[2:], "--key", "link", "--cert", "r.pem"),
            "--key",
            "--issuer-key",
        ),
        ((*ISSUE, *NEW, "--cert", "./ca.pem"), "--cert", "--issuer"),
        ((*ISSUE, *NEW, "--cert", "r.key"), "--cert", "--key"),
        ((*ISSUE, "--request", "r.csr", "--cert", "r.csr"), "--cert", "--request"),
        (("request", *NEW, "--out", "r.key"), "--out", "--key"),
        (
            ("request", *NEW[2:], "--key", "ca.key", "--reuse-key", "--out", "ca.key"),
            "--out",
            "--key",
        ),
        (
            ("request", *NEW, "--passphrase-file", "word", "--out", "word"),
            "--out",
            "--passphrase-file",
        ),
    ],
)
def test_no_file_of_the_command_is_overwritten(
    desk: Desk, words: tuple[str, ...], option: str, other: str
) -> None:
    """Not even with --overwrite: the key of a CA would be lost."""
    Path("link").symlink_to("ca.key")
    Path("word").write_text("secret\n")
    desk("request", *NEW, "--out", "r.csr")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    line = desk(*words, "--overwrite", expect=4)
    assert line.startswith(f"error: {option}: ")
    assert f"is the file of {other} too" in line
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_a_request_can_be_written_to_the_output(desk: Desk) -> None:
    """As the certificate of ``ocsp signer issue``; no file has the name ``-``."""
    made = desk("request", *NEW, "--out", "-")
    assert made.startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    assert not Path("-").exists()


@pytest.mark.parametrize("name", ["r.key", "r.csr", "r.pem"])
def test_no_file_is_overwritten_without_being_asked(desk: Desk, name: str) -> None:
    """Neither the key, nor a request, nor a certificate; nothing else is written."""
    Path(name).write_bytes(b"precious")
    commands: dict[str, tuple[object, ...]] = {
        "r.key": ("request", *NEW, "--out", "r.csr"),
        "r.csr": ("request", *NEW, "--out", "r.csr"),
        "r.pem": (*ISSUE, *NEW, "--cert", "r.pem"),
    }
    line = desk(*commands[name], expect=4)
    assert f"{name} exists" in line
    assert "--overwrite replaces it" in line
    assert Path(name).read_bytes() == b"precious"
    written = sorted(each.name for each in Path().iterdir())
    assert written == sorted(["ca.key", "ca.pem", name])
    desk(*commands[name], "--overwrite")
    assert Path(name).read_bytes() != b"precious"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("request", "--out", "a", "--subject", "CN=a"), "--key: give either --key or"),
        (("request", *NEW, "--out", "a", "--pkcs11", "x"), "--key: give either --key"),
        (
            ("request", *NEW, "--out", "no/a.csr"),
            "--out: the directory no does not exist; make it first",
        ),
        (
            (*ISSUE[:-1], "ca.pem", *NEW, "--cert", "c"),
            "--issuer-key: ca.pem: is a certificate, not a private key",
        ),
        (("request", "--key", "k", "--out", "a", "--subject", "x"), "is not a name"),
        (("request", "--key", "k", "--out", "a", "--subject", ""), "--subject: "),
        ((*ISSUE, "--cert", "r.pem"), "--request: give either --request or --key"),
        ((*ISSUE, "--key", "k", "--cert", "c"), "--subject: is needed for a new key"),
        (
            (*ISSUE, *NEW, "--cert", "c", "--days", "0"),
            "error: --days: must be at least 1",
        ),
        (
            (*ISSUE, *NEW, "--cert", "c", "--days", "500"),
            "error: --days: 500 is too long",
        ),
        (
            (*ISSUE, "--request", "ca.pem", "--cert", "c"),
            "ca.pem: is a certificate, not",
        ),
        (("issue", *ISSUER, *NEW, "--cert", "c"), "--issuer-key: give either"),
        (
            ("check", *ISSUER, "--cert", "ca.pem"),
            "--key: give either --key or --pkcs11",
        ),
        (
            ("check", *PAIR, "--pin-file", "pin"),
            "--pin-file: is for a key in a token",
        ),
        (("renew", *PAIR, "--command", "/missing"), "is not an executable program"),
        (("renew", *PAIR, "--command", "true"), "certificate: r.pem: No such file"),
    ],
)
def test_a_wrong_option_is_one_line(
    desk: Desk, words: tuple[object, ...], error: str
) -> None:
    """It names the option; no file is left behind."""
    assert error in desk(*words, expect=4)
    assert sorted(each.name for each in Path().iterdir()) == ["ca.key", "ca.pem"]


def test_check_shows_each_check_and_what_was_found(desk: Desk) -> None:
    """As a table for people, and as JSON."""
    desk(*ISSUE, *NEW, "--cert", "r.pem", "--days", 30)
    table = desk("check", *PAIR)
    assert table.startswith("CN=OCSP 2027,O=Example: ready\n")
    for name in ("key", "clients", "issuer", "validity", "revocation"):
        assert f"\n{name} " in table
    document = json.loads(desk("check", *PAIR, "--json"))
    assert document["type"] == "signer-check"
    assert document["state"] == "ready"
    assert document["days_left"] in {29, 30}
    assert {each["result"] for each in document["checks"]} == {"passed"}


def test_check_warns_before_the_end_and_still_succeeds(desk: Desk) -> None:
    """From as many days before as the option says."""
    desk(*ISSUE, *NEW, "--cert", "r.pem", "--days", 365)
    assert "warning" not in desk("check", *PAIR)
    assert "warning" not in desk("check", *PAIR, "--alarm-days", 80)
    document = json.loads(desk("check", *PAIR, "--alarm-days", 400, "--json"))
    warned = [each for each in document["checks"] if each["result"] == "warning"]
    assert warned == []  # at most in the last quarter of the validity
    desk(*ISSUE, *NEW, "--cert", "r.pem", "--days", 1, "--overwrite")
    assert "passed" in desk("check", *PAIR)


def test_check_asks_the_status_of_the_certificate(desk: Desk) -> None:
    """A revoked delegate is no signer."""
    desk(*ISSUE, *NEW, "--cert", "r.pem")
    own = x509.load_pem_x509_certificate(Path("r.pem").read_bytes())
    with SQLiteStore(Path("status.db"), create=True) as store:
        store.add(CA, own.serial_number)
    database = ("--db", "status.db")
    assert "not revoked" in desk("check", *PAIR, *database)
    with SQLiteStore(Path("status.db")) as store:
        store.revoke(CA, own.serial_number, NOW)
    shown = desk("check", *PAIR, *database, expect=1)
    assert shown.startswith("CN=OCSP 2027,O=Example: refused\n")
    assert "was revoked at" in shown


def test_renew_waits_until_it_is_time(desk: Desk) -> None:
    """From a timer: the command does not run while there is time."""
    desk(*ISSUE, *NEW, "--cert", "r.pem", "--days", 30)
    before = Path("r.pem").read_bytes()
    again = ("renew", *PAIR, "--command", "false", "--days-before")
    assert "r.pem: not renewed, " in desk(*again, 14)
    assert "false: exited with code 1" in desk(*again, 31, expect=4)
    assert Path("r.pem").read_bytes() == before
