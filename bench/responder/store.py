"""
What the store costs: import, look-up, revocation beside a pre-signer, pre-signing.

``python -m bench.responder.store [CERTIFICATES]`` prints one line for each figure. The
file is on the disk of the temporary directory. All times are CPU times of this process,
but for rates and waits, which are by the clock.
"""

from __future__ import annotations

import contextlib
import datetime
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ocsp.responder import Authority, CertIDForm, IssuerKey, Responder, StatusQuery
from ocsp.store import CertificateRow, SQLiteStore
from ocsp.testing import PKI
from ocsp.updater import Presigner

BATCH = 10_000
LOOK_UPS = 20_000
SIGNED = 30_000
REVOCATIONS = 200
EXPIRES = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


def main(count: int) -> None:
    """Measure with *count* certificates."""
    pki = PKI()
    issuer = pki.issuer
    authority = Authority(issuer, [pki.signer(pki.ca)])
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "status.db")
        serials = _import(path, authority, count)
        _look_ups(path, authority, serials)
        _presign(path, authority)
        _revocations(path, authority, serials)


def _import(path: Path, authority: Authority, count: int) -> list[int]:
    """
    Import with all triggers, foreign keys, and a row to sign for each.

    Returns:
        Some of the serial numbers. All of them would take more memory than the store,
        which is measured later.
    """
    kept: list[int] = []
    begun, cpu = time.monotonic(), time.process_time()
    largest = 0
    with SQLiteStore(path, create=True) as store:
        store.sign_ahead(authority.issuer, [CertIDForm.SHA1])
        for batch in _batches(count):
            kept += batch[: max(1, LOOK_UPS * BATCH // count)]
            rows = [
                CertificateRow(serial_number=each, subject="CN=leaf", expires=EXPIRES)
                for each in batch
            ]
            store.import_rows(authority.issuer, rows, digest=bytes(32), done=0)
            largest = max(largest, _size(path, "-wal"))
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    print(
        f"import of {count:,}: {took:.1f} s, {count / took:,.0f} rows/s,"
        f" {cpu / count * 1e6:.1f} µs CPU each"
    )
    print(f"file {_size(path) / count:.0f} octets/row, log at most {largest >> 20} MiB")
    return kept


def _look_ups(path: Path, authority: Authority, serials: list[int]) -> None:
    key = IssuerKey.of(authority.issuer)
    chosen = random.Random(2).sample(serials, min(LOOK_UPS, len(serials)))
    queries = [StatusQuery(key, serial) for serial in chosen]
    with SQLiteStore(path) as store:

        def with_answer(query: StatusQuery) -> None:
            store.look_up_with_answer(query, CertIDForm.SHA1)

        def status(query: StatusQuery) -> None:
            store.look_up_now([query])

        _each("look-up with answer", with_answer, queries)
        _each("look-up of status", status, queries)
        store.poll_changes()
        time.sleep(1.1)  # the file is quiet: one transaction for many look-ups
        store.poll_changes()
        _each("look-up with answer, transaction held", with_answer, queries[:1000])

        def poll(_: StatusQuery) -> None:
            store.poll_changes()

        _each("poll without a change", poll, queries[:1000])
    print(f"resident memory {_resident() >> 20} MiB")


def _each(
    name: str, function: Callable[[StatusQuery], object], queries: list[StatusQuery]
) -> None:
    waits = []
    cpu = time.process_time()
    for query in queries:
        begun = time.perf_counter()
        function(query)
        waits.append(time.perf_counter() - begun)
    cpu = (time.process_time() - cpu) / len(queries)
    waits.sort()
    p99 = waits[len(waits) * 99 // 100]
    print(
        f"{name}: {cpu * 1e6:.1f} µs CPU, p50 {statistics.median(waits) * 1e6:.1f} µs,"
        f" p99 {p99 * 1e6:.1f} µs"
    )


class _Enough(BaseException):
    """Ends a round."""


def _presign(path: Path, authority: Authority) -> None:
    with SQLiteStore(path) as store:
        presigner = Presigner(
            Responder([authority]), [authority], store, forms=[CertIDForm.SHA1]
        )
        presigner.prepare()

        def stop(_: int) -> None:
            if presigner.counts.signed >= SIGNED:
                raise _Enough

        begun, cpu = time.monotonic(), time.process_time()
        with contextlib.suppress(_Enough):
            presigner.sign_round(stop)
        took, cpu = time.monotonic() - begun, time.process_time() - cpu
        signed = presigner.counts.signed
    print(f"pre-signing: {signed / took:,.0f}/s, {cpu / signed * 1e6:.0f} µs CPU each")


def _revocations(path: Path, authority: Authority, serials: list[int]) -> None:
    """Revoke while another process writes answers without a pause."""
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    process = context.Process(target=_write_answers, args=(path, authority, stop))
    process.start()
    waits = []
    largest = 0
    chosen = random.Random(3).sample(serials, min(REVOCATIONS, len(serials)))
    with SQLiteStore(path) as store:
        for serial in chosen:
            begun = time.perf_counter()
            store.revoke(authority.issuer, serial)
            waits.append(time.perf_counter() - begun)
            largest = max(largest, _size(path, "-wal"))
            time.sleep(0.01)
    stop.set()
    process.join()
    waits.sort()
    syncs = sorted(_sync_seconds(path.with_name("sync")) for _ in range(REVOCATIONS))
    print(
        f"fsync of the disk alone: p50 {statistics.median(syncs) * 1e3:.1f} ms,"
        f" p99 {syncs[len(syncs) * 99 // 100] * 1e3:.1f} ms"
    )
    print(
        f"revocation beside a pre-signer: p50 {statistics.median(waits) * 1e3:.1f} ms,"
        f" p99 {waits[len(waits) * 99 // 100] * 1e3:.1f} ms,"
        f" at most {waits[-1] * 1e3:.1f} ms; log at most {largest >> 20} MiB"
    )


def _sync_seconds(path: Path) -> float:
    """Return how long the disk takes to keep one page: a revocation waits for that."""
    with path.open("wb") as file:
        file.write(bytes(4096))
        file.flush()
        begun = time.perf_counter()
        os.fsync(file.fileno())
        return time.perf_counter() - begun


def _write_answers(path: Path, authority: Authority, stop: object) -> None:
    with SQLiteStore(path) as store:
        presigner = Presigner(
            Responder([authority]), [authority], store, forms=[CertIDForm.SHA1]
        )

        def until(_: int) -> None:
            if stop.is_set():  # type: ignore[attr-defined]
                raise _Enough

        with contextlib.suppress(_Enough):
            presigner.sign_round(until)


def _batches(count: int) -> Iterator[list[int]]:
    """Make *count* serial numbers, in parts."""
    numbers = random.Random(1)
    for begin in range(0, count, BATCH):
        size = min(BATCH, count - begin)
        yield [numbers.getrandbits(127) | 1 << 126 for _ in range(size)]


def _size(path: Path, suffix: str = "") -> int:
    try:
        return path.with_name(path.name + suffix).stat().st_size
    except FileNotFoundError:
        return 0


def _resident() -> int:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * 4096


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
