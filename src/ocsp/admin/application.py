"""
Build the application of the admin port.

===================== ==========================================================
``GET /live``         200: the process runs
``GET /ready``        200 or 503, and the result of each check, in JSON
``GET /metrics``      the metrics in the text format of Prometheus
``GET /``             the pages for people
===================== ==========================================================

Nothing here changes the status of a certificate: that is for the command line, with the
rights of the file or database.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ocsp._version import __version__
from ocsp.admin.access import Access
from ocsp.admin.gate import Gate
from ocsp.admin.gauges import set_gauges
from ocsp.admin.history import History
from ocsp.admin.pages.endpoints import Pages
from ocsp.admin.readiness import Check, CheckResult, Level, Readiness
from ocsp.admin.snapshot import SnapshotReader
from ocsp.admin.state import ResponderState
from ocsp.asn1.times import timestamp
from ocsp.errors import OCSPError
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.exposition import CONTENT_TYPE, exposition

__all__ = ["application"]

SAMPLE_SECONDS = 5.0
"""The time between two samples of the counters for the plot."""


def application(
    state: ResponderState,
    totals: Totals,
    checks: Callable[[], Iterable[Check]] = tuple,
    *,
    token: str | None = None,
    allowed_hosts: Iterable[str] = (),
    metrics: Metrics | None = None,
) -> Gate:
    """
    Return the application of the admin port.

    Args:
        state: What the pages show.

        totals: The metrics of all processes.

        checks: Returns the checks of ``GET /ready``.

        token: What requests must have, or ``None``: then only users of this machine
            may be able to connect.

        allowed_hosts: Names under which clients reach this port, besides ``localhost``
            and IP addresses. Requests with another Host are refused.

        metrics: The metrics of this process. Before all metrics are read, its gauges
            about signers and stores are set.

    Raises:
        ConfigError: If *token* is too short.
    """
    access = Access(token=token, allowed_hosts=allowed_hosts)
    readiness, history = Readiness(checks), History()
    reader = SnapshotReader(state)
    pages = Pages(reader, totals, readiness, history, access)
    endpoints = _Endpoints(reader, totals, readiness, metrics)

    async def sample() -> None:
        while True:
            history.sample(totals, time.time())
            await asyncio.sleep(SAMPLE_SECONDS)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sampling = asyncio.create_task(sample())
        try:
            yield
        finally:
            sampling.cancel()

    starlette = Starlette(
        routes=[*endpoints.routes(), *_page_routes(pages)],
        exception_handlers={
            HTTPException: _http_problem(pages),
            OCSPError: _unavailable(pages),
            TimeoutError: _unavailable(pages),
        },
        lifespan=lifespan,
    )
    return Gate(starlette, access)


class _AnyText(Convertor[str]):
    """The rest of a path: names of CAs can have slashes and line ends."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("any", _AnyText())


def _page_routes(pages: Pages) -> list[Route | Mount]:
    both = ["GET", "POST"]
    return [
        Route("/", pages.overview),
        Route("/issuers/{name:any}", pages.issuer),
        Route("/signers/{name:any}", pages.signer),
        Route("/certificates", pages.certificate),
        Route("/inspector", pages.inspector, methods=both),
        Route("/log", pages.log),
        Route("/login", pages.login, methods=both),
        Route("/logout", pages.logout, methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("ocsp.admin.pages", "static")])),
    ]


_TITLES = {
    400: ("Bad request", "The request cannot be read."),
    404: ("Not found", "There is no page with this address."),
    405: ("Method not allowed", "This page cannot be used with that method."),
    415: ("Unsupported form", "Forms are sent as application/x-www-form-urlencoded."),
}


def _http_problem(pages: Pages) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        title, text = _TITLES.get(code, ("Error", "The request cannot be answered."))
        response = pages.problem(request, code, title, text)
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})
        return response

    return handle


def _unavailable(pages: Pages) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        text = str(error) or "The database does not answer."
        return pages.problem(request, 503, "Not available", text)

    return handle


class _Endpoints:
    """The endpoints for programs."""

    def __init__(
        self,
        reader: SnapshotReader,
        totals: Totals,
        readiness: Readiness,
        metrics: Metrics | None,
    ) -> None:
        self._reader = reader
        self._totals = totals
        self._readiness = readiness
        self._metrics = metrics

    def routes(self) -> list[Route]:
        return [
            Route("/live", self.live),
            Route("/ready", self.ready),
            Route("/metrics", self.metrics),
        ]

    async def live(self, _: Request) -> Response:
        return PlainTextResponse("live\n")

    async def ready(self, _: Request) -> Response:
        checks = await self._readiness.results()
        level = max((check.level for check in checks), default=Level.OK)
        document = {
            "type": "ready",
            "ready": level is not Level.FAILED,
            "level": level.name.lower(),
            "version": __version__,
            "checks": list(map(_check_document, checks)),
        }
        return JSONResponse(document, 503 if level is Level.FAILED else 200)

    async def metrics(self, _: Request) -> Response:
        if self._metrics is not None:
            now = datetime.datetime.now(datetime.UTC)
            checks = await self._readiness.results()
            set_gauges(self._metrics, await self._reader.read(), checks, now)
            self._metrics.flush()
        return Response(exposition(self._totals), media_type=CONTENT_TYPE)


def _check_document(check: CheckResult) -> dict[str, str]:
    return {
        "name": check.name,
        "level": check.level.name.lower(),
        "since": timestamp(check.since),
        "why": check.why,
    }
