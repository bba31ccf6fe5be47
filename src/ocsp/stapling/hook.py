"""
Run a command after a staple was replaced, for example to reload the TLS server.

The command runs without a shell and gets its data in environment variables. So neither
a file name nor a value from a certificate can be interpreted as a command.
"""

from __future__ import annotations

from collections.abc import Sequence

from ocsp import limits
from ocsp.asn1.times import timestamp
from ocsp.guarded.system.command import parse_command, run_command
from ocsp.stapling.report import StapleReport

__all__ = ["CommandHook"]

_PREFIX = "OCSP_STAPLE_"


class CommandHook:
    """
    Runs a command with these environment variables.

    ===========================  ====================================================
    ``OCSP_STAPLE_FILE``         the staple file
    ``OCSP_STAPLE_CERTIFICATE``  the certificate file
    ``OCSP_STAPLE_STATUS``       ``good``, ``revoked`` or ``not-needed``
    ``OCSP_STAPLE_SERIAL``       the serial number, in hexadecimal after ``0x``
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
        self._command = parse_command(command)

    def __call__(self, report: StapleReport) -> None:
        """
        Run the command for the staple in *report*, and wait for it.

        Only the command itself is waited for, not the processes that it leaves running.

        Raises:
            HookFailed: If the command cannot be started, exits with a code other than
                0, is killed by a signal, or takes longer than
                ``limits.MAX_HOOK_SECONDS`` (it is then killed, with its children).
        """
        run_command(self._command, _environment(report), limits.MAX_HOOK_SECONDS)


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
            "SERIAL": f"{evidence.cert_id.serial_number:#x}",
            "THIS_UPDATE": timestamp(evidence.this_update),
            "UNTIL": timestamp(evidence.holds_until),
        }
    return {f"{_PREFIX}{name}": value for name, value in values.items()}
