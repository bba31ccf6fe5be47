"""
Count what the processes of a responder do.

A process counts in plain integers with :class:`Metrics`. About once a second it reports
to the process that serves the admin port, which adds the reports of all processes up in
:class:`Totals`. There is no shared file: a killed process loses at most a second of its
counts, and leaves nothing behind.
"""

from __future__ import annotations

from ocsp.metrics.channel import ReportReceiver, ReportSender, report_channel
from ocsp.metrics.counting import Counter, Gauge, Histogram, Metrics, Outcome
from ocsp.metrics.report import Report
from ocsp.metrics.totals import Totals

__all__ = [
    "Counter",
    "Gauge",
    "Histogram",
    "Metrics",
    "Outcome",
    "Report",
    "ReportReceiver",
    "ReportSender",
    "Totals",
    "report_channel",
]
