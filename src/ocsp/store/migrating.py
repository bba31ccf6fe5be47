"""
Copy a store into another one while it is in use, and compare both row by row.

A pass reads the certificates of both stores in the same order, and copies what differs.
What changes in the meantime is found by the next pass; so passes are made until one
finds no difference. The last pass has then compared every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.errors import AlreadyRevoked, StoreError, UnknownCertificate
from ocsp.guarded.certificates import load_certificate
from ocsp.responder.source import IssuerKey
from ocsp.store.store import Store
from ocsp.store.values import CertificateRow, Entry, StoredIssuer, on_hold

__all__ = ["Migration", "Pass"]

BATCH_ROWS = 5000
"""Certificates that are written in one transaction."""

MAX_NAMED = 100
"""How many serial numbers of conflicts a pass keeps; all are counted."""

_PROGRAM = "migration"


@dataclass(slots=True)
class Pass:
    """
    What one pass found.

    Attributes:
        compared: The certificates of the source.

        added: Those that the target did not have.

        changed: Those whose status was another one, and was copied.

        conflicts: Those that differ in what the target does not change: it says
            *revoked* and the source does not, or the subject, the end or the hash of
            the certificate is another one.

        surplus: The certificates that only the target has.

        events: The events that were added to the history. One that was written in
            PostgreSQL during an earlier pass, and committed after later ones, is left
            out; its certificates are compared as all others are.

        serial_numbers: The serial numbers of the first conflicts.
    """

    compared: int = 0
    added: int = 0
    changed: int = 0
    conflicts: int = 0
    surplus: int = 0
    events: int = 0
    serial_numbers: list[int] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every certificate of the source was in the target, and equal."""
        return not (self.added or self.changed or self.conflicts)


class Migration:
    """Copies one store into another."""

    def __init__(
        self,
        source: Store,
        target: Store,
        certificates: Mapping[IssuerKey, x509.Certificate] | None = None,
    ) -> None:
        """
        Copy *source* into *target*.

        Args:
            source: The store that is in use; it is only read.

            target: The other one. Certificates that it has already stay in it.

            certificates: Certificates of issuers, for those of *source* that are there
                without one.

        Raises:
            SourceUnavailable: If *source* cannot be read now.
            StoreError: If the certificate of an issuer is missing.
        """
        self._source = source
        self._target = target
        known = certificates or {}
        self._issuers = [(each, _certificate(each, known)) for each in source.issuers()]
        self._name = f"{_PROGRAM} {source.epoch()}"

    def run(self, progress: Callable[[int], object] | None = None) -> Pass:
        """
        Compare all certificates, and copy what differs, in transactions of some rows.

        Args:
            progress: Called with the number of certificates that have been compared.

        Raises:
            SourceUnavailable: If a store cannot be read now.
            StoreError: If the target cannot be written, or a row has values that mean
                nothing.
        """
        found = Pass()
        for stored, certificate in self._issuers:
            self._copy_issuer(stored.key, certificate, found, progress)
        found.events = self._copy_events()
        return found

    def _copy_issuer(
        self,
        issuer: IssuerKey,
        certificate: x509.Certificate,
        found: Pass,
        progress: Callable[[int], object] | None,
    ) -> None:
        rows: list[CertificateRow] = []
        self._write(certificate, rows, found)  # the issuer, also without certificates
        for ours, theirs in _pairs(
            self._source.entries(issuer), self._target.entries(issuer)
        ):
            if ours is None:
                found.surplus += 1
                continue
            found.compared += 1
            if theirs is None:
                found.added += 1
                rows.append(_row(ours))
            elif not _same(ours, theirs):
                rows += self._change(certificate, ours, theirs, found)
            if len(rows) >= BATCH_ROWS:
                self._write(certificate, rows, found)
                rows = []
            if progress is not None and not found.compared % BATCH_ROWS:
                progress(found.compared)
        self._write(certificate, rows, found)
        if progress is not None:
            progress(found.compared)

    def _change(
        self, issuer: x509.Certificate, ours: Entry, theirs: Entry, found: Pass
    ) -> list[CertificateRow]:
        """Copy the status of *ours*; return the row if it can be written in a batch."""
        new, old = ours.record, theirs.record
        if not _same_but_status(ours, theirs):
            return _conflict(ours, found)
        if old.revocation_time is not None and not on_hold(old):
            return self._correct(issuer, ours, found)
        if old.revocation_time is not None and (
            new.revocation_time is None or on_hold(new)
        ):
            self._target.release(issuer, ours.serial_number)
        found.changed += 1
        return [] if new.revocation_time is None else [_row(ours)]

    def _correct(
        self, issuer: x509.Certificate, ours: Entry, found: Pass
    ) -> list[CertificateRow]:
        """Copy another reason of a revocation that is permanent in the target."""
        new = ours.record
        if new.revocation_time is None or on_hold(new):
            return _conflict(ours, found)
        try:
            self._target.revoke(
                issuer,
                ours.serial_number,
                new.revocation_time,
                new.revocation_reason,
                invalidity_date=new.invalidity_date,
                change_reason=True,
            )
        except (AlreadyRevoked, UnknownCertificate):
            return _conflict(ours, found)
        found.changed += 1
        return []

    def _write(
        self, issuer: x509.Certificate, rows: list[CertificateRow], found: Pass
    ) -> None:
        self._target.import_rows(
            issuer, rows, digest=bytes(32), done=found.compared, name=self._name
        )

    def _copy_events(self) -> int:
        """Add to the history what was not added by an earlier pass."""
        copied = 0
        after = int(self._target.read_cursor(self._name) or 0)
        events = self._source.events(after)
        while batch := list(islice(events, BATCH_ROWS)):
            self._target.import_events(batch, name=self._name, place=str(batch[-1].id))
            copied += len(batch)
        return copied


def _certificate(
    issuer: StoredIssuer, known: Mapping[IssuerKey, x509.Certificate]
) -> x509.Certificate:
    if issuer.certificate is not None:
        return load_certificate(issuer.certificate)
    if issuer.key in known:
        return known[issuer.key]
    raise StoreError(
        f"the certificate of the issuer {issuer.subject!r} is not in the store; give it"
        " with --issuer"
    )


def _pairs(
    ours: Iterator[Entry], theirs: Iterator[Entry]
) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Join two lists of one issuer, which have the order of the serial numbers."""
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        first, second = _key(left), _key(right)
        yield (left if first <= second else None, right if second <= first else None)
        if first <= second:
            left = next(ours, None)
        if second <= first:
            right = next(theirs, None)


def _key(entry: Entry | None) -> tuple[bool, bytes]:
    return (
        (True, b"") if entry is None else (False, integer_octets(entry.serial_number))
    )


def _row(entry: Entry) -> CertificateRow:
    return CertificateRow(
        serial_number=entry.serial_number,
        subject=entry.subject,
        expires=entry.expires,
        record=entry.record,
    )


def _same(ours: Entry, theirs: Entry) -> bool:
    return ours.record == theirs.record and _same_but_status(ours, theirs)


def _same_but_status(ours: Entry, theirs: Entry) -> bool:
    return (
        ours.subject == theirs.subject
        and ours.expires == theirs.expires
        and ours.record.cert_hash == theirs.record.cert_hash
    )


def _conflict(entry: Entry, found: Pass) -> list[CertificateRow]:
    found.conflicts += 1
    if len(found.serial_numbers) < MAX_NAMED:
        found.serial_numbers.append(entry.serial_number)
    return []
