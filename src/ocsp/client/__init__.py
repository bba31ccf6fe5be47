"""
The client: ask responders, verify their answers, cache them.

::

    outcome = ocsp.check(cert, issuer)
    outcome.require_good()

    with ocsp.Client(Options(responder_order=ResponderOrder.HEDGED)) as client:
        report = client.check_chain(chain)

One flow contains the logic of a check (:mod:`ocsp.client.checking.flow`); both clients
run it, in threads or in tasks. It returns an :class:`Outcome`: *good*,
*revoked* or *unknown* with evidence, *not needed*, or *indeterminate* with a reason.
"""

from __future__ import annotations

from ocsp.later import imported_later

TYPE_CHECKING = False  # as in typing, whose import takes longer than this one

if TYPE_CHECKING:
    from ocsp.client.asynchronous import AsyncClient
    from ocsp.client.cache import (
        Cache,
        CachedAnswer,
        KnownStatus,
        MemoryCache,
        RemembersNewest,
        SQLiteCache,
    )
    from ocsp.client.checking.scheduler import Progress
    from ocsp.client.checking.state import Environment
    from ocsp.client.core import ChainCheck, CRLCheck
    from ocsp.client.default import check
    from ocsp.client.options import (
        AddressPolicy,
        AllowedSchemes,
        CertIDHash,
        ContentTypes,
        CRLFallback,
        DelegateStatus,
        MissingIssuer,
        Options,
        Proxy,
        Redirects,
        RequestMethod,
        ResponderOrder,
        SendNonce,
    )
    from ocsp.client.outcome import (
        Attempt,
        CheckStatus,
        FailMode,
        Outcome,
        Reason,
        Source,
    )
    from ocsp.client.starttls.protocols import StartTLS
    from ocsp.client.sync import Client
    from ocsp.client.tls_peer import TLSPeer, read_tls_peer
    from ocsp.client.transport.protocol import (
        AsyncTransport,
        HTTPReply,
        HTTPRequest,
        Transport,
    )

__all__ = [
    "AddressPolicy",
    "AllowedSchemes",
    "AsyncClient",
    "AsyncTransport",
    "Attempt",
    "CRLCheck",
    "CRLFallback",
    "Cache",
    "CachedAnswer",
    "CertIDHash",
    "ChainCheck",
    "CheckStatus",
    "Client",
    "ContentTypes",
    "DelegateStatus",
    "Environment",
    "FailMode",
    "HTTPReply",
    "HTTPRequest",
    "KnownStatus",
    "MemoryCache",
    "MissingIssuer",
    "Options",
    "Outcome",
    "Progress",
    "Proxy",
    "Reason",
    "Redirects",
    "RemembersNewest",
    "RequestMethod",
    "ResponderOrder",
    "SQLiteCache",
    "SendNonce",
    "Source",
    "StartTLS",
    "TLSPeer",
    "Transport",
    "check",
    "read_tls_peer",
]

if not TYPE_CHECKING:  # so that type checkers report unknown names
    __getattr__, __dir__ = imported_later(
        __name__,
        {
            "ocsp.client.asynchronous": ("AsyncClient",),
            "ocsp.client.cache": (
                "Cache",
                "CachedAnswer",
                "KnownStatus",
                "MemoryCache",
                "RemembersNewest",
                "SQLiteCache",
            ),
            "ocsp.client.checking.scheduler": ("Progress",),
            "ocsp.client.checking.state": ("Environment",),
            "ocsp.client.core": ("ChainCheck", "CRLCheck"),
            "ocsp.client.default": ("check",),
            "ocsp.client.options": (
                "AddressPolicy",
                "AllowedSchemes",
                "CertIDHash",
                "ContentTypes",
                "CRLFallback",
                "DelegateStatus",
                "MissingIssuer",
                "Options",
                "Proxy",
                "Redirects",
                "RequestMethod",
                "ResponderOrder",
                "SendNonce",
            ),
            "ocsp.client.outcome": (
                "Attempt",
                "CheckStatus",
                "FailMode",
                "Outcome",
                "Reason",
                "Source",
            ),
            "ocsp.client.starttls.protocols": ("StartTLS",),
            "ocsp.client.sync": ("Client",),
            "ocsp.client.tls_peer": (
                "TLSPeer",
                "read_tls_peer",
            ),
            "ocsp.client.transport.protocol": (
                "AsyncTransport",
                "HTTPReply",
                "HTTPRequest",
                "Transport",
            ),
        },
    )
