"""The access log: a line for each request, only if the operator asks for it."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Coroutine, Sequence
from pathlib import Path

import pytest

from ocsp.responder import (
    Authority,
    Responder,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.server import RequestHandler
from ocsp.service.access_log import LoggingRequestHandler
from ocsp.signing.signer import KeySigner
from ocsp.status import MemorySource
from tests.ca_folder import CAFolder
from tests.integration.services import request_for


class _Later:
    """A source that an event loop has to wait for."""

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        await asyncio.sleep(0)
        return [StatusRecord() for _ in queries]


@pytest.fixture
def files(tmp_path: Path) -> CAFolder:
    """Write the files of a CA."""
    return CAFolder(tmp_path)


def _lines(
    files: CAFolder,
    caplog: pytest.LogCaptureFixture,
    kind: type[RequestHandler],
    source: StatusSource,
    *requests: tuple[str, bytes, bytes],
) -> list[dict[str, object]]:
    """Return the fields of the lines that *requests* cause."""
    caplog.set_level(logging.INFO)
    signer = KeySigner(files.ca.identity.key, files.ca.certificate)
    responder = Responder([Authority(files.ca.certificate, [signer])])

    async def ask() -> None:
        handler = kind(responder, source)
        for request in requests:
            given = handler.handle(*request)
            if isinstance(given, Coroutine):
                await given

    asyncio.run(ask())
    return [
        vars(each)["fields"] for each in caplog.records if each.name == "ocsp.access"
    ]


@pytest.mark.parametrize("source", [_Later(), MemorySource({})])
def test_each_request_has_a_line(
    source: StatusSource, files: CAFolder, caplog: pytest.LogCaptureFixture
) -> None:
    """With what was asked, and how it was answered; no address is known here."""
    der = request_for(files.web, files.ca.certificate)
    target = b"/" + base64.b64encode(der).replace(b"/", b"%2F")
    lines = _lines(
        files,
        caplog,
        LoggingRequestHandler,
        source,
        ("POST", b"/", der),
        ("GET", target, b""),
        ("POST", b"/", b"garbage"),
        ("GET", b"/", b""),
        ("PUT", b"/", b""),
    )
    serial = f"{files.web.serial_number:#x}"
    status = "UNAUTHORIZED" if isinstance(source, MemorySource) else "SUCCESSFUL"
    assert [tuple(line.values()) for line in lines] == [
        ("POST", 200, status, serial),
        ("GET", 200, status, serial),
        ("POST", 200, "MALFORMED_REQUEST", ""),
        ("GET", 200, "", ""),
        ("PUT", 405, "", ""),
    ]


def test_by_default_nothing_says_what_was_asked(
    files: CAFolder, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a line for a request, nor its serial number in another line."""
    der = request_for(files.web, files.ca.certificate)
    requests = [("POST", b"/", der), ("POST", b"/", b"garbage")]
    source = MemorySource({})
    assert _lines(files, caplog, RequestHandler, source, *requests) == []
    serial = files.web.serial_number
    assert f"{serial:x}" not in caplog.text.lower()
    assert str(serial) not in caplog.text
