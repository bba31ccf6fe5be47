"""
Front ends of the responder: the ASGI application, and how it is run under uvicorn.

::

    authority = Authority(ca_certificate, KeySigner(key, responder_certificate))
    with SQLiteSource("status.db") as source:
        application = Application(Responder([authority]), source)
        serve(application, listen("127.0.0.1", 8080))
"""

from __future__ import annotations

from ocsp.server.asgi import Application
from ocsp.server.runner import base_url, bind, serve, serve_in_thread

__all__ = ["Application", "base_url", "bind", "serve", "serve_in_thread"]
