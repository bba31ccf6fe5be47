"""
Warn in the log while the certificate of a signer is about to end, and after its end.

After the end the responder returns *tryLater*, which is not signed: clients would
reject an answer with that certificate (RFC 6960 §2.3, §4.2.2.2).
"""

from __future__ import annotations

import datetime
import logging

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.responder.answer import Answer, Lookup
from ocsp.signers.expiry import DEFAULT_ALARM, ends_soon

__all__ = ["SignerWatch"]

logger = logging.getLogger("ocsp.responder")

_PAUSE = datetime.timedelta(hours=1)
"""The shortest time between two lines in the log, however many requests arrive."""


class SignerWatch:
    """Writes at most one line in an hour to the log ``ocsp.responder``."""

    def __init__(self, alarm: datetime.timedelta = DEFAULT_ALARM) -> None:
        """
        Begin to watch.

        Args:
            alarm: How long before the end of a certificate to warn.
        """
        self._alarm = alarm
        self._warned: datetime.datetime | None = None

    def look(self, step: Answer | Lookup, now: datetime.datetime) -> None:
        """Warn if the signer that *step* uses is about to end, or none is valid."""
        # Not if the clock was set back: it can have been years ahead.
        if self._warned is not None and self._warned <= now < self._warned + _PAUSE:
            return
        if not isinstance(step, Answer) and self._log(step, now):
            self._warned = now

    def _log(self, step: Lookup, now: datetime.datetime) -> bool:
        """Return whether there was something to log."""
        signer = step.authority.signer_at(now)
        if signer is None:
            logger.error(
                "clients get tryLater: no signer's certificate is valid at %s", now
            )
            return True
        certificate = signer.certificate
        if not ends_soon(certificate, now, self._alarm):
            return False
        logger.warning(
            "the certificate of the signer %s ends at %s; replace it soon",
            name_text(name_of_subject(certificate)),
            validity_of(certificate)[1],
        )
        return True
