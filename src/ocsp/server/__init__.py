"""
Serve a responder over HTTP: an ASGI application, and functions to run it with uvicorn.

::

    authority = Authority(ca_certificate, [KeySigner(key, responder_certificate)])
    with SQLiteStore("status.db") as source:
        application = Application(Responder([authority]), source)
        serve(application, bind("127.0.0.1", 8080))
"""

from __future__ import annotations

from ocsp.server.asgi import Application
from ocsp.server.runner import base_url, bind, bind_balanced, serve, serve_in_thread

__all__ = [
    "Application",
    "base_url",
    "bind",
    "bind_balanced",
    "serve",
    "serve_in_thread",
]
