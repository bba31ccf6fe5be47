"""
Read the extensions of a request (RFC 6960 §4.4, RFC 9654).

The responder ignores an extension that it does not know, unless the extension is
critical (RFC 6960 §4.1.2). An extension that it knows and that is wrong makes the
request a *malformedRequest*.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.errors import DecodeError, SchemaError
from ocsp.messages.extension_types import (
    LONGEST_NONCE,
    SHORTEST_NONCE,
    PreferredSignatureAlgorithm,
    PreferredSignatureAlgorithms,
)
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.requests.request import OCSPRequest

__all__ = ["NoncePolicy", "RequestOptions", "nonce_to_echo", "read_options"]


class NoncePolicy(enum.Enum):
    """What a responder does with a nonce."""

    ECHO = "echo"
    """Echo it, so that the response is fresh for this client only."""

    IGNORE = "ignore"
    """Answer without it, as responders with pre-signed responses do (RFC 9919
    §3.2.1)."""

    REQUIRE = "require"
    """Echo it, and return *unauthorized* for requests without a nonce that can be
    echoed."""


SHORTEST_ECHOED, LONGEST_ECHOED = 16, 32
"""The lengths that a responder must accept (RFC 9654 §2.1). A longer nonce would let
the client choose much of the signed data; a shorter one does not protect against
replay. For both the responder answers without a nonce."""

_BASIC = oids.identifier(oids.OCSP_BASIC)
_UNDERSTOOD = frozenset(
    {oids.NONCE, oids.ACCEPTABLE_RESPONSES, oids.PREFERRED_SIGNATURE_ALGORITHMS}
)


class RequestOptions(NamedTuple):
    """
    What the extensions of a request ask for.

    Attributes:
        nonce: The nonce, or ``None``.

        preferred: The signature algorithms that the client prefers, best first.
    """

    nonce: bytes | None = None
    preferred: tuple[PreferredSignatureAlgorithm, ...] = ()


_NO_OPTIONS = RequestOptions()


def read_options(request: OCSPRequest) -> RequestOptions:
    """
    Read the extensions of *request*.

    Raises:
        DecodeError: If an extension is malformed, occurs twice, or is critical and
            unknown, or if the client does not accept basic responses.
    """
    nonce = request._only_nonce
    if nonce is not None:
        return RequestOptions(_checked(nonce)) if nonce else _NO_OPTIONS
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


def _read_known(extensions: x509.Extensions) -> RequestOptions:
    nonce = nonce_of(extensions)
    preferred: tuple[PreferredSignatureAlgorithm, ...] = ()
    for extension in extensions:
        value = extension.value
        # RFC 6960 §4.4.3: clients MUST be able to process the basic response type.
        if isinstance(value, x509.OCSPAcceptableResponses) and _BASIC not in value:
            raise SchemaError(
                "acceptable responses do not include id-pkix-ocsp-basic",
                path="requestExtensions",
            )
        if isinstance(value, PreferredSignatureAlgorithms):
            preferred = value.algorithms
    return RequestOptions(None if nonce is None else _checked(nonce), preferred)


def _checked(nonce: bytes) -> bytes:
    if not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
        raise SchemaError(
            f"the nonce has {len(nonce)} octets; "
            f"allowed are {SHORTEST_NONCE} to {LONGEST_NONCE}",
            path="requestExtensions",
        )
    return nonce


def _not_understood(oid: x509.ObjectIdentifier, name: str) -> DecodeError:
    return SchemaError(
        f"critical extension {oid.dotted_string} is not supported", path=name
    )


def nonce_to_echo(nonce: bytes | None, policy: NoncePolicy) -> bytes | None:
    """Return the nonce that the response echoes, or ``None``."""
    if nonce is None or policy is NoncePolicy.IGNORE:
        return None
    return nonce if SHORTEST_ECHOED <= len(nonce) <= LONGEST_ECHOED else None
