"""
Sites: the certificate of a TLS server, where it lies, and who has issued it.

Rules of this file: what is read are the server's own files. An issuer counts only if
its key has signed the certificate: a chain may be in any order, or the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.certificates import load_certificates
from ocsp.errors import ConfigError, IssuerNotFound, SchemaError
from ocsp.signing.issued import is_issued_by

__all__ = ["CertificateAndIssuer", "Site", "read_pair"]


class CertificateAndIssuer(NamedTuple):
    """A certificate, and that of its issuer."""

    certificate: x509.Certificate
    issuer: x509.Certificate


@dataclass(frozen=True, slots=True)
class Site:
    """
    Where the certificate of a server is, and where its staple goes.

    Attributes:
        certificate: The file with the certificate, in PEM or DER; in PEM the chain
            and the private key may follow.

        issuer: A file with the certificate of the issuer, among others or alone.
            Without it, the issuer is looked for in the file of the certificate, and in
            one of the same name with ``.issuer`` added, as HAProxy has it.

        staple: The file of the staple; without it, that of the certificate with
            ``.ocsp`` added, as HAProxy has it.
    """

    certificate: Path
    issuer: Path | None = None
    staple: Path | None = None

    @property
    def staple_file(self) -> Path:
        """Where the staple goes."""
        return self.staple or _with(self.certificate, ".ocsp")


def read_pair(site: Site) -> CertificateAndIssuer:
    """
    Return the certificate of *site*, and that of its issuer.

    Raises:
        ConfigError: If a file cannot be read, or contains no certificate.
        IssuerNotFound: If none of the certificates there has signed it.
    """
    certificate, *chain = _certificates(site.certificate)
    beside = _with(site.certificate, ".issuer")
    if site.issuer is not None:
        chain = _certificates(site.issuer)
    elif beside.exists():
        chain += _certificates(beside)
    return CertificateAndIssuer(certificate, _issuer(site, certificate, chain))


def _issuer(
    site: Site, certificate: x509.Certificate, chain: Iterable[x509.Certificate]
) -> x509.Certificate:
    for candidate in chain:
        if is_issued_by(certificate, candidate):
            return candidate
    wanted = certificate.issuer.rfc4514_string()
    where = site.issuer or site.certificate
    raise IssuerNotFound(f"{where}: no certificate of {wanted} that has signed it")


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return load_certificates(file.read_bytes())
    except OSError as error:
        raise ConfigError(str(file), error.strerror or str(error)) from error
    except SchemaError as error:
        raise ConfigError(str(file), error.reason) from error


def _with(file: Path, suffix: str) -> Path:
    return file.with_name(f"{file.name}{suffix}")
