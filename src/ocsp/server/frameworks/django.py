"""
A view of Django that answers OCSP requests.

::

    urlpatterns = [re_path(r"^ocsp/(?P<path>.*)$", responder_view(handler))]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ocsp import limits
from ocsp.server.frameworks.handler_thread import (
    HandlerThread,
    checked_body,
    conditions,
)
from ocsp.server.request_handler import RequestHandler

if TYPE_CHECKING:
    from django.http import (  # type: ignore[import-untyped]
        HttpRequest,
        HttpResponse,
    )

__all__ = ["responder_view"]


def responder_view(handler: RequestHandler) -> Callable[..., HttpResponse]:
    """
    Return a view that answers by *handler*, exempt from the CSRF check.

    Mount it with ``re_path`` and a group ``path`` that has the rest of the path: the
    OCSP request of a GET is there. It can contain ``//``.

    Args:
        handler: Answers the requests. It runs in a thread of its own; no other front
            door uses it.
    """
    from django.http import HttpResponse

    thread = HandlerThread(handler)

    def view(request: HttpRequest, path: str = "") -> HttpResponse:
        method = str(request.method)
        most = limits.MAX_HTTP_REQUEST_BYTES + 1
        answer = thread.answer(
            method,
            b"/" + path.encode(),
            checked_body(request.read(most)) if method == "POST" else b"",
            conditions(
                method,
                request.headers.get("If-None-Match"),
                request.headers.get("If-Modified-Since"),
            ),
        )
        # Not every WSGI server omits the body of an answer to HEAD.
        body = b"" if method == "HEAD" else answer.body
        response = HttpResponse(body, status=answer.status)
        for name, value in answer.headers:
            response[name] = value
        return response

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view
