"""
Verify the certification path of a TLS server, and say why it is not trusted.

RFC 5280 §6, RFC 9525. ``cryptography`` decides. If it refuses the path, this module
looks for the reason, because its message does not name the certificate.
"""

from __future__ import annotations

import datetime
import ssl
import warnings
from collections.abc import Sequence

from cryptography import x509

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject
from ocsp.asn1.names import name_text
from ocsp.client.certificate_files import load_certificates
from ocsp.errors import (
    ConfigError,
    SchemaError,
    TLSPeerNotTrusted,
    TLSPeerWrongName,
)
from ocsp.guarded import paths
from ocsp.guarded.addresses import address_of
from ocsp.signing.issued import is_issued_by, issuer_among

__all__ = ["system_roots", "verified_path"]


def verified_path(
    server: str,
    name: str,
    shown: list[x509.Certificate],
    roots: list[x509.Certificate],
) -> list[x509.Certificate]:
    """
    Return the path from the certificate of a server to one of *roots*.

    Args:
        server: The server, for the errors.

        name: The name or address that the certificate must be for.

        shown: The certificates that the server sent, its own first.

        roots: The trusted roots.

    Raises:
        TLSPeerNotTrusted: If there is no such path.
        TLSPeerWrongName: If there is, but the certificate is for another name.
        ConfigError: If *roots* is empty.
    """
    if not roots:
        raise ConfigError("roots", "there are no trusted roots")
    now = datetime.datetime.now(datetime.UTC)
    try:
        return paths.verified_path(_subject(name), shown, roots, now)
    except SchemaError as error:
        reason = _broken_link(shown, roots, now)
        if reason is None and "subjectAltName" in str(error):
            reason = f"its certificate is not for the name {name}"
            raise TLSPeerWrongName(server, reason) from error
        raise TLSPeerNotTrusted(server, reason or str(error)) from error


def _broken_link(
    shown: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime.datetime,
) -> str | None:
    """
    Return why the path ends before a root, or ``None`` if it does not.

    A server can send hundreds of certificates with one name. Each pair of them would
    cost a signature check, so the reason is not sought among so many.
    """
    if len(shown) > limits.MAX_VERIFIED_CERTIFICATES:
        return f"none of the {len(shown)} certificates that it sent leads to a root"
    link = shown[0]
    others = list(shown[1:])
    while True:
        name = name_text(name_of_subject(link))
        start, end = validity_of(link)
        if not start <= now <= end:
            return (
                f"the certificate of {name} is valid from "
                f"{start:%Y-%m-%d} to {end:%Y-%m-%d} only"
            )
        if link in roots or any(is_issued_by(link, root) for root in roots):
            return None
        if is_issued_by(link, link):
            return f"{name} is a root that is not trusted"
        issuer = issuer_among(link, others)
        if issuer is None:
            return (
                f"the certificate of {name_text(name_of_issuer(link))}, which issued "
                f"{name}, is not a trusted root, and the server does not send it"
            )
        others.remove(issuer)
        link = issuer


def system_roots() -> list[x509.Certificate]:
    """Return the roots that the system trusts."""
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return [root for each in known for root in _loaded(each)]


def _loaded(der: bytes) -> list[x509.Certificate]:
    """Return a root of the system, or nothing: some old roots cannot be decoded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_certificates(der)
        except SchemaError:
            return []


def _subject(name: str) -> x509.DNSName | x509.IPAddress:
    address = address_of(name)
    if address is not None:
        return x509.IPAddress(address)
    return x509.DNSName(name.encode("idna").decode())
