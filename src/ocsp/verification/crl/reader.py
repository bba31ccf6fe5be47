"""
Read a CRL in DER or PEM (RFC 5280 §5.1): the outer structure and the extensions.

The entries, of which there may be millions, are read at their first use. Names are kept
as octets: a name that cannot be decoded does not make the CRL useless. Nothing is
copied, so the data may also be a file that is mapped into memory.
"""

from __future__ import annotations

import mmap
from typing import cast

from cryptography import x509

from ocsp import limits
from ocsp._compiled import compiled
from ocsp.asn1 import oids
from ocsp.asn1.algorithms import read_algorithm
from ocsp.asn1.der import (
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    any_value,
    content,
    end_of,
    fail,
    integer,
    octets_in_bits,
)
from ocsp.asn1.times import UTC_TIME, utc_or_generalized_time
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.guarded.pem import der_blocks
from ocsp.messages.extensions import ExtensionLayout, read_extensions
from ocsp.verification.crl.entries import CRLEntries
from ocsp.verification.crl.points import Scope, read_scope

__all__ = ["CRLData", "ReadCRL"]

CRLData = bytes | mmap.mmap
"""A CRL as octets, or as a file that is mapped into memory."""

_TBS = "tbsCertList"
_TIMES = (UTC_TIME, GENERALIZED_TIME)
_VERSION_2 = b"\x01"
_PEM_LABEL = "X509 CRL"
_KEY_IDENTIFIER = 0x80


