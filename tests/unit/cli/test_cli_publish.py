"""``ocsp publish``: what is written where, what is said, and the exit codes."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from ocsp.cli import main
from ocsp.publishing import Publisher
from tests.ca_folder import CAFolder


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CAFolder:
    """Write the files of a CA, work in their folder, and sign the answers."""
    monkeypatch.chdir(tmp_path)
    files = CAFolder(tmp_path)
    assert main(["presign"]) == 0
    return files


def _answers() -> int:
    return sum(path.is_file() for path in Path("www/answers").rglob("*"))


def _document(captured: pytest.CaptureFixture[str]) -> dict[str, object]:
    document: dict[str, object] = json.loads(captured.readouterr().out)
    del document["schema_version"]
    return document


def test_files_are_written_once(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run says which line nginx needs; it is the time of the answers."""
    assert files.folder.exists()
    capsys.readouterr()
    assert main(["publish", "--to", "www"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "www: 2 answers published, 0 removed\n"
    assert shown.err == "nginx needs this line: expires modified +29099s;\n"
    assert _answers() == 2
    assert main(["publish", "ocsp.toml", "--to", "www", "--json"]) == 0
    assert _document(capsys) == {
        "type": "publish",
        "place": "www",
        "published": 0,
        "removed": 0,
        "failed": 0,
        "dry_run": False,
    }


def test_another_validity_does_not_change_the_line_of_nginx(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option does, and then everything is published anew."""
    main(["publish", "--to", "www"])
    top = '[answers]\nvalidity = "4d"\n'
    files.write("ocsp.toml", files.settings(top=top))
    capsys.readouterr()
    assert main(["publish", "--to", "www"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["publish", "--to", "www", "--lifetime", "5d"]) == 0
    shown = capsys.readouterr()
    assert "+431999s" in shown.err
    assert "2 answers published" in shown.out


def test_a_dry_run_writes_nothing(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what it would do."""
    capsys.readouterr()
    assert main(["publish", "--to", "www", "--dry-run"]) == 0
    text = "www: 2 answers would be published, 0 would be removed\n"
    assert capsys.readouterr().out == text
    assert not (files.folder / "www").exists()


def test_aliases_and_a_complete_run(files: CAFolder) -> None:
    """More files for the same answers; then only the usual ones again."""
    assert main(["publish", "--to", "www", "--alias", "no-parameters"]) == 0
    assert _answers() == 4
    assert main(["publish", "--to", "www", "--complete"]) == 0
    assert _answers() == 2
    assert files.folder.exists()


def test_what_fails_is_the_exit_code(
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One answer cannot be written; the other one is."""
    main(["publish", "--to", "www"])
    paths = [path for path in Path("www/answers").rglob("*") if path.is_file()]
    paths[0].unlink()
    paths[0].mkdir()
    (paths[0] / "x").mkdir()
    (files.folder / "www" / "state.db").unlink()
    assert main(["publish", "--to", "www", "--json"]) == 1
    captured = capsys.readouterr().out
    assert json.loads(captured[captured.index("{") :])["failed"] >= 1
    assert "Is a directory" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--to: is missing"),
        (["--to", "www", "--every", "x"], "--every: "),
        (["--to", "www", "--every", "0.1s"], "--every: '0.1s' is less than a second"),
        (["--to", "www", "--alias", "x"], "--alias: 'x' is none of no-parameters,"),
        (["--to", "www", "--watch", "--dry-run"], "--dry-run: cannot be used with"),
        (["--to", "s3://b", "--endpoint", "x"], "endpoint: 'x' is not an HTTP URL"),
        (["--to", "s3://b", "--credentials", "none"], "none: "),
        (["--to", "web.pem"], "web.pem"),
        (["missing.toml", "--to", "www"], "missing.toml"),
    ],
)
def test_wrong_arguments(
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    text: str,
) -> None:
    """One line says what is wrong."""
    assert files.folder.exists()
    assert main(["publish", *arguments]) == 4
    assert text in capsys.readouterr().err


def test_a_responder_for_trusted_clients_only_is_not_published(
    files: CAFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everyone could read the files."""
    top = '[requests]\nsignatures = "require"\ntrusted = ["ca.pem"]\n'
    files.write("ocsp.toml", files.settings(top=top))
    assert main(["publish", "--to", "www"]) == 4
    assert "published answers are for everyone" in capsys.readouterr().err


def test_a_watch_ends_with_a_signal(
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the work in hand, with the exit code of the work."""
    assert files.folder.exists()
    followed = []
    follow = Publisher.follow

    def stop(publisher: Publisher) -> None:
        follow(publisher)
        followed.append(1)
        if len(followed) == 8:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Publisher, "follow", stop)
    monkeypatch.setattr("ocsp.publishing.watch.FOLLOW_SECONDS", 0.01)
    before = signal.getsignal(signal.SIGTERM)
    assert threading.current_thread() is threading.main_thread()
    assert main(["publish", "--to", "www", "--watch", "--every", "1h"]) == 0
    assert len(followed) >= 8
    assert signal.getsignal(signal.SIGTERM) is before
    assert "2 answers published" in capsys.readouterr().out


def test_a_signal_interrupts_the_first_round(
    files: CAFolder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first process of a container is not ended by a signal without a handler."""
    assert files.folder.exists()
    follow = Publisher.follow

    def stop(publisher: Publisher) -> None:
        follow(publisher)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Publisher, "follow", stop)
    assert main(["publish", "--to", "www", "--watch", "--every", "1h"]) == 0
    assert "2 answers published" in capsys.readouterr().out
