"""
Check revocation in every TLS connection of a program, as a client and as a server.

::

    context = ssl.create_default_context()
    ocsp.tls.protect(context, ocsp.Client())

Every library that takes an ``ssl.SSLContext`` then refuses revoked peers: httpx,
requests, aiohttp, asyncio, smtplib, uvicorn and others. The error is
:class:`RevocationRefused`, an ``ssl.SSLCertVerificationError``, so each library reports
it as its own TLS error.
"""

from __future__ import annotations

from ocsp.tls.connecting import connecting
from ocsp.tls.judge import Chain
from ocsp.tls.protection import Protection, protect
from ocsp.tls.refusal import RevocationPending, RevocationRefused

__all__ = [
    "Chain",
    "Protection",
    "RevocationPending",
    "RevocationRefused",
    "connecting",
    "protect",
]
