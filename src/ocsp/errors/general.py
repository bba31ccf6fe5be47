"""
The exceptions of messages, signing, the client, the responder and the rest.

Constructors take values, ``__str__`` makes the sentence from them, and every class can
be pickled. :mod:`ocsp.errors` shows the tree of all exceptions.
"""

from __future__ import annotations

import datetime

from cryptography.exceptions import InvalidSignature

__all__ = [
    "AlreadyRevoked",
    "BackendError",
    "BodyTooLarge",
    "BrokenReply",
    "BuildError",
    "ConfigError",
    "ContentTypeError",
    "DERError",
    "DecodeError",
    "FetchError",
    "FetchTimeout",
    "ForbiddenResponderURL",
    "HTTPStatusError",
    "HookFailed",
    "ImportRefused",
    "IssuerNotFound",
    "LimitExceeded",
    "MissingExtraError",
    "MultipleRequestsError",
    "MultipleResponsesError",
    "NoCRLURL",
    "NoResponderURL",
    "NotOnHold",
    "OCSPError",
    "OlderThanKnown",
    "PublishingFailed",
    "RedirectRefused",
    "RequestNotSigned",
    "RequestorNotTrusted",
    "ResponderBackedOff",
    "ResponseStatusError",
    "RetentionOver",
    "RevocationIndeterminate",
    "RevokedBefore",
    "SchemaError",
    "SignatureInvalid",
    "SignerUnavailable",
    "SourceUnavailable",
    "StapleEnded",
    "StapleMissing",
    "StapleUnobtainable",
    "StatusChangeRefused",
    "StatusNotGiven",
    "StoreError",
    "TLSPeerError",
    "TLSPeerNotTrusted",
    "TLSPeerWrongName",
    "TransportError",
    "UnknownCertificate",
    "UnknownIssuer",
    "UnreadableFile",
    "UnsupportedError",
    "ValueTypeError",
]


class OCSPError(Exception):
    """The base class of all exceptions of this package."""


