"""ARCHITECTURE.md, docstrings and words: a newcomer finds what the code has."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocsp
from tests.unit.test_public_api import ROOMS

SOURCES = Path(ocsp.__file__).parent
ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "ARCHITECTURE.md"
MODULES = [
    str(path.relative_to(SOURCES))
    for path in sorted(SOURCES.rglob("*.py"))
    if path.name != "__init__.py"
]

BANNED = (
    "whoever", "whomever", "nobody", "somebody", "it stands", "stands there", "that is all",
    "and nothing else", "the original", "the documented API", "in vain", "the shyest",
    "what may", "who may", "would be anybody's", "Rules of this file",
)  # fmt: skip
"""Words and phrases that have been riddles to readers."""


def test_every_module_has_a_line_in_the_architecture() -> None:
    """And every line is about a module that exists."""
    listed = re.findall(r"^\| `([\w/]+\.py)` \|", DOCUMENT.read_text(), re.MULTILINE)
    in_package = [each for each in listed if not each.startswith(("tools/", "tests/"))]
    assert sorted(in_package) == MODULES


def test_the_answers_name_files_and_functions_that_exist() -> None:
    """The table "Where is …?" at the top."""
    text = DOCUMENT.read_text()
    table = text[text.index("## Where is") : text.index("## Floors")]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "?" in row]
    rows = rows[1:] if "question" in rows[0] else rows
    assert len(rows) == 14
    for row in rows:
        answer = row.split("|")[2]
        names = re.findall(r"`([^`]+)`", answer)
        paths = [
            SOURCES / name for name in names if "/" in name or name.endswith(".py")
        ]
        assert paths, row
        assert [str(path) for path in paths if not path.exists()] == []
        sources = "".join(path.read_text() for path in paths if path.is_file())
        for name in names:
            if re.fullmatch(r"_?[a-z_]+", name):
                assert f"def {name}(" in sources, row


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_a_docstring(room: str) -> None:
    """Classes, functions, and the public methods and properties of the classes."""
    if ocsp.compiled:
        pytest.skip("mypyc leaves docstrings out: the sources have them")
    module = importlib.import_module(room)
    missing = []
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            missing += [name] if not inspect.getdoc(value) else []
        if inspect.isclass(value) and value.__module__.startswith("ocsp."):
            missing += [f"{name}.{each}" for each in _undocumented(value)]
    assert missing == []


def _undocumented(kind: type) -> Iterator[str]:
    for name, value in vars(kind).items():
        is_code = inspect.isroutine(value) or isinstance(value, property)
        if is_code and not name.startswith("_") and not inspect.getdoc(value):
            yield name


def found_words(source: str) -> list[str]:
    """Return the banned phrases in the texts and comments of *source*."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    texts += re.findall(r"#\s(.*)$", source, re.MULTILINE)
    said = "\n".join(" ".join(text.split()) for text in texts)
    return [
        phrase
        for phrase in BANNED
        if re.search(rf"\b{re.escape(phrase)}\b", said, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=str)
def test_no_text_of_the_package_has_a_banned_phrase(path: Path) -> None:
    """Docstrings, comments, messages and help texts."""
    assert found_words(path.read_text()) == []


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]),
    ids=lambda path: path.name,
)
def test_no_page_has_a_banned_phrase(path: Path) -> None:
    """README, the documentation, and the pages of the project."""
    said = " ".join(path.read_text().split())
    found = [
        phrase
        for phrase in BANNED
        if re.search(rf"\b{re.escape(phrase)}\b", said, re.IGNORECASE)
    ]
    assert found == []


def test_banned_phrases_are_found() -> None:
    """In a string, in a docstring over two lines, and in a comment."""
    assert found_words('raise ValueError("Nobody answers")') == ["nobody"]
    assert found_words('"""As the\n    original does."""') == ["the original"]
    assert found_words("x = 1  # that is all") == ["that is all"]
    assert found_words("original = None") == []
