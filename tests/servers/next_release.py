"""A later release, whose schema of PostgreSQL has one more step than this one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.store.postgresql.database import schema, steps
from ocsp.store.postgresql.migrations import FOLDER

__all__ = ["next_release"]

_STEP = """
from alembic import op

revision = "0099"
down_revision = "{last:04d}"


def upgrade() -> None:
    op.execute("ALTER TABLE certificate ADD COLUMN colour text NOT NULL DEFAULT 'red'")
    op.execute("ALTER TABLE answer ADD COLUMN note text")
    op.execute("CREATE TABLE colour (name text PRIMARY KEY)")
"""


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the steps of a later release in this process; the last is number 99."""
    folder = tmp_path / "steps"
    folder.mkdir()
    for step in FOLDER.glob("r*.py"):
        shutil.copy(step, folder)
    (folder / "r0099_colour.py").write_text(_STEP.format(last=schema.VERSION))
    with monkeypatch.context() as patch:
        patch.setattr(steps, "FOLDER", folder)
        patch.setattr(schema, "VERSION", 99)
        yield
