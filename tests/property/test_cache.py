"""The caches against a model that is a dictionary: any sequence of operations."""

from __future__ import annotations

import datetime
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ocsp import OCSPCertStatus
from ocsp.client.cache import MemoryCache, RemembersNewest, SQLiteCache
from tests.unit.client.evidence import HOUR, LATER, answer, key_of

MOST = 3
FAR = LATER.replace(year=9000)
PAST = LATER.replace(year=2020)
serials = st.integers(1, 5)
ages = st.integers(0, 3).map(lambda hours: hours * HOUR)
statuses = st.sampled_from(OCSPCertStatus)
moments = st.sampled_from([PAST, PAST + HOUR, FAR, FAR + HOUR])


class Standing(NamedTuple):
    """The model of what is known of one certificate; the greater of two is the newer."""

    this_update: datetime.datetime
    revoked: bool
    produced_at: datetime.datetime
    is_kept: bool
    expires: datetime.datetime
    der: bytes = b""


class CacheMachine(RuleBasedStateMachine):
    """What both caches guarantee; subclasses define which answers are evicted."""

    caches: list[RemembersNewest]

    def __init__(self) -> None:
        super().__init__()
        self.model: OrderedDict[int, Standing] = OrderedDict()

    def shrink(self) -> None:
        """Evict answers as the cache does."""
        raise NotImplementedError

    def looked_at(self, serial: int) -> None:
        """Record what the cache records when it finds an answer."""

    @rule(
        serial=serials,
        age=ages,
        status=statuses,
        signed=ages,
        by_sha1=st.booleans(),
        nonced=st.booleans(),
        expires=moments,
        which=st.integers(0, 1),
    )
    def put(
        self,
        serial: int,
        age: datetime.timedelta,
        status: OCSPCertStatus,
        signed: datetime.timedelta,
        by_sha1: bool,
        nonced: bool,
        expires: datetime.datetime,
        which: int,
    ) -> None:
        """Store any answer that can be verified."""
        evidence = answer(
            serial,
            age,
            status,
            by_sha1=by_sha1,
            nonce=b"8 octets" if nonced else None,
            signed=signed,
        )
        new = Standing(
            evidence.this_update,
            status is OCSPCertStatus.REVOKED,
            evidence.produced_at,
            True,
            expires,
            evidence.response.public_bytes(Encoding.DER),
        )
        kept = not nonced and self.keep(serial, status, new)
        assert self.cache(which).put(key_of(serial), evidence, expires) is kept

    @rule(
        serial=serials,
        age=ages,
        status=statuses,
        signed=ages,
        nonced=st.booleans(),
        which=st.integers(0, 1),
    )
    def note(
        self,
        serial: int,
        age: datetime.timedelta,
        status: OCSPCertStatus,
        signed: datetime.timedelta,
        nonced: bool,
        which: int,
    ) -> None:
        """Remember any answer that can be verified, without keeping it."""
        nonce = b"8 octets" if nonced else None
        evidence = answer(serial, age, status, nonce=nonce, signed=signed)
        new = Standing(
            evidence.this_update,
            status is OCSPCertStatus.REVOKED,
            evidence.produced_at,
            False,
            evidence.holds_until,
        )
        assert self.cache(which).note(evidence) is self.keep(serial, status, new)

    def keep(self, serial: int, status: OCSPCertStatus, new: Standing) -> bool:
        """Keep *new* in the model if it is newer than what is known."""
        old = self.model.get(serial)
        if status is OCSPCertStatus.UNKNOWN:
            return False
        if old is not None and new[:5] <= old[:5]:
            self.looked_at(serial)
            return False
        self.model[serial] = new
        self.model.move_to_end(serial)
        self.shrink()
        return True

    @rule(serial=serials, which=st.integers(0, 1))
    def newest(self, serial: int, which: int) -> None:
        """Know what the model knows, also of answers that have expired."""
        expected = self.model.get(serial)
        known = self.cache(which).newest(key_of(serial))
        if expected is None:
            assert known is None
        else:
            assert known == (*expected[:3], expected.expires, expected.is_kept)
            self.looked_at(serial)

    @rule(serial=serials, which=st.integers(0, 1))
    def get(self, serial: int, which: int) -> None:
        """Find what the model has, and nothing more."""
        expected = self.model.get(serial)
        found = self.cache(which).get(key_of(serial))
        if expected is not None:
            self.looked_at(serial)
        if expected is None or not expected.is_kept:
            assert found is None
        else:
            assert found is not None
            assert found[:3] == (
                expected.der,
                expected.this_update,
                expected.expires,
            )

    @rule(serial=serials, which=st.integers(0, 1))
    def discard(self, serial: int, which: int) -> None:
        """Remove an answer that may be present or absent."""
        self.cache(which).discard(key_of(serial))
        self.model.pop(serial, None)

    def cache(self, which: int) -> RemembersNewest:
        """Return one of the open caches."""
        return self.caches[which % len(self.caches)]


class MemoryMachine(CacheMachine):
    """The least recently used answer is evicted."""

    def __init__(self) -> None:
        super().__init__()
        self.caches = [MemoryCache(max_entries=MOST)]

    def shrink(self) -> None:
        """Evict the least recently used answers."""
        while len(self.model) > MOST:
            self.model.popitem(last=False)

    def looked_at(self, serial: int) -> None:
        """Move the answer to the end."""
        self.model.move_to_end(serial)


class SQLiteMachine(CacheMachine):
    """
    Expired answers that are good are evicted, then the oldest.

    The file is opened twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "answers.db"
        self.files = [SQLiteCache(self.path, max_entries=MOST) for _ in range(2)]
        self.caches = list(self.files)

    def shrink(self) -> None:
        """Evict expired answers that are good, then the oldest."""
        now = datetime.datetime.now(datetime.UTC)  # as the file does
        while len(self.model) > MOST:
            expired = [
                serial
                for serial, each in self.model.items()
                if each.expires < now and not each.revoked
            ]
            del self.model[(expired or list(self.model))[0]]

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        """Close the file and open it again; the other open cache stays open."""
        self.files[which].close()
        self.files[which] = SQLiteCache(self.path, max_entries=MOST)
        self.caches[which] = self.files[which]

    @precondition(lambda self: len(self.model) == 0)
    @rule(which=st.integers(0, 1))
    def damage(self, which: int) -> None:
        """Damage an empty file, which changes nothing."""
        for each in self.files:
            each.close()
        self.path.write_bytes(b"no database" * 100)
        self.reopen(which)
        self.reopen(1 - which)

    def teardown(self) -> None:
        """Close all files."""
        for each in self.files:
            each.close()
        self.folder.cleanup()


TestMemoryCache = MemoryMachine.TestCase
TestSQLiteCache = SQLiteMachine.TestCase
TestMemoryCache.settings = settings(
    max_examples=settings().max_examples // 2, stateful_step_count=40
)
TestSQLiteCache.settings = settings(
    max_examples=settings().max_examples // 4, stateful_step_count=30
)
