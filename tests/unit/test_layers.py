"""
The layers of the package: imports point downward, without a circle.

The checks are functions over source text, and are themselves tested with wrong sources.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import ocsp

SOURCES = Path(ocsp.__file__).parent

FLOORS = (
    ("_compiled", "_version", "errors", "later", "limits"),
    ("guarded", "quantities"),
    ("asn1", "http"),
    ("signing",),
    ("messages",),
    ("responder", "verification"),
    (
        "client",
        "inspection",
        "linting",
        "metrics",
        "pkcs11",
        "process_clock",
        "sharing",
        "store",
    ),
    ("probing", "signers", "status"),
    (
        "admin",
        "charging",
        "conformance",
        "publishing",
        "pyhanko",
        "server",
        "stapling",
        "tls",
        "updater",
    ),
    ("service", "testing"),
    ("cli",),
)
"""The rooms (modules and folders directly below ``ocsp``), from the lowest floor up."""

FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}

ENTRANCES = frozenset({"", "__main__"})
"""``ocsp`` itself, which imports the upper rooms when they are first used, and ``-m``."""

WITHOUT_IO = frozenset(
    {
        "_version", "asn1", "errors", "guarded", "http", "inspection", "later", "limits", "linting", "messages",
        "quantities", "responder", "signing", "verification",
    }
)  # fmt: skip
"""Rooms that do no I/O, start nothing and read no clock."""

IO_MODULES = frozenset(
    {
        "anyio", "asyncio", "ctypes", "httptools", "httpx", "multiprocessing", "os", "pathlib", "random",
        "secrets", "select", "selectors", "shutil", "signal", "socket", "socketserver",
        "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request",
        "http.client", "http.server", "uvicorn", "pkcs11",
    }
)  # fmt: skip
"""Modules that do I/O, start something, or read a clock."""

DOES_IO = frozenset(
    {
        "guarded.file_lock", "guarded.files", "guarded.system.atomic_write",
        "guarded.system.command", "guarded.system.process",
    }
)  # fmt: skip
"""Modules in rooms without I/O that do I/O; no other module of such rooms uses them."""

CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
"""Class methods of ``datetime`` that read the clock."""

REPLACED = ("cryptography.x509.ocsp", "cryptography.hazmat.bindings")
"""The modules that this package replaces."""

CLOCK_READERS = frozenset({"messages.responses.response_builder", "verification.clock"})
"""
Modules without I/O that read the clock all the same.

``OCSPResponseBuilder.sign`` sets producedAt to the current time, as in ``cryptography``,
and ``verify`` judges at the current time when the caller gives no ``at``.
"""


# --- one module ------------------------------------------------------------------------


def import_faults(module: str, source: str) -> list[str]:
    """Return what is wrong with the imports and clocks of *module*."""
    room = _room(module)
    if room not in FLOOR_OF and module not in ENTRANCES:
        return [f"{module}: is in no room of the table FLOORS"]
    tree = ast.parse(source)
    found = [fault for name in _imports(tree) for fault in _judge(module, name)]
    if room in WITHOUT_IO and module not in CLOCK_READERS:
        found += [f"{module}: reads a clock" for _ in _clock_calls(tree)]
    return found


def _judge(module: str, name: str) -> Iterator[str]:
    room = _room(module)
    if (
        room in WITHOUT_IO
        and module not in DOES_IO
        and _is_one_of(name.removeprefix("ocsp."), DOES_IO)
    ):
        yield f"{module}: imports {name}, and {room} is without I/O"
    if name == "ocsp" or name.startswith("ocsp."):
        target = _room(name.removeprefix("ocsp").removeprefix("."))
        # ``from ocsp import X`` gives a module or another name: only rooms count.
        if target in FLOOR_OF and module not in ENTRANCES and target != room:
            if FLOOR_OF[target] > FLOOR_OF[room]:
                yield f"{module}: imports {name} from a floor above"
            elif FLOOR_OF[target] == FLOOR_OF[room] > 0:
                yield f"{module}: imports {name} from another room of its floor"
    elif name.startswith(REPLACED):
        yield f"{module}: imports {name}, which this package replaces"
    elif room in WITHOUT_IO and module not in DOES_IO and _does_io(module, name):
        yield f"{module}: imports {name}, and {room} is without I/O"


def _does_io(module: str, name: str) -> bool:
    if module in CLOCK_READERS and name in {"time", "time.time_ns"}:
        return False
    return _is_one_of(name, IO_MODULES)


def _is_one_of(name: str, modules: frozenset[str]) -> bool:
    """Tell whether *name* is one of *modules*, or something in it."""
    return any(name == known or name.startswith(f"{known}.") for known in modules)


def _room(module: str) -> str:
    return module.partition(".")[0]


def _imports(tree: ast.AST) -> Iterator[str]:
    """Return every imported name, also of imports inside functions."""
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


@cache
def _imports_of(source: str) -> tuple[str, ...]:
    """Return every imported name; cached, because each room is compared with all."""
    return tuple(_imports(ast.parse(source)))


def _clock_calls(tree: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_METHODS:
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in {"date", "datetime"}:
                yield node


# --- circles ---------------------------------------------------------------------------


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Return a circle in *arrows* as a path, or an empty list without a circle."""
    done: set[str] = set()
    path: list[str] = []

    def visit(node: str) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        path.append(node)
        for target in sorted(arrows.get(node, ())):
            if found := visit(target):
                return found
        path.pop()
        done.add(node)
        return []

    return next((found for node in sorted(arrows) if (found := visit(node))), [])