class ReadCRL:
    """
    A CRL whose outer structure was read.

    Attributes:
        name: The name of the CRL in messages.

        data: Its DER.

        tbs: The position of tbsCertList, which is signed.

        algorithm: The DER of the AlgorithmIdentifier of the signature.

        signature: The signature.

        issuer: The DER of the issuer Name.

        this_update: thisUpdate, aware, in UTC.

        next_update: nextUpdate, aware, in UTC, or ``None``.

        extensions: The positions of the extensions in *data*, by their OIDs.

        number: CRLNumber (§5.2.3), or ``None``.

        base_number: BaseCRLNumber, if this is a delta CRL (§5.2.4).

        scope: IssuingDistributionPoint (§5.2.5), or ``None``.

        key_identifier: The keyIdentifier of the signer's key (§5.2.1), or ``None``.

        signers: The certificates whose keys were found to have signed this CRL, each
            with whether SHA-1 was accepted. They are remembered, because one CRL is
            used for many certificates.
    """

    def __init__(self, data: CRLData, name: str) -> None:
        """
        Read the CRL *data*.

        Raises:
            DecodeError: If it is not a CRL, or exceeds a limit.
        """
        if len(data) > limits.MAX_CRL_BYTES:
            raise LimitExceeded("MAX_CRL_BYTES", len(data), limits.MAX_CRL_BYTES)
        # A mapped file has the same operations as bytes: index, slice, find and len.
        # Compiled functions take nothing but bytes.
        der = bytes(data) if compiled else cast("bytes", data)
        self.name = name
        self.data, *_ = der_blocks(der, _PEM_LABEL)
        self.signers: set[tuple[x509.Certificate, bool]] = set()
        self._entries: CRLEntries | DecodeError | None = None
        self._read_outer()
        self.number = self._integer(oids.CRL_NUMBER)
        self.base_number = self._integer(oids.DELTA_CRL_INDICATOR)
        self.scope = self._scope()
        self.key_identifier = self._key_identifier()

    def _read_outer(self) -> None:
        data = self.data
        start, stop = content(data, 0, len(data), SEQUENCE, "")
        end_of(stop, len(data), "")
        tbs, tbs_stop = content(data, start, stop, SEQUENCE, _TBS)
        self.tbs = slice(start, tbs_stop)
        position = tbs_stop
        self.algorithm, position = read_algorithm(
            data, position, stop, "signatureAlgorithm"
        )
        first, last = octets_in_bits(data, position, stop, "signatureValue")
        self.signature = data[first:last]
        end_of(last, stop, "")
        self._read_tbs(tbs, tbs_stop)

    def _read_tbs(self, position: int, end: int) -> None:
        data = self.data
        if position < end and data[position] == INTEGER:
            start, stop = integer(data, position, end, f"{_TBS}.version")
            if data[start:stop] != _VERSION_2:
                fail("is not version 2", f"{_TBS}.version", position)
            position = stop
        signed, after = read_algorithm(data, position, end, f"{_TBS}.signature")
        if signed != self.algorithm:
            raise SchemaError(
                "differs from signatureAlgorithm",
                path=f"{_TBS}.signature",
                offset=position,
            )
        _, position = content(data, after, end, SEQUENCE, f"{_TBS}.issuer")
        self.issuer = data[after:position]
        self.this_update, position = utc_or_generalized_time(
            data, position, end, f"{_TBS}.thisUpdate"
        )
        self.next_update = None
        if position < end and data[position] in _TIMES:
            self.next_update, position = utc_or_generalized_time(
                data, position, end, f"{_TBS}.nextUpdate"
            )
        self._revoked = slice(position, position)
        if position < end and data[position] == SEQUENCE:
            _, start, position = any_value(
                data, position, end, f"{_TBS}.revokedCertificates"
            )
            self._revoked = slice(start, position)
        self._check_size(end)
        self._read_extensions(position, end)

    def _check_size(self, end: int) -> None:
        """Limit all parts but the entries, which are copied and compared."""
        size = end - (self._revoked.stop - self._revoked.start)
        if size > limits.MAX_MESSAGE_BYTES:
            raise LimitExceeded(
                "MAX_MESSAGE_BYTES", size, limits.MAX_MESSAGE_BYTES, path=_TBS
            )

    def _read_extensions(self, position: int, end: int) -> None:
        self.extensions: dict[str, ExtensionLayout] = {}
        name = f"{_TBS}.crlExtensions"
        if position < end:
            found, position = read_extensions(self.data, position, end, 0, name)
            for each in found:
                if each.oid in self.extensions:
                    raise SchemaError(f"has the extension {each.oid} twice", path=name)
                self.extensions[each.oid] = each
        end_of(position, end, _TBS)

    @property
    def signed(self) -> memoryview:
        """The signed octets, without a copy."""
        return memoryview(self.data)[self.tbs]

    @property
    def octets(self) -> int:
        """The size of the CRL, with what was noted of its entries if they were read."""
        if isinstance(self._entries, CRLEntries):
            return len(self.data) + self._entries.octets
        return len(self.data)

    @property
    def entries(self) -> CRLEntries:
        """
        The entries, which are read at the first use.

        Raises:
            DecodeError: If they are malformed.
        """
        if self._entries is None:
            try:
                self._entries = CRLEntries(self.data, self._revoked)
            except DecodeError as error:
                self._entries = error
        if not isinstance(self._entries, CRLEntries):
            raise self._entries
        return self._entries

    def value(self, dotted: str) -> bytes | None:
        """Return the content of the extension *dotted*, if the CRL has it."""
        found = self.extensions.get(dotted)
        return None if found is None else self.data[found.value]

    def _integer(self, dotted: str) -> int | None:
        value = self.value(dotted)
        if value is None:
            return None
        start, stop = integer(value, 0, len(value), dotted)
        end_of(stop, len(value), dotted)
        return int.from_bytes(value[start:stop], signed=True)

    def _scope(self) -> Scope | None:
        value = self.value(oids.ISSUING_DISTRIBUTION_POINT)
        return None if value is None else read_scope(value, self.issuer)

    def _key_identifier(self) -> bytes | None:
        """Return the keyIdentifier, or ``None`` if it is absent or cannot be read."""
        value = self.value(oids.AUTHORITY_KEY_IDENTIFIER) or b""
        try:
            position, end = content(value, 0, len(value), SEQUENCE, "")
            start, stop = content(value, position, end, _KEY_IDENTIFIER, "")
        except DecodeError:
            return None
        return value[start:stop]
