"""
V1 to V5: the message by itself.

These rules need no key, no certificate and no clock. If V1, V2 or V3 fails, no other
rule can be applied.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import (
    DecodeError,
    DERError,
    LimitExceeded,
    MalformedResponse,
    SchemaError,
    UnhandledCriticalExtension,
    UnsuccessfulResponse,
)
from ocsp.messages.extension_types import KnownExtension
from ocsp.messages.message import EncodingRules
from ocsp.messages.responses.response import OCSPResponse, load_received_response
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.verification.case import Case, Findings, reason_rejected

__all__ = [
    "has_entries",
    "is_type_error",
    "load",
    "readable_extensions",
    "report_malformed",
    "report_tolerated",
    "report_unreadable_certificates",
    "report_unsuccessful",
    "report_wrong_type",
    "unique_extensions",
]

Entries = tuple[OCSPSingleResponse, ...]


def load(data: bytes | OCSPResponse, encoding: EncodingRules) -> OCSPResponse:
    """
    Load *data* as a response in an encoding that *encoding* accepts.

    Raises:
        DecodeError: If it is malformed.
        LimitExceeded: If it is larger than ``MAX_VERIFIED_BYTES``.
    """
    der = data if isinstance(data, bytes) else data.public_bytes(Encoding.DER)
    size = len(der)
    if size > limits.MAX_VERIFIED_BYTES:
        raise LimitExceeded("MAX_VERIFIED_BYTES", size, limits.MAX_VERIFIED_BYTES)
    if isinstance(data, bytes):
        return load_received_response(der, encoding=encoding)
    if data.tolerated and encoding is EncodingRules.DER:
        raise DERError("; ".join(map(str, data.tolerated)))
    return data


def is_type_error(error: DecodeError) -> bool:
    """Tell whether *error* is about responseType or version, not about the encoding."""
    return isinstance(error, SchemaError) and error.path.endswith(
        (".responseType", ".tbsResponseData.version")
    )


def report_malformed(findings: Findings, error: DecodeError) -> None:
    """V2: report that the response is not strict DER or exceeds a limit."""
    findings.fail(
        "V2",
        MalformedResponse,
        f"the response is {reason_rejected(error)}",
        path=error.path,
        offset=error.offset,
    )


def report_tolerated(findings: Findings, response: OCSPResponse) -> None:
    """V2: warn of each deviation from DER that the reader tolerated."""
    for deviation in response.tolerated:
        findings.warn(
            "V2",
            MalformedResponse,
            f"the response is not strict DER: {deviation}",
            path="",
            offset=deviation.offset,
        )


def report_unreadable_certificates(findings: Findings, response: OCSPResponse) -> None:
    """V2: warn of each certificate in the response that cannot be read."""
    for error in response._unreadable:
        findings.warn(
            "V2",
            MalformedResponse,
            f"a certificate in the response is ignored: {error}",
            path=error.path,
            offset=error.offset,
        )


def report_wrong_type(findings: Findings, error: DecodeError) -> None:
    """V3: report that the response is not a BasicOCSPResponse of version 1."""
    findings.fail(
        "V3",
        MalformedResponse,
        f"the type or version of the response is not known: {error}",
        path=error.path,
    )


def report_unsuccessful(findings: Findings, response: OCSPResponse) -> None:
    """V1: report that the responder returned an OCSP error."""
    status = response.response_status
    name = status.name.lower().replace("_", " ")
    findings.fail(
        "V1",
        UnsuccessfulResponse,
        f"the responder returned the OCSP error {name!r}, which is not signed and "
        "states nothing about the certificate",
        status=status,
    )


def has_entries(case: Case, entries: Entries) -> None:
    """V4: require an entry; V2: and not more entries than the limit."""
    if not entries:
        case.fail("V4", MalformedResponse, "the response has no entry")
    if len(entries) > limits.MAX_VERIFIED_ENTRIES:
        error = LimitExceeded(
            "MAX_VERIFIED_ENTRIES", len(entries), limits.MAX_VERIFIED_ENTRIES
        )
        report_malformed(case, error)


def unique_extensions(case: Case, entries: Entries) -> None:
    """V4: check that no list has an extension twice."""
    _check_unique(case, case.response, "responseExtensions")
    for entry in entries:
        _check_unique(case, entry, "singleExtensions")


def _check_unique(
    case: Case, holder: OCSPResponse | OCSPSingleResponse, name: str
) -> None:
    seen: set[str] = set()
    for extension in holder._raw_extensions:
        if extension.oid in seen:
            case.fail(
                "V4",
                MalformedResponse,
                f"the extension {extension.oid} occurs twice in {name}",
                oid=extension.oid,
            )
            return
        seen.add(extension.oid)


def readable_extensions(case: Case, entry: OCSPSingleResponse | None) -> None:
    """V5: check that every critical extension of response and entry is known."""
    _check_readable(case, case.response, "responseExtensions")
    if entry is not None:
        _check_readable(case, entry, "singleExtensions")


def _check_readable(
    case: Case, holder: OCSPResponse | OCSPSingleResponse, name: str
) -> None:
    for extension in holder._each_extension:
        where = f"extension {extension.oid} in {name}"
        if extension.critical and not _known(extension.value):
            error = extension.error
            why = f"cannot be decoded: {error}" if error else "is not known"
            case.fail(
                "V5",
                UnhandledCriticalExtension,
                f"the critical {where} {why}",
                oid=extension.oid,
            )
        elif extension.error:
            case.warn(
                "V5",
                MalformedResponse,
                f"the {where} cannot be decoded and is ignored: {extension.error}",
                oid=extension.oid,
            )


def _known(value: x509.ExtensionType | None) -> bool:
    # The classes for RFC 6960 §4.4 derive from UnrecognizedExtension too, because
    # cryptography.x509.ocsp returns that class for them.
    return value is not None and (
        isinstance(value, KnownExtension)
        or not isinstance(value, x509.UnrecognizedExtension)
    )
