"""
The limits of this package, each with the reason for its value.

A message that exceeds a limit raises :class:`ocsp.errors.LimitExceeded`, which names
the constant. Limits are read at each use, so a program can assign other values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

__all__ = [
    "MAX_ADDRESSES",
    "MAX_BACKGROUND_CHECKS",
    "MAX_CACHED_ANSWERS",
    "MAX_CACHED_ANSWER_BYTES",
    "MAX_CACHED_CRLS",
    "MAX_CACHED_PAIR_BYTES",
    "MAX_CACHED_STATUS_BYTES",
    "MAX_CACHE_BYTES",
    "MAX_CACHE_WAIT_SECONDS",
    "MAX_CERTIFICATES",
    "MAX_CERTIFICATE_FILE_BYTES",
    "MAX_CERTIFICATE_ISSUER_BYTES",
    "MAX_CLOSING_BYTES",
    "MAX_CLOSING_SECONDS",
    "MAX_COMBINING_CHARACTERS",
    "MAX_COMPARED_NAME_BYTES",
    "MAX_CONFIGURATION_BYTES",
    "MAX_CONNECTIONS",
    "MAX_CONNECTION_REQUESTS",
    "MAX_CRL_BYTES",
    "MAX_CRL_IN_MEMORY_BYTES",
    "MAX_CURVE_BITS",
    "MAX_DEPTH",
    "MAX_DSA_BITS",
    "MAX_ENTRIES",
    "MAX_EXPONENT_BITS",
    "MAX_EXTENSIONS",
    "MAX_FETCHES",
    "MAX_FORWARDED_REQUESTS",
    "MAX_GENERAL_NAMES",
    "MAX_GET_URL_BYTES",
    "MAX_HOOK_OUTPUT_BYTES",
    "MAX_HOOK_SECONDS",
    "MAX_HTTP_HEADERS",
    "MAX_HTTP_HEAD_BYTES",
    "MAX_HTTP_MESSAGE_BYTES",
    "MAX_HTTP_REQUEST_BYTES",
    "MAX_HTTP_TARGET_BYTES",
    "MAX_IDLE_SECONDS",
    "MAX_IMPORT_LINE_BYTES",
    "MAX_INLINE_BYTES",
    "MAX_INLINE_SIGNING_SECONDS",
    "MAX_INLINE_STATUS_BYTES",
    "MAX_INTERIM_REPLIES",
    "MAX_ISSUER_BYTES",
    "MAX_KEPT_CRL_BYTES",
    "MAX_KEY_BITS",
    "MAX_KEY_FILE_BYTES",
    "MAX_MESSAGE_BYTES",
    "MAX_NAME_ATTRIBUTES",
    "MAX_PARSED_BYTES",
    "MAX_PEM_CRL_BYTES",
    "MAX_PROBE_TARGETS",
    "MAX_REDIRECTS",
    "MAX_REMEMBERED_BYTES",
    "MAX_REMEMBERED_CRLS",
    "MAX_REMEMBERED_FAILURES",
    "MAX_RENEWAL_SECONDS",
    "MAX_REPLY_HEADERS",
    "MAX_REPLY_OVERHEAD_BYTES",
    "MAX_REPORTED_ODDITIES",
    "MAX_REQUEST_CERTIFICATES",
    "MAX_REQUEST_SECONDS",
    "MAX_RESOLVER_THREADS",
    "MAX_RESPONDER_URLS",
    "MAX_RESPONSE_CACHE_BYTES",
    "MAX_SHARED_BYTES",
    "MAX_SHOWN_CHARACTERS",
    "MAX_SIGNATURES_CHECKED",
    "MAX_SIGNER_LOAD_SECONDS",
    "MAX_SIGNING_SECONDS",
    "MAX_SQL_WAITING",
    "MAX_STAPLE_LOCK_SECONDS",
    "MAX_STATUS_FILE_BYTES",
    "MAX_STOP_SECONDS",
    "MAX_TLS_PATHS",
    "MAX_TLS_PATH_BYTES",
    "MAX_TOLERATED_VALUES",
    "MAX_UNREAD_SECONDS",
    "MAX_URL_CHARACTERS",
    "MAX_VERIFIED_BYTES",
    "MAX_VERIFIED_CERTIFICATES",
    "MAX_VERIFIED_ENTRIES",
    "MAX_WAIT_SECONDS",
    "MAX_WORKERS",
    "MAX_WORKER_PROCESSES",
    "when_changed",
]

MAX_MESSAGE_BYTES = 1 << 20
"""
Octets in a request or response. The largest useful message is a batch response with
post-quantum certificates (an ML-DSA-87 certificate has about 7.5 kB). Messages of
public responders are below 64 KiB, the limit of other toolkits. One mebibyte leaves
room for batches and still bounds the work.
"""

MAX_ENTRIES = 4096
"""
Entries in a request or a response, and in a CRL for one serial number. Public
responders send at most a few dozen. A batch of this many fills a message of
``MAX_MESSAGE_BYTES``.
"""

MAX_EXTENSIONS = 64
"""
Extensions in one list, also of a certificate in a message. RFC 6960 §4.4 defines eight,
and RFC 5280 three more for CRL entries and seventeen for certificates. No legitimate
message comes near this limit.
"""

MAX_CERTIFICATES = 64
"""
Certificates in one message. One is needed (RFC 9919 §3.2.2); a whole chain has at
most ten.
"""

MAX_NAME_ATTRIBUTES = 128
"""Attributes in one Name. Names in public certificates have fewer than twenty."""

MAX_GENERAL_NAMES = 64
"""
Names in one field of a distribution point, and distribution points of a certificate.
Public certificates have one or two. The verifier compares each name with each.
"""

MAX_COMPARED_NAME_BYTES = 2048
"""
Octets of a Name up to which names with other octets can be equal to it (RFC 5280 §7.1).
A longer Name is equal only to the same octets. Names in public certificates have fewer
than 500. One verification compares a Name with those of several certificates.
"""

MAX_CERTIFICATE_ISSUER_BYTES = 4096
"""
Octets of a certificateIssuer in singleExtensions (RFC 6960 §4.4.5) that the verifier
decodes; a longer one counts as malformed. It has one name, with fewer than 500 octets.
A message of 56 KB can have 3,500 names, which cost ten times as much as its signature.
"""

MAX_COMBINING_CHARACTERS = 30
"""
Consecutive combining characters in a Name up to which names with other octets can be
equal to it. Normalising longer sequences takes quadratic time. It is the limit of the
Stream-Safe Text Format (UAX #15 §13); every language needs fewer.
"""

MAX_SHOWN_CHARACTERS = 1024
"""
Characters of a Name in a message; the rest is cut off. A verification may mention the
names of several certificates several times.
"""

MAX_DEPTH = 32
"""
Levels of nested values, with those inside of strings, in what a parser of another
library reads; also in a message that is read tolerantly. A certificate has at most
fifteen, and a PKCS #7 around it adds five. ``cryptography`` reads some values by
recursion: without this limit, a crafted certificate can end the process. The tolerant
reader recurses too.
"""

MAX_PARSED_BYTES = 1 << 20
"""
Octets that a parser of another library reads at once. The largest message and the
largest file of certificates have as many.
"""

MAX_TOLERATED_VALUES = 2048
"""
Values in a message that is read tolerantly, with those of its certificates. A request
for 64 certificates has about 500, and a response with 100 entries and four certificates
1,600. The limit bounds the work that a request of useless values can cause.
"""

MAX_HTTP_REQUEST_BYTES = 10_240
"""
Octets of one HTTP request body that a responder reads. A request for one certificate
has about 120. Boulder's responder also stops at 10,000.
"""

MAX_REQUEST_CERTIFICATES = 64
"""
Entries of one request that a responder accepts. A chain has fewer than ten
certificates, and RFC 9919 §3.1.1 allows its clients one. Each entry costs a look-up.
"""

MAX_VERIFIED_BYTES = 1 << 16
"""
Octets of a response to verify. A response about one certificate has about 2 kB, and
with post-quantum signatures less than 20 kB. Other toolkits have the same limit.
"""

MAX_VERIFIED_ENTRIES = 512
"""Entries of a response to verify; so many fill ``MAX_VERIFIED_BYTES``."""

MAX_VERIFIED_CERTIFICATES = 16
"""
Candidates of the caller and certificates of a response that the verifier looks at,
together. One is needed (RFC 9919 §3.2.2).
"""

MAX_SIGNATURES_CHECKED = 16
"""
Signatures that one verification checks, or a search for the issuer of a certificate.
Two are needed where a delegated responder has signed. The rest is for issuers and
delegates that have a new key under the old name. The limit bounds the work that many
useless certificates in a response, a reply or a file can cause.
"""

MAX_KEY_BITS = 8192
"""
Bits of an RSA key. Checking a signature takes a millisecond with such a key, and six
with twice as many bits. Public certificates have at most 4,096 bits, and Go's TLS does
not accept more than 8,192 either (CVE-2023-29409).
"""

MAX_DSA_BITS = 4096
"""
Bits of a DSA key. Checking a signature costs more than with RSA: 20 ms for 10,000 bits.
FIPS 186-4 defines keys of up to 3,072 bits.
"""

MAX_EXPONENT_BITS = 256
"""
Bits of the public exponent of an RSA key, which are the steps of checking a signature.
FIPS 186-5 §5.1 limits them to 256; almost all keys have 17.
"""

MAX_CURVE_BITS = 1024
"""Bits of an elliptic curve. Every curve in use is smaller; 571 is the largest."""

MAX_CACHE_BYTES = 1 << 22
"""
Octets, estimated, of each cache of names, algorithms, shapes of messages, certificates
and their fields. A client on the web meets a few hundred CAs; each half of four
mebibytes holds the certificates of 600 signers. A full cache loses what was not used
since its half was full for the last time.
"""

MAX_CACHED_PAIR_BYTES = 1 << 16
"""
Octets, estimated, of the cache of pairs of a private key and a certificate that were
compared: about thirty pairs. It is small, because it keeps the keys in memory.
"""

MAX_CERTIFICATE_FILE_BYTES = 1 << 20
"""Octets of a file of certificates that the command line reads: about 500 of them."""

MAX_KEY_FILE_BYTES = 1 << 16
"""
Octets of a file with private keys, a passphrase or a PIN. The PEM of an RSA key of
16,384 bits has 13,000.
"""

MAX_INLINE_SIGNING_SECONDS = 0.001
"""
Seconds that a signature of a key in memory may take for the responder to make it
between two requests, without a thread. A P-256 signature takes 30 millionths of a
second, one of RSA with 4,096 bits about 2 thousandths.
"""

MAX_SIGNING_SECONDS = 2.0
"""
Seconds that a request waits for a signature, in the line and while it is made. Clients
wait for about ten seconds; a busy HSM signs within half a second.
"""

MAX_SIGNER_LOAD_SECONDS = 30.0
"""
Seconds that the responder waits until a key is loaded: a network HSM logs in within a
few seconds, and some keys in files are encrypted with a deliberately slow function.
"""

MAX_RENEWAL_SECONDS = 120.0
"""
Seconds that the command may take that renews the certificate of a signer. A CA answers
within seconds; one where a person has to agree needs another way.
"""

MAX_HTTP_HEAD_BYTES = 16_384
"""
Octets in the head of a request to a responder. Browsers and proxies send less than
4 kB beside the target.
"""

MAX_HTTP_MESSAGE_BYTES = 98_304
"""
Octets of a request to a responder as it is sent: with empty lines before it, and with
its transfer coding. A body of ``MAX_HTTP_REQUEST_BYTES`` in chunks of one octet has
61,440.
"""

MAX_HTTP_TARGET_BYTES = 14_336
"""
Octets in the target of a GET. The base64 of ``MAX_HTTP_REQUEST_BYTES`` has 13,656.
"""

MAX_HTTP_HEADERS = 64
"""Headers of a request to a responder. OCSP clients send up to ten, proxies add ten."""

MAX_CONNECTION_REQUESTS = 10_000
"""
Requests in one connection to the native server. Then the client connects again, maybe
to another process of the responder. That costs little compared with so many requests.
"""

MAX_CONNECTIONS = 4096
"""
Connections of one process of the native server. One that is idle needs about 10 kB. The
server keeps fewer if the process may open fewer files.
"""

MAX_REQUEST_SECONDS = 10.0
"""Seconds that a client may take to send a request, from its first octet on."""

MAX_IDLE_SECONDS = 60.0
"""Seconds that the native server keeps a connection without a request."""

MAX_UNREAD_SECONDS = 10.0
"""Seconds that the native server waits for a client that does not read its answers."""

MAX_CLOSING_SECONDS = 2.0
"""
Seconds that the native server waits for the end of a connection that it closes while
the client still sends. It reads and drops what arrives, because closing at once would
make the client's system drop the answer (RFC 9112 §9.6).
"""

MAX_CLOSING_BYTES = 1 << 20
"""Octets that the native server drops from such a client, before it stops reading."""

MAX_STOP_SECONDS = 3.0
"""Seconds that the native server waits for active requests when it stops."""

MAX_RESPONSE_CACHE_BYTES = 1 << 26
"""
Octets of answers in the memory of one process of a responder: about 35,000 answers.
"""

MAX_FORWARDED_REQUESTS = 64
"""
Requests that a responder has passed on to the responders of other CAs at one time.
Their answers are cached, so that more are open only if a responder hangs, or if a
client asks for one serial number after the other.
"""

MAX_CRL_BYTES = 1 << 26
"""
Octets of a CRL to verify. A CRL with a million entries has about 40 MB, and CAs
partition their CRLs long before.
"""

MAX_PEM_CRL_BYTES = 1 << 23
"""
Octets of a CRL in PEM that the client downloads. RFC 5280 §4.2.1.13 wants DER, and PEM
is decoded by one call that holds the interpreter: 40 ms for so many, also for the event
loops in other threads. They are a CRL of 150,000 entries.
"""

MAX_CACHED_ANSWERS = 10_000
"""
Answers that a cache keeps by default. One answer takes about 2 kB in a file. Few
programs meet as many certificates.
"""

MAX_CACHED_ANSWER_BYTES = 1 << 26
"""
Octets, estimated, of all answers that a cache in memory keeps by default. An answer
about one certificate takes about 6 kB, so this and ``MAX_CACHED_ANSWERS`` allow the
same number of them; one with 500 entries takes a megabyte.
"""

MAX_CACHE_WAIT_SECONDS = 1.0
"""
Seconds that a check waits for a cache file that other processes use. A write takes
milliseconds; a longer wait would be slower than asking the responder.
"""

MAX_RESPONDER_URLS = 8
"""
Responder URLs of one certificate that the client tries. Public certificates name one.
Each attempt costs a connection and time.
"""

MAX_URL_CHARACTERS = 2048
"""
Characters of a URL that the client requests. URLs in certificates have fewer than a
hundred.
"""

MAX_GET_URL_BYTES = 255
"""Octets of a URL for GET; the client uses POST for longer ones (RFC 9919 §6)."""

MAX_REDIRECTS = 3
"""Consecutive redirects that the client follows, where it follows redirects."""

MAX_ISSUER_BYTES = 1 << 16
"""
Octets of an issuer certificate that the client fetches. A certificate has 1 to 8 kB; a
PKCS #7 file can hold several.
"""

MAX_REPLY_OVERHEAD_BYTES = 1 << 15
"""
Octets of an HTTP reply that are not content: status line, headers, chunk sizes and
trailers. As many more as the content has octets are allowed for chunk sizes. The head
of a reply of a public responder has about 500 octets.
"""

MAX_REPLY_HEADERS = 128
"""Headers and trailers of an HTTP reply. Public responders send about fifteen."""

MAX_INTERIM_REPLIES = 8
"""
Replies with a status of 1xx before the final one (RFC 9110 §15.2). The client asks for
none, and the server or a proxy may send one or two.
"""

MAX_INLINE_BYTES = 8192
"""
Octets of an answer that the client reads and verifies at once. It verifies a larger one
in a thread, so that an event loop goes on. Almost all responses are smaller, and take
less time than starting a thread; the most hostile ones of this size take 20 ms.
"""

MAX_ADDRESSES = 4
"""
Addresses of one host name that the client tries. Most names have two, one for each
address family.
"""

MAX_FETCHES = 1000
"""
Questions that the validation of one document may ask through ``ocsp.pyhanko``. The
certificates in a document name the URLs, so without a limit one document could cause
any number of requests.
"""

MAX_BACKGROUND_CHECKS = 1000
"""
Checks that wait for a thread in the background of one client. Each may take the whole
time of a check, so with more of them the last one would end too late for its caller.
"""

MAX_RESOLVER_THREADS = 32
"""
Host names that a process looks up at the same time. A look-up cannot be cancelled, and
holds a thread for as long as its name server does not answer, often ten seconds. All
public responders together have a few dozen names.
"""

MAX_REMEMBERED_FAILURES = 4096
"""
Responders and certificates whose last failure the client remembers, for at most a
minute. New failures replace the oldest. Likewise for fetched issuers and for the status
of delegates.
"""

MAX_REMEMBERED_BYTES = 1 << 23
"""
Octets, estimated, of each of these memories. A failure takes about 2 kB, and one with
long names 60 kB.
"""

MAX_WAIT_SECONDS = 86_400.0
"""
Seconds of one wait of the client, however long its options allow. Functions of the
operating system refuse numbers that are much larger.
"""

MAX_TLS_PATHS = 4096
"""
Verified paths of TLS peers that one protected context remembers, for sessions that are
resumed. Servers let a session resume for some hours.
"""

MAX_TLS_PATH_BYTES = 1 << 25
"""Octets that these paths take in memory: 8 kB for each, as paths have."""

MAX_CONFIGURATION_BYTES = 1 << 18
"""
Octets of the configuration file of a responder. A table for one issuer has about 200,
so that a thousand issuers fit.
"""

MAX_WORKER_PROCESSES = 256
"""
Processes of one responder that answer requests. More processes than processors are of
no use; large machines have about 200.
"""

MAX_WORKERS = 64
"""Certificates that ``check_many`` checks at the same time, over all responders."""

MAX_CACHED_CRLS = 64
"""
CRLs that a client keeps, for other certificates of the same issuers. Some CAs divide
their CRLs into a hundred parts, of which one program needs a few.
"""

MAX_REMEMBERED_CRLS = 4096
"""
CRLs of which a client remembers only how new they are, one for each issuer and scope.
A CA that divides its CRLs has some hundred. One takes about 300 octets.
"""

MAX_KEPT_CRL_BYTES = 1 << 28
"""
Octets of all CRLs that a client keeps, with the index of their entries. Large CRLs are
in temporary files, and in memory only as far as they are used; their index, which takes
a tenth to a third of this, is in memory.
"""

MAX_CRL_IN_MEMORY_BYTES = 1 << 20
"""
Octets of a CRL that the client holds in memory; a larger one goes to a temporary file.
Most CRLs have less than 100 kB, and then no file is needed.
"""

MAX_SQL_WAITING = 1000
"""
Look-ups that wait for a SQL database. The next thread that is free asks for all of them
at once, so more wait only if the database does not answer.
"""

MAX_CACHED_STATUS_BYTES = 1 << 24
"""
Octets, estimated, of the records that a cache of status keeps: 16,000 certificates.
"""

MAX_STATUS_FILE_BYTES = 1 << 28
"""
Octets of an ``index.txt`` or a list of serial numbers that a source reads. A million
certificates take about 100 MB in ``index.txt``; a database is better from there on.
"""

MAX_INLINE_STATUS_BYTES = 1 << 18
"""
Octets of a changed file that a source reads at once, in the event loop of the
responder; a larger one is read in a thread. So many take some milliseconds: they are
2,500 lines of ``index.txt`` or 6,000 entries of a CRL.
"""

MAX_STAPLE_LOCK_SECONDS = 2.0
"""
Seconds that a stapler waits at its start for another one that has locked the same
staple file. A process that is being stopped releases the lock within a second.
"""

MAX_HOOK_SECONDS = 60.0
"""Seconds that a hook may take; reloading a server takes about one second."""

MAX_HOOK_OUTPUT_BYTES = 1 << 12
"""
Octets at the end of the error output of a hook that are kept. The report of a failure
has the last line of them.
"""

MAX_STARTTLS_LINE_BYTES = 1 << 13
"""
Octets of a line that a server sends before TLS begins. SMTP allows 512, and IMAP
servers list their capabilities in lines of up to 8,192.
"""

MAX_STARTTLS_BYTES = 1 << 16
"""Octets that a server may send before TLS begins, as greetings have several lines."""

MAX_IMPORT_LINE_BYTES = 1 << 16
"""
Octets of a line in a file with the status of certificates. A line has a subject name,
which has a few hundred octets; the longest that a certificate may have has 40,000.
"""

MAX_REPORTED_ODDITIES = 1000
"""
Oddities of which the report of an import has the text. The others are counted: a file
of another kind can have one in each of a million lines.
"""

_callbacks: list[Callable[[], None]] = []


def when_changed(forget: Callable[[], None]) -> None:
    """
    Call *forget* each time a limit is set.

    For caches: their contents may depend on the old limit.
    """
    _callbacks.append(forget)


class _Limits(ModuleType):
    """The class of this module, which notices when a limit is set."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        for forget in _callbacks:
            forget()


sys.modules[__name__].__class__ = _Limits

MAX_SHARED_BYTES = 1 << 16
"""Size of a value that is read from a Valkey server: an answer with one entry, and its
signature. The largest signatures of the standards, of SLH-DSA, have 49,856 octets."""

MAX_LOG_LINES = 200
"""Lines of the log that a process keeps for the page of the admin port: enough to see
what happened, and at most 200 KiB."""

MAX_SERIES = 20_000
"""Time series of all metrics together. The names in the configuration make them: 20,000
are more than a thousand issuers."""

MAX_LABEL_CHARACTERS = 200
"""Characters of a name from the configuration in a label of a metric, so that 40 series
fit into one report."""

MAX_REPORT_BYTES = 1 << 16
"""Size of one report of a process about its metrics: 40 series or 10 lines of the log
are smaller."""

MAX_CHECK_SECONDS = 3.0
"""How long a check of the responder's readiness may take before it counts as failed; an
HSM that works signs within a second."""

MAX_ADMIN_BODY_BYTES = 1 << 18
"""Size of a form that is sent to the admin port: it holds a message of 64 KiB in
hexadecimal with colons; those of responders have some KiB."""

MAX_ADMIN_HEAD_BYTES = 1 << 14
"""Size of the request line and headers that the admin port reads; browsers send about
1 KiB."""

MAX_ADMIN_CONNECTIONS = 64
"""Open connections of the admin port; the oldest is closed when another comes. A
browser opens six, a monitoring system one."""

MAX_ADMIN_CONNECTION_SECONDS = 30.0
"""How long a connection of the admin port stays open, whatever the client sends. Each
page is ready within seconds."""

MAX_PROBE_TARGETS = 256
"""Responders that one exporter probes. Each has some two hundred time series; a server
of Prometheus reads the 50,000 of 256 within a second."""
