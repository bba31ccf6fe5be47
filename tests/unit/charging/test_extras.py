"""Without its packages, a module says which extra installs them."""

from __future__ import annotations

import subprocess
import sys

MISSING = """
import importlib, sys
import ocsp

for module, missing in (
    ("ocsp.charging.chain_status", "anyio"),
    ("ocsp.charging.dialect", "ocpp.charge_point"),
    ("ocsp.charging.v201", "ocpp.routing"),
    ("ocsp.charging.v21", "ocpp.routing"),
    ("ocsp.pyhanko", "pyhanko_certvalidator.fetchers"),
):
    sys.modules[missing] = None
    try:
        importlib.import_module(module)
    except ocsp.MissingExtraError as error:
        print(module, error.extra)
    del sys.modules[missing]
"""


def test_the_error_names_the_extra() -> None:
    """In a new process, where nothing is imported."""
    done = subprocess.run(
        [sys.executable, "-c", MISSING], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "ocsp.charging.chain_status client",
        "ocsp.charging.dialect ocpp",
        "ocsp.charging.v201 ocpp",
        "ocsp.charging.v21 ocpp",
        "ocsp.pyhanko pyhanko",
    ]


def test_the_messages_need_no_package() -> None:
    """Only the handlers do."""
    code = "import sys; sys.modules['ocpp'] = None; import ocsp.charging"
    subprocess.run([sys.executable, "-c", code], check=True)
