"""Make the SELECT statements for a described table, with SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy
from cryptography import x509
from sqlalchemy import ColumnElement, FromClause, Select
from sqlalchemy.sql import quoted_name

from ocsp.status.sql.issuers import IssuerColumn, IssuerReference
from ocsp.status.sql.table import Table

__all__ = ["rows_limit", "select_rows"]

_ROWS = 16
"""Rows of one serial number that are read; more are an error. Usual is one."""


def rows_limit(serials: int) -> int:
    """Return how many rows about so many serial numbers are read."""
    return _ROWS * (serials + 1)


def select_rows(table: Table, issuer: x509.Certificate) -> Select[Any]:
    """
    Return the statement for the rows of *issuer* with one of some serial numbers.

    It has two parameters: ``serials``, a list of them as the table has them, and
    ``most``, the number of rows. It is made once, so that SQLAlchemy compiles it once.
    """
    tables = _Tables(table)
    serials: sqlalchemy.BindParameter[Any] = sqlalchemy.bindparam(
        "serials", expanding=True
    )
    # Each column is labelled with its name in the description.
    chosen = [tables.column(name).label(name) for name in table.columns]
    return (
        sqlalchemy.select(*chosen)
        .select_from(tables.joined())
        .where(tables.column(table.serial).in_(serials), *tables.of_issuer(issuer))
        .limit(sqlalchemy.bindparam("most", type_=sqlalchemy.Integer))
    )


class _Tables:
    """The table of a statement, the one of CAs, and the one beside."""

    def __init__(self, table: Table) -> None:
        rule = table.issuer
        self._rule = rule
        self._main = _named(table.name)
        # The table of CAs has a name of its own: it may be the table itself.
        self._known = (
            _named(rule.table).alias("authority")
            if isinstance(rule, IssuerReference)
            else None
        )
        self._beside = table.beside
        self._other = None if table.beside is None else _named(table.beside.name)

    def column(self, name: str) -> ColumnElement[Any]:
        """Return a column of the table, or of another one with its name in front."""
        if isinstance(self._rule, IssuerReference) and name == self._rule.mark:
            return _column(self._rule.match, self._known)
        owner, _, last = name.rpartition(".")
        if self._beside is not None and owner == self._beside.name:
            return _column(last, self._other)
        return _column(name, self._main)

    def joined(self) -> FromClause:
        """Return the tables, each row with its CA and with that beside, if any."""
        joined: FromClause = self._main
        if isinstance(self._rule, IssuerReference) and self._known is not None:
            key = _column(self._rule.key, self._known)
            joined = joined.join(self._known, self.column(self._rule.column) == key)
        if self._beside is not None and self._other is not None:
            equal = (
                self.column(one) == _column(other, self._other)
                for one, other in self._beside.on.items()
            )
            joined = joined.outerjoin(self._other, sqlalchemy.and_(*equal))
        return joined

    def of_issuer(self, issuer: x509.Certificate) -> Iterator[ColumnElement[bool]]:
        """Return the condition for the issuer, if a column names it."""
        if isinstance(self._rule, (IssuerColumn, IssuerReference)):
            yield self.column(self._rule.mark) == self._rule.value(issuer)


def _named(name: str) -> sqlalchemy.TableClause:
    schema, _, last = name.rpartition(".")
    return sqlalchemy.table(_as_written(last), schema=_as_written(schema) or None)


def _column(name: str, owner: FromClause | None) -> ColumnElement[Any]:
    return sqlalchemy.column(_as_written(name), _selectable=owner)


def _as_written(name: str) -> str:
    """Return *name* without quotes: databases differ in how they fold letters then."""
    return quoted_name(name, quote=False)
