"""
``ocsp.check``: check a certificate with a client that the whole process shares.

Each process creates its client at the first call and closes it at exit.
"""

from __future__ import annotations

import atexit
import os

from cryptography import x509

from ocsp.client.core import URLs
from ocsp.client.options import SendNonce
from ocsp.client.outcome import Outcome
from ocsp.client.sync import Client
from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["check"]

_lock = ForkSafeLock()
_clients: dict[int, Client] = {}
"""By process ID: a forked child must not use the connections of its parent."""


def _client() -> Client:
    process = os.getpid()
    client = _clients.get(process)
    if client is None:
        with _lock:
            client = _clients.setdefault(process, Client())
    return client


@atexit.register
def _close() -> None:
    client = _clients.pop(os.getpid(), None)
    if client is not None:
        client.close()


def check(
    cert: x509.Certificate,
    issuer: x509.Certificate | None = None,
    *,
    url: URLs = None,
    nonce: SendNonce | None = None,
) -> Outcome:
    """
    Check one certificate: good, revoked, unknown, not needed or indeterminate.

    ::

        ocsp.check(cert, issuer).require_good()

    Like :meth:`ocsp.Client.check` with the default options; for other options, create
    a :class:`ocsp.Client`. Verified answers are cached until they expire.

    Not checked: the certification path of *cert*. Build and validate the path first:
    the client sends requests to the URLs in the certificate.

    Args:
        cert: The certificate to check.

        issuer: The certificate of the issuer. Without it the outcome is
            indeterminate.

        url: Responder URL, or several, to use instead of those in *cert*.

        nonce: ``SendNonce.ALWAYS`` requires an answer that was made for this request.

    Returns:
        The outcome. It has no truth value: compare ``status``, or call
        ``require_good``.

    Raises:
        TypeError: If an argument has the wrong type.
        MissingExtraError: If a request is needed and the extra ``client`` is not
            installed.
    """
    return _client().check(cert, issuer, url=url, nonce=nonce)
