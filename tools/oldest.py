"""
Print the constraints that give the oldest supported release of each dependency.

They are the lower bounds in ``pyproject.toml``, so the two cannot disagree.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_BOUND = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?>=([\d.]+)")


def main() -> None:
    """Print one line for each dependency of the package and of its extras."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    extras = project["optional-dependencies"].values()
    for requirement in {
        *project["dependencies"],
        *(each for extra in extras for each in extra),
    }:
        bound = _BOUND.match(requirement)
        if bound is not None:
            print(f"{bound[1]}=={bound[2]}")


if __name__ == "__main__":
    main()
