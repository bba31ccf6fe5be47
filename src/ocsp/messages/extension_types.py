"""
The extensions of RFC 6960 §4.4 for which ``cryptography`` has no class.

Programs give them to ``add_extension`` and find them in ``extensions``.
``cryptography`` returns an ``x509.UnrecognizedExtension`` for these extensions, so each
class here is a subclass of it, with the same ``value``.

Values are decoded at their first access. An extension with malformed content loads, as
in ``cryptography``; access to its value raises :class:`ocsp.DecodeError`. The path of
the error starts with the ASN.1 name of the type, and its offset counts from the start
of the extension's content.

Extensions are immutable, can be pickled, and are equal if their octets are equal.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple, NoReturn, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import (
    algorithm_identifier,
    algorithm_name,
    cert_id_hash,
    encode_algorithm,
    hash_oid,
    read_algorithm,
    usual_parameters,
)
from ocsp.asn1.certificates import parts_of
from ocsp.asn1.der import (
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    content,
    context,
    encode,
    encode_integer,
    end_of,
    explicit,
    fail,
    integer,
    number_text,
    oid,
    oid_text,
)
from ocsp.asn1.names import (
    check_general_name,
    check_name,
    parse_general_name,
    parse_name,
)
from ocsp.asn1.times import (
    encode_time,
    explicit_time,
    generalized_time,
    moments,
    timestamp,
)
from ocsp.errors import BuildError, DecodeError, SchemaError
from ocsp.messages.certid import check_hash

__all__ = [
    "LONGEST_NONCE",
    "SHORTEST_NONCE",
    "ArchiveCutoff",
    "CRLReference",
    "CertHash",
    "ExtendedRevoke",
    "KnownExtension",
    "Nonce",
    "PreferredSignatureAlgorithm",
    "PreferredSignatureAlgorithms",
    "ServiceLocator",
]


class KnownExtension(x509.UnrecognizedExtension):
    """The base class of the extensions of this module."""

    # A class attribute, as ``x509.ExtensionType`` has it; x509.UnrecognizedExtension
    # makes it a property.
    oid: ClassVar[x509.ObjectIdentifier]
    """The object identifier."""

    def __init__(self, value: bytes) -> None:
        super().__init__(self.oid, value)

    @classmethod
    def read(cls, value: bytes) -> Self:
        """Return the extension with the content octets *value*, without a check."""
        extension = cls.__new__(cls)
        KnownExtension.__init__(extension, value)
        return extension

    def check(self) -> None:
        """
        Check that the content is well-formed.

        Raises:
            DecodeError: If it is malformed.
        """
        self._fields()

    def _fields(self) -> object:
        raise NotImplementedError

    def _text(self) -> str:
        """Return the fields as text, for ``repr``."""
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            text = self._text()
        except DecodeError as error:
            text = f"malformed: {error}"
        return f"<{type(self).__name__}({text})>"

    def __reduce__(self) -> tuple[object, ...]:
        return self.read, (self.value,)

    def __setattr__(self, name: str, value: object) -> None:
        # The base class has no slots and sets these two attributes, once.
        if name not in {"_oid", "_value"} or name in self.__dict__:
            self._refuse()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")


def _require(name: str, value: object, kind: type) -> None:
    """
    Check the type of an argument.

    Raises:
        TypeError: If *value* is not of the type *kind*.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be of type {kind.__name__}")


_IA5_STRING = 0x16

SHORTEST_NONCE, LONGEST_NONCE = 1, 128
"""Octets of a nonce (RFC 9654 §2.1). A nonce with another length is malformed."""


class Nonce(x509.OCSPNonce):
    """
    A nonce with a length that RFC 9654 §2.1 allows.

    ``x509.OCSPNonce`` of ``cryptography`` accepts any length; messages that were loaded
    contain objects of that class. Both are equal if their octets are equal.
    """

    def __init__(self, nonce: bytes) -> None:
        """
        Make a nonce.

        Args:
            nonce: 1 to 128 unpredictable octets; requesters use at least 32 (RFC 9654
                §3).

        Raises:
            BuildError: If *nonce* is empty or longer than 128 octets.
            TypeError: If *nonce* is not ``bytes``.
        """
        super().__init__(nonce)
        if not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
            raise BuildError(f"a nonce has 1 to 128 octets, not {len(nonce)}")


