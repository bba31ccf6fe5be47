"""What the tests of publishing share: a store with signed answers, and a publisher."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from ocsp import OCSPResponse, load_der_ocsp_response
from ocsp.process_clock import ProcessClock
from ocsp.publishing import (
    FileTarget,
    GetTargets,
    PublishedState,
    Publisher,
    Target,
)
from ocsp.publishing.names import file_name, folder_of
from ocsp.responder import Authority, CertIDForm, IssuerKey, Responder, StatusQuery
from ocsp.signing.signer import KeySigner
from ocsp.store import SQLiteStore, Store
from ocsp.updater import Presigner
from tests.pki import NOW, ca, key

__all__ = ["HOUR", "SHA1", "SHA256", "Scene"]

SHA1, SHA256, BOTH = CertIDForm
HOUR = 3600
VALIDITY = datetime.timedelta(hours=8)
LIFETIME = 8 * HOUR + 300


class Scene:
    """
    A store, what signs its answers, and what publishes them.

    Attributes:
        now: The time of all clocks, in seconds since 1970; a test moves it on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        serials: int = 3,
        forms: tuple[CertIDForm, ...] = (SHA1, SHA256),
        store: Store | None = None,
    ) -> None:
        self.folder = folder
        self.now = int(NOW.timestamp())
        self.forms = forms
        self.issuer: x509.Certificate = ca()
        self.store = store or SQLiteStore(folder / "status.db", create=True)
        for serial in range(1, serials + 1):
            self.store.add(self.issuer, serial)
        authority = Authority(self.issuer, [KeySigner(key("Test CA"), self.issuer)])
        self.responder = Responder(
            [authority], validity=VALIDITY, both_hashes=BOTH in forms
        )
        self.presigner = Presigner(
            self.responder,
            [authority],
            self.store,
            forms=forms,
            clock=ProcessClock(self.clock, lambda: self.now),
        )
        self.directory = folder / "www"
        self.state = PublishedState(folder / "state.db")

    def clock(self) -> datetime.datetime:
        """Return the present time of the scene."""
        return datetime.datetime.fromtimestamp(self.now, datetime.UTC)

    def sign(self) -> int:
        """Sign what is due."""
        before = self.presigner.counts.signed
        self.presigner.sign_round()
        return self.presigner.counts.signed - before

    def publisher(self, target: Target | None = None, **options: Any) -> Publisher:
        """Return a publisher, as a new process has it."""
        return Publisher(
            self.store,
            self.responder,
            [self.issuer],
            target or FileTarget(self.directory, LIFETIME),
            self.state,
            forms=self.forms,
            clock=lambda: self.now,
            **options,
        )

    def query(self, serial: int) -> StatusQuery:
        """Return the query for a certificate."""
        return StatusQuery(IssuerKey.of(self.issuer), serial)

    def path(self, serial: int, form: CertIDForm = SHA1) -> Path:
        """Return the file of an answer."""
        target = GetTargets(self.issuer).of(serial, form)[0]
        return self.directory / "answers" / folder_of(target) / str(file_name(target))

    def published(self) -> set[int]:
        """Return the serial numbers whose SHA-1 answers are there."""
        return {serial for serial in range(1, 50) if self.path(serial).exists()}

    def files(self) -> set[Path]:
        """Return the files of all answers."""
        answers = self.directory / "answers"
        return {path for path in answers.rglob("*") if path.is_file()}

    def answer(self, serial: int, form: CertIDForm = SHA1) -> OCSPResponse:
        """Return the answer in a file."""
        return load_der_ocsp_response(self.path(serial, form).read_bytes())
