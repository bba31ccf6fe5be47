"""
The state of one verification of a CRL, and R1: whether the CRL can be decoded.

No other rule is applied to a CRL that cannot be decoded.
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

__all__ = ["CRLCase", "ReadCRL", "read_crl", "report_malformed"]

_Value = TypeVar("_Value", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class ReadCRL:
    """
    A decoded CRL.

    Attributes:
        name: The name of the CRL in messages.

        crl: The CRL.

        der: Its encoding.

        frame: The positions of its parts in *der*.

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
        """BaseCRLNumber, if this is a delta CRL (RFC 5280 §5.2.4)."""
        found = self.find(x509.DeltaCRLIndicator)
        return None if found is None else found.crl_number

    @property
    def scope(self) -> x509.IssuingDistributionPoint | None:
        """IssuingDistributionPoint, if it has one (RFC 5280 §5.2.5)."""
        return self.find(x509.IssuingDistributionPoint)

    def find(self, kind: type[_Value]) -> _Value | None:
        """Return the value of the extension of type *kind*, if there is one."""
        for extension in self.extensions:
            if isinstance(extension.value, kind):
                return extension.value
        return None


class CRLCase(Findings):
    """
    The state of one verification of a CRL.

    Attributes:
        complete: The complete CRL.

        delta: The delta CRL, or ``None``.

        cert: The certificate in question.

        issuer: The certificate of its issuer.

        at: The moment for which the verifier judges, aware, in UTC.

        policy: What the relying party requires.
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
    def crls(self) -> tuple[ReadCRL, ...]:
        """The complete CRL, and the delta CRL if there is one."""
        return (self.complete,) if self.delta is None else (self.complete, self.delta)

    @property
    def newest(self) -> ReadCRL:
        """The delta CRL if there is one, else the complete CRL."""
        return self.delta or self.complete


def read_crl(
    data: bytes | x509.CertificateRevocationList, name: str, findings: Findings
) -> ReadCRL | None:
    """R1: decode the CRL *data*; on failure, add a finding and return ``None``."""
    try:
        return _read(data, name)
    except (*UNREADABLE, x509.InvalidVersion) as error:
        report_malformed(findings, name, error)
        return None


def _read(data: bytes | x509.CertificateRevocationList, name: str) -> ReadCRL:
    der = data if isinstance(data, bytes) else data.public_bytes(Encoding.DER)
    if len(der) > limits.MAX_CRL_BYTES:
        raise LimitExceeded("MAX_CRL_BYTES", len(der), limits.MAX_CRL_BYTES)
    frame = read_frame(der)
    crl = x509.load_der_x509_crl(der) if isinstance(data, bytes) else data
    _ = crl.issuer  # cryptography decodes it on access; a malformed one fails here.
    return ReadCRL(name, crl, der, frame, crl.extensions)


def report_malformed(findings: Findings, name: str, error: Exception) -> None:
    """R1: report that the CRL is not strict DER or exceeds a limit."""
    path = error.path if isinstance(error, DecodeError) else ""
    findings.fail("R1", MalformedCRL, f"{name} is {reason_rejected(error)}", path=path)
