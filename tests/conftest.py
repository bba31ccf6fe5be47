"""The settings of the test suite: repeatable by default, longer on demand."""

from __future__ import annotations

import os
import shutil

from hypothesis import HealthCheck, settings

from tests.servers.mariadb import mariadb_server  # noqa: F401 - a fixture
from tests.servers.next_release import next_release  # noqa: F401 - a fixture
from tests.servers.pgbouncer import pgbouncer  # noqa: F401 - a fixture
from tests.servers.postgresql import (  # noqa: F401 - fixtures of all tests
    postgresql_database,
    postgresql_server,
    postgresql_url,
)

settings.register_profile(
    "default",
    deadline=None,  # machines differ: benchmarks measure time
    derandomize=True,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("default"), max_examples=10_000)
settings.load_profile(os.environ.get("OCSP_HYPOTHESIS", "default"))


def pytest_report_header() -> str:
    """Say which program the tests take for Valkey."""
    for name, words in (
        ("valkey-server", "Valkey"),
        ("redis-server", "Redis, which stands in: there is no valkey-server"),
    ):
        if shutil.which(name):
            return f"Valkey: {words}"
    return "Valkey: none; the tests that need one are skipped"
