"""One line a minute for each kind of event, with a count."""

from __future__ import annotations

import logging

import pytest

from ocsp.server.event_log import EventLog


def test_the_first_is_logged_and_the_others_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever happens how often, the log grows by a line a minute."""
    now = 0.0
    log = EventLog(logging.getLogger("ocsp.test"), clock=lambda: now)
    with caplog.at_level("INFO", "ocsp.test"):
        for _ in range(1000):
            log.report(logging.INFO, "slow", "a client is slow")
        log.report(logging.INFO, "idle", "a client is idle")
        log.report(logging.DEBUG, "detail", "not at this level")
        log.flush()
        assert caplog.messages == ["a client is slow", "a client is idle"]
        now = 61.0
        log.flush()
        log.flush()
    assert caplog.messages[2:] == ["a client is slow (999 times)"]
