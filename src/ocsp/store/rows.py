"""Read and write the columns of a store, which are the same in all databases."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from ocsp.asn1.der import integer_octets
from ocsp.errors import StoreError
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, DueAnswer
from ocsp.store.values import (
    CertificateRow,
    Entry,
    moment,
    record_from,
    seconds,
    serial_from,
    status_columns,
)

__all__ = [
    "Due",
    "certificate_columns",
    "due_from",
    "entry_from",
]

_log = logging.getLogger("ocsp.store")


_FORMS = {int(form): form for form in CertIDForm}
"""The forms by their numbers: a call of an enumeration takes four times as long."""


class Due(NamedTuple):
    """
    The answers that have to be signed.

    Attributes:
        answers: The answers.

        unreadable: The certificates whose rows have values that mean nothing.
    """

    answers: list[DueAnswer]
    unreadable: list[tuple[StatusQuery, CertIDForm]]


def due_from(issuer: IssuerKey, rows: Iterable[tuple[Any, ...]]) -> Due:
    """
    Return the answers of *issuer* to sign.

    Args:
        issuer: The issuer.

        rows: ``serial``, ``form``, ``revoked``, ``reason``, ``invalid``, ``expires``,
            ``cert_hash`` and ``version``.
    """
    found = Due([], [])
    for serial, form, revoked, reason, invalid, expires, cert_hash, version in rows:
        query = StatusQuery(issuer, serial_from(serial))
        try:
            record = record_from(revoked, reason, invalid, expires, cert_hash)
        except StoreError as error:
            _log.error("serial number %#x: %s", query.serial_number, error)
            found.unreadable.append((query, _FORMS[form]))
        else:
            found.answers.append(DueAnswer(query, _FORMS[form], record, version))
    return found


def entry_from(row: tuple[Any, ...]) -> Entry:
    """
    Return one certificate.

    Args:
        row: ``issuer_id``, ``serial``, the issuer's ``subject``, ``name_hash`` and
            ``key_hash``; the certificate's ``subject``, ``revoked``, ``reason``,
            ``invalid``, ``expires``, ``cert_hash`` and ``version``.

    Raises:
        StoreError: If it has values that mean nothing.
    """
    _, serial, name, name_hash, key_hash, subject, *status, version = row
    return Entry(
        issuer=name,
        issuer_key=IssuerKey(name_hash, key_hash),
        serial_number=serial_from(serial),
        subject=subject,
        expires=moment(status[3]),
        record=record_from(*status),
        version=version,
    )


def certificate_columns(row: CertificateRow) -> tuple[Any, ...]:
    """
    Return the columns of a certificate.

    They are ``serial``, ``subject``, ``expires``, ``cert_hash``, ``revoked``,
    ``reason`` and ``invalid``.
    """
    return (
        integer_octets(row.serial_number),
        row.subject,
        seconds(row.expires),
        row.record.cert_hash or None,
        *status_columns(row.record),
    )
