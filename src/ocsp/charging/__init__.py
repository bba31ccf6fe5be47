"""
Certificate status in charging stations and their management systems (OCPP 2.x).

A charging station that speaks ISO 15118 staples OCSP responses to its handshakes with
vehicles. It gets them from its management system (CSMS) by GetCertificateStatus (OCPP
2.0.1 and 2.1, use case M06).

::

    # in the management system
    statuses = CertificateStatuses(ocsp.AsyncClient(), issuers=[root, sub_ca])
    answer = await statuses.answer(payload["ocspRequestData"])

    # in the station
    installed = InstalledStatuses(MemoryCache())
    evidence = installed.install(answer.ocsp_result, cert, issuer)

Handlers for the package ``ocpp`` are in :mod:`ocsp.charging.v201` and
:mod:`ocsp.charging.v21` (extra ``ocpp``). This package does not need it.
"""

from __future__ import annotations

from ocsp.charging.management import CertificateStatuses, FailureCode, StatusAnswer
from ocsp.charging.request_data import OCPPRelease, OCSPRequestData
from ocsp.charging.station import InstalledStatuses, StatusResult

__all__ = [
    "CertificateStatuses",
    "FailureCode",
    "InstalledStatuses",
    "OCPPRelease",
    "OCSPRequestData",
    "StatusAnswer",
    "StatusResult",
]
