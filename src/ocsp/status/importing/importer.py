"""
Import a file into a status file: batch by batch, each completely or not at all.

An import that was interrupted goes on after its last batch if the file is still the
same. To repeat an import changes nothing. A row changes what is stored only from good
to revoked, from hold to another reason, and, if the operator says so, from hold to
good.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from ocsp.asn1.times import timestamp
from ocsp.responder import IssuerKey
from ocsp.status.importing.comparison import Outcome, difference, outcome_of
from ocsp.status.importing.formats.kinds import ImportKind
from ocsp.status.importing.formats.rows import Oddity, OddityKind, ReadOptions
from ocsp.status.importing.report import ImportReport
from ocsp.status.importing.source_file import SourceFile, open_source
from ocsp.store import CertificateRow, ImportedBatch, Store

__all__ = ["BATCH_ROWS", "ImportMode", "ImportProgress", "import_file"]

SORTED_ROWS = 50_000
"""
Rows that are read, and sorted by their serial numbers, before they are written. Serial
numbers are random: in the order of the file, each row would change another page of the
database. They take 20 MB.
"""

BATCH_ROWS = 1000
"""
Rows that are written in one transaction. It takes some milliseconds, so that a process
that revokes a certificate meanwhile does not wait for longer.
"""


CLOCK_DIFFERENCE = datetime.timedelta(minutes=1)
"""How far the clock of the CA may be ahead before its revocations are reported as in
the future."""


class ImportProgress(NamedTuple):
    """
    How far an import is.

    Attributes:
        octets: The octets of the file that were read.

        size: The octets of the file, or 0 if that is not known.

        rows: The rows of the file that are done, also by an earlier import.
    """

    octets: int
    size: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMode:
    """
    How to import.

    Attributes:
        release_holds: Whether a certificate that is on hold becomes good if the file
            says good. Any other revocation stays in any case.

        dry_run: Only report what would be done.
    """

    release_holds: bool = False
    dry_run: bool = False


def import_file(
    store: Store,
    path: str,
    options: ReadOptions,
    *,
    kind: ImportKind | None = None,
    mode: ImportMode = ImportMode(),
    progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """
    Import the certificates in *path* into *store*, and return what was done.

    Args:
        store: The status file.

        path: A file, or a directory of certificates.

        options: The issuer, and how serial numbers are written.

        kind: The format, or ``None`` to recognize it.

        mode: How to import.

        progress: Called at the start and after each batch.

    Raises:
        UnreadableFile: If *path* cannot be read, or changes meanwhile.
        ImportRefused: If *path* cannot be imported as a whole.
        StoreError: If *store* cannot be written. The batches before stay written.
    """
    with open_source(path, options, kind) as source:
        report = ImportReport(name=options.name, kind=source.kind)
        soon = datetime.datetime.now(datetime.UTC) + CLOCK_DIFFERENCE
        work = _Import(store, options, mode, source, report, soon)
        for done in work.batches():
            if progress is not None:
                progress(ImportProgress(source.position(), source.octets, done))
    return report


@dataclass(slots=True)
class _Import:
    """The import of one file."""

    store: Store
    options: ReadOptions
    mode: ImportMode
    source: SourceFile
    report: ImportReport
    soon: datetime.datetime

    @property
    def _issuer_key(self) -> IssuerKey:
        return IssuerKey.of(self.options.issuer)

    def batches(self) -> Iterator[int]:
        """Import one batch after the other; yield how many rows are done."""
        rows, done = self._rows(), 0
        if self.source.resumable and not self.mode.dry_run:
            done = self.store.imported_rows(self._issuer_key, self.source.digest)
        self.report.resumed = done
        yield done
        # Rows are written in the order of their numbers, but only among those that were
        # read together: the first of these are done too.
        start = done % SORTED_ROWS
        for _ in islice(rows, done - start):
            pass
        while read := list(islice(rows, SORTED_ROWS)):
            read.sort(key=lambda row: row.serial_number)
            for first in range(start, len(read), BATCH_ROWS):
                batch = read[first : first + BATCH_ROWS]
                done += len(batch)
                if self.mode.dry_run:
                    self._foresee(batch)
                else:
                    self._write(batch, done)
                yield done
            start = 0
        if not self.mode.dry_run:  # the next import of this file begins at its start
            self._import((), done=0)

    def _rows(self) -> Iterator[CertificateRow]:
        """Return the rows of the file, and report what is odd."""
        for item in self.source.items:
            if isinstance(item, Oddity):
                self.report.oddities.add(item)
            else:
                self.report.rows += 1
                self._doubt_time(item)
                yield item

    def _doubt_time(self, row: CertificateRow) -> None:
        """
        Report a revocation in the future.

        It is in force at once: the CA has revoked the certificate, or its clock is
        wrong. The time stays that of the file, so that answers say what the CA says,
        and a repeated import finds no difference.
        """
        since = row.record.revocation_time
        if since is not None and since > self.soon:
            why = f"is revoked since {timestamp(since)}, which is in the future"
            self._report_odd(row, OddityKind.FUTURE, why)

    def _write(self, batch: list[CertificateRow], read: int) -> None:
        done = self._import(batch, done=read)
        self.report.added += done.added
        self.report.revoked += done.revoked
        self.report.unchanged += done.unchanged
        if done.unchanged:
            self._compare(batch)

    def _import(self, rows: Sequence[CertificateRow], *, done: int) -> ImportedBatch:
        result = self.store.import_rows(
            self.options.issuer,
            rows,
            digest=self.source.digest,
            done=done,
            name=self.options.name,
            sha256=self.source.sha256,
        )
        self.report.event = result.event or self.report.event
        return result

    def _compare(self, batch: list[CertificateRow]) -> None:
        """Report what is stored otherwise, and release holds if that is wanted."""
        for row in batch:
            stored = self.store.find(self._issuer_key, row.serial_number)
            if stored is None:  # another process has pruned it meanwhile
                continue
            held = outcome_of(row, stored) is Outcome.ON_HOLD
            if held and self.mode.release_holds:
                made = self.store.release(self.options.issuer, row.serial_number)
                self.report.event = made.event
                self.report.released += 1
                self.report.unchanged -= 1
            elif why := difference(row, stored):
                self._conflict(row, why)

    def _foresee(self, batch: list[CertificateRow]) -> None:
        """Count what :meth:`_write` would do."""
        report = self.report
        for row in batch:
            stored = self.store.find(self._issuer_key, row.serial_number)
            outcome = outcome_of(row, stored)
            report.added += outcome is Outcome.ADDED
            report.revoked += outcome is Outcome.REVOKED
            if outcome is Outcome.ON_HOLD and self.mode.release_holds:
                report.released += 1
            elif outcome in {Outcome.UNCHANGED, Outcome.ON_HOLD} and stored:
                report.unchanged += 1
                if why := difference(row, stored):
                    self._conflict(row, why)

    def _conflict(self, row: CertificateRow, why: str) -> None:
        self._report_odd(row, OddityKind.CONFLICT, why)

    def _report_odd(self, row: CertificateRow, kind: OddityKind, why: str) -> None:
        place = f"serial number {row.serial_number:#x}"
        self.report.oddities.add(Oddity(place, kind, why))
