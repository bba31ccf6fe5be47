"""``ocsp signer check``: test a signer as the responder does."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from typing import Annotated

from rich.table import Table

from ocsp.asn1.times import timestamp
from ocsp.cli.commands.signer.options import (
    Cert,
    Issuer,
    Key,
    PassphraseFile,
    PinFile,
    Token,
    signer_spec,
)
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.input.database import database_of
from ocsp.cli.input.loading import load_certificate
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import output
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.tree_rows import text
from ocsp.signers import (
    DEFAULT_ALARM,
    Check,
    CheckResult,
    SignerHealth,
    SignerSet,
    SignerState,
    SignerTester,
)
from ocsp.store import DatabaseAddress, open_store

__all__ = ["check"]

EPILOG = epilog(
    {
        "ocsp signer check --issuer ca.pem --cert responder.pem --key responder.key": (
            "test it as clients do"
        ),
        "ocsp signer check --issuer ca.pem --cert responder.pem --key responder.key "
        "--db status.db --json": "also by the status of its own certificate",
    },
    {**COMMON_EXITS, ExitCode.PROBLEM: "the signer cannot be used"},
)

_USABLE = frozenset({SignerState.READY, SignerState.FUTURE})

_STYLES = {
    CheckResult.PASSED: "good",
    CheckResult.WARNING: "warning",
    CheckResult.FAILED: "error",
    CheckResult.UNAVAILABLE: "error",
}


@helped_by(EPILOG)
def check(
    issuer: Issuer,
    cert: Cert,
    key: Key = None,
    pkcs11: Token = None,
    passphrase_file: PassphraseFile = None,
    pin_file: PinFile = None,
    database: Annotated[
        DatabaseAddress | None,
        Option(
            "--db",
            metavar="FILE|URL",
            parser=database_of("--db"),
            help="SQLite file with the status, or postgresql://user@host/database.",
        ),
    ] = None,
    alarm_days: Annotated[
        int,
        Option(metavar="DAYS", min=1, help="Warn so many days before the end."),
    ] = DEFAULT_ALARM.days,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """
    Test a signer as the responder does when it starts, and every day.

    The key makes a signature, and the verifier judges an answer by every policy.
    """
    spec = signer_spec(cert, key, pkcs11, passphrase_file, pin_file)
    # The responder logs what the command shows.
    logging.getLogger("ocsp.signers").addHandler(logging.NullHandler())
    with contextlib.ExitStack() as opened:
        source = None
        if database is not None:
            source = opened.enter_context(open_store(database, read_only=True))
        tester = SignerTester(
            issuer=load_certificate(issuer),
            alarm=datetime.timedelta(days=alarm_days),
            source=source,
        )
        signers = opened.enter_context(contextlib.closing(SignerSet([spec], tester)))
        now = datetime.datetime.now(datetime.UTC)
        asyncio.run(signers.update(now))
        (health,) = signers.health()
    if as_json:
        write_json(_document(health, now))
    else:
        _show(health)
    return ExitCode.SUCCESS if health.state in _USABLE else ExitCode.PROBLEM


def _checks(health: SignerHealth) -> tuple[Check, ...]:
    """Return the checks, and first whether the signer could be loaded."""
    if health.test is None:
        result = CheckResult.FAILED
        if health.state is SignerState.FAILING:
            result = CheckResult.UNAVAILABLE
        return (Check(name="key", result=result, messages=health.problems),)
    milliseconds = 1000 * (health.seconds or 0)
    signs = f"belongs to the certificate, and signs in {milliseconds:.2f} ms"
    key = Check(name="key", result=CheckResult.PASSED, messages=(signs,))
    return (key, *health.test.checks)


def _show(health: SignerHealth) -> None:
    table = Table("check", "result", "what was found", box=None, pad_edge=False)
    for each in _checks(health):
        result = text(each.result.value)
        result.stylize(_STYLES[each.result])
        table.add_row(text(each.name), result, text("\n".join(each.messages)))
    output().print(text(f"{health.name}: {health.state.value}"), soft_wrap=True)
    output().print(table)


def _document(health: SignerHealth, now: datetime.datetime) -> dict[str, object]:
    return {
        "type": "signer-check",
        "name": health.name,
        "state": health.state.value,
        "not_before": None if health.begin is None else timestamp(health.begin),
        "not_after": None if health.end is None else timestamp(health.end),
        "days_left": health.days_left(now),
        "signature_seconds": health.seconds,
        "checks": [
            {
                "name": each.name,
                "result": each.result.value,
                "messages": list(each.messages),
            }
            for each in _checks(health)
        ],
    }
