"""Publish from PostgreSQL, and tell caches: the same as from SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ocsp
from ocsp.publishing import Notice, Purger
from ocsp.publishing.purging import purger as module
from ocsp.store.postgresql.store import PostgreSQLStore
from tests.unit.publishing.scene import Scene

pytestmark = pytest.mark.programs


@pytest.fixture(name="scene")
def _scene(tmp_path: Path, postgresql_url: str) -> Iterator[Scene]:
    with PostgreSQLStore(postgresql_url, create=True) as store:
        scene = Scene(tmp_path, store=store)
        scene.sign()
        yield scene
        scene.state.close()


def test_rounds_and_revocations(scene: Scene) -> None:
    """What is new is published once; a revoked certificate has no file in between."""
    publisher = scene.publisher()
    assert publisher.run().published == 6
    assert scene.publisher().run().published == 0
    scene.store.revoke(scene.issuer, 2)
    publisher.follow()
    assert scene.published() == {1, 3}
    scene.now += 1
    scene.sign()
    scene.publisher().follow()
    assert scene.answer(2).certificate_status is ocsp.OCSPCertStatus.REVOKED
    scene.store.add(scene.issuer, 9)
    scene.sign()
    assert scene.publisher().run().published == 2
    assert scene.published() == {1, 2, 3, 9}


def test_caches_are_told(scene: Scene) -> None:
    """Twice; and a new process goes on from there."""
    sent: list[list[int]] = []

    class Delivery:
        name = "test"

        def send(self, notice: Notice) -> None:
            sent.append([each.serial_number for each in notice.queries])

    time = 100.0

    def purger() -> Purger:
        return Purger(scene.store, [scene.issuer], Delivery(), monotonic=lambda: time)

    first = purger()
    first.step()
    scene.store.revoke(scene.issuer, 1)
    first.step()
    first.step()
    time += module.AGAIN_SECONDS
    first.step()
    assert sent == [[1], [1]]
    scene.store.revoke(scene.issuer, 2)
    second = purger()
    second.step()
    assert sent == [[1], [1], [2]]
