"""
The hook: a command that is run on a new staple, to tell the server of it.

Rules of this file: no shell. What the command is to know comes in its environment, so
that no name of a file, and nothing in a certificate, is ever read as a command.
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
_PATIENCE = 60.0
"""Seconds that the command may take; reloading a server takes one."""


class CommandHook:
    """
    Runs a command, with these in its environment.

    ===========================  ====================================================
    ``OCSP_STAPLE_FILE``         the file of the staple
    ``OCSP_STAPLE_CERTIFICATE``  the file of the certificate
    ``OCSP_STAPLE_STATUS``       ``good`` or ``revoked``
    ``OCSP_STAPLE_SERIAL``       the serial number, in hexadecimal
    ``OCSP_STAPLE_THIS_UPDATE``  thisUpdate, in ISO 8601
    ``OCSP_STAPLE_UNTIL``        when it ends, in ISO 8601
    ===========================  ====================================================
    """

    def __init__(self, command: str | Sequence[str]) -> None:
        """
        Take the command.

        Args:
            command: The program and its arguments: a list, or text with the quoting of
                a shell. No shell runs it; name one where you need it: ``sh -c '...'``.

        Raises:
            ConfigError: If there is no such program, or the quoting is wrong.
        """
        try:
            parts = shlex.split(command) if isinstance(command, str) else list(command)
        except ValueError as error:
            raise ConfigError("command", str(error)) from error
        if not parts:
            raise ConfigError("command", "is empty")
        if shutil.which(parts[0]) is None:
            raise ConfigError(parts[0], "is no program that can be run")
        self._command = parts

    def __call__(self, report: StapleReport) -> None:
        """
        Run the command for the staple in *report*, and wait for it.

        Raises:
            HookFailed: If it cannot be started, ends with another code than 0, or takes
                longer than a minute; then it is killed.
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
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise HookFailed(name, f"took more than {_PATIENCE:.0f} seconds") from error
        except OSError as error:
            raise HookFailed(name, error.strerror or str(error)) from error
        if done.returncode:
            said = done.stderr.strip().splitlines()
            last = f": {said[-1][:200]}" if said else ""
            raise HookFailed(name, f"ended with code {done.returncode}{last}")


def _environment(report: StapleReport) -> dict[str, str]:
    values = {
        "FILE": str(report.site.staple_file.absolute()),
        "CERTIFICATE": str(report.site.certificate.absolute()),
    }
    evidence = report.evidence
    if evidence is not None:
        values |= {
            "STATUS": evidence.status.name.lower(),
            "SERIAL": f"{evidence.cert_id.serial_number:x}",
            "THIS_UPDATE": timestamp(evidence.this_update),
            "UNTIL": timestamp(evidence.holds_until),
        }
    return {f"{_PREFIX}{name}": value for name, value in values.items()}
