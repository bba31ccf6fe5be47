"""A PKI with an intermediate CA on loopback, and what pyHanko needs to validate it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from ocsp import AsyncClient
from ocsp.client import AddressPolicy, MissingIssuer, Options
from ocsp.pyhanko import ClientFetcherBackend
from ocsp.testing import PKI, Identity, LoopbackResponder

LOOPBACK = Options(
    missing_issuer=MissingIssuer.FETCH,
    address_policy=AddressPolicy.PRIVATE_TOO,
    retries=0,
)


def to_asn1(cert: x509.Certificate) -> Any:
    """Return *cert* for pyHanko."""
    return asn1.Certificate.load(cert.public_bytes(Encoding.DER))


@dataclass
class Scene:
    """A responder for a leaf and an intermediate CA, and a backend that asks it."""

    responder: LoopbackResponder
    client: AsyncClient
    backend: ClientFetcherBackend

    @property
    def pki(self) -> PKI:
        """The PKI of the responder."""
        return self.responder.pki

    def context(self, **settings: Any) -> ValidationContext:
        """Return a context that trusts the root, and requires revocation information."""
        return ValidationContext(
            **{
                "trust_roots": [to_asn1(self.pki.root)],
                "other_certs": [to_asn1(self.pki.issuer)],
                "allow_fetching": True,
                "fetchers": self.backend.get_fetchers(),
                "revocation_mode": "require",
            }
            | settings
        )

    def validate(
        self, leaf: Identity, context: ValidationContext | None = None
    ) -> ValidationContext:
        """Validate *leaf* by pyHanko; return the context."""
        found = context or self.context()

        async def run() -> None:
            validator = CertificateValidator(
                to_asn1(leaf.certificate), validation_context=found
            )
            await validator.async_validate_usage({"digital_signature"})

        asyncio.run(run())
        return found

    def run(self, awaitable: Any) -> Any:
        """Run *awaitable* in an event loop."""

        async def main() -> Any:
            return await awaitable

        return asyncio.run(main())


@pytest.fixture(name="scene")
def _scene() -> Iterator[Scene]:
    with LoopbackResponder() as responder:
        responder.pki.add_intermediate()
        client = AsyncClient(LOOPBACK)
        issuers = [ca.certificate for ca in responder.pki.cas]
        yield Scene(responder, client, ClientFetcherBackend(client, issuers=issuers))
