"""
Measure what a node does with PostgreSQL: ``python -m bench.postgresql.serving``.

It starts a server of its own, and prints

- the CPU time of a look-up with its answer, alone and in sixteens, of this process and
  of the server,
- how long after its commit a revocation is dropped from the memory of a node, at 1,000
  revocations a second, with notifications and behind a pooler, where polls are all.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg

from bench.responder.servers import Server
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.server.memory.change_poll import SECONDS
from ocsp.server.runner import run_loop
from ocsp.store import CertificateRow
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.postgresql.serving import PostgreSQLSource
from ocsp.testing import PKI
from tests.servers.pgbouncer import pooling
from tests.servers.postgresql import PostgreSQLServer, server_folder

__all__ = ["Followed", "Node", "main", "running"]

CERTIFICATES = 100_000
LOOK_UPS = 8_000
REVOCATIONS = 4_000
RATE = 1_000.0
WRITERS = 4


class Followed(NamedTuple):
    """
    How soon a node dropped what was revoked.

    Attributes:
        rate: Revocations a second.

        waited: Seconds from each commit to the drop, in ascending order.
    """

    rate: float
    waited: list[float]

    @property
    def p99(self) -> float:
        """The 99th percentile, in seconds."""
        return self.waited[len(self.waited) * 99 // 100]

    def __str__(self) -> str:
        return (
            f"{self.rate:.0f} revocations a second: dropped after"
            f" p50 {statistics.median(self.waited) * 1e3:.0f} ms,"
            f" p99 {self.p99 * 1e3:.0f} ms, at most {self.waited[-1] * 1e3:.0f} ms"
        )


class Node:
    """The database, and the certificates of one CA in it."""

    def __init__(self, server: PostgreSQLServer) -> None:
        assert server.process is not None
        self._server = Server("", [server.process.pid])
        self.server = server
        self.database = server.new_database()
        self.url = server.url(self.database)
        self.store = PostgreSQLStore(self.url, create=True)
        self.issuer = PKI().issuer
        self.key = IssuerKey.of(self.issuer)
        numbers = random.Random(1)
        self.serials = [
            numbers.getrandbits(126) | 1 << 126 for _ in range(CERTIFICATES)
        ]
        rows = [CertificateRow(serial_number=each) for each in self.serials]
        self.store.import_rows(self.issuer, rows, digest=bytes(32), done=len(rows))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    async def look_up(self, together: int) -> None:
        """Print what a look-up costs if *together* of them wait at the same time."""
        source = PostgreSQLSource(self.url, self.store)
        chosen = random.Random(together).choices(self.serials, k=LOOK_UPS)

        async def find(serial: int) -> None:
            await source.find_with_answer(
                StatusQuery(self.key, serial), CertIDForm.SHA1
            )

        for serial in chosen[:200]:
            await find(serial)
        ours, theirs = time.process_time(), self._server.cpu()
        for begin in range(0, LOOK_UPS, together):
            await asyncio.gather(*map(find, chosen[begin : begin + together]))
        ours, theirs = time.process_time() - ours, self._server.cpu() - theirs
        print(
            f"look-up, {together} together: {ours / LOOK_UPS * 1e6:.0f} µs of the node,"
            f" {theirs / LOOK_UPS * 1e6:.0f} µs of PostgreSQL"
        )
        await source.aclose()

    async def follow(self, url: str, serials: list[int]) -> Followed:
        """Revoke *serials*; return how long after its commit each is dropped."""
        source = PostgreSQLSource(url, self.store)
        while not source.poll_changes().everything:
            await asyncio.sleep(SECONDS)
        committed: dict[int, float] = {}
        dropped: dict[int, float] = {}
        writers = [
            threading.Thread(target=self._revoke, args=(serials[n::WRITERS], committed))
            for n in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        began = time.monotonic()
        while len(dropped) < len(serials):
            changes = source.poll_changes()
            assert not changes.everything
            now = time.monotonic()
            dropped |= {each.serial_number: now for each in changes.queries}
            assert now < began + 120
            await asyncio.sleep(SECONDS)
        for writer in writers:
            writer.join()
        took = max(committed.values()) - began
        await source.aclose()
        waited = sorted(max(dropped[each] - committed[each], 0) for each in serials)
        return Followed(len(serials) / took, waited)

    def _revoke(self, serials: list[int], committed: dict[int, float]) -> None:
        statement = (
            "UPDATE certificate SET revoked = 1 WHERE issuer_id = 1 AND serial = %s"
        )
        with psycopg.connect(self.url, autocommit=True) as connection:
            begun = time.monotonic()
            for number, serial in enumerate(serials):
                due = begun + number * WRITERS / RATE
                time.sleep(max(0.0, due - time.monotonic()))
                connection.execute(statement, (serial.to_bytes(16),))
                committed[serial] = time.monotonic()


def main() -> None:
    """Measure."""
    with running() as server:
        node = Node(server)
        for together in (1, 16):
            run_loop(node.look_up(together))
        first = node.serials[:REVOCATIONS]
        print(f"with notifications, {run_loop(node.follow(node.url, first))}")
        with pooling(server, node.database) as pooler:
            second = node.serials[REVOCATIONS : 2 * REVOCATIONS]
            print(f"behind a pooler, {run_loop(node.follow(pooler, second))}")
        node.store.close()


@contextmanager
def running() -> Iterator[PostgreSQLServer]:
    """Run a server that writes to the disk as in production."""
    with server_folder() as folder:
        server = PostgreSQLServer(folder, {"fsync": "on"})
        server.start()
        try:
            yield server
        finally:
            server.stop()


if __name__ == "__main__":
    main()
