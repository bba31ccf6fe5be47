"""
Give a large issuer partitions of its own, divided by the hash of the serial number.

Small issuers share the default partition. The indexes of a large one are smaller in
parts, VACUUM works on one part after the other, and so do signers.
"""

from __future__ import annotations

from ocsp.store.postgresql.database.pool import Connection

__all__ = ["separate"]

LOCK_SECONDS = 5.0
"""How long to wait for a lock: what comes after it waits as long."""

_TABLES = {"certificate": "", "answer": " WITH (fillfactor = 80)"}
_EXISTS = """
SELECT 1 FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
WHERE inhparent = 'certificate'::regclass
    AND pg_get_expr(part.relpartbound, part.oid) = format('FOR VALUES IN (%%s)', %s)
"""
# Statements on a part need rights on it.
_GRANTS = """
SELECT format('GRANT %%s ON %%I TO %%s', privilege_type, %s::text,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
FROM pg_class CROSS JOIN aclexplode(relacl) WHERE oid = %s::regclass
"""
_NOT_TRUNCATED = """
CREATE TRIGGER certificate_not_truncated BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse('certificates are deleted one by one')
"""


def separate(connection: Connection, number: int, parts: int) -> bool:
    """
    Move an issuer out of the default partition, in the transaction of *connection*.

    Changes wait until the transaction ends. Look-ups wait from the moment at which the
    rows have been copied.

    Args:
        connection: Of the user who owns the tables.

        number: The number of the issuer.

        parts: How many partitions it gets in each table.

    Returns:
        ``False`` if it has partitions already.
    """
    milliseconds = str(int(LOCK_SECONDS * 1000))
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (milliseconds,))
    connection.execute("LOCK TABLE certificate, answer IN SHARE ROW EXCLUSIVE MODE")
    if connection.execute(_EXISTS, (number,)).fetchone() is not None:
        return False
    for table, settings in _TABLES.items():
        _copy(connection, table, number, parts, settings)
    for table in _TABLES:
        _exchange(connection, table, number)
    for table in _TABLES:
        for name in (f"{table}_{number}", *_names(table, number, parts)):
            for (grant,) in connection.execute(_GRANTS, (name, table)).fetchall():
                connection.execute(grant.encode())
    for table in (f"certificate_{number}", *_names("certificate", number, parts)):
        connection.execute(_NOT_TRUNCATED.format(table=table).encode())
    return True


def _names(table: str, number: int, parts: int) -> list[str]:
    return [f"{table}_{number}_{part}" for part in range(parts)]


def _copy(
    connection: Connection, table: str, number: int, parts: int, settings: str
) -> None:
    """Copy the rows of the issuer to tables that are no partitions yet."""
    own = f"{table}_{number}"
    statements = [
        f"CREATE TABLE {own} (LIKE {table} INCLUDING ALL) PARTITION BY HASH (serial)",
        *(
            f"CREATE TABLE {name} PARTITION OF {own}"
            f" FOR VALUES WITH (MODULUS {parts}, REMAINDER {part}){settings}"
            for part, name in enumerate(_names(table, number, parts))
        ),
        f"INSERT INTO {own} SELECT * FROM {table} WHERE issuer_id = {number}",  # noqa: S608 - names of this module
    ]
    for statement in statements:
        connection.execute(statement.encode())


def _exchange(connection: Connection, table: str, number: int) -> None:
    """Let the copies take the place of the rows: nothing changes but their table."""
    own, rest = f"{table}_{number}", f"{table}_rest"
    for statement in (
        f"ALTER TABLE {rest} DISABLE TRIGGER USER",
        f"DELETE FROM {rest} WHERE issuer_id = {number}",  # noqa: S608 - names of this module
        f"ALTER TABLE {rest} ENABLE TRIGGER USER",
        f"ALTER TABLE {table} ATTACH PARTITION {own} FOR VALUES IN ({number})",
        f"ANALYZE {own}",
    ):
        connection.execute(statement.encode())
