"""
Find which of the given issuers has signed a certificate.

The name does not decide: a CA that gets a new key keeps its name. A revocation that is
recorded under the wrong key would leave the certificate *good*.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, text
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.loading import load_cas, place
from ocsp.responder import IssuerKey
from ocsp.signing.issued import issuer_among, names_issuer

__all__ = ["GivenIssuers"]


class GivenIssuers:
    """The certificates of issuers that the user has given."""

    def __init__(self, sources: Sequence[str]) -> None:
        """
        Load the certificates of CAs; a chain of a server has others too.

        Args:
            sources: Files with one or more certificates each.

        Raises:
            CommandError: If a file cannot be read, or has no certificate of a CA.
        """
        self._certificates = [each for source in sources for each in load_cas(source)]

    def issuer_of(self, certificate: x509.Certificate, source: str) -> x509.Certificate:
        """
        Return the issuer that has signed *certificate*.

        Args:
            certificate: The certificate.

            source: Its file, for the error.

        Raises:
            CommandError: If none of the issuers has signed it.
        """
        issuer = issuer_among(certificate, self._certificates)
        if issuer is not None:
            return issuer
        name = text(name_of_issuer(certificate))
        subject = text(name_of_subject(certificate))
        if any(names_issuer(certificate, each) for each in self._certificates):
            raise CommandError(
                place(source),
                f"{subject} names the issuer {name}, but no key of --issuer signed it",
                "give the CA's certificate with the key that signed, if it has several",
            )
        raise CommandError(
            place(source), f"{subject} was issued by {name}", f"--issuer is {self}"
        )

    def only(self, option: str = "--serial") -> x509.Certificate:
        """
        Return the only issuer, for serial numbers.

        Several certificates of one name and key are one issuer.

        Raises:
            CommandError: If there are several issuers.
        """
        if len({IssuerKey.of(each) for each in self._certificates}) > 1:
            raise CommandError(
                option,
                f"may be a number of each of several issuers: {self}",
                "give the --issuer of these serial numbers only",
            )
        return self._certificates[0]

    def keys(self) -> list[IssuerKey]:
        """Return each issuer once, in their order."""
        return list(dict.fromkeys(map(IssuerKey.of, self._certificates)))

    def __str__(self) -> str:
        names = (text(name_of_subject(each)) for each in self._certificates)
        return ", ".join(names)
