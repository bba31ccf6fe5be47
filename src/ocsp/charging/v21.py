"""
Handlers for OCPP 2.1, with the package ``ocpp`` (extra ``ocpp``).

::

    class Station(CertificateStatusHandler, ocpp.v21.ChargePoint):
        certificate_statuses = CertificateStatuses(client, issuers)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.charging.chain_status import chain_questions, chain_status
from ocsp.charging.dialect import Dialect, from_json, to_json
from ocsp.charging.management import CertificateStatuses
from ocsp.charging.request_data import OCPPRelease
from ocsp.charging.station import InstalledStatuses, StatusResult
from ocsp.errors import MissingExtraError

try:
    from ocpp.routing import on  # type: ignore[import-untyped]
    from ocpp.v21 import call, call_result, datatypes  # type: ignore[import-untyped]
    from ocpp.v21.enums import Action  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    raise MissingExtraError("handlers of OCPP messages", "ocpp") from error

__all__ = ["CertificateStatusHandler", "chain_status_request", "fetch_statuses"]

_DIALECT = Dialect(OCPPRelease.V2_1, call, call_result, datatypes)


class CertificateStatusHandler:
    """
    Answers GetCertificateStatus and GetCertificateChainStatus.

    A base class beside ``ocpp.v21.ChargePoint``.

    Attributes:
        certificate_statuses: Who knows the status; a subclass or an instance sets it.
    """

    certificate_statuses: CertificateStatuses

    @on(Action.get_certificate_status)  # type: ignore[untyped-decorator]
    async def on_get_certificate_status(
        self, ocsp_request_data: Mapping[str, object], **_: object
    ) -> Any:
        """Return ``ocpp.v21.call_result.GetCertificateStatus``."""
        return await _DIALECT.answer(self.certificate_statuses, ocsp_request_data)

    @on(Action.get_certificate_chain_status)  # type: ignore[untyped-decorator]
    async def on_get_certificate_chain_status(
        self, certificate_status_requests: Sequence[Mapping[str, object]], **_: object
    ) -> Any:
        """
        Return ``ocpp.v21.call_result.GetCertificateChainStatus``.

        A status comes from a verified response; otherwise it is *Failed*, as for the
        source CRL.
        """
        found = await chain_status(
            self.certificate_statuses,
            [to_json(each) for each in certificate_status_requests],
        )
        return call_result.GetCertificateChainStatus(
            certificate_status=[from_json(each) for each in found]
        )


async def fetch_statuses(
    charge_point: Any,
    chain: Sequence[x509.Certificate],
    installed: InstalledStatuses,
    *,
    algorithm: hashes.HashAlgorithm | None = None,
) -> tuple[StatusResult, ...]:
    """
    Ask the management system for every certificate of a chain, and install the answers.

    One certificate without an answer does not cost the others theirs.

    Args:
        charge_point: The ``ocpp.v21.ChargePoint`` of the station.

        chain: The certificates, each issued by the next one. The last is the root, and
            is not asked for.

        installed: Verifies and keeps the responses.

        algorithm: The hash of the CertIDs. Default: SHA-256.

    Returns:
        One result for each certificate but the last, in the order of the chain.
    """
    return await _DIALECT.fetch_statuses(charge_point, chain, installed, algorithm)


def chain_status_request(
    chain: Sequence[x509.Certificate], *, algorithm: hashes.HashAlgorithm | None = None
) -> Any:
    """
    Return ``ocpp.v21.call.GetCertificateChainStatus`` for the chain of a vehicle.

    The answer is a statement of the management system and no evidence: it is not
    signed.

    Args:
        chain: As for :func:`fetch_statuses`; at most four certificates and the root.

        algorithm: The hash of the CertIDs. Default: SHA-256.

    Raises:
        BuildError: If there are too many certificates, or OCPP cannot express one.
        NoResponderURL: If a certificate names no responder.
        SchemaError: If a certificate has an extension that cannot be decoded.
    """
    questions = chain_questions(chain, algorithm)
    return call.GetCertificateChainStatus(
        certificate_status_requests=[from_json(each) for each in questions]
    )
