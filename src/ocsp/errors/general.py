"""
Errors of messages, signing, the client, the responder and their surroundings.

Constructors take values, ``__str__`` makes the sentence, and all can be pickled.
The tree is drawn in :mod:`ocsp.errors`.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature

__all__ = [
    "AlreadyRevoked",
    "BackendError",
    "BodyTooLarge",
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
    "IssuerNotFound",
    "LimitExceeded",
    "MissingExtraError",
    "MultipleRequestsError",
    "MultipleResponsesError",
    "NoResponderURL",
    "NotOnHold",
    "OCSPError",
    "RedirectRefused",
    "ResponderBackedOff",
    "ResponseStatusError",
    "RevocationIndeterminate",
    "SchemaError",
    "SignatureInvalid",
    "SignerUnavailable",
    "SourceUnavailable",
    "StapleMissing",
    "StatusChangeRefused",
    "StoreError",
    "TransportError",
    "UnknownCertificate",
    "UnknownIssuer",
    "UnsupportedError",
]


class OCSPError(Exception):
    """The root of everything this package raises on purpose."""


class DecodeError(OCSPError, ValueError):
    """
    A message could not be read.

    Attributes:
        reason: What is wrong, without the place.

        path: Where, in the names of the standard
            (``tbsResponseData.responses[0].certID``). May be empty for a fault in
            the outermost value.

        offset: The position in the data that was handed in, in octets, or ``None``
            where no single position is at fault.
    """

    def __init__(
        self, reason: str, *, path: str = "", offset: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.offset = offset

    def under(self, name: str) -> None:
        """Put *name* before the path: the fault lies inside that field."""
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
    """The octets are not canonical DER (X.690), or end too early."""


class SchemaError(DecodeError):
    """Canonical DER, but not the structure that the standard prescribes."""


class LimitExceeded(DecodeError):
    """
    A message is larger than a limit of :mod:`ocsp.limits` allows.

    Attributes:
        limit: The name of the constant in :mod:`ocsp.limits`.

        value: What the message has.

        maximum: What the limit allows.
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
    """A builder or signer was asked for something that no valid message has."""


class UnsupportedError(OCSPError):
    """Well-formed, but an algorithm, version or option that is not handled."""


class MultipleRequestsError(UnsupportedError, NotImplementedError):
    """
    A request asks about several certificates, and that was not opted into.

    Attributes:
        count: How many certificates the request asks about.
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
    """A signature is not that of the key over the data, or not of that kind of key."""


class MultipleResponsesError(OCSPError, ValueError):
    """
    A property of one entry was asked of a response that has several, or none.

    Attributes:
        count: How many entries the response has.
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
    The response is not *successful*, so it has no such property.

    Attributes:
        status: The :class:`ocsp.OCSPResponseStatus` that was received. It is not
            signed (RFC 6960 §2.3): anyone on the path may have written it.
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
        feature: What was asked for, in words.

        extra: The extra of this distribution that brings it.
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
    One URL did not give what was asked of it.

    Attributes:
        url: What was asked; for a GET, without the request in it.

        reason: What happened, without the URL.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class TransportError(FetchError, ConnectionError):
    """There was no connection, or it broke before the answer was complete."""

    __str__ = FetchError.__str__


class FetchTimeout(FetchError, TimeoutError):
    """A deadline passed: that of one step, or that of all."""

    __str__ = FetchError.__str__


class HTTPStatusError(FetchError):
    """
    The answer has another code than 200.

    Attributes:
        status: The code.

        retry_after: For how many seconds it asks to be left alone, or ``None``.
    """

    def __init__(self, url: str, status: int, retry_after: float | None = None) -> None:
        OCSPError.__init__(self, url, status, retry_after)
        self.url = url
        self.status = status
        self.retry_after = retry_after
        self.reason = f"answered HTTP {status}"


