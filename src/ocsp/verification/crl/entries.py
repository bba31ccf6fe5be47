"""
The entries of a CRL (RFC 5280 §5.1.2.6 and §5.3): check them once, find them by serial.

A CRL may have millions of entries, so no object is made for each: one scan checks their
structure and notes their positions, in eight octets for each entry.
"""

from __future__ import annotations

import datetime
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.der import (
    GENERALIZED_TIME,
    SEQUENCE,
    any_value,
    content,
    end_of,
    enumerated,
    integer,
)
from ocsp.asn1.serial_index import SerialIndex, SerialIndexBuilder
from ocsp.asn1.times import (
    UTC_TIME,
    generalized_time,
    moments,
    utc_or_generalized_time,
)
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.messages.extensions import ExtensionLayout, read_extension_list
from ocsp.verification.crl.points import GeneralNames, directory_names, read_names

__all__ = ["CRLEntries", "CRLEntry"]

_NAME = "tbsCertList.revokedCertificates"
_TIMES = (UTC_TIME, GENERALIZED_TIME)
_MOST_REMEMBERED = 1024


class CRLEntry(NamedTuple):
    """
    One entry of a CRL.

    Attributes:
        time: revocationDate, aware, in UTC.

        reason: The number of reasonCode (§5.3.1), or ``None``.

        issuer: The names of the certificate's issuer, from the certificateIssuer of
            this entry or of the nearest one before it (§5.3.3). ``None`` means the CRL
            issuer.

        invalidity_date: invalidityDate (§5.3.2), aware, in UTC, or ``None`` if it is
            absent or, where it is not critical, malformed.
    """

    time: datetime.datetime
    reason: int | None
    issuer: GeneralNames | None
    invalidity_date: datetime.datetime | None = None


class CRLEntries:
    """
    The entries of one CRL, immutable.

    Attributes:
        unknown_critical: The OID of the first critical extension that is not known, or
            an empty string.
    """

    __slots__ = (
        "_begin",
        "_data",
        "_end",
        "_index",
        "_issuers",
        "_latest_issuer",
        "unknown_critical",
    )

    def __init__(self, data: bytes, position: slice) -> None:
        """
        Read the entries at *position* of *data*.

        Raises:
            DecodeError: If an entry, or a critical extension of one, is malformed.
        """
        self._data = data
        self._begin: int = position.start
        self._end: int = position.stop
        self.unknown_critical = ""
        self._issuers = array("I")
        self._latest_issuer: tuple[int, GeneralNames] = (-1, ())
        self._index = self._scan(position.start)

    @property
    def names_issuers(self) -> bool:
        """Whether an entry has the extension certificateIssuer."""
        return bool(self._issuers)

    @property
    def octets(self) -> int:
        """The size of what was noted of the entries."""
        return self._index.octets + self._issuers.itemsize * len(self._issuers)

    def find(self, serial: bytes) -> Iterator[CRLEntry]:
        """
        Return the entries with the serial number *serial*, in the order of the CRL.

        Args:
            serial: The content of the INTEGER, as in the certificate.

        Raises:
            DecodeError: If such an entry is malformed.
            LimitExceeded: If there are more such entries than ``MAX_ENTRIES``.
        """
        found = 0
        for position in self._index.candidates(serial):
            start, stop = content(self._data, position, self._end, SEQUENCE, _NAME)
            first, last = integer(self._data, start, stop, _NAME)
            if self._data[first:last] == serial:
                found += 1
                if found > limits.MAX_ENTRIES:
                    raise LimitExceeded("MAX_ENTRIES", found, limits.MAX_ENTRIES)
                yield self._read(position, last, stop)

    def all(self) -> Iterator[tuple[int, CRLEntry]]:
        """
        Return the serial number of each entry, and the entry, in the order of the CRL.

        Raises:
            DecodeError: If an entry is malformed.
        """
        position = self._begin
        while position < self._end:
            start, stop = content(self._data, position, self._end, SEQUENCE, _NAME)
            first, last = integer(self._data, start, stop, _NAME)
            serial = int.from_bytes(self._data[first:last], signed=True)
            yield serial, self._read(position, last, stop)
            position = stop

    def _scan(self, position: int) -> SerialIndex:
        """Check all entries; return where each is, by its serial number."""
        data, end = self._data, self._end
        index = SerialIndexBuilder()
        checked: dict[bytes, bool] = {}
        while position < end:
            start, stop = content(data, position, end, SEQUENCE, _NAME)
            first, after = integer(data, start, stop, f"{_NAME}.userCertificate")
            index.add(data[first:after], position)
            tag, _, after = any_value(data, after, stop, f"{_NAME}.revocationDate")
            if tag not in _TIMES:
                raise SchemaError("is not a time", path=_NAME, offset=position)
            if after < stop:
                # Most CRLs have few different lists of extensions, one for each reason.
                block = data[after:stop]
                has_issuer = checked.get(block)
                if has_issuer is None:
                    has_issuer = self._check_extensions(block)
                    if len(checked) < _MOST_REMEMBERED:
                        checked[block] = has_issuer
                if has_issuer:
                    self._issuers.append(position)
            position = stop
        return index.build()

    def _check_extensions(self, block: bytes) -> bool:
        """Check the extensions of an entry; return whether it has certificateIssuer."""
        extensions = _extensions(block)
        for dotted, each in extensions.items():
            if dotted == oids.CERTIFICATE_ISSUER:
                _issuer(block, each)
            elif each.critical and dotted == oids.CRL_REASON:
                _reason(block, each)
            elif each.critical and dotted == oids.INVALIDITY_DATE:
                _invalidity_date(block, each)
            elif each.critical:
                self.unknown_critical = self.unknown_critical or dotted
        return oids.CERTIFICATE_ISSUER in extensions

    def _read(self, position: int, after: int, stop: int) -> CRLEntry:
        """Return the entry at *position*, whose serial number ends at *after*."""
        name = f"{_NAME}.revocationDate"
        time, after = utc_or_generalized_time(self._data, after, stop, name)
        reason = invalid = None
        if after < stop:
            block = self._data[after:stop]
            extensions = _extensions(block)
            if (each := extensions.get(oids.CRL_REASON)) is not None:
                reason = _reason(block, each)
            if (each := extensions.get(oids.INVALIDITY_DATE)) is not None:
                invalid = _readable_invalidity_date(block, each)
        return CRLEntry(time, reason, self._issuer_at(position), invalid)

    def _issuer_at(self, position: int) -> GeneralNames | None:
        """Return the issuer that holds for the entry at *position*."""
        earlier = bisect_right(self._issuers, position)
        if earlier == 0:
            return None
        position = self._issuers[earlier - 1]
        latest, names = self._latest_issuer
        if position != latest:
            names = self._read_issuer(position)
            self._latest_issuer = position, names
        return names

    def _read_issuer(self, position: int) -> GeneralNames:
        """Return the names in the certificateIssuer of the entry at *position*."""
        start, stop = content(self._data, position, self._end, SEQUENCE, _NAME)
        _, after = integer(self._data, start, stop, _NAME)
        _, _, after = any_value(self._data, after, stop, _NAME)
        block = self._data[after:stop]
        return _issuer(block, _extensions(block)[oids.CERTIFICATE_ISSUER])


