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
    """The table of a statement, and the one beside."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._main = _named(table.name)
        self._beside = None if table.beside is None else _named(table.beside.name)

    def column(self, name: str) -> ColumnElement[Any]:
        """Return a column of the table, or of the one beside with its name in front."""
        owner, _, last = name.rpartition(".")
        if self._table.beside is not None and owner == self._table.beside.name:
            return _column(last, self._beside)
        return _column(name, self._main)

    def joined(self) -> FromClause:
        beside = self._table.beside
        if beside is None or self._beside is None:
            return self._main
        equal = (
            self.column(one) == self.column(f"{beside.name}.{other}")
            for one, other in beside.on.items()
        )
        return self._main.outerjoin(self._beside, sqlalchemy.and_(*equal))

    def of_issuer(self, issuer: x509.Certificate) -> Iterator[ColumnElement[bool]]:
        """Return the condition for the issuer, if a column names it."""
        rule = self._table.issuer
        if isinstance(rule, IssuerColumn):
            yield self.column(rule.column) == rule.value(issuer)
        elif isinstance(rule, IssuerReference):
            known = _named(rule.table).alias("authority")
            key, match = _column(rule.key, known), _column(rule.match, known)
            named = sqlalchemy.select(key).where(match == rule.value(issuer))
            yield self.column(rule.column).in_(named)


def _named(name: str) -> sqlalchemy.TableClause:
    schema, _, last = name.rpartition(".")
    return sqlalchemy.table(_as_written(last), schema=_as_written(schema) or None)


def _column(name: str, owner: FromClause | None) -> ColumnElement[Any]:
    return sqlalchemy.column(_as_written(name), _selectable=owner)


def _as_written(name: str) -> str:
    """Return *name* without quotes: databases differ in how they fold letters then."""
    return quoted_name(name, quote=False)
