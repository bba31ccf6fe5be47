"""Report the counts of a process, with the names of its configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes

from ocsp.inspection.signer_names import signer_names
from ocsp.metrics import Metrics
from ocsp.metrics.counting import REPORT_SECONDS
from ocsp.metrics.table import VALKEY
from ocsp.service.building import BuiltService
from ocsp.service.configuration import Configuration

__all__ = ["configure_metrics", "report"]


def configure_metrics(metrics: Metrics, service: BuiltService) -> None:
    """Let *metrics* use the names of the issuers, signers and stores of *service*."""
    metrics.configure(
        issuers=service.names,
        signers={
            certificate.fingerprint(hashes.SHA256()): name
            for certificate, name in signer_names(service.authorities).items()
        },
        stores=_stores(service.configuration),
    )


def _stores(configuration: Configuration) -> list[str]:
    names = [configuration.database.name]
    return names if configuration.valkey is None else [*names, VALKEY]


async def report(metrics: Metrics, collect: Callable[[], object] | None = None) -> None:
    """Report what was counted, again and again; *collect* is called before."""
    while True:
        if collect is not None:
            collect()
        metrics.flush()
        await asyncio.sleep(REPORT_SECONDS)
