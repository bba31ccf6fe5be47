"""Storing the answers that were signed for clients, while the store fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from ocsp.errors import StoreError
from ocsp.responder import CertIDForm
from ocsp.server import RequestHandler
from ocsp.store import SQLiteStore
from tests.pki import ca
from tests.unit.server.scene import GOOD, REVOKED, get, handler, query, request

TARGETS = [get(request(serial)).split(b" ")[1] for serial in (GOOD, REVOKED)]


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        for serial in (GOOD, REVOKED):
            store.add(ca(), serial)
        yield store


async def _ask(responder: RequestHandler, target: bytes) -> None:
    """Ask, and wait until the answer is stored, or could not be."""
    responder.handle("GET", target, b"")
    write_back = responder._write_back
    assert write_back is not None
    while write_back._writing is not None:
        await asyncio.wait([write_back._writing])
        await asyncio.sleep(0)


def test_a_file_without_the_signer_gets_it(store: SQLiteStore, tmp_path: Path) -> None:
    """Another file is moved over the store: the second answer for it is stored."""

    async def run() -> None:
        responder = handler(store)
        await _ask(responder, TARGETS[0])
        with SQLiteStore(tmp_path / "other.db", create=True) as other:
            for serial in (GOOD, REVOKED):
                other.add(ca(), serial)
        (tmp_path / "other.db").replace(tmp_path / "status.db")
        responder._poll.poll()
        for target in TARGETS:
            await _ask(responder, target)
        await responder.close()

    asyncio.run(run())
    assert store.look_up_answer(query(REVOKED), CertIDForm.SHA256) is not None


def test_the_end_waits_for_a_store_that_fails_once(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has locked the file costs five seconds, not five for each batch."""
    fail = Mock(side_effect=StoreError("another process has locked the file"))
    monkeypatch.setattr(store, "add_signer", fail)

    async def run() -> None:
        responder = handler(store)
        for target in TARGETS:  # the second one waits for the first batch
            responder.handle("GET", target, b"")
        await responder.close()

    asyncio.run(run())
    assert fail.call_count == 1
