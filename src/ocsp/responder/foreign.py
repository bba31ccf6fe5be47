"""
Define a CA whose own responder answers, and a request that is passed on to it.

Without I/O: the request handler passes the request on
(:class:`ocsp.status.ForeignResponders`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.responder.source import IssuerKey

__all__ = ["EdgeAuthority", "ForeignAuthority", "Forward"]


class ForeignAuthority:
    """
    An issuer whose own responder answers.

    Attributes:
        issuer: The certificate of the issuer.

        key: The key that identifies the issuer.

        urls: The URLs of its responders, in the order in which they are asked.
    """

    def __init__(self, issuer: x509.Certificate, urls: Iterable[str]) -> None:
        """
        Let the responders at *urls* answer for *issuer*.

        Raises:
            ConfigError: If there is no URL.
        """
        self.issuer = issuer
        self.key = IssuerKey.of(issuer)
        self.urls = tuple(urls)
        if not self.urls:
            raise ConfigError("urls", "is empty; give the URL of the responder")

    def __repr__(self) -> str:
        return f"<ForeignAuthority({text(name_of_subject(self.issuer))})>"


class EdgeAuthority(ForeignAuthority):
    """
    An issuer for which a node answers that has no key.

    Attributes:
        urls: The URLs of responders that are asked if no other place has the answer;
            there may be none.
    """

    def __init__(self, issuer: x509.Certificate, urls: Iterable[str] = ()) -> None:
        """Answer for *issuer* with what others have signed."""
        self.issuer = issuer
        self.key = IssuerKey.of(issuer)
        self.urls = tuple(urls)

    def __repr__(self) -> str:
        return f"<EdgeAuthority({text(name_of_subject(self.issuer))})>"


class Forward(NamedTuple):
    """
    A request for a certificate of a :class:`ForeignAuthority`.

    Attributes:
        authority: The authority.

        cert_id: The CertID of the request.

        now: The time at which the request was received, aware.
    """

    authority: ForeignAuthority
    cert_id: CertID
    now: datetime.datetime