class CRLReference(KnownExtension):
    """
    A reference to the CRL that is the source of a status (RFC 6960 §4.4.2).

    ::

        CrlID ::= SEQUENCE {
            crlUrl  [0] EXPLICIT IA5String OPTIONAL,
            crlNum  [1] EXPLICIT INTEGER OPTIONAL,
            crlTime [2] EXPLICIT GeneralizedTime OPTIONAL }
    """

    oid = oids.identifier(oids.CRL)

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
            url: The URL of the CRL, in ASCII.

            number: The CRLNumber, not negative.

            time: When the CRL was issued; a naive time is UTC, microseconds are
                dropped.

        Raises:
            BuildError: If no argument is given, *url* is not ASCII, or *number* is
                negative.
            TypeError: If an argument is of another type.
        """
        if url is None and number is None and time is None:
            raise BuildError("a reference to a CRL needs a URL, a number or a time")
        parts = []
        if url is not None:
            _require("url", url, str)
            if not url.isascii():
                raise BuildError(f"the URL of a CRL must be ASCII, not {url!r}")
            parts.append(encode(context(0), encode(_IA5_STRING, url.encode())))
        if number is not None:
            _require("number", number, int)
            if number < 0:
                raise BuildError(f"the number of a CRL must not be negative: {number}")
            parts.append(encode(context(1), encode_integer(number)))
        if time is not None:
            _require("time", time, datetime.datetime)
            parts.append(encode(context(2), encode_time(time)))
        super().__init__(encode(SEQUENCE, *parts))

    @property
    def url(self) -> str | None:
        """The URL of the CRL, or ``None``."""
        return self._fields().url

    @property
    def number(self) -> int | None:
        """The number of the CRL, or ``None``."""
        return self._fields().number

    @property
    def time(self) -> datetime.datetime | None:
        """When the CRL was issued, as an aware datetime in UTC, or ``None``."""
        return self._fields().time

    def _fields(self) -> Fields:
        data = self.value
        position, end = content(data, 0, len(data), SEQUENCE, "CrlID")
        end_of(end, len(data), "CrlID")
        url = number = time = None
        if position < end and data[position] == context(0):
            url, position = _ia5_text(data, position, end, "CrlID.crlUrl")
        if position < end and data[position] == context(1):
            number, position = _number(data, position, end, "CrlID.crlNum")
        if position < end and data[position] == context(2):
            text, position = explicit_time(data, position, end, 2, "CrlID.crlTime")
            time = moments[data[text]]
        end_of(position, end, "CrlID")
        return self.Fields(url, number, time)

    def _text(self) -> str:
        url, number, time = self._fields()
        parts = [
            "" if url is None else f"url={url!r}",
            "" if number is None else f"number={number_text(number)}",
            "" if time is None else f"time={timestamp(time)}",
        ]
        return ", ".join(part for part in parts if part)


def _ia5_text(data: bytes, position: int, end: int, name: str) -> tuple[str, int]:
    """Return the text of an IA5String in the EXPLICIT tag 0, and where it ends."""
    start, stop, end = explicit(data, position, end, 0, _IA5_STRING, name)
    try:
        return data[start:stop].decode("ascii"), end
    except UnicodeDecodeError:
        fail("text is not ASCII", name, start)


def _number(data: bytes, position: int, end: int, name: str) -> tuple[int, int]:
    """Return the value of an INTEGER in the EXPLICIT tag 1, and where it ends."""
    start, end = content(data, position, end, context(1), name)
    start, stop = integer(data, start, end, name)
    end_of(stop, end, name)
    return int.from_bytes(data[start:stop], signed=True), end


class ArchiveCutoff(KnownExtension):
    """
    The date back to which a responder retains the status of expired certificates.

    RFC 6960 §4.4.4.

    ``ArchiveCutoff ::= GeneralizedTime``
    """

    oid = oids.identifier(oids.ARCHIVE_CUTOFF)

    def __init__(self, cutoff: datetime.datetime) -> None:
        """
        Make an archive cutoff.

        Args:
            cutoff: producedAt minus the time for which the responder retains statuses;
                a naive time is UTC, microseconds are dropped.

        Raises:
            TypeError: If *cutoff* is not a datetime.
        """
        _require("cutoff", cutoff, datetime.datetime)
        super().__init__(encode_time(cutoff))

    @property
    def cutoff(self) -> datetime.datetime:
        """The archive cutoff, as an aware datetime in UTC."""
        return self._fields()

    def _fields(self) -> datetime.datetime:
        data = self.value
        text, end = generalized_time(data, 0, len(data), "ArchiveCutoff")
        end_of(end, len(data), "ArchiveCutoff")
        return moments[data[text]]

    def _text(self) -> str:
        return timestamp(self.cutoff)


class CertHash(KnownExtension):
    """
    The hash of the certificate that an entry is about (Common PKI 2.0 Part 4 §3.1.2).

    It shows that the responder knows the certificate itself.

    ::

        CertHash ::= SEQUENCE {
            hashAlgorithm   AlgorithmIdentifier,
            certificateHash OCTET STRING }
    """

    oid = oids.identifier(oids.CERT_HASH)

    class Fields(NamedTuple):
        """The two fields; the algorithm in DER."""

        algorithm: bytes
        digest: bytes

    def __init__(
        self, certificate: x509.Certificate, algorithm: hashes.HashAlgorithm
    ) -> None:
        """
        Make the hash of *certificate*.

        Args:
            certificate: The certificate that the entry is about.

            algorithm: SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.

        Raises:
            TypeError: If *certificate* is not a certificate.
            BuildError: If *algorithm* is another algorithm.
        """
        _require("certificate", certificate, x509.Certificate)
        check_hash(algorithm)
        super().__init__(
            _hash_and_algorithm(certificate.fingerprint(algorithm), algorithm)
        )

    @classmethod
    def of_digest(cls, digest: bytes, algorithm: hashes.HashAlgorithm) -> Self:
        """
        Return the extension for a certificate of which only the hash is known.

        Args:
            digest: The hash of the whole DER of the certificate.

            algorithm: SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.

        Raises:
            TypeError: If *digest* is not ``bytes``.
            BuildError: If *algorithm* is another algorithm, or *digest* has not its
                size.
        """
        _require("digest", digest, bytes)
        check_hash(algorithm)
        if len(digest) != algorithm.digest_size:
            raise BuildError(
                f"digest has {len(digest)} octets; {algorithm.name} has"
                f" {algorithm.digest_size}"
            )
        return cls.read(_hash_and_algorithm(digest, algorithm))

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The hash algorithm.

        Raises:
            UnsupportedAlgorithm: If it is not SHA-1 or SHA-2.
        """
        return cert_id_hash(self._fields().algorithm)

    @property
    def certificate_hash(self) -> bytes:
        """The hash of the certificate, over its whole DER."""
        return self._fields().digest

    def matches(self, certificate: x509.Certificate) -> bool:
        """
        Return whether this is the hash of *certificate*.

        Raises:
            UnsupportedAlgorithm: If the hash algorithm is not SHA-1 or SHA-2.
        """
        return certificate.fingerprint(self.hash_algorithm) == self.certificate_hash

    def _fields(self) -> Fields:
        data = self.value
        position, end = content(data, 0, len(data), SEQUENCE, "CertHash")
        end_of(end, len(data), "CertHash")
        algorithm, position = read_algorithm(
            data, position, end, "CertHash.hashAlgorithm"
        )
        start, position = content(
            data, position, end, OCTET_STRING, "CertHash.certificateHash"
        )
        end_of(position, end, "CertHash")
        return self.Fields(algorithm, data[start:position])

    def _text(self) -> str:
        fields = self._fields()
        return f"{algorithm_name(fields.algorithm)}, {fields.digest.hex()}"


