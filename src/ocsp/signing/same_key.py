"""
A signer under another certificate of the same key.

One responder can answer for several CAs with one key, in an HSM for instance: each CA
issues a certificate to the key (RFC 6960 §4.2.2.2).
"""

from __future__ import annotations

from typing import final

from cryptography import x509

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import BuildError
from ocsp.signing.signer import Signer, is_local, rate_of

__all__ = ["SameKeySigner"]


@final
class SameKeySigner:
    """A :class:`Signer` with the key of another signer, and its own certificate."""

    __slots__ = (
        "_certificate",
        "_signer",
        "algorithm_identifier",
        "local",
        "rate",
        "sign",
    )

    def __init__(self, signer: Signer, certificate: x509.Certificate) -> None:
        """
        Sign with the key of *signer*, under *certificate*.

        Args:
            signer: The signer.

            certificate: Another certificate of its key.

        Raises:
            BuildError: If *certificate* is for another key.
        """
        if parts_of(signer.certificate).key_bits != parts_of(certificate).key_bits:
            raise BuildError("the certificate is for another key than the signer has")
        self._signer = signer
        self._certificate = certificate
        self.algorithm_identifier = signer.algorithm_identifier
        self.local = is_local(signer)
        self.rate = rate_of(signer)
        self.sign = signer.sign

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the public key of this signer."""
        return self._certificate

    def __repr__(self) -> str:
        return f"<SameKeySigner({text(name_of_subject(self._certificate))})>"
