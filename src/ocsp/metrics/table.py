"""
The table of metrics: name, labels, and the values that each label can have.

Every label is bounded. Its values are those listed here, or names from the
configuration (issuer, signer, store). Any other value is counted as ``other``, so that
no request can add a time series.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "ANSWERS",
    "ANSWERS_DUE",
    "ANSWERS_REFUSED",
    "ANSWER_AGE",
    "ANSWER_LEFT",
    "CANNED_LEFT",
    "CERT_IDS",
    "CHANGE_LAG",
    "CLOCK_OFFSET",
    "CONFIGURED",
    "CONFIG_RELOAD_FAILED",
    "CONNECTIONS",
    "DATABASE_CLOCK",
    "EVENTS_OPEN",
    "FOREIGN_ANSWERED",
    "FOREIGN_FAILED",
    "HTTP_REQUESTS",
    "LABEL_VALUES",
    "NO_ISSUER",
    "OTHER",
    "REQUEST_SECONDS",
    "RESPONSES",
    "RESPONSE_CACHE_BYTES",
    "SHED",
    "SIGNATURES",
    "SIGNATURES_WAITING",
    "SIGNATURE_SECONDS",
    "SIGNER_ALARM",
    "SIGNER_LEFT",
    "SOURCE_UP",
    "STORE_UP",
    "TABLE",
    "VALKEY",
    "WORKER_RESTARTS",
    "Kind",
    "Metric",
]


class Kind(enum.Enum):
    """How the reports of several processes about one metric are combined."""

    COUNTER = "counter"
    """The sum since the responder started, also of processes that ended."""

    SUM = "sum"
    """A gauge: the sum over the processes that run."""

    LARGEST = "largest"
    """A gauge: the largest value of the processes that run."""

    HISTOGRAM = "histogram"
    """Counts by upper bound, since the responder started."""


@dataclass(frozen=True, slots=True)
class Metric:
    """
    One metric.

    Attributes:
        name: Its name in Prometheus, for a counter without ``_total``.

        kind: How the values of several processes are combined.

        help: What it counts, in one sentence.

        labels: The names of its labels.

        bounds: The upper bounds of a histogram, in ascending order.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


OTHER = "other"
"""The value of a label in place of any that is not in its table."""

NO_ISSUER = "none"
"""The issuer of responses to requests that name no issuer of this responder."""

CONFIGURED = frozenset({"issuer", "signer", "store"})
"""The labels whose values are names from the configuration."""

LABEL_VALUES: Mapping[str, frozenset[str]] = {
    "method": frozenset({"GET", "POST", "HEAD"}),
    "code": frozenset({"200", "304", "400", "405", "408", "413", "414", "431", "503"}),
    "status": frozenset(
        {
            "successful",
            "malformedRequest",
            "internalError",
            "tryLater",
            "sigRequired",
            "unauthorized",
        }
    ),
    "cause": frozenset(
        {
            "none",  # no error
            "malformed",  # the request cannot be read
            "request",  # another issuer, or something that it must have is missing
            "serial",  # no record of the serial number
            "signature",  # the signature of the request is missing or wrong
            "source",  # the source of the status cannot answer
            "signer",  # no signer can sign, or too many requests wait for it
            "internal",  # an error in this package
        }
    ),
    "hash": frozenset({"sha1", "sha224", "sha256", "sha384", "sha512", "several"}),
    "from": frozenset(
        {"memory", "store", "valkey", "files", "signed", "canned", "proxy"}
    ),
    "result": frozenset({"ok", "failed", "refused"}),
    "why": frozenset(
        {
            "connections",  # the connection limit: the oldest idle one was closed
            "idle",  # no request came
            "slow",  # a request or the reading of an answer took too long
            "version",  # the status changed meanwhile, or another process was first
            "signer",  # it cannot be signed, and is tried again later
            "store",  # the store cannot be written
        }
    ),
}
"""The values of the labels that are the same in every configuration."""

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_HOUR = 3600.0
_VALIDITY = (60.0, 600.0, *(_HOUR * n for n in (1, 4, 8, 24, 48, 96, 168, 240)))

