"""
V1 to V5: the message by itself.

Rules of this file: nothing here needs a key, a certificate or a clock. Where V1 to V3
fail, there is nothing more to look at.
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
    "is_about_type",
    "is_basic",
    "read",
    "successful",
    "unique_extensions",
    "well_formed",
]

Entries = tuple[OCSPSingleResponse, ...]


def read(data: bytes | OCSPResponse) -> OCSPResponse:
    """
    Return the response that *data* is.

    Raises:
        DecodeError: If it is none, or larger than what is verified.
    """
    der = data if isinstance(data, bytes) else data.public_bytes(Encoding.DER)
    size = len(der)
    if size > limits.MAX_VERIFIED_BYTES:
        raise LimitExceeded("MAX_VERIFIED_BYTES", size, limits.MAX_VERIFIED_BYTES)
    return load_der_ocsp_response(der) if isinstance(data, bytes) else data


def is_about_type(error: DecodeError) -> bool:
    """Tell whether the kind of response is at fault, not its encoding."""
    return isinstance(error, SchemaError) and error.path.endswith(
        (".responseType", ".tbsResponseData.version")
    )


def well_formed(findings: Findings, error: DecodeError) -> None:
    """V2: the octets are a response in strict DER, within the limits."""
    findings.fail(
        "V2",
        MalformedResponse,
        f"the response is {reason_rejected(error)}",
        path=error.path,
        offset=error.offset,
    )


def is_basic(findings: Findings, error: DecodeError) -> None:
    """V3: it is a BasicOCSPResponse of version 1."""
    findings.fail(
        "V3",
        MalformedResponse,
        f"the response is of no kind that is known: {error}",
        path=error.path,
    )


def successful(findings: Findings, response: OCSPResponse) -> None:
    """V1: the responder did not answer *successful*."""
    status = response.response_status
    name = status.name.lower().replace("_", " ")
    findings.fail(
        "V1",
        UnsuccessfulResponse,
        f"the responder answered {name!r}, which nobody has signed and which says "
        "nothing about the certificate",
        status=status,
    )


def has_entries(case: Case, entries: Entries) -> None:
    """V4: the response is about something."""
    if not entries:
        case.fail("V4", MalformedResponse, "the response is about no certificate")
    if len(entries) > limits.MAX_VERIFIED_ENTRIES:
        error = LimitExceeded(
            "MAX_VERIFIED_ENTRIES", len(entries), limits.MAX_VERIFIED_ENTRIES
        )
        well_formed(case, error)


def unique_extensions(case: Case, entries: Entries) -> None:
    """V4: no extension stands anywhere twice; V2: and those known are well-formed."""
    _readable(case, case.response, "responseExtensions")
    for entry in entries:
        _readable(case, entry, "singleExtensions")


def _readable(case: Case, holder: OCSPResponse | OCSPSingleResponse, name: str) -> None:
    try:
        for extension in _extensions(holder):
            if isinstance(extension.value, KnownExtension):
                extension.value.check()
    except x509.DuplicateExtension as error:
        case.fail(
            "V4",
            MalformedResponse,
            f"{error.oid.dotted_string} stands twice among the {name}",
            oid=error.oid.dotted_string,
        )
    except DecodeError as error:
        well_formed(case, error)


def extensions_of(
    holder: OCSPResponse | OCSPSingleResponse,
) -> Iterable[x509.Extension[x509.ExtensionType]]:
    """Return the extensions; none where V2 or V4 has found that they are unreadable."""
    try:
        return _extensions(holder)
    except (ValueError, x509.DuplicateExtension):
        return ()


def _extensions(holder: OCSPResponse | OCSPSingleResponse) -> x509.Extensions:
    if isinstance(holder, OCSPResponse):
        return holder.extensions
    return holder.single_extensions


def critical_extensions(case: Case, entry: OCSPSingleResponse | None) -> None:
    """V5: every critical extension of response and entry is understood."""
    _understood(case, case.response, "responseExtensions")
    if entry is not None:
        _understood(case, entry, "singleExtensions")


def _understood(
    case: Case, holder: OCSPResponse | OCSPSingleResponse, name: str
) -> None:
    for extension in extensions_of(holder):
        if extension.critical and not _known(extension.value):
            case.fail(
                "V5",
                UnhandledCriticalExtension,
                f"{extension.oid.dotted_string} among the {name} is critical, "
                "and not known",
                oid=extension.oid.dotted_string,
            )


def _known(value: x509.ExtensionType) -> bool:
    # Those of RFC 6960 §4.4 are of both classes, as the documented API promises.
    return isinstance(value, KnownExtension) or not isinstance(
        value, x509.UnrecognizedExtension
    )
