"""``ocsp status``: import, show, list, log, export and prune, as a user calls them."""

from __future__ import annotations

import csv
import datetime
import gc
import io
import json
import re
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.times import timestamp
from ocsp.cli import main
from ocsp.cli.commands.status import workers
from ocsp.cli.commands.status.reading import exporting, listing
from ocsp.cli.render import json_output
from ocsp.errors import StoreError
from ocsp.responder import IssuerKey
from ocsp.status.importing import importer
from ocsp.store import CertificateRow, ImportedBatch, LateReader, SQLiteStore
from ocsp.store import listing as stored
from tests.crls import crl, entry
from tests.pki import NOW, OF_A_CA, ca, key, leaf, make
from tests.unit.store.scene import NOW_SECONDS, SHA1, signed

Run = Callable[..., tuple[int, str, str]]

GOOD = "V\t300101000000Z\t\t{:04X}\tunknown\t/CN=host"
REVOKED = "R\t300101000000Z\t260701120000Z,keyCompromise\t{:04X}\tunknown\t/CN=host"
HELD = REVOKED.replace("keyCompromise", "certificateHold")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return a function that runs ``ocsp status`` in a directory with ``ca.pem``."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    Path("other.pem").write_bytes(ca("Other CA").public_bytes(Encoding.PEM))

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["status", *arguments])
        return code, *capsys.readouterr()

    return call


def _index(*lines: str, name: str = "index.txt") -> str:
    Path(name).write_text("".join(f"{each}\n" for each in lines))
    return name


def _import(run: Run, *arguments: str) -> dict[str, Any]:
    """Import the files, and return the report about the first of them."""
    _, out, _ = run("import", "--issuer", "ca.pem", "--json", *arguments)
    document = json.loads(out)
    assert (document["schema_version"], document["type"]) == (1, "status-import")
    report: dict[str, Any] = document["files"][0]
    return report


