"""
What a request asks for besides status: its extensions (RFC 6960 §4.4, RFC 9654).

Rules of this file: what is not understood is ignored, unless it is critical
(RFC 6960 §4.1.2); what is understood and wrong is *malformedRequest*.
"""

from __future__ import annotations

import enum

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.errors import DecodeError, SchemaError
from ocsp.messages.extension_types import LONGEST_NONCE, SHORTEST_NONCE
from ocsp.messages.extensions import nonce_of
from ocsp.messages.requests.request import OCSPRequest

__all__ = ["NoncePolicy", "nonce_to_echo", "read_options"]


class NoncePolicy(enum.Enum):
    """What a responder does with a nonce."""

    ECHO = "echo"
    """Repeats it, so that the answer is for this client only."""

    IGNORE = "ignore"
    """Answers without it, as responders with prepared answers do (RFC 9919 §3.2.1)."""

    REQUIRE = "require"
    """Repeats it, and has *unauthorized* for requests that lack it."""


SHORTEST_ECHOED, LONGEST_ECHOED = 16, 32
"""RFC 9654 §2.1: these have to be accepted. Longer ones would let a stranger choose
much of what is signed, shorter ones protect nobody; both get an answer without."""

_BASIC = oids.identifier(oids.OCSP_BASIC)
_UNDERSTOOD = frozenset({oids.NONCE, oids.ACCEPTABLE_RESPONSES})


def read_options(request: OCSPRequest) -> bytes | None:
    """
    Return the nonce of *request*, or ``None``.

    Raises:
        DecodeError: If an extension is malformed, stands there twice, or is critical
            and not understood, or if no response of ours would be acceptable.
    """
    try:
        extensions = request.extensions
        singles = [entry.extensions for entry in request.requests]
    except x509.DuplicateExtension as error:
        raise SchemaError(str(error), path="requestExtensions") from error
    for extension in extensions:
        if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
            raise _not_understood(extension.oid, "requestExtensions")
    for single in singles:
        for extension in single:
            if extension.critical:
                raise _not_understood(extension.oid, "singleRequestExtensions")
    return _read_known(extensions)


def _read_known(extensions: x509.Extensions) -> bytes | None:
    nonce = nonce_of(extensions)
    if nonce is not None and not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
        raise SchemaError(f"a nonce of {len(nonce)} octets", path="requestExtensions")
    for extension in extensions:
        value = extension.value
        # RFC 6960 §4.4.3: clients MUST be able to take the basic response.
        if isinstance(value, x509.OCSPAcceptableResponses) and _BASIC not in value:
            raise SchemaError(
                "the basic response is not acceptable", path="requestExtensions"
            )
    return nonce


def _not_understood(oid: x509.ObjectIdentifier, name: str) -> DecodeError:
    return SchemaError(
        f"critical extension {oid.dotted_string} is not understood", path=name
    )


def nonce_to_echo(nonce: bytes | None, policy: NoncePolicy) -> bytes | None:
    """Return the nonce that the answer repeats, or ``None``."""
    if nonce is None or policy is NoncePolicy.IGNORE:
        return None
    return nonce if SHORTEST_ECHOED <= len(nonce) <= LONGEST_ECHOED else None
