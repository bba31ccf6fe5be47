"""Every JSON document that a command writes in these tests is valid by its schema."""

from __future__ import annotations

import pytest

from tests.unit.cli.json_schemas import validating

_documents_are_valid = pytest.fixture(autouse=True, scope="session")(validating)
