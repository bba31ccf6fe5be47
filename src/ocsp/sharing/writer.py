"""
Write signed answers to a Valkey server, for nodes without the database.

Every value is written by a script that keeps what is newer, so that the order in which
several processes write does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn, Self

from ocsp.errors import StoreError
from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import CertIDForm, NewAnswer
from ocsp.sharing.address import ValkeyAddress
from ocsp.sharing.nodes import Command, Nodes
from ocsp.sharing.tally import Tally
from ocsp.sharing.values import (
    EPOCH_KEY,
    SHARE,
    SharedSigner,
    answer_key,
    begun_key,
    encode_answer,
    encode_signer,
    encode_tombstone,
    epoch_mark,
    signer_key,
)

__all__ = ["SharedAnswerWriter", "Withdrawn"]

BATCH = 500
"""Values that are written in one round trip."""

FUTURE_SECONDS = 60
"""By how much thisUpdate may be later than now: clocks of machines differ. An answer
from a later time does not keep others out."""


class Withdrawn(NamedTuple):
    """
    An answer that must not be used any more.

    Attributes:
        query: The certificate.

        form: Which CertIDs the answer has.

        version: The version of the present status.
    """

    query: StatusQuery
    form: CertIDForm
    version: int


class _Value(NamedTuple):
    """A value to write, and what the script compares."""

    key: bytes
    version: int
    this_update: int
    seconds: int
    value: bytes


class SharedAnswerWriter:
    """
    Writes the answers of one database; for one thread at a time.

    A node of a cluster that is away costs what belongs there only. Use it as a context
    manager, or call :meth:`close`.

    Attributes:
        away: Why nodes of the cluster lack something that was written since the last
            :meth:`begin`: they cannot be reached, or there are none for some slots.
            ``None`` if they lack nothing.
    """

    def __init__(self, address: ValkeyAddress) -> None:
        """
        Write to the server at *address*; nothing is sent yet.

        Args:
            address: The server.
        """
        self.away: StoreError | None = None
        self._address = address
        self._nodes = Nodes(address)
        self._mark = b""
        self._tally = Tally()

    def begin(self, epoch: str) -> bool:
        """
        Write for the epoch *epoch* from now on, and let all nodes read its answers.

        Returns:
            Whether the server, or each node of the cluster that is not away, had this
            epoch already; otherwise it has no answers.

        Raises:
            StoreError: If the server cannot be written.
        """
        if self.away is not None:
            self.close()  # another node may have its keys by now
        self.away = self._nodes.gap()
        self._mark = mark = epoch_mark(epoch)
        keys = self._nodes.copies(EPOCH_KEY)
        before = self._run(*(("GET", key) for key in keys))
        known = [each == mark or isinstance(each, Exception) for each in before]
        begun = [
            ("SET", begun_key(mark, place), b"1", "NX")
            for place in self._nodes.places()
        ]
        wrong = [
            ("SET", key, mark)
            for key, found in zip(keys, before, strict=True)
            if found != mark
        ]
        new = self._run(*begun, *wrong)[: len(begun)]
        return all(known) and True not in new

    def keeps(self) -> bool:
        """
        Return whether the server still has what this writer has written.

        Each loss is told once. What was lost is not known: after a fail-over the last
        values, after a restart without data all of them. Of a cluster, nodes that are
        away are not asked.

        Raises:
            StoreError: If no node can be reached, or all refuse to write.
        """
        commands = self._tally.commands(self._nodes.places())
        replies = self._nodes.run(commands)
        errors = [each for each in replies if isinstance(each, Exception)]
        if errors and len(errors) == len(replies):
            self._fail(errors[0])
        self._tally.note(commands, replies)
        return self._tally.settle()

    def add_signers(
        self, signers: Iterable[tuple[SharedSigner, int]], now: int
    ) -> None:
        """
        Write the certificates of signers, without which no answer is used.

        A cluster gets copies of them, as of the epoch.

        Args:
            signers: The signers, and when their certificates end, in seconds since
                1970.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the server cannot be written.
        """
        commands: list[Command] = [
            ("SET", key, encode_signer(signer), "EX", end - now)
            for signer, end in signers
            if end > now
            for key in self._nodes.copies(signer_key(self._mark, signer.identifier))
        ]
        self._run(*commands)

    def put_many(self, answers: Iterable[NewAnswer], now: int) -> int:
        """
        Write *answers*, each until its nextUpdate; return how many were written.

        An answer is left out if the server has a newer one, or if it has ended.

        Args:
            answers: The answers.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the server cannot be reached, refuses to write, or is full.
                Some of the answers may be written.
        """
        return self._write(
            [
                _Value(
                    answer_key(self._mark, query, form),
                    answer.version,
                    answer.this_update,
                    answer.next_update - now,
                    encode_answer(answer),
                )
                for query, form, answer, _ in answers
                if answer.next_update > now
            ],
            now,
        )

    def withdraw(self, answers: Iterable[Withdrawn], seconds: int, now: int) -> int:
        """
        Let no node use older answers; return how many tombstones were written.

        An answer of the same version stays.

        Args:
            answers: The answers.

            seconds: How long no older answer is accepted: as long as one is valid.

            now: The current time, in seconds since 1970.

        Raises:
            StoreError: If the server cannot be reached, or refuses to write.
        """
        return self._write(
            [
                _Value(
                    answer_key(self._mark, query, form),
                    version,
                    0,
                    seconds,
                    encode_tombstone(version),
                )
                for query, form, version in answers
            ],
            now,
        )

    def _write(self, values: Sequence[_Value], now: int) -> int:
        """
        Write *values* in batches; one that is refused does not cost the others.

        Raises:
            StoreError: If one is refused, or no node can be reached.
        """
        written, refused = 0, None
        for first in range(0, len(values), BATCH):
            results = self._write_batch(values[first : first + BATCH], now)
            counts = [each for each in results if isinstance(each, int)]
            written += sum(counts)
            error = self._refusal(results)
            refused = refused or error
            if error is not None and not counts:
                break
        if refused is not None:
            self._fail(refused)
        return written

    def _write_batch(self, values: Sequence[_Value], now: int) -> list[object]:
        """
        Write *values* in one round trip; return 1, 0 or the error for each.

        The replies after them are those of the nodes to the counts.
        """
        latest = now + FUTURE_SECONDS
        # With its text, because a server that has taken over does not know its hash.
        commands: list[Command] = [
            ("EVAL", SHARE, 1, key, version, this_update, latest, seconds, value)
            for key, version, this_update, seconds, value in values
        ]
        counting = self._tally.commands(self._nodes.places())
        results = self._nodes.run([*commands, *counting])
        self._tally.note(counting, results[len(commands) :])
        return results

    def _run(self, *commands: Command) -> list[object]:
        """
        Return the replies to *commands*.

        Raises:
            StoreError: If one is refused, or no node can be reached.
        """
        results = self._nodes.run(commands)
        error = self._refusal(results)
        if error is not None:
            self._fail(error)
        return results

    def _refusal(self, results: Sequence[object]) -> Exception | None:
        """Return why a node refuses, or none is reached; note which one is away."""
        errors = [each for each in results if isinstance(each, Exception)]
        for each in errors:
            if not isinstance(each, StoreError):  # it is what a node has answered
                return each
            if len(errors) == len(results):
                return each
            self.away = each
        return None

    def _fail(self, error: Exception) -> NoReturn:
        """
        End the connections: sentinels may know another primary by now.

        Raises:
            StoreError: Always.
        """
        self.close()
        if isinstance(error, StoreError):
            raise error
        raise StoreError(f"{self._address}: {error}") from error

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._nodes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
