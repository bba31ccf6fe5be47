"""
Answer with copies that other machines have shared, while the database is away.

After a change of status that this node knows of, only a copy that says *revoked* is
used: another one can be older than the change.
"""

from __future__ import annotations

from collections.abc import Iterable

from ocsp.responder import Lookup, Responder, SharedAnswerReader, StatusQuery
from ocsp.server.backend import BackendAnswer

__all__ = ["SharedFallback"]

MAX_CHANGED = 100_000
"""Certificates whose change is remembered: those that changed last."""


class SharedFallback:
    """What is answered if neither the database nor the memory has an answer."""

    def __init__(self, reader: SharedAnswerReader) -> None:
        """Answer with what *reader* returns."""
        self._reader = reader
        self._changed: dict[StatusQuery, None] = {}

    def note_changes(self, queries: Iterable[StatusQuery]) -> None:
        """Remember that the status of certificates has changed."""
        for query in queries:
            self._changed.pop(query, None)
            self._changed[query] = None
        while len(self._changed) > MAX_CHANGED:
            del self._changed[next(iter(self._changed))]

    async def answer(
        self, responder: Responder, lookup: Lookup
    ) -> BackendAnswer | None:
        """
        Return the answer to a request, or ``None``. It waits for some milliseconds.

        Args:
            responder: The responder that received the request.

            lookup: The request.
        """
        form, query = lookup.fallback_form, lookup.queries[0]
        if form is None:
            return None
        found = await self._reader.get(query, form, lookup.authority.issuer)
        if found is None or (query in self._changed and not found.revoked):
            return None
        answer = responder.copied_answer(lookup, found.answer)
        if answer is None:
            return None
        if lookup.stored_form is None:
            # Without the nonce or algorithm of the client: for this one only.
            answer = answer._replace(freshness=None)
        return BackendAnswer(answer, lookup, revoked=found.revoked, from_store=True)
