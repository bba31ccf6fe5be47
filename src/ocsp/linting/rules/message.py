"""
L1: the message by itself: encoding, status, empty fields, extensions.

Rules of this file: nothing here needs a key, a certificate or a clock. Each function is
one rule of the table and yields what it finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Complaint, Unreadable, Unsuccessful
from ocsp.messages.extension_types import ArchiveCutoff, CRLReference, ExtendedRevoke
from ocsp.messages.extensions import RESPONSE_EXTENSIONS, SINGLE_EXTENSIONS
from ocsp.messages.raw_fields import RawExtension

__all__ = [
    "canonical",
    "error_alone",
    "extension_in_wrong_list",
    "has_entries",
    "known_status",
    "known_type",
    "no_empty_certs",
    "no_empty_extensions",
    "not_critical",
    "once_each",
    "times_written_right",
    "tried_to_answer",
    "well_formed_values",
]

_TIMES = ("producedAt", "thisUpdate", "nextUpdate", "revocationTime")


def _kind(error: DecodeError) -> Callable[[Unreadable], Iterator[Complaint]]:
    """Return the rule that *error* is against."""
    last = error.path.rpartition(".")[2]
    if error.path == "responseStatus":
        return known_status
    if last == "responseType":
        return known_type
    return times_written_right if last in _TIMES else canonical


def _refused(
    subject: Unreadable, rule: Callable[[Unreadable], Iterator[Complaint]]
) -> Iterator[Complaint]:
    error = subject.error
    if _kind(error) is rule:
        place = "" if error.offset is None else f" (at offset {error.offset})"
        yield Complaint(error.path, f"{error.reason}{place}")


def canonical(subject: Unreadable) -> Iterator[Complaint]:
    """L101: the response is what the standard describes, in canonical DER."""
    return _refused(subject, canonical)


def known_status(subject: Unreadable) -> Iterator[Complaint]:
    """L102: responseStatus is one of the six that there are."""
    return _refused(subject, known_status)


def known_type(subject: Unreadable) -> Iterator[Complaint]:
    """L103: responseType is id-pkix-ocsp-basic."""
    return _refused(subject, known_type)


def times_written_right(subject: Unreadable) -> Iterator[Complaint]:
    """L104: times have seconds, no fraction, and end in Z."""
    return _refused(subject, times_written_right)


def error_alone(subject: Unsuccessful) -> Iterator[Complaint]:
    """L105: an error has nothing but its status."""
    if subject.has_body:
        yield Complaint(
            "responseBytes", f"is there, and the status is {_name(subject)}"
        )


def tried_to_answer(subject: Unsuccessful) -> Iterator[Complaint]:
    """L113: an error says nothing of a certificate."""
    yield Complaint(
        "responseStatus", f"is {_name(subject)}: nobody has signed that, and it is all"
    )


def _name(subject: Unsuccessful) -> str:
    return subject.status.name.lower().replace("_", " ")


def no_empty_certs(case: Case) -> Iterator[Complaint]:
    """L106: certs is absent where there are none."""
    if case.parts.certs and not case.response.certificates:
        yield Complaint("certs", "is there, and empty")


def no_empty_extensions(case: Case) -> Iterator[Complaint]:
    """L107: a list of extensions is absent where there are none."""
    for where, extensions in case.lists():
        if not extensions:
            yield Complaint(where, "is there, and empty")


def has_entries(case: Case) -> Iterator[Complaint]:
    """L108: the response is about a certificate."""
    if not case.entries:
        yield Complaint("responses", "has no entry")


def once_each(case: Case) -> Iterator[Complaint]:
    """L109: no extension stands twice in a list."""
    for where, extensions in case.lists():
        times = Counter(extension.oid for extension in extensions)
        for oid, number in times.items():
            if number > 1:
                yield Complaint(where, f"{oid} stands there {number} times")


def well_formed_values(case: Case) -> Iterator[Complaint]:
    """L110: the value of a known extension is what its standard says."""
    for where, extensions in case.lists():
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
    if isinstance(value, (ArchiveCutoff, CRLReference, ExtendedRevoke)):
        value.check()


def _decoders(where: str) -> Mapping[str, Callable[[bytes], x509.ExtensionType]]:
    return RESPONSE_EXTENSIONS if where == "responseExtensions" else SINGLE_EXTENSIONS


def not_critical(case: Case) -> Iterator[Complaint]:
    """L111: no extension is critical."""
    for where, extensions in case.lists():
        for extension in extensions:
            # L405 says that of extended-revoke, where it is a must.
            if extension.critical and extension.oid != oids.EXTENDED_REVOKE:
                yield Complaint(f"{where}[{extension.oid}]", "is critical")


def extension_in_wrong_list(case: Case) -> Iterator[Complaint]:
    """L112: an extension stands in the list that it is defined for."""
    known = {*RESPONSE_EXTENSIONS, *SINGLE_EXTENSIONS, *_OF_REQUESTS}
    for where, extensions in case.lists():
        for extension in extensions:
            # L405 says that of extended-revoke, where it is a must.
            strange = extension.oid in known - {*_decoders(where), oids.EXTENDED_REVOKE}
            if strange:
                yield Complaint(f"{where}[{extension.oid}]", "does not belong there")


_OF_REQUESTS = (
    oids.ACCEPTABLE_RESPONSES,
    oids.SERVICE_LOCATOR,
    oids.PREFERRED_SIGNATURE_ALGORITHMS,
)
