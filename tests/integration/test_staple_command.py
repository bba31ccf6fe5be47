"""Test ``ocsp staple`` as people and programs run it, with a responder on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.cli import main
from ocsp.responder import UnknownSerialPolicy
from ocsp.testing import PKI
from tests.integration.staples import Scene, scene
from tests.pki import key, make

PROGRAM = (
    sys.executable,
    "-c",
    # In a background job the shell sets SIGINT to be ignored, and the process would
    # inherit that.
    (
        "import signal, sys; from ocsp.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.exit(main(sys.argv[1:]))"
    ),
)
"""The program in a new process."""


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as made:
        yield made


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_people_get_a_table(site: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    """A second run changes nothing and asks no responder."""
    assert site.refresh() == 0
    out, err = capfd.readouterr()
    assert "good" in out
    assert "written" in out
    assert err == ""
    before = site.staple.stat()
    site.forget()
    assert site.refresh() == 0
    assert "young" in capfd.readouterr().out
    assert site.staple.stat().st_ino == before.st_ino


def test_json_has_one_line_for_each_certificate(
    site: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    """The keys are stable; a revocation has its time."""
    site.revoke()
    assert site.refresh("--json") == 1
    out, err = capfd.readouterr()
    assert "IS REVOKED" in err
    (line,) = _lines(out)
    assert line.pop("certificate") == str(site.site)
    assert line.pop("staple") == str(site.staple)
    assert (line["schema_version"], line["type"]) == (1, "staple")
    assert line["status"] == "revoked"
    assert (line["event"], line["state"], line["failure"]) == ("written", "holds", None)
    assert set(line) == {
        "schema_version", "type", "time", "event", "state", "status", "revocation_time", "this_update",
        "holds_until", "next", "not_needed", "dropped", "failure", "error",
    }  # fmt: skip
    assert line["revocation_time"].endswith("Z")


def test_a_failure_ends_with_0_while_the_old_staple_is_valid(
    site: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    """The failure is printed; without a valid staple the exit code is 3."""
    site.forget()  # unauthorized
    assert site.refresh() == 3
    out, err = capfd.readouterr()
    assert "no staple" in out
    assert "could not be renewed" in err
    assert "(the responder has no record of it; check --issuer and --url)" in err
    assert "HAS NO VALID STAPLE" in err
    site.staple.write_bytes(site.signed(begin=-1, end=5))
    assert site.refresh("--force") == 0
    out, err = capfd.readouterr()
    assert "not renewed; the old one is still valid" in out
    assert "could not be renewed" in err
    site.staple.write_bytes(site.signed(begin=-9, end=1))
    assert site.refresh() == 3
    assert "ITS STAPLE EXPIRES IN 59 MINUTES" in capfd.readouterr().err


def test_a_certificate_that_its_responder_does_not_know(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 2, and no *unknown* staple is written."""
    with scene(tmp_path, UnknownSerialPolicy.UNKNOWN) as site:
        site.forget()
        assert site.refresh() == 2
        assert not site.staple.exists()
        assert "does not know the certificate" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (
            ("--exec", "false"),
            "the --exec command failed: false: exited with code 1",
        ),
        (("--exec", "no-such-program"), "is not an executable program"),
        (("--out", "no/such/directory/x"), "/no/such/directory does not exist"),
        (("--issuer", "no-such-file"), "No such file or directory"),
        (("--issuer", "/dev/zero"), "is a device, not a regular file"),
        (("--out", "/"), "is a directory, not a regular file"),
    ],
)
def test_configuration_errors_end_with_4(
    site: Scene,
    capfd: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    what: str,
) -> None:
    """The message names the cause."""
    assert site.refresh(*options) == 4
    assert what in capfd.readouterr().err


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"-----BEGIN PRIVATE KEY-----", "is a private key, not a certificate"),
        (b"", "is empty"),
        (b"hello", "contains no certificate in PEM, DER or PKCS #7"),
    ],
)
def test_a_file_without_a_certificate_is_named_at_start(
    site: Scene, capfd: pytest.CaptureFixture[str], content: bytes, what: str
) -> None:
    """Alone it ends the command; beside another file it costs that one nothing."""
    bad = site.site.with_name("bad.pem")
    bad.write_bytes(content)
    assert main(["staple", str(bad)]) == 4
    assert f"error: {bad}: {what}" in capfd.readouterr().err
    assert site.refresh(str(bad)) == 4
    assert f"warning: {bad}: {what}" in capfd.readouterr().err
    assert site.staple.exists()


