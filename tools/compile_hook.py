"""
Compile modules of the package with mypyc while Hatchling builds a wheel.

Hatchling runs this hook only if HATCH_BUILD_HOOK_ENABLE_CUSTOM is true in the
environment; without it the wheel is pure Python. ``pyproject.toml`` lists the modules,
with the reasons. Their sources stay in the wheel: type checkers and tracebacks read
them, and Python prefers an extension module to a source file.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EDITABLE = "editable"
"""The version of a wheel that points to the sources, which are then imported."""


class CompileHook(BuildHookInterface[Any]):
    """Put extension modules into the wheel, beside the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the modules, unless the sources are to be imported."""
        if version == EDITABLE:
            return
        self.folder = Path(tempfile.mkdtemp(prefix="ocsp-compile-"))
        # In a process of its own: mypyc changes setuptools, and works in a folder.
        subprocess.run(
            [
                sys.executable,
                Path(self.root, "tools", "compile_modules.py"),
                self.folder,
                *self.config["modules"],
            ],
            check=True,
        )
        results = self.folder / "lib"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(
            {
                str(path): str(path.relative_to(results))
                for path in results.rglob("*")
                if path.is_file()
            }
        )

    def finalize(self, version: str, _: dict[str, Any], __: str) -> None:
        """Remove what the compiler has written."""
        if version != EDITABLE:
            shutil.rmtree(self.folder)
