"""
What PostgreSQL and Valkey cost: ``python -m bench.fleet.stores [CERTIFICATES]``.

It starts both servers, on the disk of the temporary directory, and prints one line for
each figure. Redis stands in where Valkey is not installed. CPU times are of all
processes of a server, or of this process.
"""

from __future__ import annotations

import asyncio
import datetime
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg
import valkey
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp.sharing.reader
from bench.responder.servers import Server
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    CertIDForm,
    IssuerKey,
    NewAnswer,
    Responder,
    StatusQuery,
)
from ocsp.sharing import SharedAnswers, SharedAnswerWriter, SharedSigner, ValkeyAddress
from ocsp.store import CertificateRow
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.postgresql.serving.source import PostgreSQLSource
from ocsp.testing import PKI
from ocsp.updater import Presigner, presign
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer

__all__ = ["SETTINGS", "main", "sign_all"]

BATCH = 10_000
LOOK_UPS = 20_000
CLIENTS = 16
SHARED = 20_000
DAY = datetime.timedelta(days=1)
EXPIRES = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}
"""As in production, besides the memory, which is small."""


def main(count: int) -> None:
    """Measure with *count* certificates."""
    pki = PKI()
    authority = Authority(pki.issuer, [pki.signer(pki.ca)])
    with server_folder() as folder:
        server = PostgreSQLServer(folder, SETTINGS)
        server.start()
        try:
            _postgresql(server, authority, count)
        finally:
            server.stop()


def _postgresql(server: PostgreSQLServer, authority: Authority, count: int) -> None:
    url = server.url(server.new_database())
    assert server.process is not None
    costs = _Costs(Server("", [server.process.pid]))
    numbers = random.Random(1)
    serials = [numbers.getrandbits(127) | 1 << 126 for _ in range(count)]
    with PostgreSQLStore(url, create=True) as store:
        store.sign_ahead(authority.issuer, [CertIDForm.SHA1])
        with costs.of("import", count):
            _import(store, authority, serials)
        print(f"certificate: {_size(url, 'certificate') / count:.0f} octets")
        print(f"answer, not signed: {_size(url, 'answer') / count:.0f} octets")
        with costs.of("signing for the first time", count, "signer"):
            assert sign_all(store, authority) == count
        _vacuum(url)
        asyncio.run(_look_ups(url, store, authority, serials, costs))
        _valkey(store, authority)
        log = _log_position(url)
        with costs.of("signing ahead", count, "signer"):
            # All are due again two days later.
            assert sign_all(store, authority, 2 * DAY) == count
        print(f"log of a signature: {(_log_position(url) - log) / count:.0f} octets")
        _vacuum(url)
        print(f"answer: {_size(url, 'answer') / count:.0f} octets")


class _Costs:
    """Measures the CPU time of this process and of a server."""

    def __init__(self, server: Server, name: str = "PostgreSQL") -> None:
        self._server = server
        self._name = name

    @contextmanager
    def of(self, name: str, count: int, ours: str = "this process") -> Iterator[None]:
        """Print what each of *count* costs in the ``with`` block."""
        begun, cpu, other = time.monotonic(), time.process_time(), self._server.cpu()
        yield
        took = time.monotonic() - begun
        cpu = (time.process_time() - cpu) / count * 1e6
        other = (self._server.cpu() - other) / count * 1e6
        print(
            f"{name}: {count / took:,.0f}/s; {ours} {cpu:.0f} µs,"
            f" {self._name} {other:.0f} µs"
        )


def _import(store: PostgreSQLStore, authority: Authority, serials: list[int]) -> None:
    for begin in range(0, len(serials), BATCH):
        rows = [
            CertificateRow(serial_number=each, expires=EXPIRES)
            for each in serials[begin : begin + BATCH]
        ]
        store.import_rows(
            authority.issuer, rows, digest=bytes(32), done=begin + len(rows)
        )


def sign_all(
    store: PostgreSQLStore,
    authority: Authority,
    later: datetime.timedelta = datetime.timedelta(),
) -> int:
    """Sign all answers that are due at the time *later*; return how many."""

    def clock() -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + later

    presigner = Presigner(
        Responder([authority], validity=4 * DAY),
        [authority],
        store,
        forms=[CertIDForm.SHA1],
        clock=ProcessClock(clock),
    )
    presigner.prepare()
    presign(presigner)
    return presigner.counts.stored


async def _look_ups(
    url: str,
    store: PostgreSQLStore,
    authority: Authority,
    serials: list[int],
    costs: _Costs,
) -> None:
    """Look up random certificates with their answers, as 16 clients ask."""
    source = PostgreSQLSource(url, store)
    key = IssuerKey.of(authority.issuer)
    chosen = iter(random.Random(2).choices(serials, k=LOOK_UPS))

    async def client() -> None:
        for serial in chosen:
            found = await source.find_with_answer(
                StatusQuery(key, serial), CertIDForm.SHA1
            )
            assert found is not None
            assert found.stored is not None

    with costs.of("look-up", LOOK_UPS, "node"):
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    await source.aclose()


def _valkey(store: PostgreSQLStore, authority: Authority) -> None:
    """Write answers to Valkey, count its memory, and read them."""
    stored = store.stored_answers(IssuerKey.of(authority.issuer))
    answers = list(itertools.islice(stored, SHARED))
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            address = ValkeyAddress.read(f"valkey://127.0.0.1:{server.port}")
            with valkey.Valkey(port=server.port) as client:
                before = client.info("memory")["used_memory"]
                _share(address, store.epoch(), authority, answers)
                used = client.info("memory")["used_memory"] - before
            print(f"entry in Valkey: {used / len(answers):.0f} octets")
            assert server.process is not None
            costs = _Costs(Server("", [server.process.pid]), "Valkey")
            asyncio.run(_read_shared(address, answers, costs))
        finally:
            server.stop()


def _share(
    address: ValkeyAddress,
    epoch: str,
    authority: Authority,
    answers: list[NewAnswer],
) -> None:
    now = int(time.time())
    (signer,) = authority.signers
    shared = SharedSigner(
        signer.certificate.public_bytes(Encoding.DER), signer.algorithm_identifier
    )
    with SharedAnswerWriter(address) as writer:
        writer.begin(epoch)
        writer.add_signers([(shared, now + 86_400)], now)
        assert writer.put_many(answers, now) == len(answers)


async def _read_shared(
    address: ValkeyAddress, answers: list[NewAnswer], costs: _Costs
) -> None:
    """Read answers in a random order, as 16 clients ask."""
    source = SharedAnswers(address)
    chosen = iter(random.Random(3).choices(answers, k=LOOK_UPS))

    async def client() -> None:
        for each in chosen:
            assert await source.find(each.query, each.form) is not None

    # A busy machine would miss the deadline of production, and what counts is the CPU.
    with patch.object(ocsp.sharing.reader, "DEADLINE_SECONDS", 10.0):
        with costs.of("shared look-up", LOOK_UPS, "node"):
            await asyncio.gather(*(client() for _ in range(CLIENTS)))
        await source.aclose()


# --- what PostgreSQL says -------------------------------------------------------------


def _size(url: str, table: str) -> int:
    """Return the size of *table* with its partitions and indexes."""
    return int(
        _ask(
            url,
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s)",
            table,
        )
    )


def _log_position(url: str) -> int:
    return int(_ask(url, "SELECT pg_current_wal_lsn() - '0/0'"))


def _ask(url: str, statement: str, *values: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return float(row[0])


def _vacuum(url: str) -> None:
    """Do what the server does by itself after some time, and write what is dirty."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