def test_an_issuer_with_another_key_is_not_the_issuer(
    site: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    """A CA that renewed its key keeps its name; the error does not only repeat it."""
    certificate = x509.load_pem_x509_certificates(site.ca_file.read_bytes())[0]
    subject = certificate.subject.rfc4514_string().removeprefix("CN=")
    new = make(subject, subject, public=key("new"), signer=key("new"))
    file = site.site.with_name("new.pem")
    file.write_bytes(new.public_bytes(Encoding.PEM))
    assert site.refresh("--issuer", str(file)) == 4
    assert "with another key" in capfd.readouterr().err


def test_the_option_out_is_for_one_certificate_only(
    site: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    """Otherwise two certificates would have the same staple file."""
    assert site.refresh(str(site.ca_file), "--out", "x") == 4
    assert "several certificates" in capfd.readouterr().err


def test_options_reach_the_client(
    site: Scene, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Another file, and another hash, which gives a compatibility warning."""
    out = tmp_path / "staple.der"
    assert site.refresh("--out", str(out), "--cert-id-hash", "sha256") == 0
    assert "names the issuer by sha256" in capfd.readouterr().err
    staple = ocsp.load_der_ocsp_response(out.read_bytes())
    assert staple.hash_algorithm.name == "sha256"
    assert main(["staple", str(site.site), "--once"]) == 3
    error = capfd.readouterr().err
    assert "requires a staple (RFC 7633), but it names no responder" in error


@contextmanager
def _daemon(site: Scene, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        *PROGRAM,
        "staple",
        str(site.site),
        "--url",
        site.url,
        "--json",
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _next(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert isinstance(found, dict)
    return found


def test_a_daemon_renews_on_sighup_and_ends_on_sigterm(
    site: Scene, tmp_path: Path
) -> None:
    """The hook runs on each change; no lock or temporary file is left."""
    statuses = tmp_path / "statuses"
    hook = f"""sh -c 'echo "$OCSP_STAPLE_STATUS" >> {statuses}'"""
    with _daemon(site, "--exec", hook) as process:
        assert _next(process)["status"] == "good"
        site.revoke()
        process.send_signal(signal.SIGHUP)
        line = _next(process)
        assert (line["event"], line["status"]) == ("written", "revoked")
        # No other process can renew it meanwhile.
        assert site.refresh() == 4
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert statuses.read_text() == "good\nrevoked\n"
    names = {each.name for each in site.sites.iterdir()}
    assert names == {"site.pem", "site.pem.ocsp"}


def test_a_killed_daemon_leaves_a_complete_staple(site: Scene) -> None:
    """The next process takes over."""
    with _daemon(site) as process:
        assert _next(process)["event"] == "written"
        process.kill()
        process.wait(20)
    assert site.refresh("--force") == 0
    assert not (site.sites / ".site.pem.ocsp.lock").exists()


def test_ctrl_c_ends_with_130(site: Scene) -> None:
    """All commands have this exit code after SIGINT."""
    with _daemon(site) as process:
        assert _next(process)["event"] == "written"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_certificates_without_responder_need_no_staple(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0, one row for each, and no warning; the old staple is dropped."""
    pki = PKI(delegated=False)
    paths = []
    for name in ("one", "two"):
        identity = pki.issue(f"{name}.test", crl_urls=["http://a.example/ca.crl"])
        paths.append(tmp_path / f"{name}.pem")
        paths[-1].write_bytes(identity.chain_pem)
    old = tmp_path / "two.pem.ocsp"
    old.write_bytes(b"that of another certificate")
    assert main(["staple", *map(str, paths), "--once"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert " ".join(out.split()).count("not needed") == 2
    assert old.read_bytes() == b""
    assert main(["staple", *map(str, paths), "--once", "--json"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    for line in _lines(out):
        assert (line["event"], line["state"], line["not_needed"], line["failure"]) == (
            "not-needed", "not-needed", "no-responder", None,
        )  # fmt: skip
