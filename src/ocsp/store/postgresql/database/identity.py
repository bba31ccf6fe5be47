"""
Tell one database from another: after a restore and after a fail-over it is another one.

The identity has three parts. A standby that is promoted to the primary server gets a
new timeline; another server has another system identifier; a dump that was restored
gets a new ``database_id`` by :func:`renew`.
"""

from __future__ import annotations

from ocsp.store.postgresql.database.pool import Connection

__all__ = ["EPOCH", "renew"]

EPOCH = """
(SELECT value FROM setting WHERE name = 'database_id') || '-'
|| (SELECT system_identifier FROM pg_control_system()) || '-'
|| CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer
END
"""
"""The expression that is the identity of the database, as text."""

_NEW_NAME = """
UPDATE setting SET value = replace(gen_random_uuid()::text, '-', '')
WHERE name = 'database_id'
"""
# The events have the transaction numbers of the server that the dump was made of.
_NEW_CURSOR = "UPDATE event SET tx = pg_current_xact_id()"
_NO_NODES = "DELETE FROM node"


def renew(connection: Connection) -> None:
    """Give the database an identity of its own, and events numbers of this server."""
    for statement in (_NEW_NAME, _NEW_CURSOR, _NO_NODES):
        connection.execute(statement)
