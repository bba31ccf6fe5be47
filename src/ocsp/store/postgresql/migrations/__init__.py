"""
The schema of a PostgreSQL database, step by step, for Alembic.

Programs of this release and of the one before it use one schema at the same time. So a
step only adds: tables, columns with defaults, triggers. What it removes has been unused
for a release, and the step raises ``oldest_reader`` in the table ``setting``.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER"]

FOLDER = Path(__file__).parent
"""Where the steps are."""
