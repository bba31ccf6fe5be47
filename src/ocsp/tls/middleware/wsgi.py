"""WSGI middleware that refuses requests of clients whose certificates are revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from cryptography import x509

from ocsp.client import Client, FailMode, Outcome
from ocsp.errors import OCSPError
from ocsp.tls.middleware.decision import ClientRefused, Rules, note
from ocsp.tls.middleware.headers import CertificateHeader, load_pem

__all__ = ["WSGIMiddleware"]

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
App: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

_BODY = b"The client certificate was refused.\n"


class WSGIMiddleware:
    """
    Checks the certificate of the client before the application sees a request.

    The certificate comes from a header of a trusted proxy, or from ``SSL_CLIENT_CERT``
    of the server (mod_wsgi), if ``SSL_CLIENT_VERIFY`` is ``SUCCESS``. The header of any
    other peer is removed. A request that passes has ``environ["ocsp.outcome"]``: the
    outcome, or ``None`` without a certificate.

    Not checked: the path of the certificate, and whether the client has its key. The
    proxy or the server does that in the handshake.
    """

    def __init__(
        self,
        app: App,
        client: Client,
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
                that a client sends. ``REMOTE_ADDR`` must be the address of the
                connection.

            fail: What happens if the check gives no status.

            required: Whether a client must show a certificate.

            refuse: An application that answers refused requests, for which
                ``environ["ocsp.refused"]`` is the :class:`ClientRefused`. By default
                the answer is 403.

        Raises:
            ConfigError: If a setting cannot be used.
            TypeError: If *client* is not an :class:`ocsp.Client`, or *fail* has the
                wrong type.
        """
        if not isinstance(client, Client):
            raise TypeError("client must be an ocsp.Client")
        self._app = app
        self._client = client
        self._rules = Rules(issuers, header, trusted_proxies, fail, required=required)
        self._refuse = refuse or _forbid

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Serve one request."""
        try:
            environ["ocsp.outcome"] = self._check(environ)
        except ClientRefused as refused:
            note(refused)
            environ["ocsp.refused"] = refused
            return self._refuse(environ, start_response)
        return self._app(environ, start_response)

    def _check(self, environ: Environ) -> Outcome | None:
        pair = self._rules.pair(self._certificate(environ))
        if pair is None:
            return None
        try:
            outcome = self._client.check(*pair)
        except OCSPError as error:
            raise ClientRefused(f"the check failed: {error}") from error
        self._rules.require_good(outcome)
        return outcome

    def _certificate(self, environ: Environ) -> x509.Certificate | None:
        """Return what the proxy says, or the server: never one after the other."""
        header = self._rules.header
        if header is None:
            return _from_server(environ)
        name = f"HTTP_{header.name.upper().replace('-', '_')}"
        if self._rules.trusts(environ.get("REMOTE_ADDR")):
            return self._rules.from_header([environ[name]] if name in environ else [])
        environ.pop(name, None)
        return _from_server(environ)


def _from_server(environ: Environ) -> x509.Certificate | None:
    """Return the certificate that the server has verified (names of mod_ssl)."""
    pem = environ.get("SSL_CLIENT_CERT")
    if not pem:
        return None
    if environ.get("SSL_CLIENT_VERIFY") != "SUCCESS":
        raise ClientRefused("the server has not verified the certificate")
    try:
        return load_pem(pem.encode())
    except OCSPError as error:
        raise ClientRefused(f"the certificate cannot be read: {error}") from error


def _forbid(_: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with status 403."""
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(_BODY))),
    ]
    start_response("403 Forbidden", headers)
    return [_BODY]
