"""
Options: how a client asks.

Rules of this file: as in :mod:`ocsp.verification.policy`. The defaults are strict, a
leniency is the member of an enumeration, and what a response has to meet stands in the
``Policy``, not here.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass, fields

from cryptography import x509

from ocsp.errors import ConfigError
from ocsp.verification.policy import Policy

__all__ = [
    "AddressPolicy",
    "AllowedSchemes",
    "CRLFallback",
    "CertIDHash",
    "ContentTypes",
    "MissingIssuer",
    "Options",
    "Redirects",
    "RequestMethod",
    "ResponderOrder",
    "SendNonce",
]


class SendNonce(enum.Enum):
    """Whether the answer has to be made for this question (RFC 9654)."""

    NEVER = "never"
    """It may come from a cache, and need not be younger than it says."""

    ALWAYS = "always"
    """32 octets at random go along, by POST. Public responders ignore them."""


class RequestMethod(enum.Enum):
    """The HTTP method."""

    GET_IF_SHORT = "get-if-short"
    """
    GET where the whole URL fits 255 octets: caches can help (RFC 9919 §6). Where that
    gets no further (HTTP 400, 404, 405, 414, 501; *malformedRequest*), POST, once.
    """

    POST = "post"
    """Always POST."""


class CertIDHash(enum.Enum):
    """The hash that names the issuer in the question (RFC 9919 §3.1.1)."""

    SHA256_THEN_SHA1 = "sha256-then-sha1"
    """SHA-256; where a responder answers *unauthorized*, once more with SHA-1."""

    SHA256 = "sha256"
    """SHA-256 only."""

    SHA1 = "sha1"
    """SHA-1 only, for responders that know no other."""


class ResponderOrder(enum.Enum):
    """In which order the responders of a certificate are asked."""

    IN_ORDER = "in-order"
    """One after the other, until one has told the status."""

    HEDGED = "hedged"
    """The next as soon as one has failed or not answered for ``hedge_after``."""


class AddressPolicy(enum.Enum):
    """Where a URL that stands in a certificate, or a redirect, may lead."""

    PUBLIC = "public"
    """To public addresses only: certificates are not to reach into this network."""

    PRIVATE_TOO = "private-too"
    """To private, loopback and link-local addresses as well."""


class AllowedSchemes(enum.Enum):
    """Which URLs are asked."""

    HTTP = "http"
    """http only: an answer is signed, and https would need a status in turn."""

    HTTP_AND_HTTPS = "http-and-https"
    """https too (RFC 5280 §8 warns of the circle)."""


class Redirects(enum.Enum):
    """What becomes of a redirect."""

    REFUSE = "refuse"
    """It is a failure."""

    SAME_SCHEME = "same-scheme"
    """Three are followed at most, to the same scheme, and each is checked anew."""


class ContentTypes(enum.Enum):
    """Which media types an answer may have."""

    OCSP_RESPONSE = "ocsp-response"
    """``application/ocsp-response`` (RFC 6960 App. A.2)."""

    ANY = "any"
    """Any: what counts is signed inside. For servers of static files."""


class CRLFallback(enum.Enum):
    """Whether a CRL is asked where no responder has told the status."""

    NEVER = "never"
    """It is not: a CRL may have megabytes."""

    WHEN_INDETERMINATE = "when-indeterminate"
    """It is, where the certificate names one."""


class MissingIssuer(enum.Enum):
    """What happens where the caller does not give the certificate of the issuer."""

    REFUSE = "refuse"
    """Nothing is known then."""

    FETCH = "fetch"
    """It is fetched from where the certificate says (caIssuers), and is taken if it
    has signed the certificate."""


_STRICT = Policy()
_SECOND = datetime.timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Options:
    """How a client asks; without arguments carefully. Spans of time are positive."""

    policy: Policy = _STRICT
    """What an answer has to meet."""

    responders: tuple[x509.Certificate, ...] = ()
    """Certificates that may sign for any issuer because you say so."""

    nonce: SendNonce = SendNonce.NEVER
    """Whether a nonce is sent."""

    method: RequestMethod = RequestMethod.GET_IF_SHORT
    """The HTTP method."""

    cert_id_hash: CertIDHash = CertIDHash.SHA256_THEN_SHA1
    """The hash that names the issuer."""

    responder_order: ResponderOrder = ResponderOrder.IN_ORDER
    """In which order the responders of a certificate are asked."""

    hedge_after: datetime.timedelta = _SECOND / 2
    """How long one responder is waited for before the next is asked too."""

    address_policy: AddressPolicy = AddressPolicy.PUBLIC
    """Where URLs in certificates may lead. URLs that you give lead where they do."""

    allowed_schemes: AllowedSchemes = AllowedSchemes.HTTP
    """Which URLs are asked."""

    redirects: Redirects = Redirects.REFUSE
    """What becomes of a redirect."""

    content_types: ContentTypes = ContentTypes.OCSP_RESPONSE
    """Which media types an answer may have."""

    missing_issuer: MissingIssuer = MissingIssuer.REFUSE
    """What happens where the certificate of the issuer is not given."""

    crl_fallback: CRLFallback = CRLFallback.NEVER
    """Whether a CRL is asked where no responder has told the status."""

    timeout: datetime.timedelta = 10 * _SECOND
    """How long one check may take, all tries together."""

    io_timeout: datetime.timedelta = 4 * _SECOND
    """How long connecting may take, and each wait for more octets."""

    retries: int = 1
    """How often responders that failed on the way are asked again, after a pause."""

    negative_cache_ttl: datetime.timedelta = 20 * _SECOND
    """For how long a check that led to nothing is not repeated; a minute at most."""

    __repr__ = Policy.__repr__

    def __post_init__(self) -> None:
        """
        Check every value.

        Raises:
            TypeError: If one is of another type, ``True`` for an enumeration say.
            ConfigError: If a span of time is not positive, ``retries`` is negative, or
                ``negative_cache_ttl`` is over a minute.
        """
        for field in fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            if type(value) is not kind:
                raise TypeError(f"{field.name} must be a {kind.__name__}")
            least = datetime.timedelta(0)
            if isinstance(value, datetime.timedelta) and value <= least:
                seconds = f"{value.total_seconds():g} s"
                raise ConfigError(field.name, f"must be positive, and is {seconds}")
        if self.retries < 0:
            raise ConfigError("retries", f"must not be negative, and is {self.retries}")
        if self.negative_cache_ttl > 60 * _SECOND:
            raise ConfigError(
                "negative_cache_ttl",
                f"must be at most one minute, and is {self.negative_cache_ttl}",
            )
