"""SECURITY.md: each promise names code and tests that exist, and a number of inputs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "ocsp"

ROWS = [
    line
    for line in (ROOT / "SECURITY.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def faults(row: str) -> list[str]:
    """Return what is wrong with *row*."""
    cells = _cells(row)
    if len(cells) != 4:
        return [f"has {len(cells)} cells"]
    promise, code, tests, inputs = cells
    found = [
        f"{name} does not exist"
        for name in _names(code)
        if not (SOURCES / name).exists()
    ]
    for name in _names(tests):
        path, _, function = name.partition("::")
        if not (ROOT / path).is_file():
            found.append(f"{path} does not exist")
        elif function and function not in _functions(ROOT / path):
            found.append(f"{name} does not exist")
    if not (promise.endswith(".") and _names(code) and _names(tests)):
        found.append("needs a sentence, a module and a test")
    if not re.fullmatch(r"[1-9][\d,]*|all \w+", inputs):
        found.append(f"{inputs} is no number of inputs")
    return found


@pytest.mark.parametrize("row", ROWS)
def test_every_promise_has_its_code_and_its_test(row: str) -> None:
    """A test that is renamed makes its promise fail here."""
    assert faults(row) == []


def test_the_table_is_read() -> None:
    """It has a row for each promise of the package."""
    assert len(ROWS) >= 30


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("| It holds. | `limits.py` | `tests/pki.py` |", "has 3 cells"),
        ("| It holds. | `no.py` | `tests/pki.py` | 1 |", "no.py does not exist"),
        ("| It holds. | `limits.py` | `tests/no.py` | 1 |", "tests/no.py does not"),
        ("| It holds. | `limits.py` | `tests/pki.py::no` | 1 |", "tests/pki.py::no"),
        ("| It holds. | `limits.py` | by hand | 1 |", "needs a sentence"),
        ("| It holds. | `limits.py` | `tests/pki.py` | many |", "many is no number"),
    ],
)
def test_a_wrong_row_is_seen(row: str, says: str) -> None:
    """The check itself can fail."""
    assert any(says in fault for fault in faults(row))
