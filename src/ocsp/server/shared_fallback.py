"""
Answer with copies that other machines have shared, while the database is away.

It may be away for this node only: others change statuses, and their copies say so.
After a change of status that this node knows of, or an answer *revoked* that it has
given, only a copy that says *revoked* is used: another one can be older.
"""

from __future__ import annotations

from collections.abc import Iterable

from ocsp.responder import (
    CheckedAnswer,
    Lookup,
    Responder,
    SharedAnswerReader,
    StatusQuery,
)
from ocsp.server.backend import BackendAnswer

__all__ = ["SharedFallback", "answer_with"]

MAX_CHANGED = 100_000
"""Certificates whose change is remembered: those that changed last."""


class SharedFallback:
    """The copies of answers, and the changes of status that are newer than them."""

    def __init__(self, reader: SharedAnswerReader) -> None:
        """Answer with what *reader* returns."""
        self._reader = reader
        self._changed: dict[StatusQuery, None] = {}

    def note_changes(self, queries: Iterable[StatusQuery]) -> None:
        """Remember that the status of certificates has changed, or is *revoked*."""
        for query in queries:
            self._changed.pop(query, None)
            self._changed[query] = None
        while len(self._changed) > MAX_CHANGED:
            del self._changed[next(iter(self._changed))]

    async def find(self, lookup: Lookup) -> CheckedAnswer | None:
        """Return the copy for a request, or ``None``; it waits for milliseconds."""
        form, query = lookup.fallback_form, lookup.queries[0]
        if form is None:
            return None
        found = await self._reader.get(query, form, lookup.authority.issuer)
        if found is None or (query in self._changed and not found.revoked):
            return None
        return found


def answer_with(
    responder: Responder, lookup: Lookup, copy: CheckedAnswer
) -> BackendAnswer | None:
    """
    Return *copy* as the answer to a request.

    ``None`` if it is not usable now, or has no answer of the new status yet.
    """
    if copy.answer is None:
        return None
    answer = responder.copied_answer(lookup, copy.answer)
    if answer is None:
        return None
    if lookup.stored_form is None:
        # Without the nonce or algorithm of the client: for this one only.
        answer = answer._replace(freshness=None)
    return BackendAnswer(answer, lookup, revoked=copy.revoked, from_store=True)
