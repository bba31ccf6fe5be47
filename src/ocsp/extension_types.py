"""
The extensions of RFC 6960 §4.4 that ``cryptography`` has no class for.

Rules of this file:

* Each is an ``x509.ExtensionType``, to be given to ``add_extension``, and is what
  ``extensions`` has for it. As the documented API promises an
  ``x509.UnrecognizedExtension`` for these, each is one as well, with the same octets.
* What was read is decoded when it is asked for: bad content loads, as it does there,
  and is a :class:`ocsp.DecodeError` where its value is wanted.
* Values: equal where the octets are.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple, Self

from cryptography import x509

from ocsp import oids
from ocsp._der import (
    INTEGER,
    NULL_DER,
    SEQUENCE,
    content,
    context,
    encode,
    encode_integer,
    end_of,
    explicit,
    fail,
    oid,
    oid_text,
)
from ocsp._names import (
    check_general_name,
    check_name,
    parse_general_name,
    parse_name,
)
from ocsp._times import encode_time, explicit_time, generalized_time, moment, utc
from ocsp.algorithms import algorithm_identifier, encode_algorithm, read_algorithm
from ocsp.errors import BuildError, DecodeError

__all__ = [
    "ArchiveCutoff",
    "CRLReference",
    "ExtendedRevoke",
    "KnownExtension",
    "Nonce",
    "PreferredSignatureAlgorithm",
    "PreferredSignatureAlgorithms",
    "ServiceLocator",
]

_IA5_STRING = 0x16

SHORTEST_NONCE, LONGEST_NONCE = 1, 128
"""RFC 9654 §2.1."""


class Nonce(x509.OCSPNonce):
    """
    A nonce of a length that RFC 9654 §2.1 allows.

    The documented ``x509.OCSPNonce`` takes any octets, and is what comes out of a
    message; both are equal where their octets are.
    """

    def __init__(self, nonce: bytes) -> None:
        """
        Make a nonce.

        Args:
            nonce: 1 to 128 octets that nobody can predict; requesters use at least
                32 (RFC 9654 §3).

        Raises:
            BuildError: If there are more or fewer.
            TypeError: If *nonce* is not ``bytes``.
        """
        super().__init__(nonce)
        if not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
            raise BuildError(f"a nonce has 1 to 128 octets, not {len(nonce)}")


class KnownExtension(x509.UnrecognizedExtension):
    """What the extensions of this file have in common."""

    known_oid: ClassVar[str]
    """The object identifier, dotted."""

    def __init__(self, value: bytes) -> None:
        super().__init__(oids.identifier(self.known_oid), value)

    @classmethod
    def read(cls, value: bytes) -> Self:
        """Return the extension whose content octets are *value*, whatever they are."""
        extension = cls.__new__(cls)
        KnownExtension.__init__(extension, value)
        return extension

    def check(self) -> None:
        """
        Require that the content is well-formed.

        Raises:
            DecodeError: If it is not.
        """
        self._fields()

    def _fields(self) -> object:
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            fields: object = self._fields()
        except DecodeError:
            fields = f"malformed: {self.value.hex()}"
        return f"<{type(self).__name__}({fields})>"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).read, (self.value,)


class CRLReference(KnownExtension):
    """
    The CRL on which a status is based (``id-pkix-ocsp-crl``, RFC 6960 §4.4.2).

    ::

        CrlID ::= SEQUENCE {
            crlUrl  [0] EXPLICIT IA5String OPTIONAL,
            crlNum  [1] EXPLICIT INTEGER OPTIONAL,
            crlTime [2] EXPLICIT GeneralizedTime OPTIONAL }
    """

    known_oid = oids.CRL

    class Fields(NamedTuple):
        """The three fields, each ``None`` where absent."""

        url: str | None
        number: int | None
        time: datetime.datetime | None

    def __init__(
        self,
        *,
        url: str | None = None,
        number: int | None = None,
        time: datetime.datetime | None = None,
    ) -> None:
        """
        Refer to a CRL.

        Args:
            url: Where it is; ASCII.

            number: Its CRLNumber.

            time: When it was issued; naive times are UTC.

        Raises:
            BuildError: If nothing is given, or *url* is not ASCII.
        """
        if url is None and number is None and time is None:
            raise BuildError("a reference to a CRL has an URL, a number or a time")
        parts = []
        if url is not None:
            if not url.isascii():
                raise BuildError("the URL of a CRL is ASCII")
            parts.append(encode(context(0), encode(_IA5_STRING, url.encode())))
        if number is not None:
            parts.append(encode(context(1), encode_integer(number)))
        if time is not None:
            parts.append(encode(context(2), encode_time(time)))
        super().__init__(encode(SEQUENCE, *parts))

    @property
    def url(self) -> str | None:
        """Where the CRL is, or ``None``."""
        return self._fields().url

    @property
    def number(self) -> int | None:
        """The number of the CRL, or ``None``."""
        return self._fields().number

    @property
    def time(self) -> datetime.datetime | None:
        """When the CRL was issued, aware, in UTC, or ``None``."""
        return self._fields().time

    def _fields(self) -> Fields:
        data = self.value
        position, end = content(data, 0, len(data), SEQUENCE, "CrlID")
        end_of(end, len(data), "CrlID")
        url = number = time = None
        if position < end and data[position] == context(0):
            start, stop, position = explicit(
                data, position, end, 0, _IA5_STRING, "crlUrl"
            )
            url = _ascii(data, start, stop, "crlUrl")
        if position < end and data[position] == context(1):
            start, stop, position = explicit(data, position, end, 1, INTEGER, "crlNum")
            number = int.from_bytes(data[start:stop], signed=True)
        if position < end and data[position] == context(2):
            text, position = explicit_time(data, position, end, 2, "crlTime")
            time = moment(data[text])
        end_of(position, end, "CrlID")
        return self.Fields(url, number, time)


def _ascii(data: bytes, start: int, stop: int, name: str) -> str:
    try:
        return data[start:stop].decode("ascii")
    except UnicodeDecodeError:
        fail("text is not ASCII", name, start)


class ArchiveCutoff(KnownExtension):
    """
    Since when status is kept of certificates that ended (RFC 6960 §4.4.4).

    ``ArchiveCutoff ::= GeneralizedTime``
    """

    known_oid = oids.ARCHIVE_CUTOFF

    def __init__(self, cutoff: datetime.datetime) -> None:
        """
        Say since when.

        Args:
            cutoff: producedAt less the time that status is kept; naive is UTC.

        Raises:
            TypeError: If *cutoff* is no datetime.
        """
        if not isinstance(cutoff, datetime.datetime):
            raise TypeError("cutoff must be a datetime object")
        super().__init__(encode_time(utc(cutoff)))

    @property
    def cutoff(self) -> datetime.datetime:
        """Since when, aware, in UTC."""
        return self._fields()

    def _fields(self) -> datetime.datetime:
        data = self.value
        text, end = generalized_time(data, 0, len(data), "ArchiveCutoff")
        end_of(end, len(data), "ArchiveCutoff")
        return moment(data[text])


class ServiceLocator(KnownExtension):
    """
    Where to send a request on to (RFC 6960 §4.4.6).

    ::

        ServiceLocator ::= SEQUENCE {
            issuer  Name,
            locator AuthorityInfoAccessSyntax OPTIONAL }
    """

    known_oid = oids.SERVICE_LOCATOR

    class Fields(NamedTuple):
        """Both fields."""

        issuer: x509.Name
        locator: x509.AuthorityInformationAccess | None

    def __init__(
        self, issuer: x509.Name, locator: x509.AuthorityInformationAccess | None = None
    ) -> None:
        """
        Name the authority that can answer.

        Args:
            issuer: The issuer of the certificate.

            locator: The certificate's own authority information access.
        """
        access = b"" if locator is None else locator.public_bytes()
        super().__init__(encode(SEQUENCE, issuer.public_bytes(), access))

    @property
    def issuer(self) -> x509.Name:
        """The issuer of the certificate."""
        return self._fields().issuer

    @property
    def locator(self) -> x509.AuthorityInformationAccess | None:
        """The authority information access of the certificate, or ``None``."""
        return self._fields().locator

    def _fields(self) -> Fields:
        data = self.value
        position, end = content(data, 0, len(data), SEQUENCE, "ServiceLocator")
        end_of(end, len(data), "ServiceLocator")
        _, stop = content(data, position, end, SEQUENCE, "issuer")
        name = parse_name(check_name(data, position, stop, "issuer"))
        if stop == end:
            return self.Fields(name, None)
        start, after = content(data, stop, end, SEQUENCE, "locator")
        end_of(after, end, "ServiceLocator")
        access = x509.AuthorityInformationAccess(_access(data, start, after))
        return self.Fields(name, access)


def _access(data: bytes, position: int, end: int) -> Iterator[x509.AccessDescription]:
    """Read the AccessDescriptions between *position* and *end*."""
    while position < end:
        position, stop = content(data, position, end, SEQUENCE, "locator")
        start, position = oid(data, position, stop, "accessMethod")
        method = oids.identifier(oid_text(data[start:position]))
        check_general_name(data, position, stop, "accessLocation")
        yield x509.AccessDescription(method, parse_general_name(data[position:stop]))
        position = stop


class PreferredSignatureAlgorithm(NamedTuple):
    """
    One choice of a client.

    Attributes:
        signature: The DER of the AlgorithmIdentifier of the signature.

        key: The DER of the AlgorithmIdentifier of the signer's key, or ``None``.
    """

    signature: bytes
    key: bytes | None = None

    @classmethod
    def of(
        cls,
        signature: x509.ObjectIdentifier,
        parameters: bytes = b"",
        key: bytes | None = None,
    ) -> Self:
        """Return the choice of a signature algorithm by its object identifier."""
        return cls(encode_algorithm(signature.dotted_string, parameters), key)

    @property
    def signature_algorithm_oid(self) -> x509.ObjectIdentifier:
        """The object identifier of the signature algorithm."""
        return oids.identifier(algorithm_identifier(self.signature).oid)


class PreferredSignatureAlgorithms(KnownExtension):
    """
    The signature algorithms that a client wants, best first (RFC 6960 §4.4.7).

    ::

        PreferredSignatureAlgorithms ::= SEQUENCE OF SEQUENCE {
            sigIdentifier       AlgorithmIdentifier,
            pubKeyAlgIdentifier SMIMECapability OPTIONAL }
    """

    known_oid = oids.PREFERRED_SIGNATURE_ALGORITHMS

    def __init__(self, algorithms: Iterable[PreferredSignatureAlgorithm]) -> None:
        """
        Name *algorithms*, best first.

        Raises:
            BuildError: If there is none.
            DecodeError: If one is no AlgorithmIdentifier.
        """
        chosen = tuple(algorithms)
        if not chosen:
            raise BuildError("no signature algorithm is preferred")
        entries = (encode(SEQUENCE, each.signature, each.key or b"") for each in chosen)
        super().__init__(encode(SEQUENCE, *entries))
        self.check()

    @property
    def algorithms(self) -> tuple[PreferredSignatureAlgorithm, ...]:
        """The choices, best first."""
        return self._fields()

    def _fields(self) -> tuple[PreferredSignatureAlgorithm, ...]:
        data = self.value
        position, end = content(data, 0, len(data), SEQUENCE, "preferred")
        end_of(end, len(data), "preferred")
        found = []
        while position < end:
            position, stop = content(data, position, end, SEQUENCE, "preferred")
            signature, position = read_algorithm(data, position, stop, "sigIdentifier")
            key = None
            if position < stop:
                name = "pubKeyAlgIdentifier"
                key, position = read_algorithm(data, position, stop, name)
                end_of(position, stop, "preferred")
            found.append(PreferredSignatureAlgorithm(signature, key))
        return tuple(found)


class ExtendedRevoke(KnownExtension):
    """
    *revoked* is also what is said of certificates never issued (RFC 6960 §4.4.8).

    ``ExtendedRevoke ::= NULL``
    """

    known_oid = oids.EXTENDED_REVOKE

    def __init__(self) -> None:
        super().__init__(NULL_DER)

    def _fields(self) -> str:
        if self.value != NULL_DER:
            fail("is not NULL", "ExtendedRevoke", 0)
        return ""
