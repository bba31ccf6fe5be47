"""``ocsp status partition``: give a large issuer its own part of a database."""

from __future__ import annotations

from typing import Annotated

from ocsp.cli.commands.status.options import DATABASE, Database
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import output
from ocsp.cli.render.tree_rows import text
from ocsp.inspection.vocabulary import count
from ocsp.store import partition_issuer

__all__ = ["partition"]

END = epilog(
    {
        "ocsp status partition --issuer ca.pem --parts 4 --db"
        " postgresql://ocsp@db.example.org/ocsp": (
            "prepare the import of 200,000,000 certificates"
        )
    }
)


@helped_by(END)
def partition(
    issuer: Annotated[
        str,
        Option(
            "--issuer", metavar="FILE", help="Certificate of the issuer to separate."
        ),
    ],
    parts: Annotated[
        int,
        Option(
            min=1,
            max=256,
            metavar="NUMBER",
            help="How many partitions; one for each 50,000,000 certificates.",
        ),
    ] = 1,
    database: Database = DATABASE,
) -> None:
    """
    Give a large issuer partitions of its own in a PostgreSQL database.

    Do it before its certificates are imported: those that are there are moved, and
    meanwhile responders wait.
    """
    certificate = GivenIssuers([issuer]).only("--issuer")
    done = partition_issuer(database, certificate, parts)
    what = f"the issuer has {count(parts, 'partition')} of its own"
    if not done:
        what = "the issuer has partitions of its own already, which stay as they are"
    output().print(text(f"{database}: {what}"), soft_wrap=True)