def _counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return how many were added, revoked, released, and unchanged."""
    return tuple(  # type: ignore[return-value]
        report[each] for each in ("added", "revoked", "released", "unchanged")
    )


def _stored() -> dict[int, str]:
    """Return the status of each certificate in the file, with its reason."""
    with SQLiteStore("status.db") as store:
        return {
            each.serial_number: each.record.status.name
            + (f" {reason.value}" if (reason := each.record.revocation_reason) else "")
            for each in store.entries()
        }


# --- import ----------------------------------------------------------------------------


def test_an_import_adds_revokes_and_can_be_repeated(run: Run) -> None:
    """The database follows the file."""
    file = _index(GOOD.format(1), REVOKED.format(2))
    code, out, _ = run("import", "--issuer", "ca.pem", file)
    assert (code, out) == (0, "index.txt: 2 certificates: 2 added\n")
    assert _counts(_import(run, file)) == (0, 0, 0, 2)
    _index(REVOKED.format(1), REVOKED.format(2), GOOD.format(3))
    assert _counts(_import(run, file)) == (1, 1, 0, 1)
    assert _stored() == {
        1: "REVOKED keyCompromise",
        2: "REVOKED keyCompromise",
        3: "GOOD",
    }


def test_a_database_may_be_named_as_in_the_configuration(run: Run) -> None:
    """No other file is made, where the responder would not see what is changed."""
    file = _index(REVOKED.format(1))
    _import(run, "--db", "sqlite:status.db", file)
    assert _stored() == {1: "REVOKED keyCompromise"}
    assert not list(Path().glob("sqlite:*"))
    code, _, err = run("list", "--db", "sqlite:")
    assert (code, err) == (4, "error: --db: the file name is empty\n")


def test_the_hash_of_a_certificate_is_kept(run: Run) -> None:
    """Whichever command gets the certificate itself, and through a revocation."""
    Path("certs").mkdir()
    for number in (1, 2, 3):
        pem = leaf(number).public_bytes(Encoding.PEM)
        Path("certs" if number == 3 else "", f"{number}.pem").write_bytes(pem)
    run("add", "--issuer", "ca.pem", "--cert", "1.pem", "--serial", "4")
    run("import", "--issuer", "ca.pem", "2.pem", "certs")
    run("revoke", "--issuer", "ca.pem", "--cert", "1.pem")
    with SQLiteStore("status.db") as store:
        kept = {each.serial_number: each.record.cert_hash for each in store.entries()}
    hashed = {number: leaf(number).fingerprint(hashes.SHA256()) for number in (1, 2, 3)}
    assert kept == {**hashed, 4: b""}


def test_revoked_never_becomes_good(run: Run) -> None:
    """The report says so, and the exit code."""
    _import(run, _index(REVOKED.format(1)))
    code, out, _ = run("import", "--issuer", "ca.pem", _index(GOOD.format(1)))
    assert code == 1
    assert (
        "serial number 0x1: is good, but the database has revoked (keyCompromise)"
        in out
    )
    arguments = ("--release-holds", "index.txt")
    assert _counts(_import(run, *arguments)) == (0, 0, 0, 1)
    assert _stored() == {1: "REVOKED keyCompromise"}


def test_a_hold_ends_only_if_the_operator_says_so(run: Run) -> None:
    """Or with another revocation."""
    _import(run, _index(HELD.format(1), HELD.format(2)))
    file = _index(GOOD.format(1), REVOKED.format(2))
    report = _import(run, file)
    assert _counts(report) == (0, 1, 0, 1)
    assert report["oddities"]["counts"]["conflict"] == 1
    assert _stored() == {1: "REVOKED certificateHold", 2: "REVOKED keyCompromise"}
    report = _import(run, "--release-holds", file)
    assert _counts(report) == (0, 0, 1, 1)
    assert report["oddities"]["counts"]["conflict"] == 0
    assert _stored() == {1: "GOOD", 2: "REVOKED keyCompromise"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (REVOKED.format(1), REVOKED.format(1).replace("2607", "2606")),
        (REVOKED.format(1), REVOKED.format(1).replace("keyComp", "CAComp")),
        (GOOD.format(1), GOOD.format(1).replace("3001", "3101")),
    ],
)
def test_what_the_database_has_otherwise_is_reported(
    run: Run, first: str, second: str
) -> None:
    """Another time, another reason, or another certificate with the same number."""
    _import(run, _index(first))
    before = _stored()
    assert _import(run, _index(second))["oddities"]["counts"]["conflict"] == 1
    assert _stored() == before


def test_a_list_of_issued_certificates_says_nothing_about_their_status(
    run: Run,
) -> None:
    """It stands beside a CRL, in any order."""
    Path("ca.crl").write_bytes(crl(entry(1), end=NOW + datetime.timedelta(days=9999)))
    Path("issued.csv").write_text("serial_number\n1\n2\n1f2e\n")
    Path("leaf.pem").write_bytes(leaf().public_bytes(Encoding.PEM))
    files = ("issued.csv", "ca.crl", "issued.csv", "leaf.pem")
    code, _, _ = run("import", "--issuer", "ca.pem", *files)
    assert code == 0
    assert _stored() == {1: "REVOKED", 2: "GOOD", 0x1F2E: "GOOD"}


def test_a_dry_run_says_the_same_and_changes_nothing(run: Run) -> None:
    """Also without a database."""
    file = _index(GOOD.format(1), HELD.format(2), GOOD.format(3), "nonsense")
    report = _import(run, "--dry-run", file)
    assert not Path("status.db").exists()
    assert report == _import(run, file)
    _index(REVOKED.format(1), GOOD.format(2), GOOD.format(4))
    before = _stored()
    for more in ((), ("--release-holds",)):
        foreseen = _import(run, "--dry-run", *more, file)
        assert _stored() == before
    assert foreseen == _import(run, "--release-holds", file)


def test_an_interrupted_import_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its last batch, if the file is the same."""
    monkeypatch.setattr(importer, "SORTED_ROWS", 20)
    monkeypatch.setattr(importer, "BATCH_ROWS", 10)
    file = _index(*(GOOD.format(number) for number in range(1, 96)))
    real, calls = SQLiteStore.import_rows, [0]

    def breaks(self: SQLiteStore, *args: Any, **kwargs: Any) -> ImportedBatch:
        calls[0] += 1
        if calls[0] == 5:
            raise StoreError("the disk is full")
        return real(self, *args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(SQLiteStore, "import_rows", breaks)
        code, _, err = run("import", "--issuer", "ca.pem", file)
    assert (code, err) == (4, "error: the disk is full\n")
    assert len(_stored()) == 40
    report = _import(run, file)
    assert (report["rows"], report["resumed_after"], report["added"]) == (95, 40, 55)
    assert _import(run, file)["resumed_after"] == 0  # it had ended
    assert len(_stored()) == 95


@pytest.fixture
def interrupted(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that imports until the fourth batch is interrupted."""
    monkeypatch.setattr(importer, "SORTED_ROWS", 20)
    monkeypatch.setattr(importer, "BATCH_ROWS", 10)
    real, calls = SQLiteStore.import_rows, [0]

    def breaks(self: SQLiteStore, *args: Any, **kwargs: Any) -> ImportedBatch:
        calls[0] += 1
        if calls[0] == 4:
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    def call(*arguments: str) -> str:
        with monkeypatch.context() as broken:
            broken.setattr(SQLiteStore, "import_rows", breaks)
            code, out, err = run("import", "--issuer", "ca.pem", *arguments)
        assert (code, out) == (130, "")
        return err

    return call


def test_ctrl_c_says_what_an_import_has_stored(
    run: Run, interrupted: Callable[..., str]
) -> None:
    """The same command goes on exactly there, also among rows that were sorted."""
    file = _index(*(GOOD.format(number) for number in range(95, 0, -1)))
    assert interrupted(file) == (
        "interrupted: 30 certificates of index.txt stored; "
        "the same command imports the rest\n"
    )
    assert len(_stored()) == 30
    report = _import(run, file)
    assert (report["resumed_after"], report["added"]) == (30, 65)
    assert report["unchanged"] == 0
    assert len(_stored()) == 95


def test_an_interrupted_import_with_other_serial_numbers_begins_anew(
    run: Run, interrupted: Callable[..., str]
) -> None:
    """Other rows can be read then: to skip as many as before would lose some."""
    numbers = (f"{number:x}" for number in range(1, 96))
    Path("issued.csv").write_text("\n".join(["serial_number", *numbers]))
    interrupted("issued.csv")
    report = _import(run, "--serials", "hex", "issued.csv")
    assert (report["resumed_after"], len(_stored())) == (0, 95)


def test_a_batch_is_imported_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    """A row that the database refuses takes its batch back."""
    too_long = CertificateRow(serial_number=1 << 2000)
    with SQLiteStore("status.db", create=True) as store:
        rows = [CertificateRow(serial_number=1), too_long]
        with pytest.raises(StoreError):
            store.import_rows(ca(), rows, digest=b"x", done=2)
        assert list(store.entries()) == []


def test_all_that_is_odd_is_in_the_report(run: Run) -> None:
    """The rest is imported."""
    file = _index(GOOD.format(1), "nonsense", GOOD.format(2).replace("0002", "123"))
    code, out, _ = run("import", "--issuer", "ca.pem", file)
    assert code == 1
    assert "index.txt: 2 certificates: 2 added\n" in out
    assert "  cannot be read, not imported: 1\n    line 2: " in out
    assert "    line 3: has the serial number '123' with an odd number" in out
    report = _import(run, file)["oddities"]
    assert (report["counts"]["unreadable"], report["counts"]["serial-number"]) == (1, 1)
    assert [each["place"] for each in report["first"]] == ["line 2", "line 3"]


@pytest.mark.parametrize(("ahead", "odd"), [(30, False), (3600, True)])
def test_a_revocation_in_the_future_is_in_force_and_reported(
    run: Run, ahead: int, odd: bool
) -> None:
    """With the time of the file; a clock that is a little ahead is not reported."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    since = now + datetime.timedelta(seconds=ahead)
    file = _index(
        f"R\t991231235959Z\t{since:%y%m%d%H%M%SZ},keyCompromise\t0001\tunknown\t/CN=1"
    )
    code, out, _ = run("import", "--issuer", "ca.pem", file)
    said = f"serial number 0x1: is revoked since {timestamp(since)}, which is in the"
    assert (code == 1, said in out) == (odd, odd)
    assert _stored() == {1: "REVOKED keyCompromise"}
    with SQLiteStore("status.db") as store:
        (entry,) = store.entries()
    assert entry.record.revocation_time == since
    report = _import(run, file)  # a repeated import finds no conflict
    assert report["oddities"]["counts"]["conflict"] == 0
    assert (report["oddities"]["counts"]["future"] == 1) is odd


def test_standard_input_is_imported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a database on another machine."""
    data = io.TextIOWrapper(io.BytesIO(f"{GOOD.format(1)}\n".encode()))
    monkeypatch.setattr("sys.stdin", data)
    code, out, _ = run("import", "--issuer", "ca.pem", "-")
    assert (code, out) == (0, "standard input: 1 certificate: 1 added\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("anything", "file: is neither index.txt, a CRL, CSV"),
        ("serial_number,sttaus\n", "'sttaus', which is not known"),
        (None, "file: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_imported_is_an_error(
    run: Run, content: str | None, words: str
) -> None:
    """One line, and exit code 4."""
    if content is not None:
        Path("file").write_text(content)
    code, out, err = run("import", "--issuer", "ca.pem", "file")
    assert (code, out) == (4, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_format_can_be_named(run: Run) -> None:
    """Then it is not recognized by the content."""
    Path("file").write_text("serial_number\n31\n")
    arguments = ("--format", "csv", "--serials", "decimal", "file")
    assert _import(run, *arguments)["format"] == "csv"
    assert _stored() == {31: "GOOD"}
    report = _import(run, "--format", "index", "file")
    assert report["oddities"]["counts"]["unreadable"] == 2


# --- show, list, log, export, prune ----------------------------------------------------


@pytest.fixture
def filled(run: Run) -> Run:
    """Return *run* with three certificates of one CA, and one of another."""
    _import(run, _index(GOOD.format(1), GOOD.format(2), REVOKED.format(3)))
    run("add", "--issuer", "other.pem", "--serial", "1")
    run("revoke", "--issuer", "ca.pem", "--serial", "2", "--reason", "superseded")
    return run


def _listed(run: Run, *arguments: str) -> list[tuple[str, str]]:
    code, out, _ = run("list", "--json", *arguments)
    assert code == 0
    return [
        (each["issuer"].removeprefix("CN="), each["serial_number"].removeprefix("0x"))
        for each in json.loads(out)["certificates"]
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), ["Test CA 1", "Test CA 2", "Test CA 3", "Other CA 1"]),
        (("--issuer", "other.pem"), ["Other CA 1"]),
        (("--issuer", "ca.pem", "--status", "good"), ["Test CA 1"]),
        (("--status", "revoked"), ["Test CA 2", "Test CA 3"]),
        (("--reason", "superseded", "--reason", "cACompromise"), ["Test CA 2"]),
        (("--reason", "unspecified"), []),
        (("--since", "2026-07-02"), ["Test CA 2"]),
        (("--until", "2026-07-02"), ["Test CA 3"]),
        (("--expiring", "20000d"), ["Test CA 1", "Test CA 2", "Test CA 3"]),
        (("--expiring", "1s"), []),
    ],
)
def test_a_list_can_be_filtered(
    filled: Run, arguments: tuple[str, ...], found: list[str]
) -> None:
    """By issuer, status, reason, and times; all conditions together."""
    assert [" ".join(each) for each in _listed(filled, *arguments)] == found


@pytest.mark.parametrize("arguments", [("--status", "bad"), ("--reason", "bad")])
def test_a_wrong_filter_is_an_error(filled: Run, arguments: tuple[str, ...]) -> None:
    """Not an empty list."""
    assert filled("list", *arguments)[:2] == (4, "")


def test_an_empty_list_is_a_whole_document(run: Run) -> None:
    """For programs, and for people."""
    _import(run, _index())
    assert _listed(run) == []
    assert run("list")[1] == "0 certificates\n"


@pytest.fixture
def renewed(run: Run) -> Run:
    """Return *run* with certificate 7 of a CA, and of the CA with a new key."""
    Path("new.pem").write_bytes(_new_ca().public_bytes(Encoding.PEM))
    for each in ("ca.pem", "new.pem"):
        run("add", "--issuer", each, "--serial", "7")
    run("revoke", "--issuer", "ca.pem", "--serial", "7", "--time", "2026-07-01")
    return run


def _new_ca() -> x509.Certificate:
    """Return the CA with a new key."""
    return make(
        "Test CA",
        "Test CA",
        public=key("new"),
        signer=key("new"),
        extensions=OF_A_CA,
    )


def _short(issuer: x509.Certificate) -> str:
    return f"CN=Test CA (key {IssuerKey.of(issuer).short_key_hash})"


def test_two_issuers_with_one_name_are_told_apart(renewed: Run) -> None:
    """A CA that gets a new key keeps its name; people see the key beside it."""
    old, new = _short(ca()), _short(_new_ca())
    assert old != new
    listed = renewed("list")[1]
    assert listed.index(old) < listed.index("revoked") < listed.index(new)
    shown = renewed("show", "7")[1]
    assert f"issued by {old}" in shown
    assert f"issued by {new}" in shown
    assert f"  {old}, serial number 0x7: good → revoked" in renewed("log")[1]
    *_, event = json.loads(renewed("log", "--json")[1])["events"]
    assert event["issuer_key_sha256"] == IssuerKey.of(ca()).key_hash.hex()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_does_not_revoke_the_certificate_of_another_key(
    renewed: Run, form: str
) -> None:
    """The name and the number are the same, but it is another certificate."""
    lines = renewed("export", "--format", form, "--status", "revoked")[1]
    Path("export").write_text(lines)
    code, out, _ = renewed("import", "--issuer", "new.pem", "export")
    assert code == 1
    assert "of another issuer, not imported: 1\n" in out
    for issuer in (ca(), _new_ca()):
        digits = IssuerKey.of(issuer).short_key_hash
        assert f"'CN=Test CA' with the key {digits}" in out
    assert renewed("show", "7", "--issuer", "new.pem")[1].startswith("good")
    assert renewed("import", "--issuer", "ca.pem", "export")[0] == 0


def test_a_serial_number_that_was_printed_is_read_as_the_same(run: Run) -> None:
    """Ten and 0x10 are two certificates; no output may name the other one."""
    run("add", "--issuer", "ca.pem", "--serial", "10", "--serial", "0x10")
    run("revoke", "--issuer", "ca.pem", "--serial", "0x10")
    listed = json.loads(run("list", "--json", "--status", "revoked")[1])["certificates"]
    exported = run("export", "--format", "csv", "--status", "revoked")[1]
    (row,) = csv.DictReader(io.StringIO(exported))
    *_, event = json.loads(run("log", "--json")[1])["events"]
    changed = json.loads(
        run("revoke", "--issuer", "ca.pem", "--serial", "16", "--json")[1]
    )["certificates"]
    for each in (listed[0], row, event, changed[0]):
        assert run("show", each["serial_number"])[1].startswith("revoked")


def test_show_has_status_history_and_answers(filled: Run) -> None:
    """Of each issuer that has such a number."""
    code, out, _ = filled("show", "0x2")
    assert code == 0
    assert out.startswith("revoked (superseded)  /CN=host  0x2\n")
    assert re.search(
        r"history  1 event\n.*good → revoked \(superseded\)  by .*, ocsp", out
    )
    assert "stored answers  0" in out
    code, out, _ = filled("show", "1", "--json")
    (mine, other) = json.loads(out)["certificates"]
    assert (mine["issuer"], other["issuer"]) == ("CN=Test CA", "CN=Other CA")
    assert (mine["history"], mine["answers"]) == ([], [])
    assert (
        len(
            json.loads(filled("show", "1", "--issuer", "ca.pem", "--json")[1])[
                "certificates"
            ]
        )
        == 1
    )
    code, out, _ = filled("show", "77")
    assert code == 1
    assert "has no certificate with the serial number 0x4d" in out
    assert filled("show", "x")[0] == 4


def test_show_has_the_stored_answers_and_their_ages(filled: Run) -> None:
    """Which form, since and until when, and when it is signed again."""
    with SQLiteStore("status.db") as store:
        store.add_signer(ca())
        store.sign_ahead(ca(), [SHA1])
        assert store.store_answers([signed(1, 1)], NOW_SECONDS) == 1
    arguments = ("show", "1", "--issuer", "ca.pem")
    out = filled(*arguments)[1]
    assert re.search(r"stored answers  1\n.* SHA-1: thisUpdate .* ago, no longer", out)
    (document,) = json.loads(filled(*arguments, "--json")[1])["certificates"]
    (shown,) = document["answers"]
    assert shown["age_seconds"] > 0
    assert (
        shown
        | {
            "form": "SHA-1",
            "this_update": "2026-07-01T12:00:00Z",
            "signed_again": "2026-07-01T12:08:20Z",
            "next_update": "2026-07-01T12:16:40Z",
            "octets": len(b"tbs" + b"signature"),
        }
        == shown
    )


@pytest.mark.parametrize("form", ["jsonl", "csv", "index"])
def test_an_export_can_be_imported(filled: Run, form: str) -> None:
    """The same certificates, with the same status."""
    before = _stored()
    code, out, _ = filled("export", "--format", form, "--issuer", "ca.pem")
    assert code == 0
    Path("status.db").rename("old.db")
    Path("export").write_text(out)
    report = _import(filled, "export")
    assert (report["format"], report["added"]) == (form, 3)
    assert _stored() == before
    assert _import(filled, "--db", "old.db", "export")["oddities"]["first"] == []


def test_an_index_has_one_issuer_and_known_ends(filled: Run) -> None:
    """The format has no place for anything else."""
    code, out, err = filled("export", "--format", "index")
    assert (code, out) == (4, "")
    assert "choose one with --issuer" in err
    filled("add", "--issuer", "other.pem", "--serial", "9")
    code, _, err = filled("export", "--format", "index", "--issuer", "other.pem")
    assert code == 4
    assert "its end is not known" in err


def test_an_export_in_csv_has_the_documented_columns(filled: Run) -> None:
    """Those of the list in JSON."""
    rows = list(csv.DictReader(io.StringIO(filled("export", "--format", "csv")[1])))
    listed = json.loads(filled("list", "--json")[1])["certificates"]
    assert [{k: v or None for k, v in row.items()} for row in rows] == listed


def test_prune_deletes_what_has_expired(run: Run) -> None:
    """It asks, or needs ``--yes``; a dry run deletes nothing."""
    old = GOOD.format(1).replace("3001", "2001")
    _import(run, _index(old, GOOD.format(2), REVOKED.format(3).replace("3001", "2001")))
    code, _, err = run("prune", "--expired", "1d")
    assert (code, "confirm with --yes" in err) == (4, True)
    code, out, _ = run("prune", "--expired", "1d", "--dry-run")
    assert "2 certificates and 0 events of the audit log would be deleted" in out
    assert len(_stored()) == 3
    code, out, _ = run("prune", "--expired", "1d", "--yes", "--json")
    assert json.loads(out) | {
        "certificates": 2,
        "events": 0,
        "dry_run": False,
    } == json.loads(out)
    assert list(_stored()) == [2]
    assert run("prune")[0] == 4
    assert run("prune", "--expired", "unbounded")[0] == 4


# --- backup, restore, upgrade ------------------------------------------------------------


def test_a_backup_can_be_restored(filled: Run) -> None:
    """The restored file has what was complete at the backup; a loss is named."""
    before = _stored()
    code, out, _ = filled("backup", "copy.db")
    assert (code, out) == (0, "status.db: copied to copy.db\n")
    assert filled("backup", "copy.db")[0] == 4  # it exists
    filled("revoke", "--issuer", "ca.pem", "--serial", "1")
    code, _, err = filled("restore", "copy.db")
    assert (code, "replace it with --yes" in err) == (4, True)
    code, out, err = filled("restore", "copy.db", "--yes")
    assert (code, out) == (0, "status.db: restored from copy.db\n")
    assert "1 change of a status after the backup" in err
    assert _stored() == before
    assert filled("restore", "ca.pem", "--yes")[0] == 4
    assert _stored() == before


def test_a_file_of_this_release_needs_no_upgrade(filled: Run) -> None:
    """It stays as it is."""
    before = _stored()
    code, out, _ = filled("upgrade")
    assert (code, "is of this release already" in out) == (0, True)
    assert _stored() == before
    assert filled("upgrade", "--db", "missing.db")[0] == 4


# --- acknowledgement -------------------------------------------------------------------


def test_a_worker_that_does_not_confirm_has_an_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is made, and the warning names the process."""
    _import(run, _index(GOOD.format(1), GOOD.format(2), GOOD.format(3)))
    waited = []

    def late(self: SQLiteStore, event: int, timeout: float) -> list[LateReader]:
        waited.append((event, timeout))
        return [LateReader(4711, event - 1)]

    monkeypatch.setattr(SQLiteStore, "wait_until_seen", late)
    about = ("--issuer", "ca.pem", "--serial")
    code, out, err = run("revoke", *about, "1", "--reason", "certificateHold")
    assert (code, "1 certificate revoked" in out) == (5, True)
    assert "1 process of the responder did not confirm the change" in err
    assert "process 4711" in err
    assert run("release", *about, "1")[0] == 5
    assert run("import", "--issuer", "ca.pem", _index(REVOKED.format(2)))[0] == 5
    assert [each for each, _ in waited] == [2, 3, 4]
    assert {timeout for _, timeout in waited} == {workers.SECONDS}
    assert run("revoke", *about, "2")[0] == 0  # nothing has changed


# --- memory ----------------------------------------------------------------------------


def _peak(call: Callable[[], object]) -> int:
    call()  # imports and fills caches
    gc.collect()
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


class _Discarding(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def test_lists_of_any_length_take_the_same_memory(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For programs and for people, and exports."""
    monkeypatch.setattr(stored, "PAGE", 50)
    monkeypatch.setattr(listing, "_PAGE", 50)
    monkeypatch.setattr(json_output, "_BATCH", 50)
    monkeypatch.setattr(exporting, "_BATCH", 50)
    commands = [("list", "--json"), ("list",), ("export", "--format", "csv")]
    peaks: dict[tuple[str, ...], list[int]] = {each: [] for each in commands}
    for number in (200, 1000):
        _import(run, _index(*(GOOD.format(each) for each in range(1, number))))
        for each in commands:
            with monkeypatch.context() as discarding:
                discarding.setattr("sys.stdout", _Discarding())
                peaks[each].append(_peak(partial(main, ["status", *each])))
    for first, second in peaks.values():
        assert second < first * 1.2 + 100_000
