"""
V1 to V5: the message by itself.

These rules need no key, no certificate and no clock. If V1, V2 or V3 fails, no other
rule can be applied.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import (
    DecodeError,
    LimitExceeded,
    MalformedResponse,
    SchemaError,
    UnhandledCriticalExtension,
    UnsuccessfulResponse,
)
from ocsp.messages.extension_types import KnownExtension
from ocsp.messages.responses.response import OCSPResponse, load_der_ocsp_response
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.verification.case import Case, Findings, reason_rejected

__all__ = [
    "critical_extensions",
    "extensions_of",
    "has_entries",
    "is_type_error",
    "load",
    "report_malformed",
    "report_unsuccessful",
    "report_wrong_type",
    "unique_extensions",
]

Entries = tuple[OCSPSingleResponse, ...]


def load(data: bytes | OCSPResponse) -> OCSPResponse:
    """
    Load *data* as a response.

    Raises:
        DecodeError: If it is malformed.
        LimitExceeded: If it is larger than ``MAX_VERIFIED_BYTES``.
    """
    der = data if isinstance(data, bytes) else data.public_bytes(Encoding.DER)
    size = len(der)
    if size > limits.MAX_VERIFIED_BYTES:
        raise LimitExceeded("MAX_VERIFIED_BYTES", size, limits.MAX_VERIFIED_BYTES)
    return load_der_ocsp_response(der) if isinstance(data, bytes) else data


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
    """V4: check that no list has an extension twice; V2: decode the known ones."""
    _check_extensions(case, case.response, "responseExtensions")
    for entry in entries:
        _check_extensions(case, entry, "singleExtensions")


def _check_extensions(
    case: Case, holder: OCSPResponse | OCSPSingleResponse, name: str
) -> None:
    try:
        for extension in _extensions(holder):
            if isinstance(extension.value, KnownExtension):
                extension.value.check()
    except x509.DuplicateExtension as error:
        case.fail(
            "V4",
            MalformedResponse,
            f"the extension {error.oid.dotted_string} occurs twice in {name}",
            oid=error.oid.dotted_string,
        )
    except DecodeError as error:
        report_malformed(case, error)


def extensions_of(
    holder: OCSPResponse | OCSPSingleResponse,
) -> Iterable[x509.Extension[x509.ExtensionType]]:
    """Return the extensions; none if they cannot be decoded, which V2 or V4 reports."""
    try:
        return _extensions(holder)
    except (ValueError, x509.DuplicateExtension):
        return ()


def _extensions(holder: OCSPResponse | OCSPSingleResponse) -> x509.Extensions:
    if isinstance(holder, OCSPResponse):
        return holder.extensions
    return holder.single_extensions


def critical_extensions(case: Case, entry: OCSPSingleResponse | None) -> None:
    """V5: check that every critical extension of response and entry is known."""
    _check_critical(case, case.response, "responseExtensions")
    if entry is not None:
        _check_critical(case, entry, "singleExtensions")


def _check_critical(
    case: Case, holder: OCSPResponse | OCSPSingleResponse, name: str
) -> None:
    for extension in extensions_of(holder):
        if extension.critical and not _known(extension.value):
            case.fail(
                "V5",
                UnhandledCriticalExtension,
                f"the critical extension {extension.oid.dotted_string} in {name} is "
                "not known",
                oid=extension.oid.dotted_string,
            )


def _known(value: x509.ExtensionType) -> bool:
    # The classes for RFC 6960 §4.4 derive from UnrecognizedExtension too, because
    # cryptography.x509.ocsp returns that class for them.
    return isinstance(value, KnownExtension) or not isinstance(
        value, x509.UnrecognizedExtension
    )
