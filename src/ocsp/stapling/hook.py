"""
Run a command after a staple was replaced, for example to reload the TLS server.

The command runs without a shell and gets its data in environment variables. So neither
a file name nor a value from a certificate can be interpreted as a command.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from collections.abc import Sequence

from ocsp import limits
from ocsp.asn1.times import timestamp
from ocsp.errors import ConfigError, HookFailed
from ocsp.stapling.process import EndedProcess, run_process
from ocsp.stapling.report import StapleReport

__all__ = ["CommandHook"]

_PREFIX = "OCSP_STAPLE_"

_MAX_LINE = 200
"""Characters of the error output that the error has."""

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # a control sequence, such as a colour (ECMA-48)
    r"|[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\)?"  # a string, such as a window title
    r"|[ -/]*[0-~]?)"
)
"""What a terminal would interpret."""


class CommandHook:
    """
    Runs a command with these environment variables.

    ===========================  ====================================================
    ``OCSP_STAPLE_FILE``         the staple file
    ``OCSP_STAPLE_CERTIFICATE``  the certificate file
    ``OCSP_STAPLE_STATUS``       ``good``, ``revoked`` or ``not-needed``
    ``OCSP_STAPLE_SERIAL``       the serial number, in hexadecimal
    ``OCSP_STAPLE_THIS_UPDATE``  thisUpdate, in ISO 8601
    ``OCSP_STAPLE_UNTIL``        when the staple expires, in ISO 8601
    ===========================  ====================================================

    With ``not-needed`` the staple file is empty, and the last three are not set.
    """

    def __init__(self, command: str | Sequence[str]) -> None:
        """
        Set the command; nothing runs yet.

        Args:
            command: The program and its arguments: a list, or a string that is split
                like a shell command. No shell runs it; if you need one, name it:
                ``sh -c '...'``.

        Raises:
            ConfigError: If the program does not exist, or the quoting is wrong.
        """
        try:
            parts = shlex.split(command) if isinstance(command, str) else list(command)
        except ValueError as error:
            raise ConfigError("command", str(error)) from error
        if not parts:
            raise ConfigError("command", "is empty")
        if shutil.which(parts[0]) is None:
            raise ConfigError(parts[0], "is not an executable program")
        self._command = parts

    def __call__(self, report: StapleReport) -> None:
        """
        Run the command for the staple in *report*, and wait for it.

        Only the command itself is waited for, not the processes that it leaves running.

        Raises:
            HookFailed: If the command cannot be started, exits with a code other than
                0, is killed by a signal, or takes longer than
                ``limits.MAX_HOOK_SECONDS`` (it is then killed, with its children).
        """
        name = self._command[0]
        try:
            done = run_process(
                self._command,
                dict(os.environ) | _environment(report),
                limits.MAX_HOOK_SECONDS,
                limits.MAX_HOOK_OUTPUT_BYTES,
            )
        except (OSError, ValueError) as error:  # ValueError: a null character
            reason = getattr(error, "strerror", None) or str(error)
            raise HookFailed(name, reason) from error
        if done.code != 0:
            raise HookFailed(name, f"{_how_it_ended(done.code)}{_last_line(done)}")


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return f"took more than {limits.MAX_HOOK_SECONDS:.0f} seconds and was killed"
    if code > 0:
        return f"exited with code {code}"
    known = [each.name for each in signal.Signals if each == -code]
    return f"was killed by signal {-code}" + "".join(f" ({name})" for name in known)


def _last_line(done: EndedProcess) -> str:
    """Return the last line of the error output, without control characters."""
    text = _ESCAPES.sub("", done.errors.decode(errors="replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    shown = "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for each in lines[-1][:_MAX_LINE]
    )
    return f": {shown}"


def _environment(report: StapleReport) -> dict[str, str]:
    values = {
        "FILE": str(report.site.staple_file.absolute()),
        "CERTIFICATE": str(report.site.certificate.absolute()),
    }
    evidence = report.evidence
    if report.not_needed is not None:
        values["STATUS"] = report.state.value
    elif evidence is not None:
        values |= {
            "STATUS": evidence.status.name.lower(),
            "SERIAL": f"{evidence.cert_id.serial_number:x}",
            "THIS_UPDATE": timestamp(evidence.this_update),
            "UNTIL": timestamp(evidence.holds_until),
        }
    return {f"{_PREFIX}{name}": value for name, value in values.items()}
