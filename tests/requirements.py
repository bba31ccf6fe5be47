"""
The requirements of the standards for a responder, and the tests that prove them.

A test cites a requirement with ``@pytest.mark.requirement("R6960-1")``. The marks are
read from the sources, so that the page of conformance needs no run of the tests.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["Requirement", "citations", "cited_in", "requirements", "section"]

TESTS = Path(__file__).parent


class Requirement(NamedTuple):
    """A sentence of a standard that tests prove."""

    name: str
    clause: str
    sentence: str


@cache
def requirements() -> tuple[Requirement, ...]:
    """Return all requirements, in the order of the file."""
    table = tomllib.loads((TESTS / "requirements.toml").read_text())
    return tuple(Requirement(name, **fields) for name, fields in table.items())


@cache
def citations() -> dict[str, tuple[str, ...]]:
    """Return the tests that cite each requirement, as ``file:function``."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        place = path.relative_to(TESTS).as_posix()
        for function, name in cited_in(path.read_text()):
            found.setdefault(name, []).append(f"{place}:{function}")
    return {name: tuple(tests) for name, tests in found.items()}


def cited_in(source: str) -> Iterator[tuple[str, str]]:
    """Return each test function of a module with each requirement that it cites."""
    if "mark.requirement" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                for name in _names(decorator):
                    yield node.name, name


def _names(decorator: ast.expr) -> Iterator[str]:
    if not isinstance(decorator, ast.Call):
        return
    if not ast.unparse(decorator.func).endswith("mark.requirement"):
        return
    for argument in decorator.args:
        yield ast.literal_eval(argument)


def section() -> str:
    """Return the section of ``docs/conformance.md`` about the responder."""
    rows = [
        f"| {each.name} | {each.sentence} | {each.clause} | {_tests(each.name)} |"
        for each in requirements()
    ]
    head = "| id | requirement | source | tests |\n|---|---|---|---|\n"
    return f"## The responder\n\n{head}" + "\n".join(rows) + "\n"


def _tests(name: str) -> str:
    return "<br>".join(f"`{each}`" for each in citations().get(name, ()))
