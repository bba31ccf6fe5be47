"""
One verification of a CRL: what is known, and R1: whether it can be read.

Rules of this file: what cannot be read is not judged any further.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.certificates import UNREADABLE
from ocsp.asn1.crl import CRLFrame, read_frame
from ocsp.errors import DecodeError, LimitExceeded, MalformedCRL
from ocsp.verification.case import Findings, reason_rejected
from ocsp.verification.policy import Policy

__all__ = ["CRLCase", "ReadCRL", "read_crl", "well_formed"]

_Value = TypeVar("_Value", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class ReadCRL:
    """
    A CRL that can be read.

    Attributes:
        name: What to call it in sentences.

        crl: The CRL.

        der: Its octets.

        frame: Where its parts lie.

        extensions: Its extensions.
    """

    name: str
    crl: x509.CertificateRevocationList
    der: bytes
    frame: CRLFrame
    extensions: x509.Extensions

    @property
    def number(self) -> int | None:
        """CRLNumber (RFC 5280 §5.2.3), if it has one."""
        found = self.find(x509.CRLNumber)
        return None if found is None else found.crl_number

    @property
    def base_number(self) -> int | None:
        """The number of the CRL that it changes, if it is a delta CRL (§5.2.4)."""
        found = self.find(x509.DeltaCRLIndicator)
        return None if found is None else found.crl_number

    @property
    def scope(self) -> x509.IssuingDistributionPoint | None:
        """What it is about, where that is not all that the issuer has (§5.2.5)."""
        return self.find(x509.IssuingDistributionPoint)

    def find(self, kind: type[_Value]) -> _Value | None:
        """Return the value of the extension of that kind, if there is one."""
        for extension in self.extensions:
            if isinstance(extension.value, kind):
                return extension.value
        return None


class CRLCase(Findings):
    """
    What one verification of a CRL knows.

    Attributes:
        complete: The CRL.

        delta: What has changed since, or ``None``.

        cert: The certificate that was asked about.

        issuer: Who issued it.

        at: The time of judgement, aware, in UTC.

        policy: What the relying party insists on.
    """

    __slots__ = ("at", "cert", "complete", "delta", "issuer", "policy")

    def __init__(
        self,
        complete: ReadCRL,
        delta: ReadCRL | None,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime.datetime,
        policy: Policy,
    ) -> None:
        super().__init__()
        self.complete = complete
        self.delta = delta
        self.cert = cert
        self.issuer = issuer
        self.at = at
        self.policy = policy

    @property
    def lists(self) -> tuple[ReadCRL, ...]:
        """Both lists, or the one."""
        return (self.complete,) if self.delta is None else (self.complete, self.delta)

    @property
    def newest(self) -> ReadCRL:
        """The list that says until when there is nothing newer."""
        return self.delta or self.complete


def read_crl(
    data: bytes | x509.CertificateRevocationList, name: str, findings: Findings
) -> ReadCRL | None:
    """R1: return the CRL *data*, or nothing and what is wrong with it."""
    try:
        return _read(data, name)
    except (*UNREADABLE, x509.InvalidVersion) as error:
        well_formed(findings, name, error)
        return None


def _read(data: bytes | x509.CertificateRevocationList, name: str) -> ReadCRL:
    der = data if isinstance(data, bytes) else data.public_bytes(Encoding.DER)
    if len(der) > limits.MAX_CRL_BYTES:
        raise LimitExceeded("MAX_CRL_BYTES", len(der), limits.MAX_CRL_BYTES)
    frame = read_frame(der)
    crl = x509.load_der_x509_crl(der) if isinstance(data, bytes) else data
    _ = crl.issuer  # which is read now, to fail here
    return ReadCRL(name, crl, der, frame, crl.extensions)


def well_formed(findings: Findings, name: str, error: Exception) -> None:
    """R1: the octets are a CRL in strict DER, within the limits."""
    path = error.path if isinstance(error, DecodeError) else ""
    findings.fail("R1", MalformedCRL, f"{name} is {reason_rejected(error)}", path=path)
