"""``tools/debian_archive.sh`` finds the archive in the apt sources of a machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools/debian_archive.sh"
ARCHIVE = "http://archive.example/debian"
SECURITY = "deb http://archive.example/debian-security stable-security main\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.list", f"{SECURITY}deb {ARCHIVE} stable main\n"),
        ("sources.list.d/a.list", f"deb [arch=amd64] {ARCHIVE} stable main\n"),
        ("sources.list.d/a.sources", f"Types: deb\nURIs: {ARCHIVE}\nSuites: stable\n"),
    ],
    ids=["list", "folder", "sources"],
)
def test_one_kind_of_file_is_enough(tmp_path: Path, name: str, text: str) -> None:
    """Debian 12 has the first or the last, and no machine has all of them."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert _archive(tmp_path) == (0, f"{ARCHIVE}\n")


def test_no_archive(tmp_path: Path) -> None:
    """The exit code says so."""
    (tmp_path / "sources.list").write_text(SECURITY)
    assert _archive(tmp_path) == (1, "")


def _archive(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", str(SCRIPT), str(folder)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout
