"""``ocsp presign``: everything that is due is signed, and the rest is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ocsp.cli import main
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.store import SQLiteStore
from tests.ca_folder import CAFolder
from tests.servers.redis import RedisServer


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CAFolder:
    """Write the files of a CA, and work in their folder."""
    monkeypatch.chdir(tmp_path)
    return CAFolder(tmp_path)


def test_everything_that_is_due_is_signed(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """In both forms of the configuration; the second run has nothing to do."""
    assert main(["presign"]) == 0
    assert capsys.readouterr().out.endswith("status.db: 2 answers stored\n")
    assert main(["presign", "ocsp.toml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    del document["schema_version"]
    assert document == {
        "type": "presign",
        "signed": 0,
        "stored": 0,
        "failed": 0,
        "unavailable_signers": 0,
        "ended_workers": 0,
        "shared": True,
    }
    query = StatusQuery(IssuerKey.of(files.ca.certificate), files.web.serial_number)
    with SQLiteStore("status.db") as store:
        for form in (CertIDForm.SHA1, CertIDForm.SHA256):
            found = store.look_up_with_answer(query, form)
            assert found is not None
            assert found.stored is not None


@pytest.mark.programs
def test_the_answers_are_copied_to_valkey(
    files: CAFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the configuration names a server; it is a problem if the server is away."""
    with RedisServer(tmp_path / "server") as server:
        line = f'valkey = "{server.url}"'
        files.write("ocsp.toml", files.settings(top=line))
        assert main(["presign"]) == 0
        with server.client() as client:
            assert (
                client.dbsize() == 6
            )  # two answers; epoch, signer, begun, and a count
        files.issue("late.example.org")
        assert main(["presign"]) == 0
        with server.client() as client:
            assert client.dbsize() == 9  # another count
    capsys.readouterr()
    assert main(["presign", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["shared"] is False
    assert "not copied to Valkey: " in said.err


def test_a_configuration_with_a_problem_is_an_error(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the setting."""
    (files.folder / "status.db").unlink()
    assert main(["presign"]) == 4
    assert "ocsp.toml:1: database" in capsys.readouterr().err


def test_a_file_is_for_one_process(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two would sign the same answers."""
    del files
    assert main(["presign", "--workers", "2"]) == 4
    assert "--workers: a SQLite file is for one process" in capsys.readouterr().err
