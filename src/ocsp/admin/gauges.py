"""Set the gauges that follow from the state of the responder."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from ocsp.admin.readiness import CheckResult, Level
from ocsp.admin.snapshot import Snapshot
from ocsp.asn1.certificates import validity_of
from ocsp.metrics import Metrics
from ocsp.metrics.table import (
    ANSWERS_DUE,
    CANNED_LEFT,
    EVENTS_OPEN,
    SIGNER_ALARM,
    SIGNER_LEFT,
    SOURCE_UP,
    STORE_UP,
)

__all__ = ["set_gauges"]


def set_gauges(
    metrics: Metrics,
    snapshot: Snapshot,
    checks: Sequence[CheckResult],
    now: datetime.datetime,
) -> None:
    """
    Set the gauges about sources, signers, stores and the responses of offline CAs.

    Args:
        metrics: The metrics of this process, in which the names of the signers and
            stores are configured.

        snapshot: The state.

        checks: The results of the checks.

        now: The current time, aware.
    """
    levels = {check.name: check.level for check in checks}
    of_store = levels.get("store", Level.OK)
    for issuer in snapshot.issuers:
        if issuer.ends is not None:
            left = (issuer.ends - now).total_seconds()
            metrics.gauge(CANNED_LEFT, issuer.name).value = round(left)
        if issuer.check:
            continue  # nothing here looks a status up
        level = levels.get(f"source {issuer.name}", of_store)
        metrics.gauge(SOURCE_UP, issuer.name).value = int(level is not Level.FAILED)
        metrics.gauge(ANSWERS_DUE, issuer.name).value = issuer.overdue
    for signer in snapshot.signers:
        _, end = validity_of(signer.certificate)
        left = (end - now).total_seconds()
        metrics.gauge(SIGNER_LEFT, signer.name).value = round(left)
        alarm = signer.warning_time.total_seconds()
        metrics.gauge(SIGNER_ALARM, signer.name).value = round(alarm)
    for store in snapshot.stores:
        metrics.gauge(STORE_UP, store.name).value = 0 if store.problem else 1
        metrics.gauge(EVENTS_OPEN).value = store.open_changes
