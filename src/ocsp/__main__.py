"""Run the command line: ``python -m ocsp``."""

from __future__ import annotations

import sys

from ocsp.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
