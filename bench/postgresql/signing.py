"""
Measure signing ahead by several processes that share a PostgreSQL database.

``python -m bench.postgresql.signing [certificates] [rounds]`` starts a server of its
own and prints for each kind of key:

- the CPU time of a worker for an answer, compared with the signature alone,
- the CPU time of the server for an answer,
- the answers a second of one worker and of two.

In each round all answers are due again. The numbers are medians of the rounds.
"""

from __future__ import annotations

import datetime
import hashlib
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from ocsp import KeySigner
from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, CertIDForm, Responder
from ocsp.server.runner import tune_garbage_collection
from ocsp.store import CertificateRow
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.testing.throwaway_ca import ThrowawayCA, Validity, new_ec_key
from ocsp.updater import Presigner, presign
from tests.servers.postgresql import PostgreSQLServer, server_folder

__all__ = ["main"]

CERTIFICATES = 30_000
ROUNDS = 5
HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)
PERIOD = 9 * HOUR
"""How far the clock goes on from one round to the next: all answers are due then."""

TICKS = os.sysconf("SC_CLK_TCK")
KEYS: dict[str, Callable[[], Any]] = {
    "P-256": new_ec_key,
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
}


class Material(NamedTuple):
    """
    What a worker needs.

    Attributes:
        url: The database.

        issuer: The certificate of the CA, in PEM.

        delegate: The certificate of the signer, in PEM.

        key: Its private key, in PEM.
    """

    url: str
    issuer: bytes
    delegate: bytes
    key: bytes

    def authority(self) -> Authority:
        """Return the authority with its signer."""
        from cryptography import x509

        key = load_pem_private_key(self.key, None)
        delegate = x509.load_pem_x509_certificate(self.delegate)
        signer = KeySigner(key, delegate)  # type: ignore[arg-type]
        return Authority(x509.load_pem_x509_certificate(self.issuer), [signer])


class Figures(NamedTuple):
    """
    What a round costs.

    Attributes:
        worker: CPU seconds of all workers for an answer.

        server: CPU seconds of the server for an answer.

        rate: Answers a second.
    """

    worker: float
    server: float
    rate: float


def _work(material: Material, connection: Any) -> None:
    """Sign what is due whenever the parent says so, and return the CPU time."""
    offset = [0 * HOUR]
    authority = material.authority()
    with PostgreSQLStore(material.url) as store:
        presigner = Presigner(
            Responder([authority]), [authority], store, forms=[CertIDForm.SHA1],
            clock=ProcessClock(
                lambda: datetime.datetime.now(datetime.UTC) + offset[0],
                # The clock is set on purpose: it has not jumped.
                lambda: time.monotonic() + offset[0].total_seconds(),
            ),
        )  # fmt: skip
        presigner.prepare()
        tune_garbage_collection()
        connection.send(None)
        while (number := connection.recv()) is not None:
            offset[0] = number * PERIOD
            signed, cpu = presigner.counts.signed, time.process_time()
            presign(presigner)
            cpu = time.process_time() - cpu
            connection.send((presigner.counts.signed - signed, cpu))


def _server_seconds(server: PostgreSQLServer) -> float:
    """Return the CPU time of the server and of its processes, also of those ended."""
    assert server.process is not None
    root, total = server.process.pid, 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = Path(path).read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        if int(path.parts[2]) == root:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == root:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Fleet:
    """Some workers on one database."""

    def __init__(self, material: Material, size: int) -> None:
        """Start *size* workers, and wait until they are ready."""
        context = multiprocessing.get_context("spawn")
        pairs = [context.Pipe() for _ in range(size)]
        self.ends = [ours for ours, _ in pairs]
        self.processes = [
            context.Process(target=_work, args=(material, theirs))
            for _, theirs in pairs
        ]
        for process in self.processes:
            process.start()
        for end in self.ends:
            end.recv()

    def run(self, number: int, server: PostgreSQLServer) -> Figures:
        """Sign everything once."""
        used, begun = _server_seconds(server), time.perf_counter()
        for end in self.ends:
            end.send(number)
        done = [end.recv() for end in self.ends]
        took = time.perf_counter() - begun
        used = _server_seconds(server) - used
        signed = sum(count for count, _ in done)
        cpu = sum(seconds for _, seconds in done)
        return Figures(cpu / signed, used / signed, signed / took)

    def stop(self) -> None:
        """End the workers."""
        for end, process in zip(self.ends, self.processes, strict=True):
            end.send(None)
            process.join()


def _fill(url: str, material: Material, certificates: int) -> None:
    issuer = material.authority().issuer
    begin = datetime.datetime(2033, 1, 1, tzinfo=datetime.UTC)
    rows = [
        CertificateRow(
            serial_number=int.from_bytes(hashlib.sha256(b"%d" % each).digest()[:16])
            >> 1
            | 1 << 120,
            expires=begin + each * SECOND,
        )
        for each in range(certificates)
    ]
    with PostgreSQLStore(url, create=True) as store:
        store.sign_ahead(issuer, [CertIDForm.SHA1])
        store.import_rows(issuer, rows, digest=bytes(32), done=len(rows))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _bare(material: Material) -> float:
    """Return the CPU seconds of a signature by the key of ``cryptography``."""
    signer = material.authority().signers[0]
    data = bytes(170)
    begun = time.process_time()
    count = 0
    while time.process_time() < begun + 0.3:
        for _ in range(32):
            signer.sign(data)
        count += 32
    return (time.process_time() - begun) / count


def _measure(
    name: str, server: PostgreSQLServer, certificates: int, rounds: int
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    validity = Validity(now - HOUR, now + 24 * 365 * HOUR)
    ca = ThrowawayCA.root("Benchmark CA", validity, new_ec_key())
    delegate = ca.delegate("Benchmark responder", validity, KEYS[name]())
    url = server.url(server.new_database())
    pem = ca.certificate.public_bytes(Encoding.PEM)
    material = Material(url, pem, delegate.certificate_pem, delegate.key_pem)
    _fill(url, material, certificates)
    one, two = Fleet(material, 1), Fleet(material, 2)
    one.run(0, server)
    singles, pairs, bares, ratios, scales = [], [], [], [], []
    for number in range(rounds):
        before = _bare(material)
        singles.append(one.run(2 * number + 1, server))
        after = _bare(material)
        pairs.append(two.run(2 * number + 2, server))
        bares.append((before + after) / 2)
        ratios.append(bares[-1] / singles[-1].worker)
        scales.append(pairs[-1].rate / singles[-1].rate)
    one.stop()
    two.stop()
    median = statistics.median
    print(
        f"{name}: worker {median(x.worker for x in singles) * 1e6:.1f} µs an answer,"
        f" signature alone {median(bares) * 1e6:.1f} µs: {median(ratios):.2f} of the"
        f" bare rate; server {median(x.server for x in singles) * 1e6:.1f} µs;"
        f" {median(x.rate for x in singles):,.0f} answers/s by one worker,"
        f" {median(x.rate for x in pairs):,.0f} by two: {median(scales):.2f} times",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Measure all keys."""
    certificates = int(arguments[0]) if arguments else CERTIFICATES
    rounds = int(arguments[1]) if len(arguments) > 1 else ROUNDS
    with server_folder() as folder:
        server = PostgreSQLServer(folder / "main")
        server.start()
        try:
            for name in KEYS:
                few = certificates if name == "P-256" else certificates // 4
                _measure(name, server, few, rounds)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
