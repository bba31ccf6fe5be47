"""The compiled modules of the package, and their sources."""

from __future__ import annotations

import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

__all__ = ["COMPILED", "is_compiled", "source_of"]

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
