"""
Find the files of a TLS server: its certificate, the issuer's, and its staple.

A certificate is accepted as the issuer only if its key has signed the server's
certificate: the chain in a file may be in any order, or the wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from ocsp import limits
from ocsp.asn1.name_comparison import name_of_issuer
from ocsp.asn1.names import name_text
from ocsp.client.certificate_files import load_certificates
from ocsp.errors import ConfigError, IssuerNotFound, SchemaError, UnreadableFile
from ocsp.guarded.files import exists, read_file
from ocsp.signing.issued import issuer_among, names_issuer

__all__ = [
    "CertificateAndIssuer",
    "Site",
    "find_issuer",
    "read_certificates",
    "read_pair",
]


class CertificateAndIssuer(NamedTuple):
    """A certificate, and the certificate of its issuer."""

    certificate: x509.Certificate
    issuer: x509.Certificate


@dataclass(frozen=True, slots=True)
class Site:
    """
    The certificate file of a server, and the file for its staple.

    Attributes:
        certificate: The certificate file, in PEM or DER. A PEM file may also contain
            the chain and the private key.

        issuer: A file with the issuer's certificate; it may contain others too. If
            ``None``, the issuer is searched in the certificate file and in the file of
            the same name with ``.issuer`` appended, as HAProxy does.

        staple: The staple file. If ``None``, the name of the certificate file with
            ``.ocsp`` appended, as HAProxy does.
    """

    certificate: Path
    issuer: Path | None = None
    staple: Path | None = None

    @property
    def staple_file(self) -> Path:
        """The path of the staple file."""
        return self.staple or _with(self.certificate, ".ocsp")


def read_pair(site: Site) -> CertificateAndIssuer:
    """
    Return the certificate of *site*, and the certificate of its issuer.

    Raises:
        ConfigError: If a file cannot be read, or does not contain a certificate.
        IssuerNotFound: If no certificate in the files has signed it.
    """
    return find_issuer(site, read_certificates(site))


def read_certificates(site: Site) -> list[x509.Certificate]:
    """
    Return the certificate of *site*, and the other certificates in its file.

    Raises:
        ConfigError: If the file cannot be read, or does not contain a certificate.
    """
    return _certificates(site.certificate, first_needed=True)


def find_issuer(
    site: Site, certificates: list[x509.Certificate]
) -> CertificateAndIssuer:
    """
    Return the certificate of *site*, and the certificate of its issuer.

    Args:
        site: The site.

        certificates: The result of :func:`read_certificates`.

    Raises:
        ConfigError: If a file cannot be read, or does not contain a certificate.
        IssuerNotFound: If no certificate in the files has signed it.
    """
    certificate, *chain = certificates
    beside = _with(site.certificate, ".issuer")
    if site.issuer is not None:
        chain = _certificates(site.issuer)
    elif exists(beside):
        chain += _certificates(beside)
    return CertificateAndIssuer(certificate, _issuer(site, certificate, chain))


def _issuer(
    site: Site, certificate: x509.Certificate, chain: Sequence[x509.Certificate]
) -> x509.Certificate:
    issuer = issuer_among(certificate, chain)
    if issuer is not None:
        return issuer
    wanted = name_text(name_of_issuer(certificate))
    where = site.issuer or site.certificate
    key = ""
    if any(names_issuer(certificate, candidate) for candidate in chain):
        key = ", with another key"
    raise IssuerNotFound(
        f"{where}: does not contain the issuer's certificate: the issuer is {wanted}"
        f"{key}"
    )


def _certificates(file: Path, *, first_needed: bool = False) -> list[x509.Certificate]:
    try:
        data = read_file(file, limits.MAX_CERTIFICATE_FILE_BYTES)
        return load_certificates(data, first_needed=first_needed)
    except UnreadableFile as error:
        raise ConfigError(error.path, error.reason) from error
    except SchemaError as error:
        raise ConfigError(str(file), error.reason) from error


def _with(file: Path, suffix: str) -> Path:
    return file.parent / f"{file.name}{suffix}"  # a directory may have no name
