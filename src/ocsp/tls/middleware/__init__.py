"""
Middleware that refuses requests of clients whose certificates are revoked.

For applications behind a proxy that ends TLS, and for servers that show the
certificates of their clients: :class:`ASGIMiddleware`, :class:`WSGIMiddleware`.
"""

from __future__ import annotations

from ocsp.tls.middleware.asgi import ASGIMiddleware
from ocsp.tls.middleware.decision import ClientRefused
from ocsp.tls.middleware.headers import CertificateHeader, HeaderForm
from ocsp.tls.middleware.wsgi import WSGIMiddleware

__all__ = [
    "ASGIMiddleware",
    "CertificateHeader",
    "ClientRefused",
    "HeaderForm",
    "WSGIMiddleware",
]
