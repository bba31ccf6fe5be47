"""ASGI middleware that refuses requests of clients whose certificates are revoked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from cryptography import x509

from ocsp.client import AsyncClient, FailMode, Outcome
from ocsp.errors import OCSPError
from ocsp.tls.middleware.decision import ClientRefused, Rules, note
from ocsp.tls.middleware.headers import CertificateHeader, load_pem

__all__ = ["ASGIMiddleware"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_BODY = b"The client certificate was refused.\n"


class ASGIMiddleware:
    """
    Checks the certificate of the client before the application sees a request.

    The certificate comes from the TLS extension of ASGI, if the server provides it, or
    from a header of a trusted proxy. The header of any other peer is removed, and of
    every peer its name with underscores. A request that passes has
    ``scope["ocsp.outcome"]``: the outcome, or ``None`` without a certificate.

    Not checked: the path of the certificate, and whether the client has its key. The
    proxy or the server does that in the handshake.
    """

    def __init__(
        self,
        app: App,
        client: AsyncClient,
        *,
        issuers: Iterable[x509.Certificate],
        header: CertificateHeader | None = None,
        trusted_proxies: Iterable[str] = (),
        fail: FailMode = FailMode.HARD,
        required: bool = True,
        refuse: App | None = None,
    ) -> None:
        """
        Wrap an application.

        Args:
            app: The application.

            client: Checks the certificates. The caller closes it.

            issuers: The certificates of the CAs that issue certificates for clients.

            header: The header in which the proxies send the certificate.

            trusted_proxies: IP addresses and networks of the proxies that write the
                header, and ``"unix"`` for a Unix socket. They must remove the header
                that a client sends. ``scope["client"]`` must be the address of the
                connection: switch off what replaces it, such as ``proxy_headers`` of
                uvicorn.

            fail: What happens if the check gives no status.

            required: Whether a client must show a certificate.

            refuse: An application that answers refused requests, for which
                ``scope["ocsp.refused"]`` is the :class:`ClientRefused`. By default the
                answer is 403; a WebSocket is closed in any case.

        Raises:
            ConfigError: If a setting cannot be used.
            TypeError: If *client* is not an :class:`ocsp.AsyncClient`, or *fail* has
                the wrong type.
        """
        if not isinstance(client, AsyncClient):
            raise TypeError("client must be an ocsp.AsyncClient")
        self._app = app
        self._client = client
        self._rules = Rules(issuers, header, trusted_proxies, fail, required=required)
        self._refuse = refuse or _forbid

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":  # the only kind that no client has sent
            await self._app(scope, receive, send)
            return
        scope = dict(scope)
        try:
            scope["ocsp.outcome"] = await self._check(scope)
        except ClientRefused as refused:
            note(refused)
            scope["ocsp.refused"] = refused
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._refuse(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> Outcome | None:
        pair = self._rules.pair(self._certificate(scope))
        if pair is None:
            return None
        try:
            outcome = await self._client.check(*pair)
        except OCSPError as error:
            raise ClientRefused(f"the check failed: {error}") from error
        self._rules.require_good(outcome)
        return outcome

    def _certificate(self, scope: Scope) -> x509.Certificate | None:
        """Return what the proxy says, or the server: never one after the other."""
        header, client = self._rules.header, scope.get("client")
        if header is None:
            return _from_extension(scope)
        name = header.name.lower().encode()
        same = [pair for pair in scope["headers"] if pair[0].lower() == name]
        others = [pair for pair in scope["headers"] if _hyphens(pair[0]) != name]
        if self._rules.trusts(client[0] if client else None):
            scope["headers"] = others + same
            return self._rules.from_header([each.decode("latin-1") for _, each in same])
        scope["headers"] = others
        return _from_extension(scope)


def _hyphens(name: bytes) -> bytes:
    """Return *name* as an application sees it that uses WSGI inside."""
    return name.lower().replace(b"_", b"-")


def _from_extension(scope: Scope) -> x509.Certificate | None:
    """Return the certificate that the server has verified (ASGI TLS extension)."""
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = list(tls.get("client_cert_chain") or ())
    if not chain:
        return None
    if tls.get("client_cert_error"):
        raise ClientRefused(f"the server says: {tls['client_cert_error']}")
    try:
        return load_pem(chain[0].encode())
    except OCSPError as error:
        raise ClientRefused(f"the certificate cannot be read: {error}") from error


async def _forbid(_: Scope, __: Receive, send: Send) -> None:
    """Answer with status 403."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(_BODY)).encode()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})
