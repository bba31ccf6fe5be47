"""Claims in PostgreSQL: the open transaction is the lease."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from cryptography import x509

from ocsp.errors import StoreError
from ocsp.store import Claim
from ocsp.store.postgresql import PostgreSQLStore, answers, claims, partitions, rates
from tests.pki import NOW, ca
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed, signed_due

pytestmark = pytest.mark.programs
STOLEN = x509.ReasonFlags.key_compromise
ISSUER = query(1).issuer


@pytest.fixture(name="store")
def _store(postgresql_url: str) -> Iterator[PostgreSQLStore]:
    """Yield a store with the certificates 1 to 20, whose answers are due."""
    with PostgreSQLStore(postgresql_url, create=True) as store:
        store.add_signer(ca())
        store.sign_ahead(ca(), [SHA1])
        with store.transaction():
            for serial in range(1, 21):
                store.add(ca(), serial)
        yield store


_DIVISION = (
    "CREATE TABLE answer_1 (LIKE answer INCLUDING ALL) PARTITION BY HASH (serial)",
    "CREATE TABLE a_1a PARTITION OF answer_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "CREATE TABLE a_1b PARTITION OF answer_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    "INSERT INTO answer_1 SELECT * FROM answer",
    "DELETE FROM answer",
    "ALTER TABLE answer ATTACH PARTITION answer_1 FOR VALUES IN (1)",
)


def _serials(claim: Claim) -> set[int]:
    return {each.query.serial_number for each in claim.answers}


def _sign(claim: Claim) -> int:
    new = [signed_due(each) for each in claim.answers]
    return claim.store(new, NOW_SECONDS)


def test_no_two_claims_have_the_same_answers(store: PostgreSQLStore) -> None:
    """The second one skips what the first has locked; the third finds nothing."""
    with (
        store.claim_due(ISSUER, NOW_SECONDS, 12) as first,
        store.claim_due(ISSUER, NOW_SECONDS, 12) as second,
        store.claim_due(ISSUER, NOW_SECONDS, 12) as third,
    ):
        assert (len(first.answers), len(second.answers)) == (12, 8)
        assert not _serials(first) & _serials(second)
        assert not third.answers
        assert _sign(first) == 12
        assert store.has_due(ISSUER, NOW_SECONDS)
    with store.claim_due(ISSUER, NOW_SECONDS, 20) as rest:
        assert _serials(rest) == _serials(second)


def test_a_revocation_waits_for_no_claim(store: PostgreSQLStore) -> None:
    """Its event waits while a claim has its answer, and is not lost."""
    with store.claim_due(ISSUER, NOW_SECONDS, 20) as slow:
        begun = time.monotonic()
        store.revoke(ca(), 7, NOW, STOLEN)
        assert time.monotonic() - begun < 2
        with store.claim_due(ISSUER, NOW_SECONDS, 20) as other:
            assert not other.answers
        assert _sign(slow) == 19
    with store.claim_due(ISSUER, NOW_SECONDS, 20) as claim:
        assert _serials(claim) == {7}
        assert _sign(claim) == 1
    assert not store.has_due(ISSUER, NOW_SECONDS)


def _claim_and_lose(store: PostgreSQLStore, lose: Callable[[], object]) -> None:
    """Claim all, lose the claim, let another one sign all, and sign too late."""
    with store.claim_due(ISSUER, NOW_SECONDS, 20) as lost:
        lose()
        deadline = time.monotonic() + 30
        free = set[int]()
        # The server may still be giving the rows free: some of them come first.
        while len(free) < 20 and time.monotonic() < deadline:
            with store.claim_due(ISSUER, NOW_SECONDS, 20) as claim:
                free |= _serials(claim)
                assert _sign(claim) == len(claim.answers)
        assert free == _serials(lost)
        _sign(lost)


def test_what_a_lost_connection_had_claimed_is_free_at_once(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """As after the death of its process; the late signer is told."""

    def terminate() -> None:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE state = 'idle in transaction' AND datname = current_database()"
            )

    with pytest.raises(StoreError):
        _claim_and_lose(store, terminate)
    assert not store.has_due(ISSUER, NOW_SECONDS)


def test_what_a_process_that_hangs_had_claimed_becomes_free(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its connection."""
    monkeypatch.setattr(claims, "LEASE_SECONDS", 0.2)
    with pytest.raises(StoreError, match="idle"):
        _claim_and_lose(store, lambda: None)
    assert not store.has_due(ISSUER, NOW_SECONDS)


def test_a_divided_issuer_is_claimed_one_part_after_the_other(
    store: PostgreSQLStore, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each claim begins with the next part, and goes on until it has enough."""
    monkeypatch.setattr(partitions, "KEPT_SECONDS", -1.0)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        for statement in _DIVISION:
            connection.execute(statement.encode())
        parts = [
            {
                int.from_bytes(serial)
                for (serial,) in connection.execute(f"SELECT serial FROM {part}")
            }
            for part in ("a_1a", "a_1b")
        ]
    assert all(parts)
    known = partitions.Partitions()
    with psycopg.connect(postgresql_url) as connection:
        assert known.leaves(connection, 1) == ["a_1a", "a_1b"]
        assert known.leaves(connection, 2) == ["answer_rest"]
        monkeypatch.setattr(partitions, "KEPT_SECONDS", 60.0)
        first = [known.leaves(connection, 1)[0] for _ in range(4)]
        assert first == ["a_1a", "a_1b"] * 2
    with store.claim_due(ISSUER, NOW_SECONDS, 20) as claim:
        assert _sign(claim) == 20
        assert _serials(claim) == parts[0] | parts[1]


def test_many_due_answers_are_estimated(
    store: PostgreSQLStore, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The progress of many millions must not cost a count of them each second."""
    assert store.count_due(ISSUER, NOW_SECONDS) == 20
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    monkeypatch.setattr(answers, "COUNTED", 5)
    assert 6 <= store.count_due(ISSUER, NOW_SECONDS) <= 40
    with store.claim_due(ISSUER, NOW_SECONDS, 20) as claim:
        _sign(claim)
    assert store.count_due(ISSUER, NOW_SECONDS) == 0


# --- the rate of a signer -------------------------------------------------------------


def _digest() -> bytes:
    return signed(1, 1).answer.signer


def test_the_rate_of_a_signer_is_kept_by_all_together(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """Four threads on connections of their own: 10 % more at most, or a burst less."""
    rate, taken = 400.0, list[int]()
    end = time.monotonic() + 1.5

    def take() -> None:
        with PostgreSQLStore(postgresql_url) as other:
            while time.monotonic() < end:
                taken.append(other.take_signatures(_digest(), rate, 30))
                time.sleep(0.01)

    store.take_signatures(_digest(), rate, 1)  # the bucket is there, and empty
    begun = time.monotonic()
    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = rate * (time.monotonic() - begun)
    assert 0.9 * wanted - rate * rates.BURST_SECONDS <= sum(taken) <= 1.1 * wanted


def test_signatures_that_are_given_back_can_be_taken_again(
    store: PostgreSQLStore,
) -> None:
    """At most those that fit into the bucket."""
    assert store.take_signatures(_digest(), 0.001, 5) == 0
    store.return_signatures(_digest(), 3)
    assert store.take_signatures(_digest(), 0.001, 5) == 1
    assert store.take_signatures(bytes(32), 9.0, 5) == 0  # a signer that is not known
