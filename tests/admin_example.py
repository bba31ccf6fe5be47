"""A responder for tests of the admin port: its state, its metrics, and its checks."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from cryptography import x509

from ocsp.admin import (
    CertificateView,
    Check,
    IssuerView,
    KeptAnswer,
    Level,
    SignerView,
    StatusChange,
    StoreView,
    serve,
)
from ocsp.admin.gate import Gate
from ocsp.errors import SourceUnavailable
from ocsp.metrics import Metrics, Totals
from ocsp.responder import IssuerKey, StatusRecord
from ocsp.store import StatusCounts
from tests.pki import DELEGATION, ca, make

TOKEN = "a-token-of-thirty-characters-xx"
REVOKED = datetime.datetime(2026, 11, 20, 8, 30, tzinfo=datetime.UTC)


@dataclass
class ExampleState:
    """Two issuers, two signers and one store, which a test can change."""

    issuer_views: list[IssuerView] = field(default_factory=list)
    signer_views: list[SignerView] = field(default_factory=list)
    store_views: list[StoreView] = field(default_factory=list)
    certificates: dict[int, CertificateView] = field(default_factory=dict)
    failure: str = ""

    def issuers(self) -> Sequence[IssuerView]:
        """Return the issuers, or fail."""
        if self.failure:
            raise SourceUnavailable(self.failure)
        return self.issuer_views

    def signers(self) -> Sequence[SignerView]:
        """Return the signers."""
        return self.signer_views

    def stores(self) -> Sequence[StoreView]:
        """Return the stores."""
        return self.store_views

    def find(self, issuer: IssuerKey, serial_number: int) -> CertificateView | None:
        """Return a certificate of the first issuer."""
        if issuer != self.issuer_views[0].key:
            raise SourceUnavailable("the CRL has ended")
        return self.certificates.get(serial_number)


def example_state() -> ExampleState:
    """Return the state of a responder that works."""
    return ExampleState(
        issuer_views=[
            _issuer("issuing-1", ca(), StatusCounts(good=48_210, revoked=1_322, on_hold=57)),
            _issuer("partner", ca("Other CA"), None),
        ],
        signer_views=[
            _signer("ocsp-2026", 9, ("issuing-1",), signs_now=True),
            _signer("ocsp-2027", 351, ("partner", "issuing-1"), signs_now=False),
        ],
        store_views=[
            StoreView(
                name="status", kind="SQLite", place="/var/lib/ocsp/status.db",
                size=24_510_464, answers_due=12,
            )
        ],
        certificates={0x1F2E: example_certificate()},
    )  # fmt: skip


def _issuer(
    name: str, certificate: x509.Certificate, counts: StatusCounts | None
) -> IssuerView:
    return IssuerView(
        name=name, key=IssuerKey.of(certificate), certificate=certificate,
        signers=("ocsp-2026", "ocsp-2027") if counts else ("ocsp-2027",),
        unlisted="unauthorized",
        source="status.db" if counts else "the CRL http://crl.partner.example/ca.crl",
        counts=counts,
    )  # fmt: skip


def _signer(
    name: str, days: int, issuers: tuple[str, ...], *, signs_now: bool
) -> SignerView:
    now = datetime.datetime.now(datetime.UTC)
    certificate = make(
        f"Responder {name}",
        "Test CA",
        begin=now - datetime.timedelta(days=20),
        end=now + datetime.timedelta(days=days, hours=1),
        extensions=DELEGATION,
    )
    return SignerView(
        name=name, certificate=certificate, issuers=issuers, signs_now=signs_now
    )


def example_certificate(subject: str = "CN=www.example.test") -> CertificateView:
    """Return a revoked certificate with this subject."""
    return CertificateView(
        serial_number=0x1F2E,
        subject=subject,
        expires=REVOKED + datetime.timedelta(days=200),
        record=StatusRecord.revoked(REVOKED, x509.ReasonFlags.key_compromise),
        answers=(
            KeptAnswer("SHA-1", REVOKED, REVOKED + datetime.timedelta(days=4)),
            KeptAnswer("SHA-256", REVOKED, REVOKED + datetime.timedelta(days=4)),
        ),
        changes=(
            StatusChange(REVOKED, "revoked (keyCompromise)", "root, ocsp status"),
        ),
    )


def hostile_state(text: str) -> ExampleState:
    """Return a state in which every text is *text*."""
    state = example_state()
    state.issuer_views = [
        replace(each, name=text, source=text, unlisted=text, signers=(text,))
        for each in state.issuer_views[:1]
    ]
    state.signer_views = [
        replace(each, name=text, issuers=(text,), warnings=(text,))
        for each in state.signer_views[:1]
    ]
    state.store_views = [
        replace(each, name=text, kind=text, place=text, problem=text)
        for each in state.store_views
    ]
    change = StatusChange(REVOKED, text, text)
    state.certificates = {0x1F2E: replace(example_certificate(text), changes=(change,))}
    return state


def example_totals() -> Totals:
    """Return the metrics of two workers that have answered some requests."""
    totals = Totals(clock=lambda: 0.0)  # no process falls silent
    for process in ("worker-1", "worker-2"):
        metrics = Metrics(
            totals.add, process=process, issuers={IssuerKey.of(ca()): "issuing-1"}
        )
        for status, cause, number in (
            ("successful", "none", 5000),
            ("unauthorized", "serial", 40),
            ("tryLater", "signer", 3),
        ):
            metrics.outcome(
                method="GET", code=200, status=status, cause=cause, issuer=IssuerKey.of(ca()),
                origin="memory" if cause == "none" else "", cert_id_hash="sha1",
            ).count += number  # fmt: skip
        metrics.flush()
    return totals


def example_checks() -> list[Check]:
    """Return one check of each level but failed."""
    return [
        Check(name="source", test=lambda: (Level.OK, "")),
        Check(name="signer ocsp-2026", test=lambda: (Level.OK, "")),
        Check(
            name="freshness",
            test=lambda: (
                Level.DEGRADED,
                "12 stored answers are overdue, the oldest since 3 minutes",
            ),
        ),
        Check(name="clock", test=lambda: (Level.OK, "")),
    ]


@contextlib.contextmanager
def served(application: Gate) -> Iterator[str]:
    """Serve *application* in a thread while the block runs, and yield its URL."""
    bound = socket.create_server(("127.0.0.1", 0))
    host, port = bound.getsockname()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def run() -> None:
        loop.run_until_complete(serve(application, [bound], stop))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://{host}:{port}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
