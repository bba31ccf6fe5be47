"""``ocsp config``: a configuration from files, its check, and what it contains."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import asn1crypto.x509
import jsonschema
import pytest
from cryptography.hazmat.primitives import serialization

from ocsp.cli import main
from ocsp.guarded.files import exposure_of
from ocsp.service import read_configuration
from ocsp.service.time.clock import WARNING
from ocsp.testing.throwaway_ca import Validity
from tests.ca_folder import DAY, CAFolder


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CAFolder:
    """Write the files of a CA, and work in their folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ocsp.service.time.clock.is_synchronised", lambda: True)
    files = CAFolder(tmp_path)
    files.configuration.unlink()
    return files


@pytest.mark.parametrize(
    "arguments", [["."], ["ca.pem", "responder.pem", "responder.key"]]
)
def test_init_writes_a_configuration_that_check_accepts(
    arguments: list[str], files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a directory, or from files in any order; every setting is explained."""
    assert main(["config", "init", *arguments]) == 0
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == (
        "ocsp.toml: 1 issuer, 1 signer\nocsp.toml: 1 issuer, 1 signer: usable\n"
    )
    text = files.configuration.read_text()
    assert "# CN=Example CA\n[[issuer]]\n" in text
    found = tomllib.loads(text)["issuer"][0]
    assert found["certificate"] == "ca.pem"
    assert found["signers"] == [
        {"certificate": "responder.pem", "key": "responder.key"}
    ]


def test_init_uses_the_key_of_the_ca_if_there_is_no_other(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a warning that says what is better."""
    files.write_secret("ca.key", files.ca.identity.key_pem.decode())
    assert main(["config", "init", "ca.pem", "ca.key"]) == 0
    assert "the key of the CA itself signs the answers" in capsys.readouterr().err
    assert main(["config", "check"]) == 0


def test_init_finds_a_root_of_version_1(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no extensions; without them, what another CA has issued is no CA."""
    folder = files.folder / "old"
    folder.mkdir()
    files.write_secret("old/ca.key", files.ca.identity.key_pem.decode())
    for name, issuer in (("ca", "CA"), ("web", "Other CA")):
        changed = asn1crypto.x509.Certificate.load(
            files.ca.certificate.public_bytes(serialization.Encoding.DER)
        )
        body = changed["tbs_certificate"]
        body["version"], body["extensions"] = "v1", None
        for field, text in (("subject", name.upper()), ("issuer", issuer)):
            body[field] = asn1crypto.x509.Name.build({"common_name": text})
        (folder / f"{name}.der").write_bytes(changed.dump(force=True))
    assert main(["config", "init", "old"]) == 0
    assert "the key of the CA itself signs the answers" in capsys.readouterr().err
    found = tomllib.loads(files.configuration.read_text())["issuer"]
    assert [each["certificate"] for each in found] == ["old/ca.der"]


def test_init_refuses_to_overwrite(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file stays as it was."""
    files.write("ocsp.toml", "mine")
    assert main(["config", "init", "."]) == 4
    assert "ocsp.toml: exists already" in capsys.readouterr().err
    assert files.configuration.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["gone.pem"], "gone.pem: does not exist"),
        (["responder.pem"], "responder.pem: has no certificate of a CA"),
        (
            ["ca.pem", "responder.pem"],
            "has no key of a responder, without a passphrase",
        ),
    ],
)
def test_init_says_what_is_missing(
    arguments: list[str],
    reason: str,
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is written."""
    assert main(["config", "init", *arguments]) == 4
    assert reason in capsys.readouterr().err
    assert not files.configuration.exists()


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--listen", "999.1.1.1:80", "'999.1.1.1' is neither an IP address"),
        ("--admin", "nowhere", "'nowhere' is not an address and port"),
        ("--admin", "0.0.0.0:9080", "listen is 0.0.0.0:9080, which other machines"),
    ],
)
def test_init_writes_no_configuration_that_check_refuses(
    option: str,
    value: str,
    reason: str,
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It wrote one, and said that the check is next."""
    assert main(["config", "init", ".", option, value]) == 4
    assert capsys.readouterr().err.startswith(f"error: {option}: {reason}")
    assert not files.configuration.exists()


def test_init_says_why_a_file_is_not_used(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key with a passphrase, and a certificate that has ended."""
    ended = Validity(files.now - 2 * DAY, files.now - DAY)
    files.add_delegate("ended", ended)
    files.encrypt_key("responder.key", "secret")
    names = ["responder.pem", "responder.key", "ended.pem", "ended.key"]
    assert main(["config", "init", "ca.pem", *names]) == 4
    end = f"{files.now - DAY:%Y-%m-%dT%H:%M:%SZ}"
    reason = "has a passphrase; add it by hand, with passphrase_file"
    assert capsys.readouterr().err.splitlines()[:3] == [
        f"warning: responder.key: left out: {reason}",
        f"warning: ended.pem: left out: CN=ended ended at {end}",
        "warning: ca.pem: left out: there is no key that signs for it",
    ]


def test_check_reports_each_problem_on_a_line(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """With file, line and setting; the exit code is 4."""
    text = files.settings(top="worker = 2")
    files.write("ocsp.toml", text.replace("key =", "kee ="))
    assert main(["config", "check"]) == 4
    assert capsys.readouterr().err == (
        "error: ocsp.toml:3: worker: is not a setting; did you mean workers?\n"
        "error: ocsp.toml:6: issuer.signers.kee: is not a setting; did you mean key?\n"
    )


@pytest.mark.parametrize(
    "secret", ["responder.key", "token", "hmac", "passphrase", "valkey"]
)
def test_check_warns_of_a_secret_that_others_can_read(
    secret: str, files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that mends it; the exit code does not change."""
    files.write_secret("token", "correct horse battery staple " * 2)
    files.write_secret("hmac", "correct horse battery staple " * 2)
    files.write_secret("passphrase", "secret")
    files.write_secret("valkey", "secret")
    files.encrypt_key("responder.key", "secret")
    tables = (
        'valkey = "valkey://127.0.0.1:1?password_file=valkey"\n'
        '[admin]\ntoken_file = "token"\n'
        '[purge]\nwebhook = "http://127.0.0.1:1/"\nsecret_file = "hmac"\n'
    )
    text = files.settings(top=tables).replace("key }", "key }")
    text = text.replace('.key" }', '.key", passphrase_file = "passphrase" }')
    files.write("ocsp.toml", text)
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().err == ""
    path = files.folder / secret
    path.chmod(0o644)
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().err == f"warning: {exposure_of(path)}\n"


@pytest.mark.parametrize("place", [".", "status.db"])
def test_check_warns_of_a_database_that_the_user_cannot_write(
    place: str,
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check and the start said nothing, and every client got tryLater."""
    files.write("ocsp.toml", files.settings())
    denied, access = (files.folder / place).resolve(), os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != denied and access(path, mode)
    )
    assert main(["config", "check"]) == 0
    warning = capsys.readouterr().err
    assert f"has no permission to write {denied}, which the responder" in warning


def test_check_warns_of_a_source_that_cannot_answer(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A CRL that is refused can be replaced later; until then nobody gets a status."""
    assert main(["config", "init", "."]) == 0
    text = files.configuration.read_text()
    files.configuration.write_text(f'{text}\n[issuer.source]\ncrl = ["ca.pem"]\n')
    capsys.readouterr()
    assert main(["config", "check"]) == 0
    (line,) = [
        each
        for each in capsys.readouterr().err.splitlines()
        if each.startswith("warning: ")
    ]
    assert "have no status now, and clients get tryLater" in line
    assert "ca.pem" in line


@pytest.mark.requirement("R9919-8")
def test_check_warns_of_a_clock_that_is_not_synchronised(
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A warning, not an error: the clock can be right all the same."""
    monkeypatch.setattr("ocsp.service.time.clock.is_synchronised", lambda: False)
    files.write("ocsp.toml", files.settings())
    assert main(["config", "check"]) == 0
    assert f"warning: {WARNING}\n" in capsys.readouterr().err


def test_show_prints_all_settings(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also the defaults, in the form of the file."""
    files.write("ocsp.toml", files.settings())
    assert main(["config", "show"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["answers"]["validity"] == "8h"
    assert shown["answers"]["memory"] == "64MiB"
    assert shown["database"] == f"sqlite:{files.folder / 'status.db'}"


def test_the_schema_accepts_what_is_accepted(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """And refuses an unknown key, as the reader does."""
    assert main(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    main(["config", "init", "."])
    document = tomllib.loads(files.configuration.read_text())
    jsonschema.validate(document, schema)
    read_configuration(files.configuration)
    document["worker"] = 1
    with pytest.raises(jsonschema.ValidationError, match="worker"):
        jsonschema.validate(document, schema)
