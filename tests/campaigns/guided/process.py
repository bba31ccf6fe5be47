"""One process of atheris, which ends with it: ``… TARGET NEW CORPUS -OPTION=VALUE``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["ocsp"]):
    from tests.campaigns.guided.attacks import ATTACKS

if __name__ == "__main__":
    program, name, *rest = sys.argv
    atheris.Setup([program, *rest], ATTACKS[name])
    atheris.Fuzz()
