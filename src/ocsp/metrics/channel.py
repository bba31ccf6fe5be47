"""
Send reports from the processes of a responder to the one with the admin port.

The channel is a pair of connected datagram sockets, which the supervisor creates and
all processes inherit: one datagram is one report. A sender never waits. What it could
not send, it sends with the next report.
"""

from __future__ import annotations

import socket

from ocsp import limits
from ocsp.metrics.report import Report, decode_report, encode_report
from ocsp.metrics.totals import Totals

__all__ = ["ReportReceiver", "ReportSender", "report_channel"]


def report_channel() -> tuple[socket.socket, socket.socket]:
    """
    Return the receiving and the sending end of a new channel.

    Several processes may use the sending end. The caller closes both. Not on Windows,
    which has no datagram sockets between processes.
    """
    receiving, sending = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiving.setblocking(False)
    sending.setblocking(False)
    return receiving, sending


class ReportSender:
    """The sending end of a channel."""

    def __init__(self, channel: socket.socket) -> None:
        """Send over *channel*, which is set to non-blocking."""
        channel.setblocking(False)
        self._channel = channel

    def send(self, report: Report) -> bool:
        """Send *report* without waiting, and return whether it was taken."""
        data = encode_report(report)
        try:
            self._channel.send(data)
        except OSError:  # full, or the other end is closed
            return False
        return True


class ReportReceiver:
    """The receiving end of a channel."""

    def __init__(self, channel: socket.socket, totals: Totals) -> None:
        """Add the reports that arrive over *channel* to *totals*."""
        channel.setblocking(False)
        self._channel = channel
        self._totals = totals

    def fileno(self) -> int:
        """Return the file descriptor to wait for."""
        return self._channel.fileno()

    def drain(self) -> None:
        """Add all reports that have arrived; for ``add_reader`` of an event loop."""
        while True:
            try:
                data = self._channel.recv(limits.MAX_REPORT_BYTES)
            except OSError:  # nothing more, or closed
                return
            report = decode_report(data)
            if report is not None:
                self._totals.add(report)
