"""
URLs in certificates: find them, and refuse those that must not be used.

RFC 5280 §4.2.2.1 (AIA), RFC 6960 §3.1. The author of a certificate chooses its URLs,
so the caller must validate the path of a certificate before it comes here. A URL with a
forbidden scheme or form is refused before anything is resolved or sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.der import SEQUENCE, content, encode_oid, oid
from ocsp.asn1.extensions import (
    ExtensionList,
    RawExtension,
    decode_certificate_extension,
    extensions_of,
)
from ocsp.client.options import AllowedSchemes, Options
from ocsp.errors import DecodeError, ForbiddenResponderURL, SchemaError
from ocsp.verification.crl.points import ALL_REASONS, DistributionPoint, uris
from ocsp.verification.crl.reader import ReadCRL

__all__ = [
    "check_url",
    "crl_urls",
    "issuer_urls",
    "issuer_urls_of_crl",
    "origin_of",
    "readable_responder_urls",
    "redirected",
    "responder_urls",
]


def responder_urls(cert: x509.Certificate) -> tuple[str, ...]:
    """
    Return the responder URLs in *cert*, in the order of the extension.

    Raises:
        SchemaError: If authorityInfoAccess cannot be decoded. One location that cannot
            be decoded is left out.
    """
    return _access(cert, AuthorityInformationAccessOID.OCSP)


def readable_responder_urls(cert: x509.Certificate) -> tuple[str, ...]:
    """Return :func:`responder_urls`; none if authorityInfoAccess cannot be decoded."""
    try:
        return responder_urls(cert)
    except SchemaError:
        return ()


def issuer_urls(cert: x509.Certificate) -> tuple[str, ...]:
    """
    Return the caIssuers URLs in *cert*.

    Raises:
        SchemaError: As for :func:`responder_urls`.
    """
    return _access(cert, AuthorityInformationAccessOID.CA_ISSUERS)


def _access(cert: x509.Certificate, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    extensions = extensions_of(cert)
    octets = extensions.octets(oids.AUTHORITY_INFORMATION_ACCESS)
    if octets is None:
        return ()
    if len(octets) > _MOST_KEPT_OCTETS:
        return _urls_in(octets, method)
    return _kept_urls_in(octets, method)


_MOST_KEPT_OCTETS = 1024
"""
Octets of a URL, and of a value whose URLs are kept. Most CAs write one value, of about
100 octets, in all certificates.
"""


def _urls_in(octets: bytes, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    """Return the URLs for *method* in the content *octets* of authorityInfoAccess."""
    raw = RawExtension(oids.AUTHORITY_INFORMATION_ACCESS, False, octets)
    alone = ExtensionList((raw,), decode_certificate_extension)
    return _distinct(
        description.access_location.value
        for access in alone.items(x509.AuthorityInformationAccess)
        for description in access
        if description.access_method == method
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


@lru_cache(maxsize=256)
def _kept_urls_in(octets: bytes, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    return _urls_in(octets, method)


limits.when_changed(_kept_urls_in.cache_clear)


def crl_urls(points: Iterable[DistributionPoint]) -> tuple[str, ...]:
    """
    Return the URLs of CRLs at *points*, those that can give the status alone first.

    CRLs of other issuers and for some reasons only (RFC 5280 §4.2.1.13) come last.
    """
    plain_first = sorted(
        points, key=lambda each: bool(each.crl_issuer) or each.reasons != ALL_REASONS
    )
    return _distinct(uri for point in plain_first for uri in uris(point.names))


def issuer_urls_of_crl(crl: ReadCRL) -> tuple[str, ...]:
    """Return the caIssuers URLs in *crl* (RFC 5280 §5.2.7)."""
    value = crl.value(oids.AUTHORITY_INFORMATION_ACCESS) or b""
    found: list[str] = []
    try:
        position, end = content(value, 0, len(value), SEQUENCE, "")
        while position < end:
            start, stop = content(value, position, end, SEQUENCE, "")
            _, after = oid(value, start, stop, "")
            if value[start:after] == _CA_ISSUERS:
                found += uris((value[after:stop],))
            position = stop
    except DecodeError:
        return ()
    return _distinct(found)


_CA_ISSUERS = encode_oid(AuthorityInformationAccessOID.CA_ISSUERS.dotted_string)


def _distinct(urls: Iterable[str]) -> tuple[str, ...]:
    # Certificates also name URLs of other schemes, mostly ldap.
    http = (url for url in urls if url[:5].lower().startswith(("http:", "https")))
    return tuple(dict.fromkeys(http))[: limits.MAX_RESPONDER_URLS]


def check_url(url: str, options: Options) -> None:
    """
    Check the scheme and the form of *url*.

    Not checked: the address it leads to. The transport checks that after resolving the
    host name.

    Raises:
        ForbiddenResponderURL: If the scheme is not allowed or the URL is malformed.
    """
    if len(url) > limits.MAX_URL_CHARACTERS:
        raise ForbiddenResponderURL(
            url[:64] + "...", f"is longer than {limits.MAX_URL_CHARACTERS} characters"
        )
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ForbiddenResponderURL(
            ascii(url), "has a space, a control character or a non-ASCII character"
        )
    if len(url) <= _MOST_KEPT_OCTETS:
        _kept_check(url, options.allowed_schemes)
    else:
        _check_parts(url, options.allowed_schemes)


def _check_parts(url: str, allowed: AllowedSchemes) -> None:
    parts = _parts(url)
    scheme = parts.scheme
    if scheme not in {"http", "https"}:
        raise ForbiddenResponderURL(url, "is neither http nor https")
    if scheme == "https" and allowed is AllowedSchemes.HTTP:
        raise ForbiddenResponderURL(
            url,
            "is https, which the options do not allow: its server certificate would"
            " need a status check itself",
        )
    if not parts.hostname:
        raise ForbiddenResponderURL(url, "has no host name")
    if "@" in parts.netloc or parts.fragment:
        raise ForbiddenResponderURL(
            url, "has a user name or a fragment, which responder URLs must not have"
        )
    if not _AUTHORITY.fullmatch(parts.netloc):
        raise ForbiddenResponderURL(url, "has a malformed host")
    if parts.port == 0:
        raise ForbiddenResponderURL(url, "has the port 0, which no server has")


@lru_cache(maxsize=256)
def _kept_check(url: str, allowed: AllowedSchemes) -> None:
    _check_parts(url, allowed)


_AUTHORITY = re.compile(
    r"(?:\[[0-9A-Za-z:.%]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?",
    re.ASCII,
)
"""
The host and the port of a URL (RFC 3986 §3.2). ``urlsplit`` also accepts text around
the brackets of an IPv6 address, which another program can take for the host.
"""


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ForbiddenResponderURL(url, f"is not a valid URL: {error}") from error
    return parts


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url*, which identify a responder."""
    return _kept_origin(url) if len(url) <= _MOST_KEPT_OCTETS else _origin(url)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


@lru_cache(maxsize=256)
def _kept_origin(url: str) -> str:
    return _origin(url)


def redirected(url: str, location: str) -> str | None:
    """Return the URL that *location* means at *url*, or ``None`` for another scheme."""
    try:
        target = urljoin(url, location)
        same = urlsplit(target).scheme == urlsplit(url).scheme
    except ValueError:
        return None
    return target if same else None
