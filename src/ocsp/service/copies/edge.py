"""
Answer on an edge node with what others have signed.

An answer is looked for on the Valkey server, in published files, and at last at the
responders of the CA. It is verified before it is used, and not again while the octets
are the same. It is kept in memory; after :data:`ASK_SECONDS` it is looked for again, so
that a revocation is noticed. If it is found nowhere then, the one in memory is used
until it ends, except after a change of status that the server knows of.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.client.memory.sized_map import SizedMap
from ocsp.errors import OCSPError, SourceUnavailable
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.responder import Answer, CertIDForm, Forward, StatusQuery
from ocsp.responder.answer import error_response
from ocsp.server.event_log import EventLog
from ocsp.service.copies.files import PublishedFiles
from ocsp.service.copies.verified import VerifiedAnswer, verified
from ocsp.sharing import SharedAnswers
from ocsp.status import ForeignResponders

__all__ = ["EdgeAnswers"]

ASK_SECONDS = 1.0
"""How long an answer in memory is used before it is looked for again, and so the time
until a revocation on the Valkey server is noticed."""

ENTRY_BYTES = 1_500
"""Octets that an answer in memory takes besides its own."""

MAX_ENTRIES = 10_000_000
"""Answers in memory: their octets are the limit that counts."""

_logger = logging.getLogger("ocsp.responder")


class _Kept(NamedTuple):
    """An answer in memory, and when to look for it again."""

    answer: VerifiedAnswer
    ask_at: datetime.datetime


class _Found(NamedTuple):
    """Where an answer was found; without one, whether the status is known to change."""

    answer: VerifiedAnswer | None = None
    origin: str = ""
    withdrawn: bool = False


class EdgeAnswers:
    """Answers for each :class:`ocsp.responder.EdgeAuthority`; for one event loop."""

    def __init__(
        self,
        *,
        shared: SharedAnswers | None = None,
        files: PublishedFiles | None = None,
        upstream: ForeignResponders | None = None,
        both_hashes: bool = False,
        memory: int | None = None,
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        """
        Look for answers in these places, in this order.

        Args:
            shared: The Valkey server, or ``None``. The caller closes it.

            files: Published files, or ``None``.

            upstream: Asks the responders of the CAs, or ``None``.

            both_hashes: Whether the answers of the server have both CertIDs.

            memory: How many octets of answers are kept, by default
                ``limits.MAX_RESPONSE_CACHE_BYTES``.

            now: Returns the current time, aware; for tests.
        """
        self._shared = shared
        self._files = files
        self._upstream = upstream
        self._both = both_hashes
        most = limits.MAX_RESPONSE_CACHE_BYTES if memory is None else memory
        self._kept: SizedMap[bytes, _Kept] = SizedMap(lambda: (MAX_ENTRIES, most))
        self._running: dict[bytes, asyncio.Task[Answer]] = {}
        self._log = EventLog(_logger)
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))

    async def answer(self, forward: Forward) -> Answer:
        """
        Return the answer to a request, or an error.

        Requests for one certificate that arrive together are answered together.

        Args:
            forward: The request.
        """
        kept = self._kept.get(forward.cert_id.der)
        now = self._now()
        if kept is not None and now < kept.ask_at and kept.answer.is_usable(now):
            return kept.answer.answer("memory")
        task = self._look_once(forward)
        if task is None:
            if kept is not None and kept.answer.is_usable(now):
                return kept.answer.answer("memory")
            return error_response(SourceUnavailable("too many look-ups are open"))
        # A client that goes away does not end the look-up for the others.
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Stop the look-ups, and asking the responders."""
        running = tuple(self._running.values())
        await asyncio.gather(*running, return_exceptions=True)
        if self._upstream is not None:
            await self._upstream.aclose()

    def _look_once(self, forward: Forward) -> asyncio.Task[Answer] | None:
        """Return the look-up for this certificate; ``None`` if too many run."""
        key = forward.cert_id.der
        task = self._running.get(key)
        if task is None and len(self._running) < limits.MAX_FORWARDED_REQUESTS:
            task = asyncio.create_task(self._look(forward))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return task

    async def _look(self, forward: Forward) -> Answer:
        key = forward.cert_id.der
        found = await self._on_server(forward)
        if found.withdrawn:
            self._forget(forward.cert_id)
        elif found.answer is None:
            found = await self._in_files(forward)
        kept = self._kept.get(key)
        before = None if kept is None or not self._stays(kept.answer) else kept.answer
        if found.answer is not None:
            if before is None or found.answer.replaces(before):
                return self._keep(key, found.answer, found.origin)
            return self._keep(key, before, "memory")
        return await self._from_responders(forward, before)

    def _forget(self, cert_id: CertID) -> None:
        """Drop what is older than the change of status that the server knows of."""
        self._kept.discard(cert_id.der)
        if self._upstream is not None:
            self._upstream.forget(cert_id)

    def _stays(self, answer: VerifiedAnswer) -> bool:
        """Return whether an answer in memory is of the present database, and valid."""
        epoch = b"" if self._shared is None else self._shared.epoch
        if answer.epoch and epoch and answer.epoch != epoch:
            return False
        return answer.is_usable(self._now())

    def _keep(self, key: bytes, answer: VerifiedAnswer, origin: str) -> Answer:
        ask_at = self._now() + datetime.timedelta(seconds=ASK_SECONDS)
        size = len(key) + len(answer.der) + ENTRY_BYTES
        self._kept.put(key, _Kept(answer, ask_at), size)
        return answer.answer(origin)

    # --- the places ---

    async def _on_server(self, forward: Forward) -> _Found:
        form = self._form(forward.cert_id)
        if self._shared is None or form is None:
            return _Found()
        serial = forward.cert_id.serial_number
        query = StatusQuery(forward.authority.key, serial)
        each = await self._shared.find(query, form)
        if each is None:
            return _Found()
        if not each.der:
            return _Found(withdrawn=True)
        answer = self._verify(forward, each.der, "the Valkey server")
        if answer is None:
            return _Found()
        named = answer._replace(version=each.stored.version, epoch=each.epoch)
        return _Found(named, "valkey")

    async def _in_files(self, forward: Forward) -> _Found:
        cert_id = _usual(forward)
        if self._files is None or cert_id is None:
            return _Found()
        try:
            der = await asyncio.to_thread(self._files.read, cert_id)
        except OCSPError as error:
            self._log.report(logging.ERROR, "files", str(error))
            return _Found()
        if der is None:
            return _Found()
        return _Found(self._verify(forward, der, "the published files"), "files")

    async def _from_responders(
        self, forward: Forward, before: VerifiedAnswer | None
    ) -> Answer:
        """Ask the responders of the CA; *before* is the answer in memory, if any."""
        key = forward.cert_id.der
        error: Answer | None = None
        if self._upstream is not None and forward.authority.urls:
            given = await self._upstream.answer(forward)
            if given.status is not OCSPResponseStatus.SUCCESSFUL:
                error = given
            elif before is None:
                return given  # it is verified, and kept there
            else:
                answer = self._verify(forward, given.der, "the responder")
                if answer is not None and answer.replaces(before):
                    return given
        if before is not None:
            return self._keep(key, before, "memory")
        missing = SourceUnavailable("no place has a signed answer that is valid now")
        return error or error_response(missing)

    def _verify(
        self, forward: Forward, der: bytes, place: str
    ) -> VerifiedAnswer | None:
        """Return the answer *der* if clients accept it; verify it once."""
        kept = self._kept.get(forward.cert_id.der)
        if kept is not None and kept.answer.der == der:
            return kept.answer if kept.answer.is_usable(self._now()) else None
        cert_id = _usual(forward) or forward.cert_id
        try:
            return verified(der, cert_id, forward.authority.issuer, self._now())
        except (OCSPError, UnsupportedAlgorithm) as error:
            self._log.report(
                logging.WARNING,
                place,
                f"an answer of {place} about serial number"
                f" {cert_id.serial_number:#x} is not used: {error}",
            )
            return None

    def _form(self, cert_id: CertID) -> CertIDForm | None:
        """Return the form of the answer on the server, or ``None`` if none is there."""
        try:
            algorithm = cert_id.hash_algorithm
        except UnsupportedAlgorithm:
            return None
        form = _FORMS.get(algorithm.name)
        return CertIDForm.BOTH if form is not None and self._both else form


_FORMS = {
    hashes.SHA1.name: CertIDForm.SHA1,
    hashes.SHA256.name: CertIDForm.SHA256,
}


def _usual(forward: Forward) -> CertID | None:
    """
    Return the CertID as answers have it, with NULL parameters of the algorithm.

    ``None`` if the hash algorithm is not known.
    """
    try:
        algorithm = forward.cert_id.hash_algorithm
    except UnsupportedAlgorithm:
        return None
    serial = forward.cert_id.serial_number
    return CertID.for_serial(forward.authority.issuer, serial, algorithm)
