"""Read the status of certificates from a mapping in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ocsp.responder.source import StatusQuery, StatusRecord

__all__ = ["MemorySource"]


class MemorySource:
    """A :class:`StatusSource` on a mapping, which may change while it is in use."""

    def __init__(self, records: Mapping[StatusQuery, StatusRecord]) -> None:
        """
        Answer from *records*.

        Args:
            records: The records, by issuer and serial number.
        """
        self._records = records

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """Return the record for each of *queries*, in order."""
        return [self._records.get(query) for query in queries]

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """Return the record for each of *queries*, in order."""
        return self.look_up_now(queries)
