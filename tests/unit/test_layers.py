"""
The floors: an import never points upward, and only the upper floors touch the world.

The checker is a function over source text, and is tested on sources that are wrong.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocsp

SOURCES = Path(ocsp.__file__).parent

FLOORS: dict[str, int] = {
    "_version": 0,
    "errors": 0,
    "limits": 0,
    "oids": 0,
    "_der": 1,
    "_basic_response": 2,
    "_certificates": 2,
    "_message": 2,
    "_crl": 2,
    "_crl_entry": 2,
    "_known_extension": 2,
    "_names": 2,
    "_remembered": 2,
    "_request_signature": 2,
    "_sct": 2,
    "_shapes": 2,
    "_throwaway": 2,
    "_times": 2,
    "_envelope": 2,
    "_walk": 2,
    "algorithms": 2,
    "batch": 2,
    "certid": 2,
    "extension_types": 2,
    "extensions": 2,
    "preferred_algorithms": 2,
    "request": 2,
    "request_builder": 2,
    "response": 2,
    "response_builder": 2,
    "signatures": 2,
    "signer": 2,
    "single_request": 2,
    "single_response": 2,
    "statuses": 2,
    "http": 3,
    "linting": 3,
    "verification": 3,
    "client": 4,
    "pkcs11": 4,
    "responder": 4,
    "stapling": 4,
    "cli": 5,
    "testing": 5,
    "": 5,  # the package itself shows all floors; the upper ones when they are used
}
"""Floor by the first part of a module's name below ``ocsp``."""

IO_FLOOR = 4
"""Below it nothing is fetched, written or timed."""

WORLD = frozenset(
    {
        "asyncio", "ctypes", "httpcore", "httpx", "multiprocessing", "os", "pathlib", "random",
        "secrets", "select", "selectors", "shutil", "signal", "socket", "socketserver",
        "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request",
        "http.client", "http.server", "uvicorn", "pkcs11",
    }
)  # fmt: skip
"""Modules that do I/O, start something, or tell the time."""

CLOCKS = frozenset({"now", "utcnow", "today"})
"""What tells the time on the classes of ``datetime``."""

ORIGINAL = ("cryptography.x509.ocsp", "cryptography.hazmat.bindings")
"""What this package takes the place of."""

CLOCK_READERS = frozenset({"response_builder", "verification.clock"})
"""
The documented ``sign`` stamps the time of signing where none was set, and whoever does
not say when a response is to be judged means now.
"""


def faults(module: str, source: str) -> list[str]:
    """Return what is wrong with the imports and clocks of *module*."""
    floor = FLOORS.get(_first(module))
    if floor is None:
        return [f"{module}: has no floor"]
    tree = ast.parse(source)
    found = []
    for name in _imports(tree):
        found += _judge(module, floor, name)
    if floor < IO_FLOOR and module not in CLOCK_READERS:
        found += [f"{module}: reads a clock" for _ in _clock_calls(tree)]
    return found


def _judge(module: str, floor: int, name: str) -> Iterator[str]:
    if name == "ocsp" or name.startswith("ocsp."):
        first = _first(name.removeprefix("ocsp").removeprefix("."))
        if first not in FLOORS:
            return  # a name, not a module: ``from ocsp import limits`` gives both
        if FLOORS[first] > floor:
            yield f"{module}: imports {name} from a floor above"
    elif name.startswith(ORIGINAL):
        yield f"{module}: imports {name}, which is replaced here"
    elif floor < IO_FLOOR and _is_of_the_world(module, name):
        yield f"{module}: imports {name} below floor {IO_FLOOR}"


def _is_of_the_world(module: str, name: str) -> bool:
    if module in CLOCK_READERS and name in {"time", "time.time_ns"}:
        return False
    return any(name == known or name.startswith(f"{known}.") for known in WORLD)


def _first(module: str) -> str:
    return module.partition(".")[0]


def _imports(tree: ast.AST) -> Iterator[str]:
    """Return every name that is imported anywhere, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module != "ocsp":
                yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__"
        ):
            yield "__import__"


def _clock_calls(tree: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            yield node


def _modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield name, path.read_text()


def test_no_import_points_upward_and_no_clock_is_read_below() -> None:
    """Every module of the package, every import, also those inside functions."""
    found = [fault for name, source in _modules() for fault in faults(name, source)]
    assert found == []


def test_the_table_of_floors_is_that_of_the_sources() -> None:
    """No floor for what is not there."""
    there = {_first(name) for name, _ in _modules()}
    assert set(FLOORS) <= there | {""}


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        (
            "_der",
            "from ocsp.request import x",
            "imports ocsp.request from a floor above",
        ),
        ("_der", "from ocsp import request", "imports ocsp.request from a floor above"),
        ("request", "import ocsp.http", "imports ocsp.http from a floor above"),
        ("http", "def f():\n  from ocsp.cli.app import run", "from a floor above"),
        ("responder.core", "from ocsp.cli import x", "from a floor above"),
        ("request", "import socket", "imports socket below floor 4"),
        ("http", "from urllib.request import urlopen", "below floor 4"),
        ("request", "import time", "imports time below floor 4"),
        ("request", "x = datetime.datetime.now()", "reads a clock"),
        ("http", "from datetime import date\nx = date.today", "reads a clock"),
        ("cli.x", "from cryptography.x509 import ocsp", "which is replaced here"),
        ("cli.x", "import cryptography.x509.ocsp", "which is replaced here"),
        (
            "_der",
            "from cryptography.hazmat.bindings._rust import ocsp",
            "which is replaced here",
        ),
        ("surprise", "", "has no floor"),
    ],
)
def test_the_checker_finds_what_is_wrong(module: str, source: str, fault: str) -> None:
    """A checker that never finds anything proves nothing."""
    assert any(fault in found for found in faults(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("request", "from ocsp import limits, oids\nfrom ocsp._der import content"),
        ("request", "from cryptography import x509\nimport datetime"),
        ("responder.asgi", "import asyncio\nfrom ocsp.http import answer"),
        ("response_builder", "from time import time_ns"),
    ],
)
def test_the_checker_lets_pass_what_is_right(module: str, source: str) -> None:
    """Downward, sideways, and what is allowed."""
    assert faults(module, source) == []


def test_importing_the_package_is_light() -> None:
    """What serves the upper floors, or costs much, is imported when it is used."""
    heavy = (
        "asyncio", "cryptography.hazmat.primitives.serialization", "dataclasses", "httpx",
        "inspect", "ocsp.client", "ocsp.verification", "pkcs11", "pydantic", "rich", "sqlite3", "typer",
        "uvicorn",
    )  # fmt: skip
    code = (
        "import sys, cryptography.x509; before = set(sys.modules); import ocsp\n"
        f"print(sorted(set({heavy!r}) & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
