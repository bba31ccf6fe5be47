"""
A blueprint of Flask that answers OCSP requests.

::

    app.register_blueprint(responder_blueprint(handler), url_prefix="/ocsp")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocsp import limits
from ocsp.server.frameworks.handler_thread import (
    HandlerThread,
    checked_body,
    conditions,
)
from ocsp.server.request_handler import RequestHandler

if TYPE_CHECKING:
    from flask import Blueprint, Response

__all__ = ["responder_blueprint"]


def responder_blueprint(handler: RequestHandler, name: str = "ocsp") -> Blueprint:
    """
    Return a blueprint that answers by *handler*.

    Args:
        handler: Answers the requests. It runs in a thread of its own; no other front
            door uses it.

        name: The name of the blueprint.
    """
    from flask import Blueprint, Response, request

    thread = HandlerThread(handler)
    blueprint = Blueprint(name, __name__)

    def answer(path: str = "") -> Response:
        most = limits.MAX_HTTP_REQUEST_BYTES + 1
        method = request.method
        found = thread.answer(
            method,
            b"/" + path.encode(),
            checked_body(request.stream.read(most)) if method == "POST" else b"",
            conditions(
                method,
                request.headers.get("If-None-Match"),
                request.headers.get("If-Modified-Since"),
            ),
        )
        response = Response(found.body, found.status)
        for header, value in found.headers:
            response.headers[header] = value
        return response

    # The base64 of a request can contain "//", which Flask would redirect.
    for rule in ("/", "/<path:path>"):
        blueprint.add_url_rule(
            rule, "answer", answer, methods=["GET", "POST"], merge_slashes=False
        )
    return blueprint
