"""Answer from the tables of a database that another program keeps."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Self

from cryptography import x509

from ocsp.errors import ConfigError, MissingExtraError, SourceUnavailable
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.status.sql.batches import Batches, Found
from ocsp.status.sql.issuers import IssuerInCertificate, OneIssuer
from ocsp.status.sql.table import Schema, Table, read_row
from ocsp.status.worst import worst_of

__all__ = ["SQLSource"]

_CHUNK = 500
"""Serial numbers in one statement; every database takes so many parameters."""

_Row = Mapping[str, object]


class SQLSource:
    """
    A :class:`StatusSource` on tables of any database that SQLAlchemy reads.

    Look-ups that wait together are asked in one statement for each table and issuer. A
    row that does not fit the description of its table is an error for its serial number
    only. Nothing is written.
    """

    def __init__(
        self,
        url: str,
        schema: Schema,
        issuers: Sequence[x509.Certificate],
        *,
        connections: int = 4,
        deadline: datetime.timedelta = datetime.timedelta(seconds=2),
    ) -> None:
        """
        Read from *url*; connects at the first look-up.

        Args:
            url: The database, in the form of SQLAlchemy:
                ``postgresql+psycopg://user@host/name``, ``sqlite:///file``. Give a user
                that can only read.

            schema: What the tables mean: one of ``ocsp.status.sql.presets``, or your
                own.

            issuers: The certificates of the CAs.

            connections: How many connections, each with a thread.

            deadline: How long one look-up may take.

        Raises:
            ConfigError: If *url* is malformed, its driver is not installed, or there
                are several issuers and a table that does not say which one it means.
            MissingExtraError: If the extra ``sql`` is not installed.
        """
        try:
            from ocsp.status.sql.database import Database
            from ocsp.status.sql.statements import select_rows
        except ModuleNotFoundError as error:
            raise MissingExtraError("reading a SQL database", "sql") from error
        _check(schema, issuers)
        self._schema = schema
        self._issuers = {IssuerKey.of(issuer): issuer for issuer in issuers}
        self._database = Database(url, connections)
        self._statements = {
            (number, key): select_rows(table, issuer)
            for number, table in enumerate(schema.tables)
            for key, issuer in self._issuers.items()
        }
        self._deadline = deadline.total_seconds()
        self._batches = Batches(self._answer, connections)

    @property
    def complete(self) -> bool:
        """Whether a serial number without a record was never issued."""
        return self._schema.complete

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order.

        Raises:
            SourceUnavailable: If the database cannot be read, or not within the
                deadline; if too many look-ups wait; or if a row about one of the
                certificates cannot be read.
        """
        future = self._batches.add(queries)
        try:
            async with asyncio.timeout(self._deadline):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise SourceUnavailable(
                f"{self._database.name} has not answered within {self._deadline:g} "
                "seconds"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._batches.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, queries: Sequence[StatusQuery]) -> Found:
        """Return what the tables say about *queries*."""
        found = _Statuses(self._database.name)
        for start in range(0, len(queries), _CHUNK):
            self._read(queries[start : start + _CHUNK], found)
        return found.result()

    def _read(self, queries: Sequence[StatusQuery], found: _Statuses) -> None:
        from ocsp.status.sql.statements import rows_limit

        asked = [
            (number, key, values)
            for number, table in enumerate(self._schema.tables)
            for key, values in self._values(table, queries)
        ]
        answers = self._database.read(
            [
                (
                    self._statements[number, key],
                    {"serials": values, "most": rows_limit(len(values))},
                )
                for number, key, values in asked
            ]
        )
        for (number, key, values), rows in zip(asked, answers, strict=True):
            table = self._schema.tables[number]
            if len(rows) >= rows_limit(len(values)):
                raise SourceUnavailable(
                    f"{self._database.name}: table {table.name} has {len(rows)} rows "
                    f"or more about {len(values)} serial numbers"
                )
            for row in rows:
                self._take(table, key, row, found)

    def _values(
        self, table: Table, queries: Sequence[StatusQuery]
    ) -> Iterator[tuple[IssuerKey, list[object]]]:
        """Return the serial numbers of each issuer, as *table* has them."""
        encode = table.serial_encoding.values
        for key in dict.fromkeys(query.issuer for query in queries):
            if key in self._issuers:
                values = [
                    value
                    for query in queries
                    if query.issuer == key
                    for value in encode(query.serial_number)
                ]
                if values:
                    yield key, values

    def _take(self, table: Table, key: IssuerKey, row: _Row, found: _Statuses) -> None:
        """Read one row; a serial number that cannot be read is about no certificate."""
        try:
            serial = table.serial_encoding.read(row[table.serial])
        except ValueError:
            return
        query = StatusQuery(key, serial)
        try:
            record = read_row(table, row, serial, self._issuers[key])
        except ValueError as error:
            found.fail(query, f"the row of serial number {serial:#x} {error}")
        else:
            if record is not None:
                found.add(query, record)


class _Statuses:
    """The records until now; of several about one certificate, *revoked* counts."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._records: dict[StatusQuery, StatusRecord] = {}
        self._errors: dict[StatusQuery, SourceUnavailable] = {}

    def add(self, query: StatusQuery, record: StatusRecord) -> None:
        known = self._records.get(query, record)
        self._records[query] = worst_of((known, record)) or record

    def fail(self, query: StatusQuery, reason: str) -> None:
        self._errors[query] = SourceUnavailable(f"{self._name}: {reason}")

    def result(self) -> Found:
        revoked = {
            query: record
            for query, record in self._records.items()
            if record.status is OCSPCertStatus.REVOKED
        }
        return {**self._records, **self._errors, **revoked}


def _check(schema: Schema, issuers: Sequence[x509.Certificate]) -> None:
    """
    Check that each table says which issuer it means.

    Raises:
        ConfigError: If there is no issuer, or one table cannot tell two apart.
    """
    if not issuers:
        raise ConfigError("issuers", "is empty; give the certificate of a CA")
    different = {IssuerKey.of(issuer): issuer for issuer in issuers}.values()
    for table in schema.tables:
        if len(_marks(table, different)) < len(different):
            raise ConfigError(
                "issuers",
                f"has CAs that table {table.name} cannot tell apart; use one source "
                "for each",
            )


def _marks(table: Table, issuers: Collection[x509.Certificate]) -> Collection[object]:
    """Return what tells the issuers apart, once for each that is different."""
    rule = table.issuer
    if isinstance(rule, OneIssuer):
        return (rule,)
    if isinstance(rule, IssuerInCertificate):
        return issuers
    return {rule.value(issuer) for issuer in issuers}
