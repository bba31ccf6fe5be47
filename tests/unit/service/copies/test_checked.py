"""Shared answers for a node with a key: each is verified, and only once."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

import pytest

from ocsp.responder import CheckedAnswer, StatusQuery
from ocsp.service.copies import checked as module
from ocsp.service.copies.checked import VerifiedAnswers
from ocsp.sharing import SharedAnswer
from tests.pki import NOW, ca
from tests.unit.service.copies.test_edge import SERIAL, Server, shared
from tests.unit.sharing.material import END, SHA256, query


class Scene:
    """A server with one value, and a clock."""

    def __init__(self) -> None:
        self.server = Server()
        self.now = NOW
        self.answers = VerifiedAnswers(
            self.server,  # type: ignore[arg-type]
            now=lambda: self.now,
        )

    def get(self, asked: StatusQuery | None = None) -> CheckedAnswer | None:
        """Return the answer about a certificate."""
        found = self.answers.get(asked or query(SERIAL), SHA256, ca())
        return asyncio.run(found)


@pytest.fixture
def scene() -> Scene:
    """Return a scene."""
    return Scene()


def test_an_answer_that_clients_accept(scene: Scene) -> None:
    """With what it says."""
    scene.server.has = shared()
    assert scene.get() == CheckedAnswer(1, scene.server.has.stored, False)
    scene.server.has = shared(version=2, revoked=True)
    assert scene.get() == CheckedAnswer(2, scene.server.has.stored, True)


def test_what_clients_would_reject_is_missing(scene: Scene) -> None:
    """Also the right octets about another certificate."""
    good = shared()
    broken = good._replace(der=good.der[:-1] + bytes([good.der[-1] ^ 1]))
    for each in (None, broken, shared(later=4000)):
        scene.server.has = each
        assert scene.get() is None
    scene.server.has = good
    assert scene.get() is not None
    assert scene.get(query(SERIAL + 1)) is None


def test_an_answer_that_was_withdrawn(scene: Scene) -> None:
    """Its version is that of the new status."""
    scene.server.has = SharedAnswer(shared(version=3).stored, b"", b"a")
    assert scene.get() == CheckedAnswer(3, None, False)


def test_the_same_octets_are_verified_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And are not used past their end all the same."""
    calls: list[bytes] = []
    real: Callable[..., object] = module.verified
    monkeypatch.setattr(
        module, "verified", lambda der, *rest: (calls.append(der), real(der, *rest))[1]
    )
    scene.server.has = shared()
    for _ in range(5):
        assert scene.get() is not None
    assert len(calls) == 1
    scene.now = datetime.datetime.fromtimestamp(END - 60, datetime.UTC)
    assert scene.get() is None
