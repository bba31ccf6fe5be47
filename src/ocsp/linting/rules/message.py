"""
L1: the message by itself: encoding, status, empty fields, extensions.

These rules need no key, no certificate and no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.asn1.ber import TIME_CLAUSE
from ocsp.asn1.der import Deviation
from ocsp.asn1.extensions import RawExtension
from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Complaint, Unreadable, Unsuccessful
from ocsp.messages.extension_types import (
    ArchiveCutoff,
    CertHash,
    CRLReference,
    ExtendedRevoke,
)
from ocsp.messages.extension_values import RESPONSE_EXTENSIONS, SINGLE_EXTENSIONS

__all__ = [
    "canonical",
    "error_status",
    "extension_in_wrong_list",
    "has_entries",
    "known_status",
    "known_type",
    "no_bytes_in_error",
    "no_empty_certs",
    "no_empty_extensions",
    "not_critical",
    "times_well_formed",
    "unique_extensions",
    "well_formed_values",
]

_TIMES = ("producedAt", "thisUpdate", "nextUpdate", "revocationTime")


def _rule_for(error: DecodeError) -> Callable[[Unreadable], Iterator[Complaint]]:
    """Return the rule that *error* violates."""
    last = error.path.rpartition(".")[2]
    if error.path == "responseStatus":
        return known_status
    if last == "responseType":
        return known_type
    return times_well_formed if last in _TIMES else canonical


def _decode_error(
    subject: Unreadable, rule: Callable[[Unreadable], Iterator[Complaint]]
) -> Iterator[Complaint]:
    if _rule_for(subject.error) is rule:
        yield _complaint(subject.error)


def _complaint(error: DecodeError) -> Complaint:
    place = "" if error.offset is None else f" (at offset {error.offset})"
    return Complaint(error.path, f"{error.reason}{place}")


def canonical(subject: Unreadable | Unsuccessful | Case) -> Iterator[Complaint]:
    """L101: the response has the structure of the standard, in DER."""
    if isinstance(subject, Unreadable):
        yield from _decode_error(subject, canonical)
        return
    for deviation in subject.tolerated:
        if not _of_time(deviation):
            yield Complaint("", str(deviation))
    if isinstance(subject, Case):
        yield from map(_complaint, subject.unreadable)


def known_status(subject: Unreadable) -> Iterator[Complaint]:
    """L102: responseStatus is one of the six defined values."""
    return _decode_error(subject, known_status)


def known_type(subject: Unreadable) -> Iterator[Complaint]:
    """L103: responseType is id-pkix-ocsp-basic."""
    return _decode_error(subject, known_type)


def times_well_formed(subject: Unreadable | Case) -> Iterator[Complaint]:
    """L104: times have seconds and no fraction, and end with Z."""
    if isinstance(subject, Unreadable):
        return _decode_error(subject, times_well_formed)
    return (Complaint("", str(x)) for x in subject.tolerated if _of_time(x))


def _of_time(deviation: Deviation) -> bool:
    return deviation.clause == TIME_CLAUSE


def no_bytes_in_error(subject: Unsuccessful) -> Iterator[Complaint]:
    """L105: an OCSP error has no responseBytes."""
    if subject.has_body:
        yield Complaint(
            "responseBytes", f"is present, though the status is {_name(subject)}"
        )


def error_status(subject: Unsuccessful) -> Iterator[Complaint]:
    """L113: the response is not an OCSP error."""
    yield Complaint(
        "responseStatus",
        f"is {_name(subject)}: an OCSP error is not signed and states no status",
    )


def _name(subject: Unsuccessful) -> str:
    return subject.status.name.lower().replace("_", " ")


def no_empty_certs(case: Case) -> Iterator[Complaint]:
    """L106: certs is absent if it would be empty."""
    certificates = (*case.response.certificates, *case.unreadable)
    if case.parts.certs and not certificates:
        yield Complaint("certs", "is present but empty")


def no_empty_extensions(case: Case) -> Iterator[Complaint]:
    """L107: a list of extensions is absent if it would be empty."""
    for where, extensions in case.extension_lists():
        if not extensions:
            yield Complaint(where, "is present but empty")


def has_entries(case: Case) -> Iterator[Complaint]:
    """L108: the response has an entry."""
    if not case.entries:
        yield Complaint("responses", "has no entry")


def unique_extensions(case: Case) -> Iterator[Complaint]:
    """L109: no list has an extension twice."""
    for where, extensions in case.extension_lists():
        times = Counter(extension.oid for extension in extensions)
        for oid, number in times.items():
            if number > 1:
                yield Complaint(where, f"has the extension {oid} {number} times")


def well_formed_values(case: Case) -> Iterator[Complaint]:
    """L110: the values of known extensions are well-formed."""
    for where, extensions in case.extension_lists():
        for extension in extensions:
            try:
                _decode(extension, _decoders(where))
            except DecodeError as error:
                yield Complaint(f"{where}[{extension.oid}]", error.reason)


def _decode(
    extension: RawExtension, decoders: Mapping[str, Callable[[bytes], object]]
) -> None:
    decoder = decoders.get(extension.oid)
    value = None if decoder is None else decoder(extension.value)
    if isinstance(value, (ArchiveCutoff, CertHash, CRLReference, ExtendedRevoke)):
        value.check()


def _decoders(where: str) -> Mapping[str, Callable[[bytes], x509.ExtensionType]]:
    return RESPONSE_EXTENSIONS if where == "responseExtensions" else SINGLE_EXTENSIONS


def not_critical(case: Case) -> Iterator[Complaint]:
    """L111: no extension is critical."""
    for where, extensions in case.extension_lists():
        for extension in extensions:
            # L405 reports that for extended-revoke, where it violates a *must*.
            if extension.critical and extension.oid != oids.EXTENDED_REVOKE:
                yield Complaint(f"{where}[{extension.oid}]", "is critical")


def extension_in_wrong_list(case: Case) -> Iterator[Complaint]:
    """L112: every extension is in the list that it is defined for."""
    known = {*RESPONSE_EXTENSIONS, *SINGLE_EXTENSIONS, *_OF_REQUESTS}
    for where, extensions in case.extension_lists():
        for extension in extensions:
            # L405 reports that for extended-revoke, where it violates a *must*.
            strange = extension.oid in known - {*_decoders(where), oids.EXTENDED_REVOKE}
            if strange:
                yield Complaint(
                    f"{where}[{extension.oid}]", "is not defined for this list"
                )


_OF_REQUESTS = (
    oids.ACCEPTABLE_RESPONSES,
    oids.SERVICE_LOCATOR,
    oids.PREFERRED_SIGNATURE_ALGORITHMS,
)
