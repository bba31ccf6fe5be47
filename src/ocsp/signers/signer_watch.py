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

__all__ = ["SignerWatch"]

logger = logging.getLogger("ocsp.responder")

_BEFORE = datetime.timedelta(days=7)
"""How long before the end the warnings begin: enough to get another certificate."""

_PART = 4
"""They begin in the last quarter of the validity if that is shorter: some CAs issue
certificates for a few days, again and again."""

_PAUSE = datetime.timedelta(hours=1)
"""The shortest time between two lines in the log, however many requests arrive."""


class SignerWatch:
    """Writes at most one line in an hour to the log ``ocsp.responder``."""

    def __init__(self) -> None:
        self._silent_until: datetime.datetime | None = None

    def look(self, step: Answer | Lookup, now: datetime.datetime) -> None:
        """Warn if the signer that *step* uses is about to end, or none is valid."""
        if self._silent_until is not None and now < self._silent_until:
            return
        line = _line(step, now)
        if line:
            logger.error("%s", line)
            self._silent_until = now + _PAUSE


def _line(step: Answer | Lookup, now: datetime.datetime) -> str:
    if isinstance(step, Answer):
        return ""
    signer = step.authority.signer_at(now)
    if signer is None:
        return f"clients get tryLater: no signer's certificate is valid at {now}"
    certificate = signer.certificate
    begin, end = validity_of(certificate)
    if end - now > min(_BEFORE, (end - begin) / _PART):
        return ""
    name = name_text(name_of_subject(certificate))
    return f"the certificate of the signer {name} ends at {end}; replace it soon"