# --- extensions of an entry ----------------------------------------------------------


def _extensions(block: bytes) -> dict[str, ExtensionLayout]:
    """Return the extensions in the SEQUENCE *block*, by their OIDs."""
    name = f"{_NAME}.crlEntryExtensions"
    start, stop = content(block, 0, len(block), SEQUENCE, name)
    end_of(stop, len(block), name)
    extensions = read_extension_list(block, start, stop, name)
    found = {each.oid: each for each in extensions}
    if len(found) < len(extensions):
        raise SchemaError("has an extension twice", path=name)
    return found


def _reason(block: bytes, extension: ExtensionLayout) -> int:
    value, name = block[extension.value], "reasonCode"
    code, stop = enumerated(value, 0, len(value), name)
    end_of(stop, len(value), name)
    return code


def _invalidity_date(block: bytes, extension: ExtensionLayout) -> datetime.datetime:
    value, name = block[extension.value], "invalidityDate"
    text, stop = generalized_time(value, 0, len(value), name)
    end_of(stop, len(value), name)
    return moments[value[text]]


def _readable_invalidity_date(
    block: bytes, extension: ExtensionLayout
) -> datetime.datetime | None:
    try:
        return _invalidity_date(block, extension)
    except DecodeError:  # a critical one was checked with all entries
        return None


def _issuer(block: bytes, extension: ExtensionLayout) -> GeneralNames:
    """
    Return the names in certificateIssuer (RFC 5280 §5.3.3).

    Raises:
        SchemaError: If it is not critical, or names no distinguished name.
    """
    names = read_names(block[extension.value], "certificateIssuer")
    if not extension.critical:
        raise SchemaError("is not critical", path="certificateIssuer")
    if not directory_names(names):
        raise SchemaError("has no distinguished name", path="certificateIssuer")
    return names
