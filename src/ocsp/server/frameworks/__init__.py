"""
A responder inside web frameworks without an event loop.

:class:`WSGIApplication` for every WSGI server, :mod:`ocsp.server.frameworks.django` for
Django, and :mod:`ocsp.server.frameworks.flask` for Flask.
"""

from __future__ import annotations

from ocsp.server.frameworks.wsgi import WSGIApplication

__all__ = ["WSGIApplication"]
