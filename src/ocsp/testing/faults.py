"""
Define the faults of a responder, and the outcome that a correct client must have.

A fault changes one thing in a correct answer. Each fault has the outcome of a correct
client with default settings, and the rule for it (V: verification, H: HTTP rules of the
client). Most clients do not notice some faults; their rule is the requirement for
responders that is broken (``R9919-12``, or a clause of HTTP).
"""

from __future__ import annotations

import enum
from typing import Self

__all__ = ["ExpectedOutcome", "Fault"]


class ExpectedOutcome(enum.Enum):
    """The outcome for a correct client that asks one responder once."""

    ANSWERED = "answered"
    """The client has verified evidence: the fault does not matter."""

    REFUSED = "refused"
    """The client has no status: verification fails (``ocsp.VerificationError``)."""

    ERROR = "error"
    """The client has no status: the responder returned an error of RFC 6960 §2.3."""

    NO_RESPONSE = "no-response"
    """The client has no status: the HTTP answer is not a usable OCSP response."""


class Fault(enum.Enum):
    """
    One fault of a responder.

    Attributes:
        outcome: The outcome for a correct client.

        rule: The number of the rule that the answer breaks. For
            :attr:`ExpectedOutcome.ANSWERED`, the rule that accepts the answer.
    """

    outcome: ExpectedOutcome
    rule: str

    def __new__(cls, name: str, outcome: ExpectedOutcome, rule: str) -> Self:
        """Create the member with the value *name*."""
        fault = object.__new__(cls)
        fault._value_ = name
        fault.outcome = outcome
        fault.rule = rule
        return fault

    # --- the signed message ----------------------------------------------------------

    WRONG_SERIAL = "wrong-serial", ExpectedOutcome.REFUSED, "V7"
    """The answer has the next serial number, with a valid signature."""

    WRONG_SIGNER = "wrong-signer", ExpectedOutcome.REFUSED, "V13"
    """Another CA with the same name has signed; its certificate is included."""

    FOREIGN_DELEGATE = "foreign-delegate", ExpectedOutcome.REFUSED, "V13"
    """A delegated responder of another CA has signed; its certificate, for OCSP
    signing, is included."""

    DELEGATE_WITHOUT_EKU = "delegate-without-eku", ExpectedOutcome.REFUSED, "V14"
    """The right CA has issued the signer's certificate, but not for OCSP signing."""

    EXPIRED_DELEGATE = "expired-delegate", ExpectedOutcome.REFUSED, "V15"
    """A delegated responder of the right CA has signed, but its certificate expired an
    hour ago."""

    BAD_SIGNATURE = "bad-signature", ExpectedOutcome.REFUSED, "V10"
    """One bit of the signature is flipped."""

    STALE_SIGNATURE = "stale-signature", ExpectedOutcome.REFUSED, "V10"
    """The times are current, but the signature is from the answer of a day ago."""

    EXPIRED = "expired", ExpectedOutcome.REFUSED, "V19"
    """nextUpdate was a day ago."""

    NOT_YET_VALID = "not-yet-valid", ExpectedOutcome.REFUSED, "V18"
    """thisUpdate is a day ahead."""

    MISSING_NEXT_UPDATE = "missing-next-update", ExpectedOutcome.ANSWERED, "V19"
    """nextUpdate is missing. The answer is accepted while thisUpdate is recent;
    :meth:`ocsp.Policy.rfc9919` and :meth:`ocsp.Policy.webpki` reject it."""

    MISSING_NONCE = "missing-nonce", ExpectedOutcome.REFUSED, "V22"
    """The answer does not have the nonce of the request. If the request has none, or
    the policy does not require it, the outcome is :attr:`ExpectedOutcome.ANSWERED`."""

    WRONG_NONCE = "wrong-nonce", ExpectedOutcome.REFUSED, "V22"
    """The answer has another nonce than the request. If the request has none, the
    answer has one nevertheless, and the outcome is
    :attr:`ExpectedOutcome.ANSWERED`."""

    DECOY_CERTIFICATES = "decoy-certificates", ExpectedOutcome.ANSWERED, "V12"
    """Before the signer's certificate there are others with the same name and other
    keys; the responder is identified by name."""

    BY_NAME = "by-name", ExpectedOutcome.ANSWERED, "R9919-5"
    """responderID is the name of the signer, and not the hash of its key."""

    CRITICAL_EXTENSION = "critical-extension", ExpectedOutcome.REFUSED, "V5"
    """An extension of the response is critical, and no client knows it."""

    FIRST_ENTRY_ONLY = "first-entry-only", ExpectedOutcome.ANSWERED, "R6960-10"
    """A request with several CertIDs gets an entry for the first one only."""

    GOOD_FOR_UNLISTED = "good-for-unlisted", ExpectedOutcome.ANSWERED, "R9919-6"
    """Serial numbers that were never issued are *good*."""

    UNCHECKED_EXTENSIONS = "unchecked-extensions", ExpectedOutcome.ANSWERED, "R6960-6"
    """A request that has to be refused for its extensions, such as a critical one or a
    nonce of 200 octets, is answered as if it had none."""

    # --- unsigned errors -------------------------------------------------------------

    MALFORMED_REQUEST = "malformed-request", ExpectedOutcome.ERROR, "V1"
    """The error *malformedRequest*."""

    INTERNAL_ERROR = "internal-error", ExpectedOutcome.ERROR, "V1"
    """The error *internalError*."""

    TRY_LATER = "try-later", ExpectedOutcome.ERROR, "V1"
    """The error *tryLater*, with the header Retry-After:
    :data:`ocsp.testing.wire.RETRY_AFTER` seconds."""

    SIG_REQUIRED = "sig-required", ExpectedOutcome.ERROR, "V1"
    """The error *sigRequired*."""

    UNAUTHORIZED = "unauthorized", ExpectedOutcome.ERROR, "V1"
    """The error *unauthorized*."""

    UNAUTHORIZED_FOR_SHA256 = "unauthorized-for-sha256", ExpectedOutcome.ANSWERED, "V1"
    """The error *unauthorized* for requests with SHA-256 CertIDs, an answer for SHA-1
    (RFC 9919 §3.1.1). For a client without the fallback to SHA-1 the outcome is
    :attr:`ExpectedOutcome.ERROR`."""

    # --- the body --------------------------------------------------------------------

    TRUNCATED = "truncated", ExpectedOutcome.REFUSED, "V2"
    """The last octet of the DER is missing; HTTP is correct."""

    EMPTY_BODY = "empty-body", ExpectedOutcome.REFUSED, "V2"
    """HTTP status 200, the correct content type, and an empty body."""

    HTML_PAGE = "html-page", ExpectedOutcome.NO_RESPONSE, "H2"
    """An HTML page with HTTP status 200."""

    WRONG_CONTENT_TYPE = "wrong-content-type", ExpectedOutcome.NO_RESPONSE, "H2"
    """The correct answer with the content type ``application/octet-stream``."""

    OVERSIZE_BODY = "oversize-body", ExpectedOutcome.NO_RESPONSE, "H3"
    """A chunked body, without Content-Length, of four times
    :data:`ocsp.limits.MAX_MESSAGE_BYTES`. It ends there, or earlier if the client
    disconnects."""

    # --- HTTP and below --------------------------------------------------------------

    HTTP_404 = "http-404", ExpectedOutcome.NO_RESPONSE, "H2"
    """HTTP status 404, with the correct answer in the body."""

    HTTP_500 = "http-500", ExpectedOutcome.NO_RESPONSE, "H2"
    """HTTP status 500, with the correct answer in the body."""

    HTTP_503 = "http-503", ExpectedOutcome.NO_RESPONSE, "H2"
    """HTTP status 503 with Retry-After, and the correct answer in the body."""

    REDIRECT_LOOP = "redirect-loop", ExpectedOutcome.NO_RESPONSE, "H6"
    """HTTP status 307 to the URL of the request itself."""

    REDIRECT_AWAY = "redirect-away", ExpectedOutcome.NO_RESPONSE, "H6"
    """HTTP status 307 to another URL, by default
    :data:`ocsp.testing.wire.PRIVATE_URL`. An attacker sends such a redirect to make the
    client read from its internal network."""

    WRONG_CONTENT_LENGTH = "wrong-content-length", ExpectedOutcome.NO_RESPONSE, "H2"
    """Content-Length is larger than the body; then the connection is closed."""

    CONNECTION_RESET = "connection-reset", ExpectedOutcome.NO_RESPONSE, "H2"
    """The responder reads the request and resets the connection (TCP RST)."""

    SLOW_BODY = "slow-body", ExpectedOutcome.NO_RESPONSE, "H3"
    """The correct body is sent octet by octet. No single read takes long, so only a
    limit on the total time helps. The responder stops when the client disconnects."""

    STALLED_BODY = "stalled-body", ExpectedOutcome.NO_RESPONSE, "H3"
    """Half of the body is sent, then nothing until the client disconnects."""

    NO_ANSWER = "no-answer", ExpectedOutcome.NO_RESPONSE, "H3"
    """The responder reads the request and sends nothing until the client
    disconnects."""

    # --- what caches and other programs notice ---------------------------------------

    ERRORS_AS_HTTP = "errors-as-http", ExpectedOutcome.ANSWERED, "R6960-3"
    """OCSP errors are HTTP status 400 with an HTML page."""

    NO_STORE = "no-store", ExpectedOutcome.ANSWERED, "R9919-12"
    """No answer may be kept by caches."""

    CACHEABLE_ERRORS = "cacheable-errors", ExpectedOutcome.ANSWERED, "R9919-12"
    """Caches may keep OCSP errors, and answers to a nonce, for an hour."""

    LONG_MAX_AGE = "long-max-age", ExpectedOutcome.ANSWERED, "R9919-11"
    """max-age is thirty days, and ends after nextUpdate."""

    WITHOUT_CACHE_HEADERS = (
        "without-cache-headers",
        ExpectedOutcome.ANSWERED,
        "R9919-9",
    )
    """There are no headers for caches."""

    WRONG_CLOCK = "wrong-clock", ExpectedOutcome.ANSWERED, "R9919-8"
    """Date is the beginning of 2026."""

    DATE_NOT_IN_GMT = "date-not-in-gmt", ExpectedOutcome.ANSWERED, "R9919-11"
    """Date ends in UTC, which is not a date of HTTP."""

    WEAK_ETAG = "weak-etag", ExpectedOutcome.ANSWERED, "R9919-9"
    """ETag is a weak validator."""

    IGNORED_CONDITIONS = (
        "ignored-conditions",
        ExpectedOutcome.ANSWERED,
        "RFC 9110 §13.1.2",
    )
    """If-None-Match changes nothing."""

    BODY_AFTER_HEAD = "body-after-head", ExpectedOutcome.ANSWERED, "RFC 9110 §9.3.2"
    """The answer to HEAD has a body."""

    ANY_METHOD = "any-method", ExpectedOutcome.ANSWERED, "RFC 9110 §15.5.6"
    """Every method is treated as POST."""

    WITHOUT_ALLOW = "without-allow", ExpectedOutcome.ANSWERED, "RFC 9110 §15.5.6"
    """The status 405 comes without the header Allow."""

    ENCODED_SLASH_REFUSED = (
        "encoded-slash-refused",
        ExpectedOutcome.ANSWERED,
        "R6960-19",
    )
    """A target with ``%2F`` gets HTTP status 404, as some web servers do by default. A
    client then asks by POST."""

    UNLIMITED_REQUEST = "unlimited-request", ExpectedOutcome.ANSWERED, "R9919-13"
    """Requests of any size are answered."""
