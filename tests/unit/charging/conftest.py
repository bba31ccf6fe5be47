"""A V2G PKI on loopback: a station's certificate below two CAs."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from cryptography import x509

from ocsp import AsyncClient
from ocsp.charging import CertificateStatuses, InstalledStatuses
from ocsp.client import AddressPolicy, MemoryCache, Options
from ocsp.testing import PKI, Identity, LoopbackResponder

LOOPBACK = Options(address_policy=AddressPolicy.PRIVATE_TOO, retries=0)


@dataclass
class Scene:
    """A responder for a station and the CAs above it."""

    responder: LoopbackResponder
    station: Identity
    clock: list[datetime.datetime] = field(
        default_factory=lambda: [datetime.datetime.now(datetime.UTC)]
    )

    @property
    def pki(self) -> PKI:
        """The PKI."""
        return self.responder.pki

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificates of the station, the root last."""
        return list(self.station.chain)

    def statuses(self, options: Options = LOOPBACK) -> CertificateStatuses:
        """Return the statuses of a management system that knows all CAs."""
        issuers = [each.certificate for each in self.pki.cas]
        return CertificateStatuses(AsyncClient(options), issuers)

    def installed(self) -> InstalledStatuses:
        """Return the statuses of a new station."""
        return InstalledStatuses(MemoryCache(), clock=lambda: self.clock[0])


@pytest.fixture(name="scene")
def _scene() -> Iterator[Scene]:
    with LoopbackResponder() as responder:
        responder.pki.add_intermediate()
        responder.pki.add_intermediate()
        yield Scene(responder, responder.pki.issue("SECC"))
