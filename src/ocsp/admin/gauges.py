"""Set the gauges that follow from the state of the responder."""

from __future__ import annotations

import datetime

from ocsp.admin.snapshot import Snapshot
from ocsp.asn1.certificates import validity_of
from ocsp.metrics import Metrics
from ocsp.metrics.table import SIGNER_LEFT, STORE_UP

__all__ = ["set_gauges"]


def set_gauges(metrics: Metrics, snapshot: Snapshot, now: datetime.datetime) -> None:
    """
    Set the gauges about signers and stores.

    Args:
        metrics: The metrics of this process, in which the names of the signers and
            stores are configured.

        snapshot: The state.

        now: The current time, aware.
    """
    for signer in snapshot.signers:
        _, end = validity_of(signer.certificate)
        left = (end - now).total_seconds()
        metrics.gauge(SIGNER_LEFT, signer.name).value = round(left)
    for store in snapshot.stores:
        metrics.gauge(STORE_UP, store.name).value = 0 if store.problem else 1
