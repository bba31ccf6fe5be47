"""
Read signed answers from a Valkey server, in an event loop and in bounded time.

What cannot be had at once is missing: no client waits longer than
:data:`DEADLINE_SECONDS` for the server, whatever happens to it. Look-ups that wait
together are sent together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from ocsp import limits
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import SEQUENCE, context, encode
from ocsp.errors import BuildError, DecodeError, StoreError
from ocsp.guarded.certificates import load_certificate
from ocsp.messages.responses.encoding import encode_response
from ocsp.responder.schedule import is_usable
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, StoredAnswer
from ocsp.sharing.address import ValkeyAddress
from ocsp.sharing.circuit import LATE_ANSWERS, Circuit
from ocsp.sharing.nodes import NodesInLoop
from ocsp.sharing.values import (
    EPOCH_KEY,
    SharedSigner,
    answer_key,
    decode_answer,
    decode_signer,
    is_mark,
    signer_key,
)

__all__ = ["SharedAnswer", "SharedAnswers"]

_log = logging.getLogger("ocsp.sharing")

DEADLINE_SECONDS = 0.05
"""
How long a client waits for the server. A look-up takes some 0.1 ms, and 10 ms and more
on a busy machine. A node asks while it has no database: then it learns only here that a
certificate was revoked, and a late answer does less harm than one from memory.
"""

MAX_WAITING = 1_000
"""Look-ups that wait for the server at a time; further ones find nothing."""

MAX_SIGNERS = 256
"""Certificates of signers that are kept: more than a responder has."""

EPOCH_SECONDS = 60.0
"""How long the epoch is used that was read last, if its keys cannot be read now."""


class SharedAnswer(NamedTuple):
    """
    An answer that was read.

    Attributes:
        stored: The answer.

        der: The whole response; empty if it was withdrawn, because the status has
            changed and the new answer is not there yet. Not checked: its signature.

        epoch: The mark of the epoch of the database that it is from.
    """

    stored: StoredAnswer
    der: bytes
    epoch: bytes


class SharedAnswers:
    """
    Reads answers; for one event loop.

    Attributes:
        is_up: Whether the server answered the last time; ``None`` if it was not asked.
    """

    def __init__(
        self, address: ValkeyAddress, *, clock: Callable[[], float] = time.time
    ) -> None:
        """
        Read from the server at *address*; nothing is sent yet.

        Args:
            address: The server.

            clock: Returns the current time, in seconds since 1970.
        """
        self.is_up: bool | None = None
        self._address = address
        self._clock = clock
        self._nodes = NodesInLoop(address)
        self._circuit = Circuit(self._probe)
        self._lock = asyncio.Lock()
        self._waiting: dict[bytes, asyncio.Future[bytes | None]] = {}
        self._flight: asyncio.Task[None] | None = None
        self._sent = 0.0
        self._is_late = False
        self._mark = b""
        self._mark_until = 0.0
        self._signers: dict[bytes, SharedSigner] = {}
        self._versions: BoundedCache[bytes, int] = BoundedCache()

    @property
    def epoch(self) -> bytes:
        """The mark of the epoch that was read last; empty if it is not known."""
        return self._mark

    async def look(self) -> None:
        """Find out whether the server answers; if not, ask again until it does."""
        if not await self._probe():
            self._circuit.open()

    async def find(self, query: StatusQuery, form: CertIDForm) -> SharedAnswer | None:
        """
        Return the answer about a certificate, or ``None``. It never raises.

        It is usable now, or withdrawn: it has not ended, and is not from the future. It
        is not of an older version than one that was read before. Not checked: its
        signature, and whether it is about this certificate.

        Args:
            query: The certificate.

            form: Which CertIDs the answer has.
        """
        begun = time.monotonic()
        for _ in range(2):  # the first answer of a process tells the epoch
            mark = self._mark
            key = answer_key(mark, query, form) if mark else EPOCH_KEY
            value = await self._ask(key, begun)
            if mark and self._mark == mark:
                return await self._read(key, value, query.issuer, begun)
        return None

    async def _read(
        self, key: bytes, value: bytes | None, issuer: IssuerKey, begun: float
    ) -> SharedAnswer | None:
        mark, stored = self._mark, decode_answer(value)
        if stored is None or stored.version < (self._versions[key] or 0):
            return None
        self._versions.keep(key, stored.version, len(key))
        if not stored.tbs:
            return SharedAnswer(stored, b"", mark)
        if not is_usable(stored, int(self._clock())):
            return None
        signer = self._signers.get(stored.signer)
        if signer is None:
            signer = await self._read_signer(mark, stored.signer, begun)
            if signer is None:
                return None
            if len(self._signers) >= MAX_SIGNERS:
                self._signers.clear()
            self._signers[stored.signer] = signer
        try:
            return SharedAnswer(stored, _response(stored, signer, issuer), mark)
        except (BuildError, DecodeError):
            return None  # not the answer of a signer

    async def _read_signer(
        self, mark: bytes, identifier: bytes, begun: float
    ) -> SharedSigner | None:
        """Return the signer from whichever copy can be read."""
        keys = self._nodes.copies(signer_key(mark, identifier))
        values = await asyncio.gather(*(self._ask(key, begun) for key in keys))
        found = (decode_signer(each, identifier) for each in values)
        return next(filter(None, found), None)

    # --- questions ---

    async def _ask(self, key: bytes, begun: float) -> bytes | None:
        """Return the value of *key*; ``None`` if there is none, or not in time."""
        if not self._circuit.closed or len(self._waiting) >= MAX_WAITING:
            return None
        left = begun + DEADLINE_SECONDS - time.monotonic()
        loop = asyncio.get_running_loop()
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = loop.create_future()
        if self._flight is None:
            self._flight = loop.create_task(self._fly())
        await asyncio.wait([future], timeout=max(0.0, left))
        if not future.done():
            self._note_late()
            return None
        return future.result()

    def _note_late(self) -> None:
        """Count a late round trip once; one that is late for long opens the circuit."""
        if time.monotonic() - self._sent >= LATE_ANSWERS * DEADLINE_SECONDS:
            self._circuit.open()
        elif not self._is_late:
            self._is_late = True
            self._circuit.late()

    async def _fly(self) -> None:
        """Send the look-ups that wait, and those that come meanwhile."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                await self._carry(asked)
        finally:
            self._flight = None

    async def _carry(self, asked: dict[bytes, asyncio.Future[bytes | None]]) -> None:
        values: Sequence[bytes | None] = ()
        self._sent, self._is_late = time.monotonic(), False
        try:
            values = await self._fetch(tuple(asked))
            if not self._is_late:
                self._circuit.answered()
        except StoreError as error:
            self._circuit.open()
            self._lost(error)
        finally:
            for number, future in enumerate(asked.values()):
                future.set_result(values[number] if values else None)

    async def _fetch(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        Return the values of *keys*, and learn the epoch.

        Raises:
            StoreError: If the server does not answer, or refuses all.
        """
        epochs = self._nodes.copies(EPOCH_KEY)
        # Not GET: a value of any size would be read into memory.
        found = await self._nodes.run(
            [("GETRANGE", key, 0, limits.MAX_SHARED_BYTES) for key in (*epochs, *keys)]
        )
        errors = [each for each in found if isinstance(each, Exception)]
        if len(errors) == len(found):
            first = errors[0]
            if isinstance(first, StoreError):
                raise first
            raise StoreError(f"{self._address}: {first}") from first
        self._learn(found[: len(epochs)])
        self._found()
        return [
            each if isinstance(each, bytes) and each else None
            for each in found[len(epochs) :]
        ]

    def _learn(self, copies: Sequence[object]) -> None:
        """
        Use the mark that more than half of *copies* have.

        Without one, the last mark is used for a while if no copy that can be read has
        another.
        """
        now = time.monotonic()
        read = [each for each in copies if isinstance(each, bytes)]
        ((mark, count),) = Counter(read).most_common(1) or [(b"", 0)]
        if 2 * count > len(copies) and is_mark(mark):
            self._mark, self._mark_until = mark, now + EPOCH_SECONDS
        elif now >= self._mark_until or set(read) - {self._mark}:
            self._mark = b""

    async def _probe(self) -> bool:
        try:
            await self._fetch(())  # opens the connection
            begun = time.monotonic()
            await self._fetch(())
        except StoreError as error:
            self._lost(error)
            return False
        return time.monotonic() - begun < DEADLINE_SECONDS

    # --- the state of the server ---

    def _found(self) -> None:
        if self.is_up is False:
            _log.warning("the server %s is back", self._address)
        self.is_up = True

    def _lost(self, error: Exception) -> None:
        if self.is_up is not False:
            _log.warning("the server cannot be read, and is tried again: %s", error)
        self.is_up = False

    async def aclose(self) -> None:
        """Close the connections, after the look-ups that are on their way."""
        await self._circuit.aclose()
        if self._flight is not None:
            await self._flight
        await self._nodes.aclose()


def _response(stored: StoredAnswer, signer: SharedSigner, issuer: IssuerKey) -> bytes:
    """
    Return the whole response, with the octets that the responder itself would send.

    Raises:
        BuildError: If it is too long.
        DecodeError: If the certificate of the signer cannot be read.
    """
    certs = b""
    if _key_of(signer.certificate) != issuer:
        certs = encode(context(0), encode(SEQUENCE, signer.certificate))
    return encode_response(stored.tbs, signer.algorithm, stored.signature, certs)


@lru_cache(maxsize=MAX_SIGNERS)
def _key_of(certificate: bytes) -> IssuerKey:
    """Return the key that a certificate has as an issuer."""
    return IssuerKey.of(load_certificate(certificate))
