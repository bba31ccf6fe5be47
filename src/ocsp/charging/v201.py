"""
Handlers for OCPP 2.0.1, with the package ``ocpp`` (extra ``ocpp``).

::

    class Station(CertificateStatusHandler, ocpp.v201.ChargePoint):
        certificate_statuses = CertificateStatuses(client, issuers)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.charging.dialect import Dialect
from ocsp.charging.management import CertificateStatuses
from ocsp.charging.request_data import OCPPRelease
from ocsp.charging.station import InstalledStatuses, StatusResult
from ocsp.errors import MissingExtraError

try:
    from ocpp.routing import on  # type: ignore[import-untyped]
    from ocpp.v201 import call, call_result, datatypes  # type: ignore[import-untyped]
    from ocpp.v201.enums import Action  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    raise MissingExtraError("handlers of OCPP messages", "ocpp") from error

__all__ = ["CertificateStatusHandler", "fetch_statuses"]

_DIALECT = Dialect(OCPPRelease.V2_0_1, call, call_result, datatypes)


class CertificateStatusHandler:
    """
    Answers GetCertificateStatus; a base class beside ``ocpp.v201.ChargePoint``.

    Attributes:
        certificate_statuses: Who knows the status; a subclass or an instance sets it.
    """

    certificate_statuses: CertificateStatuses

    @on(Action.get_certificate_status)  # type: ignore[untyped-decorator]
    async def on_get_certificate_status(
        self, ocsp_request_data: Mapping[str, object], **_: object
    ) -> Any:
        """Return ``ocpp.v201.call_result.GetCertificateStatus``."""
        return await _DIALECT.answer(self.certificate_statuses, ocsp_request_data)


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
        charge_point: The ``ocpp.v201.ChargePoint`` of the station.

        chain: The certificates, each issued by the next one. The last is the root, and
            is not asked for.

        installed: Verifies and keeps the responses.

        algorithm: The hash of the CertIDs. Default: SHA-256.

    Returns:
        One result for each certificate but the last, in the order of the chain.
    """
    return await _DIALECT.fetch_statuses(charge_point, chain, installed, algorithm)
