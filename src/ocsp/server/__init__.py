"""
Serve a responder over HTTP: a server of our own, and an application for ASGI servers.

::

    authority = Authority(ca_certificate, [KeySigner(key, responder_certificate)])
    with SQLiteStore("status.db") as source:
        handler = RequestHandler(Responder([authority]), source)
        serve(handler, bind("127.0.0.1", 8080))

Both are front doors of one :class:`RequestHandler`, so they give the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocsp.server.asgi import Application
from ocsp.server.request_handler import RequestHandler
from ocsp.server.runner import serve, serve_in_thread
from ocsp.server.sockets import base_url, bind, bind_balanced

if TYPE_CHECKING:
    from ocsp.server.native import NativeServer

__all__ = [
    "Application",
    "NativeServer",
    "RequestHandler",
    "base_url",
    "bind",
    "bind_balanced",
    "serve",
    "serve_in_thread",
]


def __getattr__(name: str) -> Any:
    # httptools, which NativeServer needs, comes with an extra.
    if name == "NativeServer":
        from ocsp.server.native import NativeServer

        return NativeServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