def arrows_between_modules(sources: dict[str, str]) -> dict[str, set[str]]:
    """Return which modules each module imports; folders import their own modules."""
    return {
        module: {
            target
            for name in _imports_of(source)
            if (target := _module_of(name, sources)) not in {"", module}
        }
        for module, source in sources.items()
    }


def _module_of(name: str, sources: dict[str, str]) -> str:
    """Return the module that *name* is in, below ``ocsp``; empty for all others."""
    if not name.startswith("ocsp."):
        return ""
    module = name.removeprefix("ocsp.")
    while module and module not in sources:
        module = module.rpartition(".")[0]
    return module


def arrows_between_parts(sources: dict[str, str], room: str) -> dict[str, set[str]]:
    """Return the arrows between the folders and loose modules directly in *room*."""
    arrows: dict[str, set[str]] = {}
    for module, targets in arrows_between_modules(sources).items():
        part = _part(module, room)
        for target in targets:
            other = _part(target, room)
            if part and other and part != other:
                arrows.setdefault(part, set()).add(other)
    return arrows


def _part(module: str, room: str) -> str:
    inside = module.removeprefix(f"{room}.")
    return "" if inside == module else _room(inside)


# --- the package -----------------------------------------------------------------------


def _sources() -> dict[str, str]:
    found = {}
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = path.read_text()
    return found


def test_imports_point_downward_and_io_stays_on_its_floors() -> None:
    """Every module of the package, every import, also those inside functions."""
    found = [
        fault
        for name, source in _sources().items()
        for fault in import_faults(name, source)
    ]
    assert found == []


def test_no_circle_between_modules() -> None:
    """Also where an import inside a function would hide the circle."""
    sources = {name: text for name, text in _sources().items() if name != ""}
    assert circle(arrows_between_modules(sources)) == []


@pytest.mark.parametrize("room", sorted(FLOOR_OF))
def test_no_circle_between_the_folders_of_a_room(room: str) -> None:
    """The loose modules beside a folder count as parts of their own."""
    assert circle(arrows_between_parts(_sources(), room)) == []


def test_the_table_of_floors_has_the_rooms_of_the_package() -> None:
    """Every room has a floor, and every floor's rooms exist."""
    assert {_room(name) for name in _sources()} == {*FLOOR_OF, *ENTRANCES}


MOST_FILES = 12
"""Modules in one folder; a reader can take in as many names at once."""


def test_a_folder_has_at_most_a_dozen_modules() -> None:
    """Modules in subfolders do not count."""
    folders = {path.parent for path in SOURCES.rglob("*.py")}
    crowded = {
        str(folder.relative_to(SOURCES)): count
        for folder in folders
        if (count := len([*folder.glob("[!_]*.py")])) > MOST_FILES
    }
    assert crowded == {}


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        (
            "asn1.der",
            "from ocsp.messages.certid import x",
            "imports ocsp.messages.certid from a floor above",
        ),
        (
            "asn1.der",
            "from ocsp import messages",
            "imports ocsp.messages from a floor above",
        ),
        ("http", "def f():\n  from ocsp.cli.app import run", "from a floor above"),
        ("server.asgi", "from ocsp.cli import x", "from a floor above"),
        (
            "verification.case",
            "import ocsp.responder.core",
            "from another room of its floor",
        ),
        ("messages.certid", "import socket", "and messages is without I/O"),
        ("http", "from urllib.request import urlopen", "and http is without I/O"),
        ("linting.lint", "import time", "and linting is without I/O"),
        ("signing.signer", "x = datetime.datetime.now()", "reads a clock"),
        ("http", "from datetime import date\nx = date.today", "reads a clock"),
        ("cli.x", "from cryptography.x509 import ocsp", "which this package replaces"),
        ("cli.x", "import cryptography.x509.ocsp", "which this package replaces"),
        (
            "asn1.der",
            "from cryptography.hazmat.bindings._rust import ocsp",
            "which this package replaces",
        ),
        (
            "http",
            "from ocsp.guarded.files import read_file",
            "and http is without I/O",
        ),
        ("surprise", "", "is in no room"),
    ],
)
def test_wrong_imports_are_found(module: str, source: str, fault: str) -> None:
    """The check reports each fault by name."""
    assert any(fault in found for found in import_faults(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("messages.certid", "from ocsp import limits\nfrom ocsp.asn1 import oids"),
        ("messages.certid", "from cryptography import x509\nimport datetime"),
        ("server.asgi", "import asyncio\nfrom ocsp.http import answer"),
        ("limits", "from ocsp.errors import OCSPError"),
        ("messages.responses.response_builder", "from time import time_ns"),
    ],
)
def test_allowed_imports_pass(module: str, source: str) -> None:
    """Imports of lower floors, of the same room, and the named exceptions."""
    assert import_faults(module, source) == []


def test_circles_are_found() -> None:
    """Between modules, and between folders whose modules have no circle."""
    one = {"client.a": "import ocsp.client.b", "client.b": "import ocsp.client.a"}
    assert circle(arrows_between_modules(one)) == ["client.a", "client.b", "client.a"]
    two = {
        "client.x.a": "import ocsp.client.y.a",
        "client.y.a": "",
        "client.y.b": "import ocsp.client.x.b",
        "client.x.b": "",
    }
    assert circle(arrows_between_modules(two)) == []
    assert circle(arrows_between_parts(two, "client")) == ["x", "y", "x"]


def test_importing_the_package_is_light() -> None:
    """Modules that few programs need, or that are slow, are imported at first use."""
    heavy = (
        "asyncio", "cryptography.hazmat.primitives.serialization", "dataclasses", "httpx",
        "inspect", "ocsp.client", "ocsp.verification", "pkcs11", "pydantic", "rich", "sqlite3", "click",
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
