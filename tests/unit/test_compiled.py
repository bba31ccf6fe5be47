"""The package says whether it is compiled, and all modules of the list agree."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ocsp
from tests.compiled import COMPILED, is_compiled, source_of

SOURCES = Path(ocsp.__file__).parent


@pytest.mark.parametrize("path", COMPILED)
def test_a_module_of_the_list_is_compiled_or_none_is(path: str) -> None:
    """As ``ocsp.compiled`` says; the source is beside the extension module."""
    name = path.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    assert is_compiled(module) is ocsp.compiled
    assert source_of(module) == SOURCES.parent / path
    assert source_of(module).exists()


def test_the_list_is_in_order() -> None:
    """Each module once."""
    assert sorted(set(COMPILED)) == list(COMPILED)


def test_whether_it_is_compiled_is_known_without_importing_a_compiled_module() -> None:
    """``ocsp --version`` says it, and has to be fast."""
    code = (
        "import sys; sys.modules['ocsp'] = package = type(sys)('ocsp'); "
        f"package.__path__ = [{str(SOURCES)!r}]; import ocsp._compiled; "
        "print(ocsp._compiled.compiled, [x for x in sys.modules if x.startswith('ocsp')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{ocsp.compiled} ['ocsp', 'ocsp._compiled']\n"


@pytest.mark.skipif(not ocsp.compiled, reason="these are the sources")
def test_the_sources_read_the_same(tmp_path: Path) -> None:
    """Values and errors, with their texts, in thousands of changed messages."""
    sources = tmp_path / "ocsp"
    shutil.copytree(SOURCES, sources, ignore=shutil.ignore_patterns("*.so", "*.pyd"))
    compiled, pure = (
        subprocess.run(
            [sys.executable, "-m", "tests.read_changed", "7", "3000"],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONPATH": str(path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for path in (SOURCES.parent, tmp_path)
    )
    assert (compiled[0], pure[0]) == ("True", "False")
    assert compiled[1] == pure[1]
