"""The command of docs/mixing.md finds every import of ``cryptography.x509.ocsp``."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "mixing.md"
LEFT = [
    "from cryptography.x509 import ocsp\n",
    "from cryptography.x509 import ocsp as other\n",
    "from cryptography.x509 import Certificate, ocsp\n",
    "from cryptography.x509 import (Certificate, ocsp)\n",
    "from cryptography.x509 import (\n    Certificate,\n    ocsp,\n)\n",
    "from cryptography.x509 import (\n    ocsp as other,\n    Certificate,\n)\n",
    "def f():\n    from  cryptography.x509  import  ocsp\n",
    "from cryptography.x509.ocsp import OCSPCertStatus\n",
    "import cryptography.x509.ocsp\n",
    "from cryptography import x509\nx509.ocsp.OCSPCertStatus\n",
    'importlib.import_module("cryptography.x509.ocsp")\n',
]
CHANGED = [
    "import ocsp\n",
    "from cryptography import x509\nimport ocsp\n",
    "from cryptography.x509 import Certificate\nfrom ocsp import OCSPCertStatus\n",
    "from cryptography.x509 import (\n    Certificate,\n)\n\nimport ocsp\n\nocsp.verify()\n",
    "from cryptography.x509 import Certificate, ocsp_extensions\n",
]


def _grep() -> str:
    """Return the command that the page shows."""
    (command,) = re.findall(r"^\$ (grep .*)$", PAGE.read_text(), re.MULTILINE)
    assert isinstance(command, str)
    return command


def _has_gnu_grep() -> bool:
    if shutil.which("grep") is None:
        return False
    said = subprocess.run(["grep", "--version"], capture_output=True, check=False)
    return b"GNU" in said.stdout


@pytest.mark.skipif(not _has_gnu_grep(), reason="the options -P and -z are GNU grep's")
def test_the_command_lists_the_files_that_are_left(tmp_path: Path) -> None:
    """Each form of the import, and no other file."""
    expected = []
    for number, program in enumerate(LEFT):
        (tmp_path / f"left_{number:02}.py").write_text(program)
        expected.append(f"./left_{number:02}.py")
    for number, program in enumerate(CHANGED):
        (tmp_path / f"changed_{number:02}.py").write_text(program)
    (tmp_path / "notes.txt").write_text(LEFT[0])
    found = subprocess.run(
        _grep(), shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert sorted(found.stdout.splitlines()) == expected
