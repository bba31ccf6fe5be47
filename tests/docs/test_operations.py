"""
Test that every command of the pages for operators works, against a real ``ocsp serve``.

The pages use ``systemctl`` and ``journalctl``. Two programs of the same names take their
place: they start, reload and stop the real service, without systemd.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.service import read_configuration
from tests.ca_folder import CAFolder
from tests.docs.examples import blocks, runs, session
from tests.docs.tutorial import TUTORIAL, configure, write_ca

OPERATIONS = "docs/operations.md"
PUBLISH = "docs/howto/publish.md"

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="the pages are for Linux"),
]

SYSTEMCTL = """\
#!/bin/bash
# Take the place of systemctl: ACTION ocsp.
wait_for() {
    for _ in {1..600}; do
        if "$@"; then return 0; fi
        sleep 0.05
    done
    cat serve.log >&2
    exit 1
}
lines() { grep --count -E "$1" serve.log; }
more() { [ "$(lines "$1")" -gt "$2" ]; }
gone() { ! kill -0 "$(cat serve.pid)" 2>/dev/null; }
start() {
    [ -e serve.log ] || : > serve.log
    local before; before=$(lines 'is ready: ')
    local ocsp=ocsp; [ ! -e current/bin/ocsp ] || ocsp=current/bin/ocsp
    setsid "$ocsp" serve --config ocsp.toml >/dev/null 2>>serve.log </dev/null &
    echo $! > serve.pid
    wait_for more 'is ready: ' "$before"
}
stop() { kill -TERM "$(cat serve.pid)"; wait_for gone; }
case "$1" in
    start) start ;;
    stop) stop ;;
    restart) stop; start ;;
    reload)
        before=$(lines '"reloaded|stays in force')
        kill -HUP "$(cat serve.pid)"
        wait_for more '"reloaded|stays in force' "$before" ;;
    is-active) if gone; then echo failed; exit 3; else echo active; fi ;;
    *) echo "unknown: $1" >&2; exit 1 ;;
esac
"""

JOURNALCTL = """\
#!/bin/bash
# Take the place of journalctl: --unit ocsp --grep TEXT --lines NUMBER.
grep "$4" serve.log | tail --lines "$6"
"""


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a CA that has issued two certificates, two releases, and the programs."""
    folder = tmp_path / "etc"
    write_ca(folder)
    programs = tmp_path / "bin"
    _program(programs / "systemctl", SYSTEMCTL)
    _program(programs / "journalctl", JOURNALCTL)
    ocsp = Path(sys.executable).with_name("ocsp")
    for release in ("1", "2"):
        path = folder / "releases" / release / "bin" / "ocsp"
        _program(path, f'#!/bin/bash\nexec "{ocsp}" "$@"\n')
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    yield folder
    pid = folder / "serve.pid"
    if pid.exists():
        os.system(f"cd {folder} && {programs}/systemctl stop ocsp")


def _is_all_run(document: str) -> bool:
    return all(runs(each) for each in blocks(document, None))


def test_the_tutorial_makes_a_monitored_service_in_five_commands(folder: Path) -> None:
    """From the files of a CA; then a client sees a revocation."""
    assert _is_all_run(TUTORIAL)
    with session(folder) as shell:
        assert shell.run(TUTORIAL, {}) == 6
    numbered = blocks(TUTORIAL, "console")[:5]
    assert [each.text.count("\n$ ") + 1 for each in numbered] == [1] * 5


def test_every_runbook_works(folder: Path) -> None:
    """Each command of the page, in its order, with the output that it shows."""
    installed, built = (
        each.text for each in blocks(OPERATIONS, None) if not runs(each)
    )
    assert "useradd" in installed  # tested in test_installation.py
    assert "podman build" in built  # tested in tests/soak/test_container.py
    with session(folder) as shell:
        configure(shell)  # the page uses the files of the tutorial
        assert shell.run(OPERATIONS, {}) > 12


def test_the_recipe_of_publishing_works(tmp_path: Path) -> None:
    """The commands, in the folder of a CA; and the settings can be read."""
    files = CAFolder(tmp_path)
    for block in blocks(PUBLISH, "toml"):
        files.write("other.toml", files.settings(top=block.text))
        read_configuration(files.folder / "other.toml")
    with session(tmp_path) as shell:
        commands = [each for each in blocks(PUBLISH, "console") if runs(each)]
        assert len(commands) == 2
        shell.run_blocks(PUBLISH, commands, {})
