"""
Answer with copies that other machines have shared, while the database is away.

It may be away for this node only: others change statuses, and their copies say so. But
a copy can be older than what this node knows. So it is used only if its version is not
older than that of the change, or of the answer *revoked*, that the node knows of. After
a change whose version is not known, only a copy that says *revoked* is used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ocsp.responder import (
    ChangedStatus,
    Changes,
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

_UNKNOWN = ChangedStatus(sys.maxsize, True)
"""A change of which nothing is known but that it is newer than all that was known."""


class SharedFallback:
    """The copies of answers, and the changes of status that are newer than them."""

    def __init__(self, reader: SharedAnswerReader) -> None:
        """Answer with what *reader* returns."""
        self._reader = reader
        self._known: dict[StatusQuery, ChangedStatus] = {}

    def note_changes(self, changes: Changes) -> None:
        """Remember which statuses have changed, and to what, if the store tells it."""
        for query in changes.queries:
            self._keep(query, changes.statuses.get(query, _UNKNOWN))

    def note_revoked(
        self, queries: Iterable[StatusQuery], version: int, *, is_last: bool
    ) -> None:
        """
        Remember that certificates are *revoked*.

        Args:
            queries: The certificates.

            version: The version of that status; 0 if it is not known.

            is_last: Whether no change was noticed while the status was looked up.
        """
        status = ChangedStatus(version, True) if version else _UNKNOWN
        for query in queries:
            known = self._known.get(query, status)
            if known is _UNKNOWN and is_last:
                known = status
            self._keep(query, max(known, status))

    def _keep(self, query: StatusQuery, status: ChangedStatus) -> None:
        """Keep the status of a certificate, and forget that which is kept longest."""
        self._known.pop(query, None)
        self._known[query] = status
        if len(self._known) > MAX_CHANGED:
            del self._known[next(iter(self._known))]

    async def find(self, lookup: Lookup) -> CheckedAnswer | None:
        """Return the copy for a request, or ``None``; it waits for milliseconds."""
        form, query = lookup.fallback_form, lookup.queries[0]
        if form is None:
            return None
        found = await self._reader.get(query, form, lookup.authority.issuer)
        if found is None:
            return None
        copied = ChangedStatus(found.version, found.revoked)
        known = self._known.get(query)
        if known is _UNKNOWN:
            return found if found.revoked else None
        if known is not None and copied < known:
            return None
        if found.revoked:
            self._keep(query, copied)
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
