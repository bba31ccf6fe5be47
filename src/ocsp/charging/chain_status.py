"""
GetCertificateChainStatus (OCPP 2.1, use case M07): the status of a vehicle's chain.

The management system states the status of up to four certificates in one message. The
statement is not signed: the station believes the management system.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.charging.management import CertificateStatuses
from ocsp.charging.request_data import hash_data, read_hash_data
from ocsp.client.checking.urls import responder_urls
from ocsp.errors import (
    BuildError,
    ConfigError,
    IssuerNotFound,
    MissingExtraError,
    NoResponderURL,
    RevocationIndeterminate,
    SchemaError,
)
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus

try:
    import anyio
except ModuleNotFoundError as error:
    raise MissingExtraError("AsyncClient", "client") from error

__all__ = ["chain_questions", "chain_status"]

MAX_QUESTIONS = 4
"""Certificates in one message, in the schema."""

MAX_URLS = 5
"""URLs for one certificate, in the schema."""

_STATUS = {
    OCSPCertStatus.GOOD: "Good",
    OCSPCertStatus.REVOKED: "Revoked",
    OCSPCertStatus.UNKNOWN: "Unknown",
}


async def chain_status(
    statuses: CertificateStatuses, requests: Sequence[Mapping[str, Any]]
) -> list[dict[str, object]]:
    """
    Return the JSON array ``certificateStatus``: the statuses, asked at the same time.

    The status is *Failed* without a verified response, and for the source CRL: whether
    a certificate is in the scope of a CRL is decided with the certificate, and the
    question has only its hashes (RFC 5280 §6.3.3).

    Args:
        statuses: Asks the responders.

        requests: The JSON array ``certificateStatusRequests``.
    """
    found: list[dict[str, object]] = [{} for _ in requests]

    async def one(position: int) -> None:
        found[position] = await _one_status(statuses, requests[position])

    async with anyio.create_task_group() as group:
        for position in range(len(requests)):
            group.start_soon(one, position)
    return found


async def _one_status(
    statuses: CertificateStatuses, request: Mapping[str, Any]
) -> dict[str, object]:
    fields, source = request["certificateHashData"], request["source"]
    status, until = "Failed", datetime.datetime.now(datetime.UTC)
    if source == "OCSP":
        try:
            evidence = await statuses.evidence(read_hash_data(fields), request["urls"])
        except (SchemaError, ConfigError, IssuerNotFound, RevocationIndeterminate):
            pass
        else:
            status, until = _STATUS[evidence.status], evidence.holds_until
    return {
        "certificateHashData": fields,
        "source": source,
        "status": status,
        "nextUpdate": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def chain_questions(
    chain: Sequence[x509.Certificate], algorithm: hashes.HashAlgorithm | None = None
) -> list[dict[str, object]]:
    """
    Return the JSON array ``certificateStatusRequests`` for a chain.

    Args:
        chain: The certificates, each issued by the next one. The last is the root, and
            is not asked for.

        algorithm: The hash of the CertIDs. Default: SHA-256.

    Raises:
        BuildError: If there are too many certificates, or OCPP cannot express one.
        NoResponderURL: If a certificate names no responder.
        SchemaError: If a certificate has an extension that cannot be decoded.
    """
    pairs = list(pairwise(chain))
    if not 0 < len(pairs) <= MAX_QUESTIONS:
        raise BuildError(
            f"the chain has {len(pairs)} certificates below its root; OCPP allows 1 to"
            f" {MAX_QUESTIONS}"
        )
    return [_question(*pair, algorithm or hashes.SHA256()) for pair in pairs]


def _question(
    cert: x509.Certificate, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> dict[str, object]:
    urls = responder_urls(cert)
    if not urls:
        raise NoResponderURL
    return {
        "certificateHashData": hash_data(
            CertID.for_certificate(cert, issuer, algorithm)
        ),
        "source": "OCSP",
        "urls": list(urls[:MAX_URLS]),
    }
