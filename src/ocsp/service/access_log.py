"""
Write a line for each request, if the operator asks for it.

By default no line says what clients ask: a responder learns who visits which server
(RFC 9919 §8). With the setting ``access = "requests"`` the log has the serial numbers,
but never the address of a client.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from ocsp.errors import DecodeError
from ocsp.http import Conditions, read_body, read_target
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.server import RequestHandler
from ocsp.server.request_handler import Handled, Reply

__all__ = ["LoggingRequestHandler"]

logger = logging.getLogger("ocsp.access")

_ERROR_BYTES = 5
"""The size of a response without responseBytes; its last octet is the status."""


class LoggingRequestHandler(RequestHandler):
    """A request handler that writes a line for each request."""

    def handle(
        self,
        method: str,
        target: bytes,
        body: bytes,
        conditions: Conditions | None = None,
    ) -> Handled:
        """Return the answer to a request, or a coroutine that returns it."""
        given = super().handle(method, target, body, conditions)
        if isinstance(given, Coroutine):
            return self._wait_and_log(method, target, body, given)
        _log(method, target, body, given)
        return given

    async def _wait_and_log(
        self, method: str, target: bytes, body: bytes, given: Coroutine[Any, Any, Reply]
    ) -> Reply:
        reply = await given
        _log(method, target, body, reply)
        return reply


def _log(method: str, target: bytes, body: bytes, reply: Reply) -> None:
    fields = {
        "method": method,
        "code": getattr(reply, "status", 200),
        "response": _response_status(reply.body),
        "serials": _serials(method, target, body),
    }
    logger.info("request", extra={"fields": fields})


def _response_status(body: bytes) -> str:
    if len(body) == _ERROR_BYTES:
        return OCSPResponseStatus(body[-1]).name
    return "SUCCESSFUL" if body.startswith(b"\x30") else ""


def _serials(method: str, target: bytes, body: bytes) -> str:
    """Return the serial numbers of the request, or an empty text."""
    try:
        der = read_body(body) if method == "POST" else read_target(target)
        request = load_der_ocsp_request(der, allow_multiple=True)
    except DecodeError:
        return ""
    return ",".join(f"{each.serial_number:#x}" for each in request.requests)
