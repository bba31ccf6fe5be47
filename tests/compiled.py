"""The compiled modules of the package, and their sources."""

from __future__ import annotations

import inspect
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

import pytest

import ocsp

__all__ = [
    "COMPILED",
    "is_compiled",
    "needs_sources",
    "properties_of",
    "source_of",
]

needs_sources = pytest.mark.skipif(
    ocsp.compiled,
    reason="compiled calls and constants are neither counted nor replaced",
)
"""A test that counts or replaces calls or constants in compiled modules."""

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
_BUILD = _PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

COMPILED: tuple[str, ...] = tuple(_BUILD["hooks"]["custom"]["modules"])
"""The sources of the modules that a compiled wheel has compiled, below ``src``."""


def is_compiled(module: ModuleType) -> bool:
    """Return whether *module* is an extension module."""
    return str(module.__file__).endswith(tuple(EXTENSION_SUFFIXES))


def source_of(module: ModuleType) -> Path:
    """Return the path of the source of *module*, which may be compiled."""
    path = Path(str(module.__file__))
    return path.with_name(f"{path.name.partition('.')[0]}.py")


def properties_of(kind: type) -> list[str]:
    """Return the names of the properties of *kind*; if it is compiled, public ones."""
    return [
        name
        for name, value in vars(kind).items()
        if isinstance(value, property)
        or (inspect.isgetsetdescriptor(value) and not name.startswith("_"))
    ]
