"""
Decide whether a stored answer is sent as it is: what most requests get.

This is the short way of what :class:`ocsp.responder.Responder` decides for a request
that is read in full, without the objects that other requests need. Whatever is not
usual takes the full way.
"""

from __future__ import annotations

from ocsp.responder import CertIDForm, Lookup, StatusQuery
from ocsp.responder.schedule import is_current, usable_until
from ocsp.responder.signed_response import wrap
from ocsp.responder.stored_answer import CurrentAnswer, StoredAnswer

__all__ = ["UsableAnswer", "time_to_ask", "usable_answer"]

OVERDUE_SECONDS = 60
"""How long an answer is kept in memory when the time to sign it again is over: if the
store does not get a new one, it is asked again that often."""


class UsableAnswer:
    """
    A stored answer that the client gets.

    Attributes:
        der: The response.

        stored: What the store has of it.

        certificate: The certificate that it is about, and the form of its CertIDs.

        until: Until when it may be sent again, in seconds since 1970.

        valid_until: Until when it may be sent if the store cannot be asked.

        revoked: Whether it says *revoked*.

        template: A request about another certificate of the same issuer.
    """

    __slots__ = (
        "certificate",
        "der",
        "revoked",
        "stored",
        "template",
        "until",
        "valid_until",
    )

    def __init__(
        self,
        der: bytes,
        stored: StoredAnswer,
        certificate: tuple[StatusQuery, CertIDForm],
        *,
        until: int,
        valid_until: int,
        revoked: bool,
        template: Lookup,
    ) -> None:
        self.der = der
        self.stored = stored
        self.certificate = certificate
        self.until = until
        self.valid_until = valid_until
        self.revoked = revoked
        self.template = template


def usable_answer(
    template: Lookup,
    certificate: tuple[StatusQuery, CertIDForm],
    found: CurrentAnswer,
    now: int,
) -> UsableAnswer | None:
    """
    Return the stored answer if it is sent as it is, or ``None`` for the full way.

    Args:
        template: A request that differs in the serial number only.

        certificate: The certificate of the request, and the form that is stored.

        found: The stored answer.

        now: The current time, in seconds since 1970.
    """
    stored, revoked = found
    authority = template.authorities[0]
    if authority.retention is not None:
        return None
    valid_until = usable_until(stored)
    signer = authority.find_signer(stored.signer)
    if signer is None or now >= valid_until or not is_current(stored, now):
        return None
    return UsableAnswer(
        wrap((signer,), stored.tbs, stored.signature),
        stored,
        certificate,
        until=time_to_ask(stored, now, valid_until),
        valid_until=valid_until,
        revoked=revoked,
        template=template,
    )


def time_to_ask(stored: StoredAnswer, now: int, valid_until: int) -> int:
    """Return until when *stored* is sent again without asking the store."""
    due = stored.due if now < stored.due else now + OVERDUE_SECONDS
    return min(due, valid_until)
