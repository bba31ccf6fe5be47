"""The settings of the test suite: repeatable by default, longer on demand."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

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
