"""Runs the command line as ``python -m ocsp.cli``."""

from __future__ import annotations

import sys

from ocsp.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