class ContentTypeError(FetchError):
    """
    The answer is of another media type than that of an OCSP response.

    Attributes:
        content_type: What it calls itself, or empty.
    """

    def __init__(self, url: str, content_type: str) -> None:
        OCSPError.__init__(self, url, content_type)
        self.url = url
        self.content_type = content_type
        self.reason = f"answered with {content_type or 'no media type'}"


class BodyTooLarge(FetchError):
    """
    The answer is longer than is read.

    Attributes:
        maximum: How many octets are read.
    """

    def __init__(self, url: str, maximum: int) -> None:
        OCSPError.__init__(self, url, maximum)
        self.url = url
        self.maximum = maximum
        self.reason = f"answered with more than {maximum:,} octets"


class RedirectRefused(FetchError):
    """
    The answer is a redirect, and is not followed.

    Attributes:
        location: Where to, or empty.
    """

    def __init__(self, url: str, location: str, why: str) -> None:
        OCSPError.__init__(self, url, location, why)
        self.url = url
        self.location = location
        self.why = why
        self.reason = f"redirects to {location or 'nowhere'}, {why}"


class ForbiddenResponderURL(FetchError):
    """The URL was not asked: its scheme, form or address is not for us."""


class ResponderBackedOff(FetchError):
    """
    The responder was not asked, because it failed a moment ago.

    Attributes:
        seconds: For how long it is left alone yet.
    """

    def __init__(self, url: str, seconds: float) -> None:
        OCSPError.__init__(self, url, seconds)
        self.url = url
        self.seconds = seconds
        self.reason = f"failed a moment ago; asked again in {seconds:.1f} seconds"


class NoResponderURL(FetchError):
    """There is no URL to ask: none was given, and the certificate names none."""

    def __init__(self) -> None:
        OCSPError.__init__(self)
        self.url = ""
        self.reason = "the certificate names no responder"

    def __str__(self) -> str:
        return self.reason


class IssuerNotFound(OCSPError, LookupError):
    """The certificate of the issuer was not given, and could not be fetched."""


class RevocationIndeterminate(OCSPError):
    """
    Whether the certificate is revoked could not be found out, and *good* was required.

    Attributes:
        reason: The member of :class:`ocsp.client.Reason` that says why.

        failure: The error behind it.

        attempts: What was tried: :class:`ocsp.client.Attempt` objects.
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


class StapleMissing(OCSPError):
    """The TLS server sent no staple, and one was required."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "the server sent no OCSP response along, and one is required"


class UnknownIssuer(OCSPError):
    """The responder has no authority for the issuer that a request names."""


class StatusChangeRefused(OCSPError):
    """A change to the status of a certificate was refused."""


class UnknownCertificate(StatusChangeRefused, LookupError):
    """
    There is no record of the certificate whose status should change.

    Attributes:
        serial_number: Its serial number.
    """

    def __init__(self, serial_number: int) -> None:
        super().__init__(serial_number)
        self.serial_number = serial_number

    def __str__(self) -> str:
        return f"there is no record of serial number {self.serial_number:#x}"


class AlreadyRevoked(StatusChangeRefused, ValueError):
    """
    The certificate is revoked already; only a certificate on hold can be changed.

    Attributes:
        serial_number: Its serial number.
    """

    def __init__(self, serial_number: int) -> None:
        super().__init__(serial_number)
        self.serial_number = serial_number

    def __str__(self) -> str:
        return f"serial number {self.serial_number:#x} is revoked already"


class NotOnHold(StatusChangeRefused, ValueError):
    """
    The certificate is not on hold, so that it cannot be released.

    Attributes:
        serial_number: Its serial number.
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
    """The source of certificate status cannot be used now."""


class SignerUnavailable(BackendError):
    """The signer cannot sign now."""


class StoreError(BackendError):
    """A file or a store failed; ``__cause__`` has the error of the driver."""


class HookFailed(BackendError):
    """
    The command that is to be run on a new staple went wrong.

    Attributes:
        command: The program.

        reason: What became of it.
    """

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(command, reason)
        self.command = command
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.command}: {self.reason}"


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
