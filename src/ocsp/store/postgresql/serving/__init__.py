"""Answer OCSP requests from a PostgreSQL database in an event loop."""

from __future__ import annotations

from ocsp.store.postgresql.serving.source import PostgreSQLSource

__all__ = ["PostgreSQLSource"]
