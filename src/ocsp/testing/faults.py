"""
What a responder can do wrong, and what a client has to make of it.

Rules of this file: a fault changes one thing about an answer that is right otherwise.
Each says what happens, and has the outcome that a correct client comes to by default
and the rule that says so (V: verification, H: the client's HTTP rules).
"""

from __future__ import annotations

import enum
from typing import Self

__all__ = ["ExpectedOutcome", "Fault"]


class ExpectedOutcome(enum.Enum):
    """What a correct client comes to, told one request and one responder."""

    ANSWERED = "answered"
    """The status, as evidence: what is odd about the answer does not matter."""

    REFUSED = "refused"
    """No status: the answer is no evidence (``ocsp.VerificationError``)."""

    ERROR = "error"
    """No status: the responder has sent one of the errors of RFC 6960 §2.3."""

    NO_RESPONSE = "no-response"
    """No status: nothing came over HTTP that may be read as a response."""


class Fault(enum.Enum):
    """
    One thing that goes wrong.

    Attributes:
        outcome: What a correct client comes to.

        rule: The number of the rule that the answer breaks; for
            :attr:`Outcome.ANSWERED` the one that decides that it may be taken.
    """

    outcome: ExpectedOutcome
    rule: str

    def __new__(cls, name: str, outcome: ExpectedOutcome, rule: str) -> Self:
        """Make the member that is called *name*."""
        fault = object.__new__(cls)
        fault._value_ = name
        fault.outcome = outcome
        fault.rule = rule
        return fault

    # --- the signed message ----------------------------------------------------------

    WRONG_SERIAL = "wrong-serial", ExpectedOutcome.REFUSED, "V7"
    """The answer is about the next serial number, and rightly signed."""

    WRONG_SIGNER = "wrong-signer", ExpectedOutcome.REFUSED, "V13"
    """Another CA of the same name has signed, and sends its certificate along."""

    FOREIGN_DELEGATE = "foreign-delegate", ExpectedOutcome.REFUSED, "V13"
    """A delegate of another CA has signed; its certificate came along and is for OCSP
    signing."""

    DELEGATE_WITHOUT_EKU = "delegate-without-eku", ExpectedOutcome.REFUSED, "V14"
    """A certificate that the right CA has issued, but not for OCSP signing."""

    EXPIRED_DELEGATE = "expired-delegate", ExpectedOutcome.REFUSED, "V15"
    """A delegate of the right CA has signed, whose certificate ended an hour ago."""

    BAD_SIGNATURE = "bad-signature", ExpectedOutcome.REFUSED, "V10"
    """One bit of the signature is another one."""

    STALE_SIGNATURE = "stale-signature", ExpectedOutcome.REFUSED, "V10"
    """The times were brought up to date; the signature is that of yesterday."""

    EXPIRED = "expired", ExpectedOutcome.REFUSED, "V19"
    """nextUpdate was a day ago."""

    NOT_YET_VALID = "not-yet-valid", ExpectedOutcome.REFUSED, "V18"
    """thisUpdate is a day ahead."""

    MISSING_NEXT_UPDATE = "missing-next-update", ExpectedOutcome.ANSWERED, "V19"
    """nextUpdate is missing. Evidence while it is young; :meth:`ocsp.Policy.rfc9919`
    and :meth:`ocsp.Policy.webpki` refuse it."""

    MISSING_NONCE = "missing-nonce", ExpectedOutcome.REFUSED, "V22"
    """The nonce does not come back. Where none was sent nothing is missing: the outcome
    is :attr:`Outcome.ANSWERED`, as with a policy that can do without."""

    WRONG_NONCE = "wrong-nonce", ExpectedOutcome.REFUSED, "V22"
    """Another nonce comes back. Where none was sent there is one all the same, and the
    outcome is :attr:`Outcome.ANSWERED`."""

    DECOY_CERTIFICATES = "decoy-certificates", ExpectedOutcome.ANSWERED, "V12"
    """Certificates with the signer's name and other keys stand before the signer's
    own; the responder is named by name."""

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
    (RFC 9919 §3.1.1). A client whose policy forbids to fall back, or that does not know
    how to, comes to :attr:`Outcome.ERROR`."""

    # --- the body --------------------------------------------------------------------

    TRUNCATED = "truncated", ExpectedOutcome.REFUSED, "V2"
    """The last octet of the DER is missing; HTTP is all right."""

    EMPTY_BODY = "empty-body", ExpectedOutcome.REFUSED, "V2"
    """HTTP status 200, the right content type, and no octet."""

    HTML_PAGE = "html-page", ExpectedOutcome.NO_RESPONSE, "H2"
    """A page of HTML with HTTP status 200."""

    WRONG_CONTENT_TYPE = "wrong-content-type", ExpectedOutcome.NO_RESPONSE, "H2"
    """The right answer as ``application/octet-stream``."""

    OVERSIZE_BODY = "oversize-body", ExpectedOutcome.NO_RESPONSE, "H3"
    """A body in chunks, over :data:`ocsp.limits.MAX_MESSAGE_BYTES` four times: its size
    is not announced. It ends there, or when the client has had enough."""

    # --- HTTP and below --------------------------------------------------------------

    HTTP_404 = "http-404", ExpectedOutcome.NO_RESPONSE, "H2"
    """HTTP status 404, with the right answer in the body."""

    HTTP_500 = "http-500", ExpectedOutcome.NO_RESPONSE, "H2"
    """HTTP status 500, with the right answer in the body."""

    HTTP_503 = "http-503", ExpectedOutcome.NO_RESPONSE, "H2"
    """HTTP status 503 with Retry-After, and the right answer in the body."""

    REDIRECT_LOOP = "redirect-loop", ExpectedOutcome.NO_RESPONSE, "H6"
    """HTTP status 307 to where the request went."""

    REDIRECT_AWAY = "redirect-away", ExpectedOutcome.NO_RESPONSE, "H6"
    """HTTP status 307 to another place, by default
    :data:`ocsp.testing.wire.PRIVATE_URL`: what an attacker sends who would like to know
    what the client's network has to say."""

    WRONG_CONTENT_LENGTH = "wrong-content-length", ExpectedOutcome.NO_RESPONSE, "H2"
    """More octets are announced than come; then the connection is closed."""

    CONNECTION_RESET = "connection-reset", ExpectedOutcome.NO_RESPONSE, "H2"
    """The connection is reset (TCP RST) after the request was read."""

    SLOW_BODY = "slow-body", ExpectedOutcome.NO_RESPONSE, "H3"
    """The right body comes octet by octet: no step takes long, so only a limit on the
    whole time ends it. The responder stops when the client has given up."""

    STALLED_BODY = "stalled-body", ExpectedOutcome.NO_RESPONSE, "H3"
    """Half of the body comes, and then nothing until the client gives up."""

    NO_ANSWER = "no-answer", ExpectedOutcome.NO_RESPONSE, "H3"
    """The request is read, and nothing is said until the client gives up."""