def _hash_and_algorithm(digest: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    identifier = encode_algorithm(hash_oid(algorithm), NULL_DER)
    return encode(SEQUENCE, identifier, encode(OCTET_STRING, digest))


class ServiceLocator(KnownExtension):
    """
    The issuer and responder to which a responder forwards a request (RFC 6960 §4.4.6).

    ::

        ServiceLocator ::= SEQUENCE {
            issuer  Name,
            locator AuthorityInfoAccessSyntax OPTIONAL }
    """

    oid = oids.identifier(oids.SERVICE_LOCATOR)

    class Fields(NamedTuple):
        """Both fields."""

        issuer: x509.Name
        locator: x509.AuthorityInformationAccess | None

    def __init__(
        self, issuer: x509.Name, locator: x509.AuthorityInformationAccess | None = None
    ) -> None:
        """
        Make a service locator.

        Args:
            issuer: The name of the certificate's issuer.

            locator: The authority information access extension of the certificate.

        Raises:
            TypeError: If an argument is of another type.
        """
        _require("issuer", issuer, x509.Name)
        if locator is not None:
            _require("locator", locator, x509.AuthorityInformationAccess)
        access = b"" if locator is None else locator.public_bytes()
        super().__init__(encode(SEQUENCE, issuer.public_bytes(), access))

    @classmethod
    def for_certificate(cls, cert: x509.Certificate) -> Self:
        """
        Return the service locator with the issuer and the locator of *cert*.

        The issuer name is copied exactly as it is in *cert*.

        Raises:
            TypeError: If *cert* is not a certificate.
            SchemaError: If its authority information access cannot be decoded.
        """
        _require("cert", cert, x509.Certificate)
        # Imported here: few programs make this extension.
        from ocsp.asn1.extensions import extensions_of

        locator = extensions_of(cert).find(x509.AuthorityInformationAccess)
        access = b"" if locator is None else locator.public_bytes()
        return cls.read(encode(SEQUENCE, parts_of(cert).issuer, access))

    @property
    def issuer(self) -> x509.Name:
        """The name of the certificate's issuer."""
        return self._fields().issuer

    @property
    def locator(self) -> x509.AuthorityInformationAccess | None:
        """The authority information access of the certificate, or ``None``."""
        return self._fields().locator

    def _fields(self) -> Fields:
        data = self.value
        position, end = content(data, 0, len(data), SEQUENCE, "ServiceLocator")
        end_of(end, len(data), "ServiceLocator")
        name = "ServiceLocator.issuer"
        _, stop = content(data, position, end, SEQUENCE, name)
        der = check_name(data, position, stop, name)
        try:
            issuer = parse_name(der)
        except ValueError as error:
            raise SchemaError(str(error), path=name) from error
        if stop == end:
            return self.Fields(issuer, None)
        start, after = content(data, stop, end, SEQUENCE, "ServiceLocator.locator")
        end_of(after, end, "ServiceLocator")
        access = x509.AuthorityInformationAccess(_access(data, start, after))
        return self.Fields(issuer, access)

    def _text(self) -> str:
        issuer, locator = self._fields()
        places = [each.access_location.value for each in locator or ()]
        return ", ".join((repr(issuer.rfc4514_string()), *map(repr, places)))


def _access(data: bytes, position: int, end: int) -> Iterator[x509.AccessDescription]:
    """Read the AccessDescriptions between *position* and *end*."""
    number = 0
    while position < end:
        name = f"ServiceLocator.locator[{number}]"
        position, stop = content(data, position, end, SEQUENCE, name)
        start, position = oid(data, position, stop, f"{name}.accessMethod")
        method = oids.identifier(oid_text(data[start:position]))
        check_general_name(data, position, stop, f"{name}.accessLocation")
        try:
            location = parse_general_name(data[position:stop])
        except DecodeError as error:
            error.under(f"{name}.accessLocation")
            raise
        yield x509.AccessDescription(method, location)
        position = stop
        number += 1


class ExtendedRevoke(KnownExtension):
    """
    The responder answers *revoked* for certificates that the CA never issued.

    RFC 6960 §4.4.8.

    ``ExtendedRevoke ::= NULL``
    """

    oid = oids.identifier(oids.EXTENDED_REVOKE)

    def __init__(self) -> None:
        super().__init__(NULL_DER)

    def _fields(self) -> str:
        if self.value != NULL_DER:
            fail("is not NULL", "ExtendedRevoke", 0)
        return ""

    def _text(self) -> str:
        return self._fields()


class PreferredSignatureAlgorithm(NamedTuple):
    """
    One signature algorithm that a client accepts.

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
        parameters: bytes | None = None,
        key: bytes | None = None,
    ) -> Self:
        """
        Return the entry for a signature algorithm by its object identifier.

        Args:
            signature: The algorithm; ``SignatureAlgorithmOID`` has the names.

            parameters: The DER of its parameters, empty for none. By default NULL for
                RSA PKCS #1 v1.5 (RFC 4055 §5), and none for other algorithms.

            key: The DER of the AlgorithmIdentifier of a key, if the client also
                prefers one kind of key, such as a curve.

        Raises:
            TypeError: If *signature* is not an object identifier.
        """
        _require("signature", signature, x509.ObjectIdentifier)
        dotted = signature.dotted_string
        if parameters is None:
            parameters = usual_parameters(dotted)
        return cls(encode_algorithm(dotted, parameters), key)

    @property
    def signature_algorithm_oid(self) -> x509.ObjectIdentifier:
        """The object identifier of the signature algorithm."""
        return oids.identifier(algorithm_identifier(self.signature).oid)

    @property
    def key_algorithm_oid(self) -> x509.ObjectIdentifier | None:
        """The object identifier of the kind of key, or ``None``."""
        if self.key is None:
            return None
        return oids.identifier(algorithm_identifier(self.key).oid)


class PreferredSignatureAlgorithms(KnownExtension):
    """
    The signature algorithms that a client prefers, best first (RFC 6960 §4.4.7).

    ::

        PreferredSignatureAlgorithms ::= SEQUENCE OF SEQUENCE {
            sigIdentifier       AlgorithmIdentifier,
            pubKeyAlgIdentifier SMIMECapability OPTIONAL }
    """

    oid = oids.identifier(oids.PREFERRED_SIGNATURE_ALGORITHMS)

    def __init__(self, algorithms: Iterable[PreferredSignatureAlgorithm]) -> None:
        """
        Make the extension from *algorithms*, best first.

        Raises:
            BuildError: If *algorithms* is empty, or one has a malformed
                AlgorithmIdentifier.
            TypeError: If one is not a :class:`PreferredSignatureAlgorithm`.
        """
        chosen = tuple(algorithms)
        if not chosen:
            raise BuildError("algorithms is empty: give at least one")
        for each in chosen:
            _require("algorithm", each, PreferredSignatureAlgorithm)
        entries = (encode(SEQUENCE, each.signature, each.key or b"") for each in chosen)
        super().__init__(encode(SEQUENCE, *entries))
        try:
            self.check()
        except DecodeError as error:
            raise BuildError(str(error)) from error

    @property
    def algorithms(self) -> tuple[PreferredSignatureAlgorithm, ...]:
        """The algorithms, best first."""
        return self._fields()

    def _fields(self) -> tuple[PreferredSignatureAlgorithm, ...]:
        data, name = self.value, "PreferredSignatureAlgorithms"
        position, end = content(data, 0, len(data), SEQUENCE, name)
        end_of(end, len(data), name)
        found: list[PreferredSignatureAlgorithm] = []
        while position < end:
            place = f"{name}[{len(found)}]"
            choice, position = _preferred(data, position, end, place)
            found.append(choice)
        return tuple(found)

    def _text(self) -> str:
        return ", ".join(
            each.signature_algorithm_oid.dotted_string for each in self.algorithms
        )


def _preferred(
    data: bytes, position: int, end: int, name: str
) -> tuple[PreferredSignatureAlgorithm, int]:
    """Return the entry at *position*, and where it ends."""
    position, stop = content(data, position, end, SEQUENCE, name)
    place = f"{name}.sigIdentifier"
    signature, position = read_algorithm(data, position, stop, place)
    key = None
    if position < stop:
        place = f"{name}.pubKeyAlgIdentifier"
        key, position = read_algorithm(data, position, stop, place)
        end_of(position, stop, name)
    return PreferredSignatureAlgorithm(signature, key), stop
