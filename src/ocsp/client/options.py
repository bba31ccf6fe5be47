"""
Options: how a client checks certificates.

The defaults are strict; each exception is a member of an enumeration. What a response
must satisfy is part of :class:`ocsp.Policy`, not of these options.
"""

from __future__ import annotations

import base64
import datetime
import enum
from dataclasses import dataclass, fields
from typing import ClassVar, final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from ocsp.errors import ConfigError
from ocsp.later import x509
from ocsp.verification.policy import Policy

__all__ = [
    "AddressPolicy",
    "AllowedSchemes",
    "CRLFallback",
    "CertIDHash",
    "ContentTypes",
    "DelegateStatus",
    "MissingIssuer",
    "Options",
    "Proxy",
    "Redirects",
    "RequestMethod",
    "ResponderOrder",
    "SendNonce",
]


class SendNonce(enum.Enum):
    """Whether the client sends a nonce (RFC 9654)."""

    NEVER = "never"
    """No nonce. The answer may come from a cache, or be signed in advance."""

    ALWAYS = "always"
    """
    A nonce of 32 random octets, by POST; the response must contain it. Most public
    responders ignore nonces.
    """


class RequestMethod(enum.Enum):
    """The HTTP method of requests."""

    GET_IF_SHORT = "get-if-short"
    """
    GET if the whole URL has at most 255 octets, so that HTTP caches can answer
    (RFC 9919 §6). If the server answers, but not with an OCSP response, or with
    *malformedRequest*, the client sends the request once more by POST.
    """

    POST = "post"
    """Always POST."""


class CertIDHash(enum.Enum):
    """The hash in the CertID of the request (RFC 9919 §3.1.1)."""

    SHA256_THEN_SHA1 = "sha256-then-sha1"
    """SHA-256; if the responder answers *unauthorized*, once more with SHA-1."""

    SHA256 = "sha256"
    """SHA-256 only."""

    SHA1 = "sha1"
    """SHA-1 only, for responders that support no other hash."""


class ResponderOrder(enum.Enum):
    """In which order the client asks the responders of a certificate."""

    IN_ORDER = "in-order"
    """One after the other, until one returns *good* or *revoked*."""

    HEDGED = "hedged"
    """
    The client asks the next responder when one fails, or does not answer within
    ``hedge_after``. The first *good* or *revoked* counts.
    """


class AddressPolicy(enum.Enum):
    """Which addresses a URL in a certificate or a redirect may lead to."""

    PUBLIC = "public"
    """Public addresses only, so that a certificate cannot reach the local network."""

    PRIVATE_TOO = "private-too"
    """Also private, loopback and link-local addresses."""


class AllowedSchemes(enum.Enum):
    """Which URL schemes the client uses."""

    HTTP = "http"
    """
    http only. Responses are signed, and the server certificate of an https URL would
    need a status check itself.
    """

    HTTP_AND_HTTPS = "http-and-https"
    """http and https. RFC 5280 §8 warns of circular dependencies."""


class Redirects(enum.Enum):
    """Whether the client follows redirects."""

    REFUSE = "refuse"
    """A redirect is a failure."""

    SAME_SCHEME = "same-scheme"
    """The client follows up to three redirects to the same scheme, each URL checked."""


class ContentTypes(enum.Enum):
    """Which media types the client accepts."""

    OCSP_RESPONSE = "ocsp-response"
    """``application/ocsp-response`` (RFC 6960 App. A.2)."""

    ANY = "any"
    """Any, for servers of static files; the signature protects the response itself."""


class CRLFallback(enum.Enum):
    """When the client uses the CRLs that a certificate names, with their delta CRLs."""

    WHEN_NO_RESPONDER = "when-no-responder"
    """
    If there is no responder to ask: the certificate names none, and the caller gives no
    URL. Many public CAs have no responders.
    """

    NEVER = "never"
    """Never: a CRL can have megabytes."""

    WHEN_INDETERMINATE = "when-indeterminate"
    """If there is no responder, or no responder gives a status."""


class DelegateStatus(enum.Enum):
    """
    Whether the client fetches the status of a delegate that signed a response.

    ``Policy.delegate_revocation`` says for which delegates it is needed.
    """

    FETCH = "fetch"
    """From the OCSP responders and CRLs that the delegate's certificate names."""

    NEVER = "never"
    """Never: a response whose signer needs evidence is not verified."""


class MissingIssuer(enum.Enum):
    """What the client does if the caller gives no issuer certificate."""

    REFUSE = "refuse"
    """The outcome is indeterminate."""

    FETCH = "fetch"
    """
    The client fetches it from the caIssuers URLs of the certificate, and accepts it if
    its key has signed the certificate.
    """


_PROXY_PORT = 80
"""The port of a proxy whose URL names none."""


