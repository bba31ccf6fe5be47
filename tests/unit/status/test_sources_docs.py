"""The examples in docs/sources.md run, in a folder with the files that they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.status.sql.presets import PRESETS
from tests.crls import crl
from tests.docs.examples import ROOT, run
from tests.pki import ca, leaf


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes its source."""
    (tmp_path / "index.txt").write_text("V\t301231235959Z\t\t01\tunknown\t/CN=a\n")
    (tmp_path / "ca.crl").write_bytes(crl())
    (tmp_path / "serials.txt").write_text("01\n")
    (tmp_path / "issued").mkdir()
    (tmp_path / "issued/a.pem").write_bytes(leaf(1).public_bytes(Encoding.PEM))
    (tmp_path / "revoked.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    assert run("docs/sources.md", {"ca": ca()}) == 7


def test_every_preset_has_a_recipe() -> None:
    """By its name, in the table."""
    page = (ROOT / "docs/sources.md").read_text()
    assert [name for name in PRESETS if f"| `{name}` |" not in page] == []
