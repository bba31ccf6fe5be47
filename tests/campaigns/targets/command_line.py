"""The commands that read files: one line on standard error, and never exit code 70."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

from ocsp.cli.app import app
from ocsp.cli.exit_codes import ExitCode
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build
from tests.campaigns.material.crls import ask_crl
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate, mutate_octets
from tests.campaigns.material.responses import NONCE, ask, donors

__all__ = ["run"]

BUDGET = 1_500_000
_ENDINGS = frozenset(
    {
        ExitCode.SUCCESS,
        ExitCode.PROBLEM,
        ExitCode.UNKNOWN,
        ExitCode.NOT_VERIFIED,
        ExitCode.INPUT_ERROR,
    }
)


def run(dice: Dice) -> str:
    """Run one command on one file, and return its name and its exit code."""
    folder = _folder()
    message = folder / "message"
    message.write_bytes(_message(dice))
    command = dice.choice(("inspect", "inspect", "lint", "verify"))
    arguments = [command]
    if command == "verify":
        cert = folder / "cert"
        cert.write_bytes(_certificate(dice, build().leaf.der))
        arguments += ["--response", str(message), "--cert", str(cert)]
        arguments += ["--issuer", str(_authority())]
    else:
        arguments.append(str(message))
    arguments += dice.usually((), ("--json",), ("--type", "request"), ("--bogus",))
    out, err = io.StringIO(), io.StringIO()

    def execute() -> object:
        with redirect_stdout(out), redirect_stderr(err):
            return app.main(arguments, "ocsp", standalone_mode=False)

    code = call(execute, budget=BUDGET)
    if code not in _ENDINGS:
        raise Violation(f"{arguments} ends with {code!r}: {err.getvalue()[:2000]}")
    if "Traceback" in err.getvalue():
        raise Violation(f"{arguments}: {err.getvalue()[:2000]}")
    return f"{command} {int(code)}"  # type: ignore[arg-type, call-overload]


def _message(dice: Dice) -> bytes:
    """Return the content of the file: a response, a request, or something else."""
    draw = dice.random()
    if draw < 0.6:
        return ask(dice).response
    if draw < 0.8:
        made = build()
        nonce = made.nonce(dice.usually(NONCE, b"", bytes(200)))
        request = made.request(made.cert_id(), made.cert_id(), extensions=(nonce,))
        return mutate(dice, request, (), donors())
    if draw < 0.9:
        return dice.choice((*ask_crl(dice).crls, *donors()))
    return mutate_octets(dice, dice.choice(donors()).hex().encode())


def _certificate(dice: Dice, der: bytes) -> bytes:
    return mutate(dice, der, ("ca",), donors()) if dice.chance(0.3) else der


@cache
def _folder() -> Path:
    """Return a folder of this process, which is removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="ocsp-campaign-")
    _KEPT.append(folder)
    os.environ.setdefault("COLUMNS", "100")
    return Path(folder.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _authority() -> Path:
    path = _folder() / "ca.der"
    path.write_bytes(build().ca.der)
    return path
