"""
Compile modules with mypyc and a C compiler: ``compile_modules.py FOLDER MODULE...``.

The modules are paths below ``src``. This program writes the extension modules to
``FOLDER/lib``, in folders like those of their sources, beside the library that they
share.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mypyc.build import mypycify
from mypyc_additions import register, repair_runtime
from setuptools import Distribution  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Compile what the command line names."""
    folder, *modules = sys.argv[1:]
    names = [each.removesuffix(".py").replace("/", ".") for each in modules]
    register(names, ROOT / "src" / "ocsp")
    os.chdir(ROOT / "src")  # tracebacks show the paths as they are given here
    extensions = mypycify(
        [
            f"--config-file={ROOT / 'pyproject.toml'}",
            f"--python-executable={sys.executable}",
            # Other modules import packages of extras, which need not be installed.
            "--follow-imports=silent",
            *modules,
        ],
        group_name="ocsp",  # the library is called ocsp__mypyc
        debug_level="0",  # the C sources are not kept
        target_dir=str(Path(folder, "c")),
    )
    repair_runtime(Path(folder))
    for extension in extensions:  # the first of these folders that has a file gives it
        extension.include_dirs.insert(0, folder)
    build = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    build.build_lib = str(Path(folder, "lib"))
    build.build_temp = str(Path(folder, "objects"))
    build.ensure_finalized()
    build.run()


if __name__ == "__main__":
    main()
