"""Arrays arrive in PostgreSQL as they were sent."""

from __future__ import annotations

import psycopg
import pytest

from ocsp.store.postgresql.database.arrays import (
    NumberArray,
    OctetArray,
    adapt_arrays,
)

pytestmark = pytest.mark.programs

NUMBERS = [0, 1, -1, 2**63 - 1, -(2**63), 1_800_000_000]
OCTETS = [b"", b"\0", bytes(range(256)), b"x" * 70_000]


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_each_item_arrives(postgresql_url: str, count: int) -> None:
    """Also the smallest and the largest, and none at all."""
    numbers, octets = NUMBERS[:count], OCTETS[:count]
    with psycopg.connect(postgresql_url) as connection:
        adapt_arrays(connection)
        found = connection.execute(
            "SELECT %b::bigint[], %b::bytea[]",
            (NumberArray(numbers), OctetArray(octets)),
        ).fetchone()
    assert found == (numbers, octets)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_that_is_too_large_is_an_error_of_the_data(
    postgresql_url: str, number: int
) -> None:
    """So that the store finds the row, and stores the others."""
    with psycopg.connect(postgresql_url) as connection:
        adapt_arrays(connection)
        with pytest.raises(psycopg.DataError, match="no bigint"):
            connection.execute("SELECT %b::bigint[]", (NumberArray([number]),))
