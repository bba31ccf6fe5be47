"""Read shared answers for a node with a key, and verify each of them once."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.errors import OCSPError
from ocsp.messages.certid import CertID
from ocsp.responder import CertIDForm, CheckedAnswer, StatusQuery
from ocsp.service.copies.verified import VerifiedAnswer, verified
from ocsp.sharing import SharedAnswers

__all__ = ["VerifiedAnswers"]


class _Value(NamedTuple):
    """What was verified: these octets about this certificate."""

    query: StatusQuery
    form: CertIDForm
    der: bytes


class VerifiedAnswers:
    """A :class:`ocsp.responder.SharedAnswerReader`; for one event loop."""

    def __init__(
        self,
        shared: SharedAnswers,
        *,
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        """
        Read from *shared*.

        Args:
            shared: The Valkey server. The caller closes it.

            now: Returns the current time, aware; for tests.
        """
        self._shared = shared
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))
        self._known: BoundedCache[_Value, VerifiedAnswer] = BoundedCache()

    async def get(
        self, query: StatusQuery, form: CertIDForm, issuer: x509.Certificate
    ) -> CheckedAnswer | None:
        """Return the answer about a certificate that clients accept, or ``None``."""
        found = await self._shared.find(query, form)
        if found is None:
            return None
        if not found.der:
            return CheckedAnswer(found.stored.version, None, False)
        value = _Value(query, form, found.der)
        answer = self._known[value] or self._verify(value, issuer)
        if answer is None or not answer.is_usable(self._now()):
            return None
        return CheckedAnswer(found.stored.version, found.stored, answer.revoked)

    def _verify(self, value: _Value, issuer: x509.Certificate) -> VerifiedAnswer | None:
        algorithm = hashes.SHA1() if value.form is CertIDForm.SHA1 else hashes.SHA256()
        serial = value.query.serial_number
        cert_id = CertID.for_serial(issuer, serial, algorithm)
        try:
            answer = verified(value.der, cert_id, issuer, self._now())
        except OCSPError:
            return None
        return self._known.keep(value, answer, 2 * len(value.der))
