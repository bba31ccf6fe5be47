"""What the tests of the store share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.responder import (
    CertIDForm,
    DueAnswer,
    IssuerKey,
    NewAnswer,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
)
from ocsp.store import Action, Event, ImportSummary
from tests.pki import NOW, ca

NOW_SECONDS = int(NOW.timestamp())
SHA1, SHA256, BOTH = CertIDForm
GOOD = StatusRecord()


def added_in(events: Iterable[Event]) -> int:
    """Return how many certificates were added, as *events* say."""
    return sum(
        each.summary.added
        if isinstance(each.summary, ImportSummary)
        else each.action is Action.ADDED
        for each in events
    )


def query(serial: int, issuer: x509.Certificate | None = None) -> StatusQuery:
    """Return the query for a certificate of the test CA."""
    return StatusQuery(IssuerKey.of(issuer or ca()), serial)


def signed(
    serial: int,
    version: int,
    *,
    now: int = NOW_SECONDS,
    form: CertIDForm = SHA1,
    tbs: bytes = b"tbs",
    signer: x509.Certificate | None = None,
    seconds: int = 1000,
    record: StatusRecord = GOOD,
) -> NewAnswer:
    """Return an answer, as the responder makes it at *now*, due after half its time."""
    der = (signer or ca()).public_bytes(Encoding.DER)
    return NewAnswer(
        query(serial),
        form,
        StoredAnswer(
            version=version,
            signer=hashlib.sha256(der).digest(),
            due=now + seconds // 2,
            this_update=now,
            next_update=now + seconds,
            tbs=tbs,
            signature=b"signature",
        ),
        record,
    )


def signed_due(
    due: DueAnswer, *, now: int = NOW_SECONDS, tbs: bytes = b"tbs", seconds: int = 1000
) -> NewAnswer:
    """Return the answer that is due, as :func:`signed` does."""
    return signed(
        due.query.serial_number,
        due.version,
        now=now,
        form=due.form,
        tbs=tbs,
        seconds=seconds,
        record=due.record,
    )