HTTP_REQUESTS = Metric(
    "ocsp_http_requests",
    Kind.COUNTER,
    "HTTP requests that were answered.",
    ("method", "code"),
)
RESPONSES = Metric(
    "ocsp_responses",
    Kind.COUNTER,
    "OCSP responses, by responseStatus; for errors with the cause.",
    ("issuer", "status", "cause"),
)
CERT_IDS = Metric(
    "ocsp_cert_id",
    Kind.COUNTER,
    "Requests, by the hash algorithm of their CertIDs.",
    ("hash",),
)
ANSWERS = Metric(
    "ocsp_answers",
    Kind.COUNTER,
    "Signed responses, by where the signature came from.",
    ("from",),
)
REQUEST_SECONDS = Metric(
    "ocsp_request_seconds",
    Kind.HISTOGRAM,
    "Time from a complete request to its answer, except for answers from memory.",
    (),
    _SECONDS,
)
SIGNATURES = Metric(
    "ocsp_signatures", Kind.COUNTER, "Signatures asked for.", ("signer", "result")
)
SIGNATURE_SECONDS = Metric(
    "ocsp_signature_seconds",
    Kind.HISTOGRAM,
    "Time that a signature took.",
    ("signer",),
    _SECONDS,
)
SIGNATURES_WAITING = Metric(
    "ocsp_signatures_waiting",
    Kind.SUM,
    "Requests that wait for a signature of a token or another slow signer.",
)
ANSWER_AGE = Metric(
    "ocsp_answer_age_seconds",
    Kind.HISTOGRAM,
    "Time from thisUpdate of an answer from the store to when it was read.",
    (),
    _VALIDITY,
)
ANSWER_LEFT = Metric(
    "ocsp_answer_left_seconds",
    Kind.HISTOGRAM,
    "Time from when an answer from the store was read to its nextUpdate.",
    (),
    _VALIDITY,
)
ANSWERS_DUE = Metric(
    "ocsp_answers_due",
    Kind.LARGEST,
    "Stored answers that should have been signed again a minute ago or earlier.",
    ("issuer",),
)
ANSWERS_REFUSED = Metric(
    "ocsp_answers_refused",
    Kind.COUNTER,
    "New answers that were not stored.",
    ("why",),
)
EVENTS_OPEN = Metric(
    "ocsp_events_open",
    Kind.LARGEST,
    "Of the last 1000 changes of status, those whose answers are not signed again yet.",
)
CHANGE_LAG = Metric(
    "ocsp_change_lag_seconds",
    Kind.LARGEST,
    "Time since the slowest process last looked for changes of status.",
)
SIGNER_LEFT = Metric(
    "ocsp_signer_left_seconds",
    Kind.LARGEST,
    "Time until the signer's certificate ends; negative after it.",
    ("signer",),
)
SIGNER_ALARM = Metric(
    "ocsp_signer_alarm_seconds",
    Kind.LARGEST,
    "How long before the end of the signer's certificate the warnings begin.",
    ("signer",),
)
CANNED_LEFT = Metric(
    "ocsp_canned_left_seconds",
    Kind.LARGEST,
    "Time until an offline CA has no response about a certificate; negative after it.",
    ("issuer",),
)
FOREIGN_ANSWERED = Metric(
    "ocsp_foreign_answered_timestamp_seconds",
    Kind.LARGEST,
    "When the responders of another CA last answered, in seconds since 1970.",
    ("issuer",),
)
FOREIGN_FAILED = Metric(
    "ocsp_foreign_failed_timestamp_seconds",
    Kind.LARGEST,
    "When they last did not, in seconds since 1970.",
    ("issuer",),
)
SOURCE_UP = Metric(
    "ocsp_source_up",
    Kind.LARGEST,
    "1 if the source of status can answer, else 0.",
    ("issuer",),
)
STORE_UP = Metric(
    "ocsp_store_up",
    Kind.LARGEST,
    "1 if the store can be read, else 0.",
    ("store",),
)
VALKEY = "valkey"
"""The name of the Valkey server among the stores."""

RESPONSE_CACHE_BYTES = Metric(
    "ocsp_response_cache_bytes", Kind.SUM, "Size of the answers in memory."
)
CONNECTIONS = Metric("ocsp_connections", Kind.SUM, "Open connections.")
SHED = Metric(
    "ocsp_shed",
    Kind.COUNTER,
    "Connections that the server closed, by the limit that they reached.",
    ("why",),
)
CLOCK_OFFSET = Metric(
    "ocsp_clock_offset_seconds",
    Kind.LARGEST,
    "How far the clock jumped from the time that is trusted; 0 if it runs steadily.",
)
DATABASE_CLOCK = Metric(
    "ocsp_database_clock_offset_seconds",
    Kind.LARGEST,
    "How far the clock differs from that of the database; above 60 nothing is signed.",
)
CONFIG_RELOAD_FAILED = Metric(
    "ocsp_config_reload_failed",
    Kind.LARGEST,
    "1 if the last reload of the configuration failed, else 0.",
)
WORKER_RESTARTS = Metric(
    "ocsp_worker_restarts", Kind.COUNTER, "Processes that ended and were started again."
)

TABLE: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        HTTP_REQUESTS,
        RESPONSES,
        CERT_IDS,
        ANSWERS,
        REQUEST_SECONDS,
        SIGNATURES,
        SIGNATURE_SECONDS,
        SIGNATURES_WAITING,
        ANSWER_AGE,
        ANSWER_LEFT,
        ANSWERS_DUE,
        ANSWERS_REFUSED,
        EVENTS_OPEN,
        CHANGE_LAG,
        SIGNER_LEFT,
        SIGNER_ALARM,
        CANNED_LEFT,
        FOREIGN_ANSWERED,
        FOREIGN_FAILED,
        SOURCE_UP,
        STORE_UP,
        RESPONSE_CACHE_BYTES,
        CONNECTIONS,
        SHED,
        CLOCK_OFFSET,
        DATABASE_CLOCK,
        CONFIG_RELOAD_FAILED,
        WORKER_RESTARTS,
    )
}
"""All metrics, by name, in the order of the exposition."""
