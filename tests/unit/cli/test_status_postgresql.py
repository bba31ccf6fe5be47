"""``ocsp status`` on a PostgreSQL database: the same commands with another ``--db``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.cli.exit_codes import ExitCode
from ocsp.store import open_store
from tests.pki import ca

pytestmark = pytest.mark.programs

Run = Callable[..., tuple[int, str, str]]
INDEX = """\
V\t300101000000Z\t\t1000\tunknown\t/CN=host
R\t300101000000Z\t260701120000Z,keyCompromise\t1001\tunknown\t/CN=host
R\t300101000000Z\t260701120000Z,certificateHold\t1002\tunknown\t/CN=host
"""


@pytest.fixture(name="run")
def _run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    postgresql_url: str,
) -> Run:
    """Return a function that runs a command of ``ocsp status`` on the database."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    Path("index.txt").write_text(INDEX)
    # The server asks for no password; it must not be shown all the same.
    url = postgresql_url.replace("ocsp@", "ocsp:SECRET@")

    def call(command: str, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["status", command, "--db", url, *arguments])
        out, err = capsys.readouterr()
        assert "SECRET" not in out + err
        return code, out, err

    return call


def test_all_commands(run: Run, postgresql_url: str) -> None:
    """Make the tables, import, change, show, list, log, and prune."""
    assert run("list")[0] == ExitCode.INPUT_ERROR
    code, out, _ = run("upgrade")
    assert (code, "converted" in out) == (0, True)
    assert "stays as it is" in run("upgrade")[1]
    issuer = ("--issuer", "ca.pem")
    code, out, err = run("import", *issuer, "index.txt")
    assert (code, "3 added" in out) == (0, True), err
    assert "3 unchanged" in run("import", *issuer, "index.txt")[1]
    code, out, err = run("add", *issuer, "--serial", "0x1003")
    assert code == 0, err
    assert out.endswith("1 certificate added\n")
    assert out.startswith("postgresql://ocsp@/")
    assert (
        run("revoke", *issuer, "--serial", "0x1003", "--reason", "superseded")[0] == 0
    )
    assert run("release", *issuer, "--serial", "0x1002")[0] == 0
    code, _, err = run("release", *issuer, "--serial", "0x1001")
    assert (code, "is not on hold" in err) == (ExitCode.INPUT_ERROR, True)
    rows = json.loads(run("list", "--json")[1])["certificates"]
    assert [each["status"] for each in rows] == ["good", "revoked", "good", "revoked"]
    assert "superseded" in run("show", "0x1003")[1]
    assert "ocsp status release" in run("log")[1]
    assert "revoked" in run("export", "--format", "csv")[1]
    assert "0 certificates" in run("prune", "--expired", "1d", "--yes")[1]
    code, out, _ = run("partition", *issuer, "--parts", "2")
    assert (code, "has 2 partitions of its own" in out) == (0, True)
    assert "own already" in run("partition", *issuer)[1]
    with open_store(postgresql_url) as store:
        before = store.epoch()
        assert run("restored")[1].endswith("has a new identity\n")
        assert store.epoch() != before


@pytest.mark.parametrize(
    ("command", "arguments", "instead"),
    [("backup", ["copy.db"], "pg_dump"), ("restore", ["copy.db"], "pg_restore")],
)
def test_copies_are_made_by_the_programs_of_postgresql(
    run: Run, command: str, arguments: list[str], instead: str
) -> None:
    """The error names the one to use."""
    code, _, err = run(command, *arguments)
    assert code == ExitCode.INPUT_ERROR
    assert "is a PostgreSQL database" in err
    assert instead in err


def test_a_file_has_no_partitions_and_is_never_restored_from_a_dump(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The other kind of database."""
    certificate = tmp_path / "ca.pem"
    certificate.write_bytes(ca().public_bytes(Encoding.PEM))
    for arguments in (["restored"], ["partition", "--issuer", str(certificate)]):
        assert (
            main(["status", *arguments, "--db", str(tmp_path / "status.db")])
            == ExitCode.INPUT_ERROR
        )
        assert "is a SQLite file" in capsys.readouterr().err
