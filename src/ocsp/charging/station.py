"""
The charging station: verify the responses of the management system, and staple them.

The station does not believe the management system: it verifies each response with the
issuer that it has, and keeps the newest in a cache.
"""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Callable, Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.charging.request_data import OCPPRelease
from ocsp.client import CachedAnswer, RemembersNewest
from ocsp.errors import OCSPError, OlderThanKnown, SchemaError, VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.response import verify

__all__ = ["InstalledStatuses", "StatusResult"]

_SHA256 = hashes.SHA256()
_DEFAULT = Policy()

MAX_AGE = datetime.timedelta(days=7)
"""For how long a station uses a response at most: a week (OCPP 2.0.1, M06.FR.10)."""

MAX_RESULT = OCPPRelease.V2_1.max_result
"""Characters of an ocspResult that a station reads: those of the newest release."""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class StatusResult(NamedTuple):
    """
    What a station has found out about one certificate of its chain.

    Attributes:
        certificate: The certificate.

        evidence: The verified response, or ``None``. Its ``status`` may be *revoked* or
            *unknown*.

        error: Why there is none, or ``None``.
    """

    certificate: x509.Certificate
    evidence: VerifiedResponse | None
    error: OCSPError | None = None


class InstalledStatuses:
    """The verified responses about the certificates of a station."""

    def __init__(
        self,
        cache: RemembersNewest,
        *,
        policy: Policy = _DEFAULT,
        responders: Iterable[x509.Certificate] = (),
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        """
        Use a cache.

        Args:
            cache: Where the responses are kept: an ``ocsp.SQLiteCache`` if they shall
                outlast the process.

            policy: As for :func:`ocsp.verify`.

            responders: As for :func:`ocsp.verify`.

            clock: Returns the current time, aware.
        """
        self._cache = cache
        self._policy = policy
        self._responders = tuple(responders)
        self._clock = clock

    def install(
        self, ocsp_result: str, cert: x509.Certificate, issuer: x509.Certificate
    ) -> VerifiedResponse:
        """
        Verify the ``ocspResult`` of the management system, and keep it.

        *Unknown* is returned and not kept.

        Args:
            ocsp_result: The response in DER as base64.

            cert: The certificate that it is about.

            issuer: The certificate of its issuer.

        Returns:
            Evidence. Its ``status`` may be *revoked* or *unknown*.

        Raises:
            SchemaError: If it is not base64, or too long.
            VerificationError: If a rule of :func:`ocsp.verify` fails.
            OlderThanKnown: If a newer response about the certificate was installed.
            TypeError: If an argument has the wrong type.
        """
        now = self._clock()
        evidence = self._verify(_decoded(ocsp_result), cert, issuer, now)
        newest = self._cache.newest(evidence.canonical_cert_id)
        if newest is not None and newest.is_newer_than(evidence):
            raise OlderThanKnown(
                evidence.this_update, newest.this_update, newest.is_revoked
            )
        end = min(evidence.holds_until, now + MAX_AGE)
        self._cache.put(evidence.canonical_cert_id, evidence, end)
        return evidence

    def installed(
        self, cert: x509.Certificate, issuer: x509.Certificate
    ) -> VerifiedResponse | None:
        """
        Return the response about *cert* that holds now, or ``None``.

        Args:
            cert: The certificate.

            issuer: The certificate of its issuer.

        Returns:
            Evidence. Its ``status`` may be *revoked*.
        """
        now = self._clock()
        answer = self._cache.get(CertID.for_certificate(cert, issuer, _SHA256))
        if answer is None or now >= answer.expires:
            return None
        evidence = self._evidence(answer, cert, issuer, now)
        return evidence if evidence and evidence.holds_at(now) else None

    def staple(self, cert: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """
        Return the response to staple in DER: *good*, and valid now; or ``None``.

        Args:
            cert: The certificate that the station shows to vehicles, or one of the CAs
                above it.

            issuer: The certificate of its issuer.
        """
        evidence = self.installed(cert, issuer)
        if evidence is None or evidence.status is not OCSPCertStatus.GOOD:
            return None
        return evidence.response.public_bytes(Encoding.DER)

    def _evidence(
        self,
        answer: CachedAnswer,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime.datetime,
    ) -> VerifiedResponse | None:
        """Return the evidence of *answer*; one from a file is verified again."""
        known = answer.evidence
        if (
            known is not None
            and known.was_verified_for(cert, issuer)
            and known.has_settings(self._policy, self._responders)
        ):
            return known
        try:
            return self._verify(answer.der, cert, issuer, now)
        except VerificationError:
            return None

    def _verify(
        self,
        der: bytes,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime.datetime,
    ) -> VerifiedResponse:
        return verify(
            der,
            cert,
            issuer,
            at=now,
            responders=self._responders,
            policy=self._policy,
        )


def _decoded(ocsp_result: str) -> bytes:
    """
    Return the octets of an ``ocspResult``.

    Raises:
        SchemaError: If it is not base64, or too long.
        TypeError: If it is not a text.
    """
    if not isinstance(ocsp_result, str):
        raise TypeError("ocsp_result must be a str")
    if len(ocsp_result) > MAX_RESULT:
        raise SchemaError(f"has more than {MAX_RESULT} characters", path="ocspResult")
    try:
        return base64.b64decode(ocsp_result, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SchemaError("is not base64", path="ocspResult") from error
