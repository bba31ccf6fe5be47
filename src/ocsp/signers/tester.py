"""Test the signers of an issuer: as clients do, and by the issuer's own records."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography import x509

from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.errors import BackendError, ConfigError
from ocsp.guarded.files import exposure_of
from ocsp.responder.authority import Authority, SignerTrust
from ocsp.responder.core import DEFAULT_VALIDITY
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord, StatusSource
from ocsp.signers.expiry import DEFAULT_ALARM
from ocsp.signers.loaded_signer import LoadedSigner
from ocsp.signers.self_test import (
    Check,
    CheckResult,
    SelfTest,
    failed_test,
    self_test,
)
from ocsp.signers.slots import SigningSlots
from ocsp.signers.spec import SignerSpec

__all__ = ["SignerTester"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerTester:
    """
    How the signers of an issuer are tested.

    Attributes:
        issuer: The certificate of the issuer.

        trust: Why clients accept their answers.

        validity: The time from an answer to its nextUpdate.

        alarm: How long before the end of a certificate to warn.

        source: Knows whether a delegate is revoked; ``None``: that is not tested.

        slots: Where signers sign that are not local.
    """

    issuer: x509.Certificate
    trust: SignerTrust = SignerTrust.ISSUER
    validity: datetime.timedelta = DEFAULT_VALIDITY
    alarm: datetime.timedelta = DEFAULT_ALARM
    source: StatusSource | None = None
    slots: SigningSlots = field(default_factory=SigningSlots)

    async def status_of(self, certificate: x509.Certificate) -> StatusRecord | None:
        """
        Return the status of the signer's *certificate*, or ``None`` if not known.

        Raises:
            SourceUnavailable: If the source cannot answer now.
        """
        if self.source is None or self.trust is SignerTrust.LOCAL:
            return None
        query = StatusQuery(IssuerKey.of(self.issuer), serial_of(certificate))
        return (await self.source.look_up([query]))[0]

    async def test(
        self, signer: LoadedSigner, record: StatusRecord | None, now: datetime.datetime
    ) -> SelfTest:
        """
        Test *signer*, in its threads if it is not local.

        Args:
            signer: The signer.

            record: The status of its certificate, or ``None`` if not known.

            now: The current time, aware. A certificate that is not valid yet is tested
                for its first second.
        """
        moment = max(now, validity_of(signer.certificate)[0])

        def run() -> SelfTest:
            found = self_test(
                Authority(self.issuer, [signer], trust=self.trust),
                moment,
                validity=self.validity,
                alarm=self.alarm,
                record=record,
            )
            return SelfTest(checks=(*found.checks, *_check_secrets(signer.spec)))

        try:
            if signer.local:
                return run()
            return await self.slots.run(run, signer=signer)
        except ConfigError as error:
            return failed_test("delegation", CheckResult.FAILED, error.reason)
        except BackendError as error:
            return failed_test("clients", CheckResult.UNAVAILABLE, str(error))


def _check_secrets(spec: SignerSpec) -> Iterator[Check]:
    """Warn if other users can read a secret."""
    for warning in filter(None, map(exposure_of, spec.secrets)):
        yield Check(name="secrets", result=CheckResult.WARNING, messages=(warning,))