@final
class Proxy:
    """
    An HTTP proxy, or the rule by which the client finds one.

    ::

        Options(proxy=Proxy("http://user:password@proxy.example:3128"))

    Only proxies with the scheme ``http`` are supported. They also carry https URLs
    (CONNECT, RFC 9110 §9.3.6).

    Attributes:
        ENVIRONMENT: The proxy that the environment names when the client sends its
            first request. If REQUEST_METHOD is set, the program is a CGI script, and
            ``HTTP_PROXY`` in upper case is ignored: it may be a header of the request
            that the script serves (CVE-2016-5385).

        NONE: No proxy, whatever the environment says.

        address: The host and the port, or the name of the rule.
    """

    __slots__ = ("address", "authorization", "host", "port")

    ENVIRONMENT: ClassVar[Proxy]
    NONE: ClassVar[Proxy]

    def __init__(self, url: str) -> None:
        """
        Create a proxy.

        Args:
            url: ``http://HOST:PORT``, with ``USER:PASSWORD@`` before the host if the
                proxy requires them (RFC 7617). Special characters in them are
                percent-encoded.

        Raises:
            ConfigError: If *url* is not such a URL.
        """
        if not isinstance(url, str):
            raise TypeError("url must be a str")
        parts, port = _split_proxy_url(url)
        self.host = parts.hostname or ""
        self.port = port
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.address = f"{name}:{port}"
        self.authorization = _authorization(parts)

    @classmethod
    def _rule(cls, name: str) -> Proxy:
        rule = cls.__new__(cls)
        rule.host, rule.port, rule.authorization = "", 0, ""
        rule.address = name
        return rule

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxy) and (self.address, self.authorization) == (
            other.address,
            other.authorization,
        )

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        if not self.host:
            return f"Proxy.{self.address}"
        user = "***@" if self.authorization else ""
        return f"Proxy('http://{user}{self.address}')"


Proxy.ENVIRONMENT = Proxy._rule("ENVIRONMENT")
Proxy.NONE = Proxy._rule("NONE")


def _split_proxy_url(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = _PROXY_PORT if parts.port is None else parts.port
        host = parts.hostname or ""
    except ValueError:
        host = ""
    # The message does not quote the URL, because it may contain a password.
    if (
        not host
        or not port
        or not host.isascii()
        or not host.isprintable()
        or " " in host
    ):
        raise ConfigError("proxy", "must be a URL like http://proxy.example:3128")
    if parts.scheme != "http":
        raise ConfigError(
            "proxy",
            f"has the scheme {parts.scheme}; only http proxies are supported",
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigError("proxy", "must have nothing after the host and the port")
    return parts, port


def _authorization(parts: SplitResult) -> str:
    """Return the value of Proxy-Authorization, or empty (RFC 7617 §2)."""
    if parts.username is None:
        return ""
    try:
        pair = [unquote_to_bytes(x or "") for x in (parts.username, parts.password)]
    except UnicodeEncodeError:
        why = "has a user or a password that is not UTF-8: percent-encode its octets"
        raise ConfigError("proxy", why) from None
    return f"Basic {base64.b64encode(b':'.join(pair)).decode()}"


_DEFAULT = Policy()
_SECOND = datetime.timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Options:
    """How a client checks certificates. Time spans must be positive."""

    policy: Policy = _DEFAULT
    """What a response must satisfy."""

    responders: tuple[x509.Certificate, ...] = ()
    """Responder certificates that the caller trusts to sign for any issuer."""

    candidates: tuple[x509.Certificate, ...] = ()
    """Certificates that may be the signer's, for responders that do not include it.
    They are trusted no more than those in a response."""

    nonce: SendNonce = SendNonce.NEVER
    """Whether the client sends a nonce."""

    method: RequestMethod = RequestMethod.GET_IF_SHORT
    """The HTTP method of requests."""

    cert_id_hash: CertIDHash = CertIDHash.SHA256_THEN_SHA1
    """The hash in the CertID of the request."""

    responder_order: ResponderOrder = ResponderOrder.IN_ORDER
    """In which order the client asks the responders of a certificate."""

    hedge_after: datetime.timedelta = _SECOND / 2
    """How long ``HEDGED`` waits for one responder before it asks the next one too."""

    address_policy: AddressPolicy = AddressPolicy.PUBLIC
    """
    Which addresses URLs in certificates and redirects may lead to. A URL that the
    caller passes may lead to any address.
    """

    allowed_schemes: AllowedSchemes = AllowedSchemes.HTTP
    """Which URL schemes the client uses."""

    redirects: Redirects = Redirects.REFUSE
    """Whether the client follows redirects."""

    content_types: ContentTypes = ContentTypes.OCSP_RESPONSE
    """Which media types the client accepts."""

    proxy: Proxy = Proxy.ENVIRONMENT
    """
    The HTTP proxy. With ``address_policy`` PUBLIC, the client resolves the host of the
    URL also if a proxy connects to it, and refuses it if an address is not public. A
    transport that the caller passes does not use this option.
    """

    missing_issuer: MissingIssuer = MissingIssuer.REFUSE
    """What the client does if the caller gives no issuer certificate."""

    delegate_status: DelegateStatus = DelegateStatus.FETCH
    """Whether the client fetches the status of a delegate that signed a response."""

    crl_fallback: CRLFallback = CRLFallback.WHEN_NO_RESPONDER
    """When the client uses the CRLs that the certificate names."""

    crl_issuers: tuple[x509.Certificate, ...] = ()
    """Certificates of the issuers of indirect CRLs that the caller trusts."""

    timeout: datetime.timedelta = 10 * _SECOND
    """The deadline of one check, with all attempts."""

    io_timeout: datetime.timedelta = 4 * _SECOND
    """How long connecting, and each read or write, may take."""

    retries: int = 1
    """
    How many more times the client asks responders with a transient failure, each time
    after a pause.
    """

    negative_cache_ttl: datetime.timedelta = 20 * _SECOND
    """
    For how long the client returns an indeterminate outcome again instead of repeating
    the check; at most a minute.
    """

    __repr__ = Policy.__repr__

    def __post_init__(self) -> None:
        """
        Check every value.

        Raises:
            TypeError: If one has the wrong type, such as ``True`` for an enumeration.
            ConfigError: If a time span is not positive, ``retries`` is negative, or
                ``negative_cache_ttl`` is longer than a minute.
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
