"""Answers in memory: bounded, never after their end, and never after a change."""

from __future__ import annotations

import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ocsp.http import CacheableAnswer, Freshness
from ocsp.metrics.counting import Outcome
from ocsp.responder import CertIDForm
from ocsp.server.memory.response_cache import CachedResponse, ResponseCache
from tests.unit.server.scene import query

LIMIT = 12_000
OUTCOMES = (Outcome(()), Outcome(()))
SERIALS = st.integers(1, 6)
FORMS = st.sampled_from(list(CertIDForm))
KEYS = st.integers(0, 3)
BEGIN = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)


class CacheMachine(RuleBasedStateMachine):
    """Compares the cache with what may be found in it."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = ResponseCache(LIMIT)
        self.now = int(BEGIN.timestamp())
        self.version = 0
        self.current: dict[tuple[int, CertIDForm], tuple[bytes, int]] = {}

    def _key(self, serial: int, form: CertIDForm, key: int) -> bytes:
        return b"%d-%d-%d" % (serial, form, key)

    @rule(
        serial=SERIALS, form=FORMS, key=KEYS, post=st.booleans(), left=st.integers(0, 9)
    )
    def put(
        self, serial: int, form: CertIDForm, key: int, post: bool, left: int
    ) -> None:
        """Keep an answer, or the one that another target asked for."""
        certificate = query(serial), form
        known = self.cache.find_certificate(certificate, self.now)
        if known is None:
            self.version += 1
            der = b"%d" % self.version + bytes(200)
            times = Freshness(BEGIN, BEGIN + datetime.timedelta(days=1))
            known = CachedResponse(
                CacheableAnswer(der, *times.seconds()),
                self.now + left,
                certificate,
                valid_until=self.now + 2 * left,
                revoked=False,
                version=1,
                outcomes=OUTCOMES,
            )
            self.current[serial, form] = der, self.now + left
        self.cache.put(self._key(serial, form, key), known, post=post)

    @rule(serial=SERIALS, form=FORMS, key=KEYS, post=st.booleans())
    def find(self, serial: int, form: CertIDForm, key: int, post: bool) -> None:
        """Find the current answer, before its end, or nothing."""
        found = self.cache.find(self._key(serial, form, key), self.now, post=post)
        if found is not None:
            der, until = self.current[serial, form]
            assert found.answer.body == der
            assert self.now < until
            assert self.cache.find_certificate((query(serial), form), self.now) is found

    @rule(serial=SERIALS, form=FORMS)
    def find_valid(self, serial: int, form: CertIDForm) -> None:
        """Find the last answer also after the time to ask again, before its end."""
        found = self.cache.find_valid((query(serial), form), self.now)
        if found is not None:
            der, until = self.current[serial, form]
            assert found.answer.body == der
            assert self.now < until or self.now < found.valid_until

    @rule(serial=SERIALS)
    def change(self, serial: int) -> None:
        """Change the status: no answer about this certificate is right any more."""
        self.cache.drop([query(serial)])
        for form in CertIDForm:
            self.current.pop((serial, form), None)

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds

    @rule()
    def clear(self) -> None:
        """Drop everything."""
        self.cache.clear()
        self.current.clear()

    @invariant()
    def is_bounded(self) -> None:
        """Also with many targets for one answer."""
        assert self.cache.size <= LIMIT


TestCache = CacheMachine.TestCase
TestCache.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_a_target_that_is_sent_as_a_body_is_another_request() -> None:
    """The keys of GET and POST are apart."""
    cache = ResponseCache(LIMIT)
    times = Freshness(BEGIN, BEGIN + datetime.timedelta(days=1))
    now = int(BEGIN.timestamp())
    entry = CachedResponse(
        CacheableAnswer(b"x", *times.seconds()),
        now + 9,
        (query(1), CertIDForm.SHA1),
        valid_until=now + 20,
        revoked=False,
        version=1,
        outcomes=OUTCOMES,
    )
    cache.put(b"/key", entry, post=False)
    assert cache.find(b"/key", now, post=True) is None
    assert cache.find(b"/key", now, post=False) is entry
