"""The options that the commands of ``ocsp status`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ocsp.cli.input.database import database_of
from ocsp.cli.parameters import Option
from ocsp.inspection.vocabulary import SERIAL_FORMS
from ocsp.messages.reasons import REASON_NAMES
from ocsp.store import DatabaseAddress

__all__ = [
    "DATABASE",
    "REVOCATION_REASONS",
    "AnyIssuer",
    "Certificates",
    "Database",
    "DryRun",
    "Issuer",
    "Json",
    "Serials",
    "Yes",
]

DATABASE = DatabaseAddress(path=Path("status.db"))

REVOCATION_REASONS = tuple(each for each in REASON_NAMES if each != "removeFromCRL")
"""The reasons of a revocation. removeFromCRL ends one, in a delta CRL."""

Database = Annotated[
    DatabaseAddress,
    Option(
        "--db",
        metavar="FILE|URL",
        parser=database_of("--db"),
        help="SQLite file with the status, or postgresql://user@host/database.",
    ),
]
Issuer = Annotated[
    list[str],
    Option(
        "--issuer",
        metavar="FILE",
        help="Certificate of the issuer, or several in PEM; repeatable. The one that "
        "signed is used.",
    ),
]
AnyIssuer = Annotated[
    list[str] | None,
    Option(
        "--issuer",
        metavar="FILE",
        help="Only certificates of this issuer; repeatable. Default: of all issuers.",
    ),
]
Certificates = Annotated[
    list[str] | None,
    Option(
        "--cert",
        metavar="FILE",
        help="A certificate, or several in PEM; repeatable.",
    ),
]
Serials = Annotated[
    list[str] | None,
    Option(
        "--serial",
        metavar="NUMBER",
        help=f"A serial number: {SERIAL_FORMS}; repeatable.",
    ),
]
Json = Annotated[bool, Option("--json", help="Write JSON; its keys are stable.")]
DryRun = Annotated[
    bool,
    Option("--dry-run", help="Say what would be done, and change nothing."),
]
Yes = Annotated[bool, Option("--yes", help="Do it without asking.")]
