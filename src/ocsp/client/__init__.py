"""
The client: ask responders, verify what they answer, remember it.

::

    outcome = ocsp.check(cert, issuer)
    outcome.require_good()

    with ocsp.Client(Options(asking=Asking.HEDGED)) as client:
        report = client.check_chain(chain)

One flow holds all logic (:mod:`ocsp.client.checking.flow`); threads and asyncio drive
it. It ends in an :class:`Outcome`: *good*, *revoked* or *unknown* with evidence, or
*indeterminate* with a reason.
"""

from __future__ import annotations

from ocsp.client.asynchronous import AsyncClient
from ocsp.client.cache import Cache, CachedAnswer, MemoryCache, SQLiteCache
from ocsp.client.checking.scheduler import Step
from ocsp.client.checking.state import World
from ocsp.client.core import ChainCheck
from ocsp.client.default import check
from ocsp.client.options import (
    AskBy,
    Asking,
    AskWith,
    ContentTypes,
    CRLFallback,
    MissingIssuer,
    Options,
    Redirects,
    Schemes,
    SendNonce,
    Targets,
)
from ocsp.client.outcome import (
    Attempt,
    CheckStatus,
    FailMode,
    Outcome,
    Reason,
    Source,
)
from ocsp.client.sync import Client
from ocsp.client.transport.protocol import (
    AsyncTransport,
    HTTPReply,
    HTTPRequest,
    Transport,
)

__all__ = [
    "AskBy",
    "AskWith",
    "Asking",
    "AsyncClient",
    "AsyncTransport",
    "Attempt",
    "CRLFallback",
    "Cache",
    "CachedAnswer",
    "ChainCheck",
    "CheckStatus",
    "Client",
    "ContentTypes",
    "FailMode",
    "HTTPReply",
    "HTTPRequest",
    "MemoryCache",
    "MissingIssuer",
    "Options",
    "Outcome",
    "Reason",
    "Redirects",
    "SQLiteCache",
    "Schemes",
    "SendNonce",
    "Source",
    "Step",
    "Targets",
    "Transport",
    "World",
    "check",
]
