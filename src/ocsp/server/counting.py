"""
Count what a request handler answers.

An answer in memory has its outcomes beside it, so that sending it again adds to one
integer. All other answers take a part of a microsecond more.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from ocsp.errors import BackendError, DecodeError, SignerUnavailable
from ocsp.http import HTTPAnswer
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.metrics import Counter, Histogram, Metrics, Outcome
from ocsp.metrics.table import (
    ANSWER_AGE,
    ANSWER_LEFT,
    ANSWERS_REFUSED,
    REQUEST_SECONDS,
    SIGNATURE_SECONDS,
    SIGNATURES,
)
from ocsp.responder.answer import Answer, Lookup
from ocsp.responder.source import IssuerKey
from ocsp.responder.stored_answer import CertIDForm

__all__ = ["RequestCounts", "code_of", "timed"]

_SUCCESSFUL = OCSPResponseStatus.SUCCESSFUL
"""A name of the module: access to a member of an enumeration is slower."""

_HASHES = {
    CertIDForm.SHA1: "sha1",
    CertIDForm.SHA256: "sha256",
    CertIDForm.BOTH: "several",
}

_STATUSES = {
    OCSPResponseStatus.SUCCESSFUL: "successful",
    OCSPResponseStatus.MALFORMED_REQUEST: "malformedRequest",
    OCSPResponseStatus.INTERNAL_ERROR: "internalError",
    OCSPResponseStatus.TRY_LATER: "tryLater",
    OCSPResponseStatus.SIG_REQUIRED: "sigRequired",
    OCSPResponseStatus.UNAUTHORIZED: "unauthorized",
}

_CAUSES = {
    OCSPResponseStatus.SUCCESSFUL: "none",
    OCSPResponseStatus.MALFORMED_REQUEST: "malformed",
    OCSPResponseStatus.INTERNAL_ERROR: "internal",
    OCSPResponseStatus.TRY_LATER: "signer",
    OCSPResponseStatus.SIG_REQUIRED: "signature",
    OCSPResponseStatus.UNAUTHORIZED: "request",
}


class RequestCounts:
    """
    Counts requests, responses and signatures in the metrics of the process.

    It keeps what it has found in the metrics: one object is for one configuration.
    """

    def __init__(self, metrics: Metrics) -> None:
        """Count in *metrics*."""
        self.metrics = metrics
        self._seconds = metrics.histogram(REQUEST_SECONDS)
        self._in_memory: dict[
            tuple[IssuerKey, CertIDForm], tuple[Outcome, Outcome]
        ] = {}
        self._good: dict[tuple[str, int, str, IssuerKey, str], Outcome] = {}
        self._signatures: dict[bytes, tuple[Counter, Counter, Histogram]] = {}
        self._age = metrics.histogram(ANSWER_AGE)
        self._left = metrics.histogram(ANSWER_LEFT)

    def in_memory(self, issuer: IssuerKey, form: CertIDForm) -> tuple[Outcome, Outcome]:
        """Return what a GET and a POST count that are answered from memory."""
        found = self._in_memory.get((issuer, form))
        if found is None:
            found = self._in_memory[issuer, form] = (
                self._memory("GET", 200, issuer, form),
                self._memory("POST", 200, issuer, form),
            )
        return found

    def from_memory(
        self, method: str, code: int, issuer: IssuerKey, form: CertIDForm
    ) -> None:
        """Count an answer from memory to a HEAD or a conditional request."""
        self._memory(method, code, issuer, form).count += 1

    def _memory(
        self, method: str, code: int, issuer: IssuerKey, form: CertIDForm
    ) -> Outcome:
        return self.metrics.outcome(
            method=method,
            code=code,
            status="successful",
            issuer=issuer,
            origin="memory",
            cert_id_hash=_HASHES[form],
        )

    def answered(
        self,
        method: str,
        reply: object,
        answer: Answer,
        lookup: Lookup | None,
        *,
        from_store: bool,
        seconds: float,
    ) -> None:
        """
        Count an answer that was not in memory.

        Args:
            method: The method of the request.

            reply: The reply.

            answer: The answer in it.

            lookup: The request, or ``None`` if it was answered without a look-up.

            from_store: Whether the answer was in the store.

            seconds: How long the request took.
        """
        code = code_of(reply)
        if answer.status is not _SUCCESSFUL or lookup is None:
            self._seconds.observe(seconds)
            self._other(method, code, answer, lookup).count += 1
            return
        origin = answer.origin or ("store" if from_store else "signed")
        key = method, code, origin, lookup.queries[0].issuer, _hash_of(lookup)
        self._successful(key, seconds)

    def stored(
        self,
        method: str,
        reply: object,
        issuer: IssuerKey,
        form: CertIDForm,
        seconds: float,
    ) -> None:
        """
        Count an answer from the store, as :meth:`answered` does.

        Args:
            method: The method of the request.

            reply: The reply.

            issuer: The issuer of the certificate.

            form: Which CertIDs the answer has.

            seconds: How long the request took.
        """
        self._successful(
            (method, code_of(reply), "store", issuer, _HASHES[form]), seconds
        )

    def _successful(
        self, key: tuple[str, int, str, IssuerKey, str], seconds: float
    ) -> None:
        self._seconds.observe(seconds)
        found = self._good.get(key)
        if found is None:
            method, code, origin, issuer, cert_id_hash = key
            found = self._good[key] = self.metrics.outcome(
                method=method,
                code=code,
                status="successful",
                issuer=issuer,
                origin=origin,
                cert_id_hash=cert_id_hash,
            )
        found.count += 1

    def _other(
        self, method: str, code: int, answer: Answer, lookup: Lookup | None
    ) -> Outcome:
        """Return what an error counts, or an answer that others signed."""
        is_good = answer.status is OCSPResponseStatus.SUCCESSFUL
        issuer = answer.issuer if lookup is None else lookup.queries[0].issuer
        cause = _CAUSES[answer.status]
        if issuer is not None and answer.status is OCSPResponseStatus.UNAUTHORIZED:
            cause = "serial"
        if answer.issuer is not None and answer.status is OCSPResponseStatus.TRY_LATER:
            cause = "source"
        return self.metrics.outcome(
            method=method,
            code=code,
            status=_STATUSES[answer.status],
            issuer=issuer,
            cause=cause,
            origin=(answer.origin or "proxy") if is_good else "",
            cert_id_hash="" if lookup is None else _hash_of(lookup),
        )

    def read_from_store(self, this_update: int, next_update: int, now: int) -> None:
        """Count the age of an answer from the store, and how long it is valid."""
        self._age.observe(now - this_update)
        self._left.observe(next_update - now)

    def not_stored(self, why: str, number: int) -> None:
        """Count new answers that were not stored; see ``why`` of the label values."""
        self.metrics.counter(ANSWERS_REFUSED, why).value += number

    def failed(self, method: str, status: OCSPResponseStatus, error: Exception) -> None:
        """Count a request that ended with an exception."""
        match error:
            case DecodeError():
                cause = "malformed"
            case SignerUnavailable():
                cause = "signer"
            case BackendError():
                cause = "source"
            case _:
                cause = "internal"
        self.metrics.outcome(
            method=method, code=200, status=_STATUSES[status], cause=cause
        ).count += 1

    def without_response(self, method: str, code: int) -> None:
        """Count a request whose reply is not an OCSP response."""
        self.metrics.outcome(method=method, code=code).count += 1

    def signed(self, lookup: Lookup, answer: Answer, seconds: float) -> None:
        """Count the signature of *answer*, or that there is none."""
        if not lookup.signers:
            return
        identifier = lookup.signers[0].identifier
        found = self._signatures.get(identifier)
        if found is None:
            found = self._signatures[identifier] = self._signatures_of(identifier)
        good, failed, histogram = found
        is_good = answer.status is _SUCCESSFUL
        (good if is_good else failed).value += 1
        histogram.observe(seconds)

    def _signatures_of(self, identifier: bytes) -> tuple[Counter, Counter, Histogram]:
        metrics, name = self.metrics, self.metrics.signer_name(identifier)
        return (
            metrics.counter(SIGNATURES, name, "ok"),
            metrics.counter(SIGNATURES, name, "failed"),
            metrics.histogram(SIGNATURE_SECONDS, name),
        )


def code_of(reply: object) -> int:
    """Return the HTTP status code of *reply*: all but an HTTPAnswer have 200."""
    return reply.status if isinstance(reply, HTTPAnswer) else 200


def timed(function: Callable[[], Answer]) -> Callable[[], tuple[Answer, float]]:
    """Return a function that also returns how long *function* took, in seconds."""

    def run() -> tuple[Answer, float]:
        begin = perf_counter()
        answer = function()
        return answer, perf_counter() - begin

    return run


def _hash_of(lookup: Lookup) -> str:
    if lookup.stored_form is not None:
        return _HASHES[lookup.stored_form]
    if len(lookup.cert_ids) > 1:
        return "several"
    return lookup.cert_ids[0].hash_algorithm.name
