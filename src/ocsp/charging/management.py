"""
The management system: answer charging stations with verified responses.

A station sends hashes, a serial number and a URL. The management system knows the
issuers, asks the responder through its client, and passes on what the client has
verified.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.charging.request_data import OCPPRelease, OCSPRequestData
from ocsp.client import AsyncClient, Reason
from ocsp.errors import (
    ConfigError,
    IssuerNotFound,
    OCSPError,
    RevocationIndeterminate,
    SchemaError,
)
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["CertificateStatuses", "FailureCode", "StatusAnswer"]

_ALGORITHMS = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())


class FailureCode(enum.Enum):
    """Why there is no response: a reasonCode of OCPP (2.0.1 Part 2, appendix 5)."""

    INVALID_VALUE = "InvalidValue"
    """A field of the question is wrong."""

    NOT_FOUND = "NotFound"
    """The management system does not know the issuer."""

    INVALID_URL = "InvalidURL"
    """The options of the client forbid the URL, or it is malformed."""

    TOO_LARGE = "TooLargeElement"
    """The response is longer than OCPP allows."""

    UNSPECIFIED = "Unspecified"
    """No responder gave a verified response."""


class StatusAnswer(NamedTuple):
    """
    The answer to GetCertificateStatus.

    Attributes:
        evidence: The verified response; ``None`` if the status is *Failed*.

        failure: Why there is none; ``None`` if the status is *Accepted*.

        info: More about the failure, for ``additionalInfo``; otherwise empty.
    """

    evidence: VerifiedResponse | None
    failure: FailureCode | None = None
    info: str = ""

    @property
    def status(self) -> str:
        """
        ``Accepted`` or ``Failed``.

        *Accepted* means that there is a verified response. What it says can be *good*,
        *revoked* or *unknown*.
        """
        return "Failed" if self.evidence is None else "Accepted"

    @property
    def ocsp_result(self) -> str | None:
        """The response in DER as base64, or ``None``."""
        if self.evidence is None:
            return None
        der = self.evidence.response.public_bytes(Encoding.DER)
        return base64.b64encode(der).decode()

    def to_json(self) -> dict[str, object]:
        """Return the payload of GetCertificateStatusResponse."""
        if self.evidence is not None:
            return {"status": self.status, "ocspResult": self.ocsp_result}
        code = self.failure or FailureCode.UNSPECIFIED
        info = {"reasonCode": code.value, "additionalInfo": self.info}
        return {"status": self.status, "statusInfo": info}

    @classmethod
    def of_error(cls, error: OCSPError) -> Self:
        """Return the answer for *error*. It quotes nothing that a responder sent."""
        if isinstance(error, SchemaError):
            return cls(None, FailureCode.INVALID_VALUE, str(error))
        if isinstance(error, IssuerNotFound):
            return cls(None, FailureCode.NOT_FOUND, str(error))
        reason = error.reason if isinstance(error, RevocationIndeterminate) else None
        if reason is Reason.FORBIDDEN:
            return cls(None, FailureCode.INVALID_URL, "the URL is not allowed")
        info = reason.value if isinstance(reason, Reason) else "no verified response"
        return cls(None, FailureCode.UNSPECIFIED, info)


class CertificateStatuses:
    """
    Answers questions of charging stations about the certificates of known issuers.

    One object serves all stations, which then share the cache of its client.
    """

    def __init__(
        self, client: AsyncClient, issuers: Iterable[x509.Certificate]
    ) -> None:
        """
        Know the issuers.

        Args:
            client: Asks the responders. A station names the URL: by default the client
                sends nothing to private addresses (``Options.address_policy``). A
                station waits for its answer and sends nothing else meanwhile, so
                ``Options.timeout`` should be shorter than the time that it waits.

            issuers: The certificates of the issuers: of the CAs for charging stations,
                and of those for contracts and vehicles. The caller trusts them.

        Raises:
            ConfigError: If there are none.
        """
        self._client = client
        self._issuers = {
            CertID.for_serial(issuer, 1, algorithm).issuer_der: issuer
            for issuer in issuers
            for algorithm in _ALGORITHMS
        }
        if not self._issuers:
            raise ConfigError("issuers", "is empty; give at least one certificate")

    async def evidence(
        self, cert_id: CertID, url: str | Iterable[str]
    ) -> VerifiedResponse:
        """
        Return the verified response about a certificate.

        Args:
            cert_id: The CertID of the certificate, with SHA-256, SHA-384 or SHA-512.

            url: The URL of a responder, or several.

        Returns:
            Evidence. Its ``status`` may be *revoked* or *unknown*.

        Raises:
            IssuerNotFound: If the issuer is not known.
            RevocationIndeterminate: If no responder gives a verified response.
            ConfigError: If there is no URL.
            MissingExtraError: If the extra ``client`` is not installed.
        """
        issuer = self._issuers.get(cert_id.issuer_der)
        if issuer is None:
            raise IssuerNotFound("no known issuer has these hashes")
        return await self._client.fetch_response(cert_id, issuer, url)

    async def answer(
        self,
        fields: Mapping[str, object],
        release: OCPPRelease = OCPPRelease.V2_1,
    ) -> StatusAnswer:
        """
        Answer GetCertificateStatus.

        Args:
            fields: The JSON object ``ocspRequestData``, with the names of the schema.

            release: The release of OCPP, which limits the lengths.

        Raises:
            MissingExtraError: If the extra ``client`` is not installed.
        """
        try:
            data = OCSPRequestData.from_json(fields, release)
            evidence = await self.evidence(data.cert_id, data.responder_url)
        except (SchemaError, IssuerNotFound, RevocationIndeterminate) as error:
            return StatusAnswer.of_error(error)
        answer = StatusAnswer(evidence)
        length = len(answer.ocsp_result or "")
        if length > release.max_result:
            info = f"the response has {length} characters, not {release.max_result}"
            return StatusAnswer(None, FailureCode.TOO_LARGE, info)
        return answer
