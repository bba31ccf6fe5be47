"""
What the releases of OCPP have in common in the package ``ocpp``: questions, answers.

The package has a module for each release, with classes of the same names. It writes
their fields in the style of Python, and the JSON in the style of OCPP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.charging.management import CertificateStatuses
from ocsp.charging.request_data import OCPPRelease, OCSPRequestData
from ocsp.charging.station import InstalledStatuses, StatusResult
from ocsp.errors import MissingExtraError, OCSPError, StatusNotGiven

try:
    from ocpp.charge_point import (  # type: ignore[import-untyped]
        camel_to_snake_case,
        snake_to_camel_case,
    )
except ModuleNotFoundError as error:
    raise MissingExtraError("handlers of OCPP messages", "ocpp") from error

__all__ = ["Dialect", "from_json", "to_json"]

_CODE_CHARACTERS = 20
"""The length of a reasonCode in the schemas."""


def to_json(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return *fields* with the names of OCPP."""
    found: dict[str, Any] = snake_to_camel_case(dict(fields))
    return found


def from_json(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return *fields* with the names of the package ``ocpp``."""
    found: dict[str, Any] = camel_to_snake_case(dict(fields))
    return found


class Dialect(NamedTuple):
    """
    A release of OCPP in the package ``ocpp``.

    Attributes:
        release: The release.

        call: The module with the classes of requests.

        call_result: The module with the classes of responses.

        datatypes: The module with the classes of their fields.
    """

    release: OCPPRelease
    call: Any
    call_result: Any
    datatypes: Any

    async def answer(
        self, statuses: CertificateStatuses, fields: Mapping[str, object]
    ) -> Any:
        """Return the answer to GetCertificateStatus as an object of ``ocpp``."""
        answer = await statuses.answer(to_json(fields), self.release)
        return self.call_result.GetCertificateStatus(**from_json(answer.to_json()))

    async def fetch_statuses(
        self,
        charge_point: Any,
        chain: Sequence[x509.Certificate],
        installed: InstalledStatuses,
        algorithm: hashes.HashAlgorithm | None,
    ) -> tuple[StatusResult, ...]:
        """Ask for every certificate of *chain* but the last; install the answers."""
        results = []
        for cert, issuer in pairwise(chain):
            try:
                data = OCSPRequestData.of(cert, issuer, algorithm)
                octets = await self._ask(charge_point, data)
                evidence = installed.install(octets, cert, issuer)
            except OCSPError as error:
                results.append(StatusResult(cert, None, error))
            else:
                results.append(StatusResult(cert, evidence))
        return tuple(results)

    async def _ask(self, charge_point: Any, data: OCSPRequestData) -> str:
        """
        Return the ocspResult for *data*.

        Raises:
            BuildError: If OCPP cannot express the question.
            StatusNotGiven: If there is no answer, or the status is *Failed*.
        """
        fields = self.datatypes.OCSPRequestDataType(
            **from_json(data.to_json(self.release))
        )
        request = self.call.GetCertificateStatus(ocsp_request_data=fields)
        try:
            answer = await charge_point.call(request)
        except Exception as error:
            # Of the package, of the connection, or a timeout.
            raise StatusNotGiven(f"no answer ({type(error).__name__})") from error
        if answer is None:
            raise StatusNotGiven("it answered with an error")
        if answer.status != "Accepted" or not answer.ocsp_result:
            raise StatusNotGiven(f"{_one_word(answer.status)}{_code(answer)}")
        result: str = answer.ocsp_result
        return result


def _code(answer: Any) -> str:
    """Return the reasonCode of an answer for people, or empty."""
    info = answer.status_info
    code = info.get("reason_code") if isinstance(info, dict) else None
    return "" if code is None else f" ({_one_word(code)})"


def _one_word(text: object) -> str:
    """Return *text* of the other side in a form that is safe to show."""
    return ascii(text)[1:-1][:_CODE_CHARACTERS] if isinstance(text, str) else "?"
