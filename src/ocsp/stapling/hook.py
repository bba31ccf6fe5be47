"""
Run a command after a staple was replaced, for example to reload the TLS server.

The command runs without a shell and gets its data in environment variables. So neither
a file name nor a value from a certificate can be interpreted as a command.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence

from ocsp.asn1.times import timestamp
from ocsp.errors import ConfigError, HookFailed
from ocsp.stapling.report import StapleReport

__all__ = ["CommandHook"]

_PREFIX = "OCSP_STAPLE_"
_TIMEOUT = 60.0
"""Seconds that the command may take; reloading a server takes about one second."""


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

        Raises:
            HookFailed: If the command cannot be started, exits with a code other than
                0, or takes longer than a minute (it is then killed).
        """
        name = self._command[0]
        try:
            done = subprocess.run(  # noqa: S603 the command is the caller's own
                self._command,
                env=dict(os.environ) | _environment(report),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise HookFailed(name, f"took more than {_TIMEOUT:.0f} seconds") from error
        except OSError as error:
            raise HookFailed(name, error.strerror or str(error)) from error
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            last = f": {lines[-1][:200]}" if lines else ""
            raise HookFailed(name, f"exited with code {done.returncode}{last}")


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
