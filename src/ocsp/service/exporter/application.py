"""
Build the application of an exporter.

===================== ==========================================================
``GET /live``         200: the process runs
``GET /ready``        200 or 503: whether every target was probed lately, in JSON
``GET /metrics``      the last probe of each target, in the text of Prometheus
``GET /``             what this is, for people
===================== ==========================================================

No request makes it ask a responder: so clients can neither choose where it sends
requests, nor how many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ocsp._version import __version__
from ocsp.admin.access import Access
from ocsp.admin.gate import Gate
from ocsp.probing.exposition import CONTENT_TYPE, probe_exposition
from ocsp.service.exporter.rounds import Rounds

__all__ = ["exporter_application"]

PATIENCE = 3.0
"""Intervals after which a target without a new result is overdue: a round can take
longer than the interval when several responders do not answer."""


def exporter_application(
    rounds: Rounds, *, token: str | None = None, allowed_hosts: Iterable[str] = ()
) -> Gate:
    """
    Return the application.

    Args:
        rounds: What it shows.

        token: What requests must have, or ``None``.

        allowed_hosts: Names of the port, besides ``localhost`` and IP addresses.

    Raises:
        ConfigError: If *token* is too short.
    """

    async def live(_: Request) -> Response:
        return PlainTextResponse("live\n")

    async def ready(_: Request) -> Response:
        overdue = rounds.overdue(PATIENCE)
        document = {
            "type": "ready",
            "ready": not overdue,
            "version": __version__,
            "rounds": rounds.completed,
            "overdue": overdue,
        }
        return JSONResponse(document, 503 if overdue else 200)

    async def metrics(_: Request) -> Response:
        text = await asyncio.to_thread(probe_exposition, rounds.results())
        return Response(text, media_type=CONTENT_TYPE)

    async def index(_: Request) -> Response:
        return PlainTextResponse("ocsp exporter: see /metrics\n")

    routes = [
        Route("/", index),
        Route("/live", live),
        Route("/ready", ready),
        Route("/metrics", metrics),
    ]
    access = Access(token=token, allowed_hosts=allowed_hosts)
    return Gate(Starlette(routes=routes), access)
