"""
Record the requests that a test responder received, for assertions.

A request is kept unchanged, and decoded where possible; one that cannot be decoded is
not an error here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ocsp.errors import DecodeError
from ocsp.http import read_target
from ocsp.messages.certid import CertID
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.message import EncodingRules
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.testing.faults import Fault

__all__ = ["ReceivedRequest", "read_request"]

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """
    A request over HTTP.

    Attributes:
        method: ``GET``, ``POST`` or another method.

        target: The raw path.

        headers: Names in lower case, with their values, in order.

        body: The body.

        der: The OCSP request: the body of a POST, or decoded from the target of a GET;
            empty without an OCSP request.

        request: The decoded OCSP request, or ``None`` if it is malformed.

        fault: The fault that was applied to the answer, or ``None``.
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    der: bytes
    request: OCSPRequest | None
    fault: Fault | None = None

    @property
    def cert_ids(self) -> tuple[CertID, ...]:
        """The CertIDs in the request."""
        if self.request is None:
            return ()
        return tuple(entry.cert_id for entry in self.request.requests)

    @property
    def nonce(self) -> bytes | None:
        """The nonce, or ``None``."""
        return None if self.request is None else nonce_of(self.request.extensions)

    def header(self, name: str) -> str | None:
        """Return the value of the first header *name* (in any case), or ``None``."""
        for known, value in self.headers:
            if known == name.lower():
                return value
        return None


def read_request(
    method: str, target: bytes, headers: Headers, body: bytes
) -> ReceivedRequest:
    """Return the record of an HTTP request, with the OCSP request decoded."""
    der = body if method == "POST" else _in_target(target)
    return ReceivedRequest(
        method=method,
        target=target.decode("latin-1"),
        headers=headers,
        body=body,
        der=der,
        request=_load(der),
    )


def _in_target(target: bytes) -> bytes:
    try:
        return read_target(target)
    except DecodeError:
        return b""


def _load(der: bytes) -> OCSPRequest | None:
    try:
        return load_der_ocsp_request(
            der, allow_multiple=True, encoding=EncodingRules.TOLERANT
        )
    except DecodeError:
        return None
