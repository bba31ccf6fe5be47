"""The report of an import: what was changed, and what was odd."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ocsp import limits
from ocsp.status.importing.formats.kinds import ImportKind
from ocsp.status.importing.formats.rows import Oddity, OddityKind

__all__ = ["ImportReport", "Oddities"]


class Oddities:
    """
    The oddities of an import: all are counted, and the first ones are kept.

    Attributes:
        kept: The first ``MAX_REPORTED_ODDITIES``, in their order.

        counts: How many there are of each kind.
    """

    def __init__(self) -> None:
        self.kept: list[Oddity] = []
        self.counts: Counter[OddityKind] = Counter()

    def add(self, oddity: Oddity) -> None:
        """Count *oddity*, and keep it if there is room."""
        self.counts[oddity.kind] += 1
        if len(self.kept) < limits.MAX_REPORTED_ODDITIES:
            self.kept.append(oddity)

    def __len__(self) -> int:
        return self.counts.total()


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """
    What an import has done.

    Attributes:
        name: The name of the file or directory.

        kind: Its format.

        rows: How many certificates it has that can be imported.

        resumed: How many of them an earlier, interrupted import has done.

        added: How many were added to the database.

        revoked: How many that the database had as good or on hold are revoked now.

        released: How many were on hold and are good now.

        event: The number of the last change of a status, or ``None``. Pass it to
            :meth:`ocsp.store.SQLiteStore.wait_until_seen`.

        unchanged: How many the database had already, and no change was made.

        oddities: What the operator has to look at.
    """

    name: str
    kind: ImportKind
    rows: int = 0
    resumed: int = 0
    added: int = 0
    revoked: int = 0
    released: int = 0
    unchanged: int = 0
    event: int | None = None
    oddities: Oddities = field(default_factory=Oddities)