class DecodeError(OCSPError, ValueError):
    """
    The data is not a well-formed message.

    Attributes:
        reason: What is wrong, without the place.

        path: The field that is wrong, by its ASN.1 name
            (``tbsResponseData.responses[0].certID``). May be empty if the outermost
            value is wrong.

        offset: The position of the fault in the given data, in octets, or ``None``
            if no single position is at fault.
    """

    def __init__(
        self, reason: str, *, path: str = "", offset: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.offset = offset

    def under(self, name: str) -> None:
        """Put *name* before the path: the fault is inside that field."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        self.path = f"{name}{separator}{self.path}"

    def __str__(self) -> str:
        place = self.path
        if self.offset is not None:
            place = (
                f"{place} at offset {self.offset}"
                if place
                else (f"offset {self.offset}")
            )
        return f"{place}: {self.reason}" if place else self.reason

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).__new__, (type(self),), self.__dict__ | {"args": self.args}

    def __setstate__(self, state: dict[str, object] | None) -> None:
        for name, value in (state or {}).items():
            setattr(self, name, value)


class DERError(DecodeError):
    """The data is not canonical DER (X.690), or is truncated."""


class SchemaError(DecodeError):
    """The data is canonical DER, but does not have the structure of the standard."""


class ValueTypeError(SchemaError, TypeError):
    """
    A value has another ASN.1 type than its field.

    It is also a ``TypeError``, which ``cryptography`` raises for such an attribute of a
    name.
    """


class LimitExceeded(DecodeError):
    """
    A message is larger than a limit of :mod:`ocsp.limits` allows.

    Attributes:
        limit: The name of the constant in :mod:`ocsp.limits`.

        value: The size or number that the message has.

        maximum: The largest value that the limit allows.
    """

    def __init__(
        self,
        limit: str,
        value: int,
        maximum: int,
        *,
        path: str = "",
        offset: int | None = None,
    ) -> None:
        super().__init__(
            f"{value} exceeds the limit {limit} = {maximum}", path=path, offset=offset
        )
        self.limit = limit
        self.value = value
        self.maximum = maximum


class BuildError(OCSPError, ValueError):
    """An argument of a builder or signer would make an invalid message."""


class UnsupportedError(OCSPError):
    """The data is well-formed, but this package does not support what it uses."""


class MultipleRequestsError(UnsupportedError, NotImplementedError):
    """
    A request names several certificates, but was loaded without ``allow_multiple``.

    Attributes:
        count: The number of certificates in the request.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        return (
            f"OCSP request contains {self.count} requests; "
            "load it with allow_multiple=True"
        )


class SignatureInvalid(OCSPError, InvalidSignature):
    """The key did not make this signature over the data, or is of another kind."""


class MultipleResponsesError(OCSPError, ValueError):
    """
    A property of a single entry was read from a response that has several, or none.

    Attributes:
        count: The number of entries in the response.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        return (
            f"OCSP response contains {self.count} SINGLERESP structures; "
            "use .responses to iterate through them"
        )


class ResponseStatusError(OCSPError, ValueError):
    """
    The response is not *successful*, so the property has no value.

    Attributes:
        status: The :class:`ocsp.OCSPResponseStatus` that was received. It is not
            signed (RFC 6960 §2.3): an attacker on the network can write it.
    """

    def __init__(self, status: object) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return "OCSP response status is not successful so the property has no value"


class MissingExtraError(OCSPError, ImportError):
    """
    A feature needs packages that are not installed.

    Attributes:
        feature: A description of the feature.

        extra: The extra of this distribution that installs the packages.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(feature, extra)
        self.feature = feature
        self.extra = extra

    def __str__(self) -> str:
        return (
            f"{self.feature} needs the extra {self.extra!r}: in a checkout of the "
            f"project, run pip install '.[{self.extra}]'"
        )


class FetchError(OCSPError):
    """
    The client got no usable answer from one URL.

    Attributes:
        url: The URL; for a GET, without the encoded request.

        reason: What happened, without the URL.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class TransportError(FetchError, ConnectionError):
    """The connection failed, or broke before the answer was complete."""

    __str__ = FetchError.__str__


class BrokenReply(TransportError):
    """
    The server accepted the connection but sent no complete HTTP reply.

    It closed or reset the connection, or its reply is not well-formed HTTP/1.1 (RFC
    9112).
    """


class FetchTimeout(FetchError, TimeoutError):
    """A deadline passed: the timeout of one I/O step, or that of the whole check."""

    __str__ = FetchError.__str__


class HTTPStatusError(FetchError):
    """
    The status code of the answer is not 200.

    Attributes:
        status: The status code.

        retry_after: The seconds of Retry-After, or ``None``.
    """

    def __init__(self, url: str, status: int, retry_after: float | None = None) -> None:
        OCSPError.__init__(self, url, status, retry_after)
        self.url = url
        self.status = status
        self.retry_after = retry_after
        self.reason = f"answered HTTP {status}"


class ContentTypeError(FetchError):
    """
    The media type of the answer is not the expected one.

    Attributes:
        content_type: The value of Content-Type, or empty.
    """

    def __init__(self, url: str, content_type: str) -> None:
        OCSPError.__init__(self, url, content_type)
        self.url = url
        self.content_type = content_type
        self.reason = f"answered with {content_type or 'no media type'}"


class BodyTooLarge(FetchError):
    """
    The body of the answer is longer than the client accepts.

    Attributes:
        maximum: The largest number of octets that the client accepts.
    """

    def __init__(self, url: str, maximum: int) -> None:
        OCSPError.__init__(self, url, maximum)
        self.url = url
        self.maximum = maximum
        self.reason = f"answered with more than {maximum:,} octets"


class RedirectRefused(FetchError):
    """
    The answer is a redirect that the client does not follow.

    Attributes:
        location: The value of Location, or empty.

        why: Why the client does not follow it.
    """

    def __init__(self, url: str, location: str, why: str) -> None:
        OCSPError.__init__(self, url, location, why)
        self.url = url
        self.location = location
        self.why = why
        self.reason = f"redirects to {location or 'nowhere'}, {why}"


class ForbiddenResponderURL(FetchError):
    """The client did not contact the URL: its scheme, form or address is forbidden."""


class ResponderBackedOff(FetchError):
    """
    The client did not contact the responder, because it failed recently.

    Attributes:
        seconds: The seconds until the client contacts it again.
    """

    def __init__(self, url: str, seconds: float) -> None:
        OCSPError.__init__(self, url, seconds)
        self.url = url
        self.seconds = seconds
        self.reason = f"failed recently; not contacted for {seconds:.1f} more seconds"


class NoResponderURL(FetchError):
    """There is no responder URL: none was given, and the certificate names none."""

    def __init__(self) -> None:
        OCSPError.__init__(self)
        self.url = ""
        self.reason = "the certificate names no responder"

    def __str__(self) -> str:
        return self.reason


class NoCRLURL(FetchError):
    """The certificate names no CRL that the client can fetch."""

    def __init__(self) -> None:
        OCSPError.__init__(self)
        self.url = ""
        self.reason = "the certificate names no CRL"

    def __str__(self) -> str:
        return self.reason


class IssuerNotFound(OCSPError, LookupError):
    """The issuer certificate was neither given nor found."""


class RevocationIndeterminate(OCSPError):
    """
    The client could not find out the status, but *good* is required.

    Attributes:
        reason: The member of :class:`ocsp.client.Reason` that says why.

        failure: The error that caused it, or ``None``.

        attempts: The :class:`ocsp.client.Attempt` objects, in order.
    """

    def __init__(
        self,
        reason: object,
        failure: OCSPError | None,
        attempts: tuple[object, ...] = (),
    ) -> None:
        super().__init__(reason, failure, attempts)
        self.reason = reason
        self.failure = failure
        self.attempts = attempts

    def __str__(self) -> str:
        why = self.reason if self.failure is None else self.failure
        return f"the status of the certificate is not known: {why}"


class RevokedBefore(RevocationIndeterminate):
    """
    The status is not known now, and the newest verified answer said *revoked*.

    That answer has ended, or the client was not allowed to keep it. The CA may have
    lifted a *certificateHold* since; any other revocation is permanent.

    Attributes:
        this_update: thisUpdate of the newest verified answer, aware, in UTC.
    """

    def __init__(
        self,
        reason: object,
        failure: OCSPError | None,
        attempts: tuple[object, ...],
        this_update: datetime.datetime,
    ) -> None:
        OCSPError.__init__(self, reason, failure, attempts, this_update)
        self.reason = reason
        self.failure = failure
        self.attempts = attempts
        self.this_update = this_update

    def __str__(self) -> str:
        return (
            f"{super().__str__()}; the newest verified answer, of {self.this_update},"
            " says revoked"
        )


class OlderThanKnown(OCSPError):
    """
    The answer is older than the newest verified one.

    Such an answer proves nothing new: an attacker can replay it.

    Attributes:
        this_update: thisUpdate of the answer, aware, in UTC.

        known_this_update: thisUpdate of the newest verified answer, aware, in UTC. If
            both are equal, *revoked* is newer than *good*, and then the response with
            the later producedAt or the CRL with the larger number.

        known_revoked: Whether the newest verified answer says *revoked*; ``None`` for
            a CRL, which is about many certificates.
    """

    def __init__(
        self,
        this_update: datetime.datetime,
        known_this_update: datetime.datetime,
        known_revoked: bool | None = None,
    ) -> None:
        super().__init__(this_update, known_this_update, known_revoked)
        self.this_update = this_update
        self.known_this_update = known_this_update
        self.known_revoked = known_revoked

    def __str__(self) -> str:
        says = {True: " and says revoked", False: " and says good", None: ""}
        return (
            f"the answer of {self.this_update} proves nothing new: the newest verified"
            f" one is of {self.known_this_update}{says[self.known_revoked]}"
        )


class TLSPeerError(OCSPError, ConnectionError):
    """
    A TLS server cannot be reached, or its handshake failed.

    Attributes:
        server: The host and the port.

        reason: What failed.
    """

    def __init__(self, server: str, reason: str) -> None:
        OCSPError.__init__(self, server, reason)
        self.server = server
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.server}: {self.reason}"


class TLSPeerNotTrusted(TLSPeerError):
    """The certification path of a TLS server leads to no trusted root."""

    def __str__(self) -> str:
        return f"{self.server}: its certification path is not trusted: {self.reason}"


class TLSPeerWrongName(TLSPeerNotTrusted):
    """The certificate of a TLS server is for another name."""


class StapleMissing(OCSPError):
    """The TLS server sent no staple, but one is required."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "the TLS server sent no stapled OCSP response, but one is required"


class StatusNotGiven(OCSPError):
    """
    The management system of a charging station gave it no OCSP response.

    Attributes:
        reason: What it answered instead, or that it did not answer.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the management system gave no OCSP response: {self.reason}"


class StapleEnded(OCSPError):
    """
    The response is accepted now, but has already ended, so it is no use as a staple.

    It was accepted because of the clock skew that the policy allows, or because a
    verifier leaves the validity of the issuer's certificate to its caller.

    Attributes:
        ended: When it ended: its nextUpdate, the largest age that the policy allows,
            or the end of its signer's certificate.
    """

    def __init__(self, ended: datetime.datetime) -> None:
        super().__init__(ended)
        self.ended = ended

    def __str__(self) -> str:
        return f"the answer of the responder ended at {self.ended}"


class StapleUnobtainable(OCSPError):
    """
    The certificate requires a staple (RFC 7633), and there is none for it.

    Attributes:
        reason: Why there is none, such as *names no responder*.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the certificate requires a staple (RFC 7633), but it {self.reason}"


class ImportRefused(OCSPError, ValueError):
    """
    A file with the status of certificates cannot be imported as a whole.

    Attributes:
        name: The name of the file.

        reason: What is wrong, without the name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class UnknownIssuer(OCSPError):
    """The responder does not serve the issuer that the request names."""


class RequestNotSigned(OCSPError):
    """The responder requires a signature on requests, and the request has none."""


class RequestorNotTrusted(OCSPError):
    """No requestor that the responder trusts has signed the request."""


class RetentionOver(OCSPError):
    """The certificate ended too long ago: its status is no longer retained."""


class StatusChangeRefused(OCSPError):
    """A change to the status of a certificate was refused."""


class UnknownCertificate(StatusChangeRefused, LookupError):
    """
    The store has no record of the certificate whose status should change.

    Attributes:
        serial_number: The serial number of the certificate.
    """

    def __init__(self, serial_number: int) -> None:
        super().__init__(serial_number)
        self.serial_number = serial_number

    def __str__(self) -> str:
        return f"there is no record of serial number {self.serial_number:#x}"


class AlreadyRevoked(StatusChangeRefused, ValueError):
    """
    The certificate is already revoked; only a certificate on hold can be changed.

    Attributes:
        serial_number: The serial number of the certificate.
    """

    def __init__(self, serial_number: int) -> None:
        super().__init__(serial_number)
        self.serial_number = serial_number

    def __str__(self) -> str:
        return f"serial number {self.serial_number:#x} is revoked already"


class NotOnHold(StatusChangeRefused, ValueError):
    """
    The certificate is not on hold, so it cannot be released.

    Attributes:
        serial_number: The serial number of the certificate.
    """

    def __init__(self, serial_number: int) -> None:
        super().__init__(serial_number)
        self.serial_number = serial_number

    def __str__(self) -> str:
        return f"serial number {self.serial_number:#x} is not on hold"


class BackendError(OCSPError):
    """
    A component that this package depends on failed at run time.

    The component is a status source, a signer, a store or a command; another attempt
    may succeed.
    """


class SourceUnavailable(BackendError):
    """The status source is not available now."""


class SignerUnavailable(BackendError):
    """The signer cannot sign now."""


class StoreError(BackendError):
    """A file or a store failed; ``__cause__`` is the error of its driver."""


class UnreadableFile(BackendError):
    """
    A file cannot be read: it is missing, too large, or not a regular file.

    Attributes:
        path: The file, as it was given.

        reason: Why it cannot be read, such as *is a directory, not a regular file*.
    """

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(str(path), reason)
        self.path = str(path)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class HookFailed(BackendError):
    """
    A command that the operator has configured failed.

    Attributes:
        command: The program.

        reason: How it failed.
    """

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(command, reason)
        self.command = command
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.command}: {self.reason}"


class PublishingFailed(BackendError):
    """An answer could not be published or removed, or a cache not be told of it."""


class ConfigError(OCSPError, ValueError):
    """
    A setting or an argument has a wrong value.

    Attributes:
        key: The name of the setting or argument.

        reason: What is wrong with the value.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(key, reason)
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"
