"""
URLs: whom to ask, and whether that may be asked.

RFC 5280 §4.2.2.1 (AIA), RFC 6960 §3.1. Rules of this file: the URLs of a certificate
are those of whoever wrote it, so a certificate whose path is not trusted must not come
here. What is no plain http URL is refused before anything is resolved or sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urljoin, urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import limits
from ocsp.asn1.certificates import decoded_extensions
from ocsp.client.options import AllowedSchemes, Options
from ocsp.errors import ForbiddenResponderURL

__all__ = [
    "check_url",
    "issuer_urls",
    "list_urls",
    "origin_of",
    "redirected",
    "responder_urls",
]


def responder_urls(cert: x509.Certificate) -> tuple[str, ...]:
    """
    Return the URLs of the responders that *cert* names, in its order.

    Raises:
        ValueError: If the extensions of *cert* cannot be read.
    """
    return _access(cert, AuthorityInformationAccessOID.OCSP)


def issuer_urls(cert: x509.Certificate) -> tuple[str, ...]:
    """
    Return the URLs at which *cert* says that its issuer's certificate lies.

    Raises:
        ValueError: If the extensions of *cert* cannot be read.
    """
    return _access(cert, AuthorityInformationAccessOID.CA_ISSUERS)


def _access(cert: x509.Certificate, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    try:
        access = (
            decoded_extensions(cert)
            .get_extension_for_class(x509.AuthorityInformationAccess)
            .value
        )
    except x509.ExtensionNotFound:
        return ()
    return _distinct(
        description.access_location.value
        for description in access
        if description.access_method == method
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


def list_urls(
    holder: x509.Certificate | x509.CertificateRevocationList,
    kind: type[x509.CRLDistributionPoints | x509.FreshestCRL],
) -> tuple[str, ...]:
    """
    Return the URLs of the CRLs that *holder* names, in its order.

    Not those of other issuers, nor of lists that know some reasons only (RFC 5280
    §4.2.1.13): neither would tell the status.

    Raises:
        ValueError: If the extensions of *holder* cannot be read.
    """
    try:
        points = decoded_extensions(holder).get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return ()
    return _distinct(
        name.value
        for point in points
        if point.crl_issuer is None and point.reasons is None
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )


def _distinct(urls: Iterable[str]) -> tuple[str, ...]:
    # Names for other services, ldap above all, stand beside the ones for us.
    ours = (url for url in urls if url[:5].lower().startswith(("http:", "https")))
    return tuple(dict.fromkeys(ours))[: limits.MAX_RESPONDER_URLS]


def check_url(url: str, options: Options) -> None:
    """
    Require a URL that may be asked, by its scheme and form.

    Not checked: where it leads; the transport does, once it has the address.

    Raises:
        ForbiddenResponderURL: If it is another one.
    """
    if len(url) > limits.MAX_URL_CHARACTERS:
        raise ForbiddenResponderURL(
            url[:64] + "...", f"is longer than {limits.MAX_URL_CHARACTERS} characters"
        )
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ForbiddenResponderURL(ascii(url), "has characters that no URL has")
    parts = _parts(url)
    scheme = parts.scheme
    if scheme not in {"http", "https"}:
        raise ForbiddenResponderURL(url, "is neither http nor https")
    if scheme == "https" and options.allowed_schemes is AllowedSchemes.HTTP:
        raise ForbiddenResponderURL(
            url, "is https, whose certificate would need a status itself"
        )
    if not parts.hostname:
        raise ForbiddenResponderURL(url, "names no host")
    if "@" in parts.netloc or parts.fragment:
        raise ForbiddenResponderURL(url, "has a user or a fragment")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ForbiddenResponderURL(url, f"is no URL: {error}") from error
    return parts


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url*: what a responder is known by."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def redirected(url: str, location: str) -> str | None:
    """Return where *location* leads from *url*; ``None`` if to another scheme."""
    try:
        target = urljoin(url, location)
        same = urlsplit(target).scheme == urlsplit(url).scheme
    except ValueError:
        return None
    return target if same else None
