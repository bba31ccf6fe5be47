"""
Import the status of certificates from the files of CA software.

Each format has a reader, which gives rows and what is odd; the importer writes the rows
in batches.
"""

from __future__ import annotations

from ocsp.status.importing.formats.kinds import ImportKind
from ocsp.status.importing.formats.rows import (
    Oddity,
    OddityKind,
    ReadOptions,
    SerialNotation,
)
from ocsp.status.importing.importer import ImportMode, ImportProgress, import_file
from ocsp.status.importing.report import ImportReport, Oddities

__all__ = [
    "ImportKind",
    "ImportMode",
    "ImportProgress",
    "ImportReport",
    "Oddities",
    "Oddity",
    "OddityKind",
    "ReadOptions",
    "SerialNotation",
    "import_file",
]
