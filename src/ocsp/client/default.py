"""
``ocsp.check``: one call, with a client that the whole process shares.

Rules of this file: the client is made when it is first needed, in each process anew,
and closed when the process ends.
"""

from __future__ import annotations

import atexit
import os
import threading

from cryptography import x509

from ocsp.client.core import URLs
from ocsp.client.options import SendNonce
from ocsp.client.outcome import Outcome
from ocsp.client.sync import Client

__all__ = ["check"]

_lock = threading.Lock()
_clients: dict[int, Client] = {}
"""By process: what a fork copies, connections above all, is its parent's."""


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
    Return whether *cert* is revoked: good, revoked, unknown, or that nobody can say.

    ::

        ocsp.check(cert, issuer).require_good()

    As :meth:`ocsp.Client.check` with the options as they come; a program that needs
    others makes a :class:`ocsp.Client`. What was verified is remembered as long as it
    holds.

    Not checked: the path of *cert*. Build and check it first: the URLs that are asked
    stand in the certificate.

    Args:
        cert: The certificate in question.

        issuer: The certificate of its issuer; without it nothing is known.

        url: Whom to ask, instead of the responders that *cert* names.

        nonce: ``SendNonce.ALWAYS`` for an answer that was made for this question.

    Returns:
        An outcome, which is no boolean.

    Raises:
        TypeError: If an argument is of another type.
        MissingExtraError: If httpx is not installed.
    """
    return _client().check(cert, issuer, url=url, nonce=nonce)
