"""Decide what is kept for how long, and delete the rest once an hour."""

from __future__ import annotations

import datetime
import logging
import time
from dataclasses import dataclass
from typing import Protocol

from ocsp.errors import ConfigError

__all__ = ["Prunable", "Pruning", "Retention"]

_log = logging.getLogger("ocsp.updater")

PERIOD_SECONDS = 3600.0
"""How often old rows are looked for."""


class Prunable(Protocol):
    """A store whose old rows can be deleted."""

    def prune(
        self,
        *,
        expired_before: datetime.datetime | None = None,
        events_before: datetime.datetime | None = None,
    ) -> tuple[int, int]:
        """Delete, and return how many certificates and events were deleted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """
    How long a store keeps its rows; ``None`` means for ever.

    Attributes:
        certificates: From the expiry of a certificate on.

        events: From the event on; at least one day.
    """

    certificates: datetime.timedelta | None = None
    events: datetime.timedelta | None = None

    def __post_init__(self) -> None:
        """Check the times."""
        shortest = {"certificates": 0, "events": 1}
        for name, days in shortest.items():
            value = getattr(self, name)
            if value is not None and value < datetime.timedelta(days=days):
                raise ConfigError(name, f"{value} is shorter than {days} days")


class Pruning:
    """Deletes the rows of a store that are too old, when it is time."""

    def __init__(self, store: Prunable, retention: Retention) -> None:
        """Keep the rows of *store* for the times in *retention*."""
        self._store = store
        self._retention = retention
        self._next = 0.0

    def run_if_due(self, now: datetime.datetime) -> None:
        """
        Delete what is too old at *now*, at most once an hour.

        Raises:
            BackendError: If the store cannot be read or written.
        """
        keep = self._retention
        if time.monotonic() < self._next or keep == Retention():
            return
        self._next = time.monotonic() + PERIOD_SECONDS
        certificates, events = self._store.prune(
            expired_before=_before(now, keep.certificates),
            events_before=_before(now, keep.events),
        )
        if certificates or events:
            _log.info(
                "deleted %d expired certificates and %d events", certificates, events
            )


def _before(
    now: datetime.datetime, age: datetime.timedelta | None
) -> datetime.datetime | None:
    """Return what to delete; ``None`` for nothing, also if *age* is 3,000 years."""
    try:
        return None if age is None else now - age
    except OverflowError:
        return None
