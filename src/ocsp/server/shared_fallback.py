"""
Answer with copies that other machines have shared, while the database is away.

It may be away for this node only: others change statuses, and their copies say so. A
copy that says *revoked* is always used. Another one can be older than what this node
knows: after an answer *revoked* it is used if its version is newer, and after a change
of status whose version is not known, not at all.
"""

from __future__ import annotations

import math
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
        # The least version of a copy that does not say revoked.
        self._least: dict[StatusQuery, float] = {}

    def note_changes(self, queries: Iterable[StatusQuery]) -> None:
        """Remember that the status of certificates has changed, or is *revoked*."""
        for query in queries:
            self._require(query, math.inf)

    def note_revoked(self, queries: Iterable[StatusQuery], version: int) -> None:
        """
        Remember that certificates are *revoked*, which no change is newer than.

        Args:
            queries: The certificates.

            version: The version of that status.
        """
        for query in queries:
            self._require(query, version + 1)

    def _require(self, query: StatusQuery, least: float) -> None:
        """Require a version of the copies of a certificate; forget the oldest one."""
        self._least.pop(query, None)
        self._least[query] = least
        if len(self._least) > MAX_CHANGED:
            del self._least[next(iter(self._least))]

    async def find(self, lookup: Lookup) -> CheckedAnswer | None:
        """Return the copy for a request, or ``None``; it waits for milliseconds."""
        form, query = lookup.fallback_form, lookup.queries[0]
        if form is None:
            return None
        found = await self._reader.get(query, form, lookup.authority.issuer)
        if found is None:
            return None
        least = self._least.get(query, 0)
        if found.revoked:
            self._require(query, max(least, found.version + 1))
        return found if found.revoked or found.version >= least else None


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
