"""
Print the constraints that give the oldest supported release of each dependency.

They are the lower bounds in ``pyproject.toml``, so the two cannot disagree. On Python
newer than the oldest supported one, those of the extras are left out:
their old releases have no wheels for it.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_BOUND = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?>=([\d.]+)")


def main() -> None:
    """Print one line for each dependency."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    requirements = list(project["dependencies"])
    if f"{sys.version_info[0]}.{sys.version_info[1]}" in project["requires-python"]:
        for extra in project["optional-dependencies"].values():
            requirements += extra
    for requirement in requirements:
        bound = _BOUND.match(requirement)
        if bound is not None:
            print(f"{bound[1]}=={bound[2]}")


if __name__ == "__main__":
    main()
