"""
The limits, each with the reason for its value.

A message over a limit is refused with :class:`ocsp.errors.LimitExceeded`, which names
the constant. They are read at each use, so that a program (or a test) can set its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

__all__ = [
    "MAX_ADDRESSES",
    "MAX_CACHED_ANSWERS",
    "MAX_CACHED_CRLS",
    "MAX_CERTIFICATES",
    "MAX_CRL_BYTES",
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "MAX_EXTENSIONS",
    "MAX_GET_URL_BYTES",
    "MAX_HTTP_REQUEST_BYTES",
    "MAX_ISSUER_BYTES",
    "MAX_KEPT_CRL_BYTES",
    "MAX_KEY_BITS",
    "MAX_MESSAGE_BYTES",
    "MAX_NAME_ATTRIBUTES",
    "MAX_REDIRECTS",
    "MAX_REMEMBERED_FAILURES",
    "MAX_REQUEST_CERTIFICATES",
    "MAX_RESPONDER_URLS",
    "MAX_SIGNATURES_CHECKED",
    "MAX_URL_CHARACTERS",
    "MAX_VERIFIED_BYTES",
    "MAX_VERIFIED_CERTIFICATES",
    "MAX_VERIFIED_ENTRIES",
    "MAX_WORKERS",
    "when_changed",
]

MAX_MESSAGE_BYTES = 1 << 20
"""
Octets in a request or response. The largest useful message is a batch response with
post-quantum certificates (an ML-DSA-87 certificate is some 7.5 kB); everything met in
the field is below 64 KiB, the limit of other toolkits. One mebibyte leaves room for
batches and still bounds the work.
"""

MAX_ENTRIES = 4096
"""
Entries in a request or a response. Public responders send at most a few dozen; a
batch of this many fills a message of the size above.
"""

MAX_EXTENSIONS = 64
"""
Extensions in one list. RFC 6960 §4.4 defines eight and RFC 5280 three more for CRL
entries, so a list this long has no honest use.
"""

MAX_CERTIFICATES = 64
"""Embedded certificates. One is needed (RFC 9919 §3.2.2); whole chains have ten."""

MAX_NAME_ATTRIBUTES = 128
"""Attributes in one Name. Names in public certificates have below twenty."""

MAX_DEPTH = 16
"""
Levels of values inside one another in a certificate. Real ones have eight.
``cryptography`` reads some of them by recursion, and without this a crafted certificate
would end the process.
"""

MAX_HTTP_REQUEST_BYTES = 10_240
"""
Octets that a responder reads of one HTTP request body. A request for one certificate
has about 120; Boulder's responder stops at 10,000 as well.
"""

MAX_REQUEST_CERTIFICATES = 64
"""
Certificates that a responder lets one request ask about. A chain has below ten, and
RFC 9919 §3.1.1 allows its clients one; each costs a look-up.
"""

MAX_VERIFIED_BYTES = 1 << 16
"""
Octets of a response that is to be verified. A response about one certificate has some
2 kB, with post-quantum signatures below 20; other toolkits stop here as well.
"""

MAX_VERIFIED_ENTRIES = 512
"""Entries of a response that is to be verified; as many fill the size above."""

MAX_VERIFIED_CERTIFICATES = 16
"""Certificates that came along and are looked at; one is needed (RFC 9919 §3.2.2)."""

MAX_SIGNATURES_CHECKED = 16
"""
Signatures that one verification checks. Two are needed where a delegate has signed; the
rest is for issuers and delegates that were given a new key under the old name, and a
response full of decoys ends here.
"""

MAX_KEY_BITS = 16_384
"""Bits of an RSA or DSA key that is used: checking with a larger one takes seconds."""

MAX_CRL_BYTES = 1 << 26
"""
Octets of a CRL that is to be verified. A million entries have some 40 MB, and CAs split
their lists long before.
"""

MAX_CACHED_ANSWERS = 10_000
"""
Answers that a cache keeps where it is not told how many. One has some 2 kB in a file
and twice that in memory, so these are 40 MB; few programs meet as many certificates.
"""

MAX_RESPONDER_URLS = 8
"""
URLs of one certificate that are tried. Public certificates name one; each costs a
connection and time.
"""

MAX_URL_CHARACTERS = 2048
"""Characters of a URL that is asked. Those in certificates have below a hundred."""

MAX_GET_URL_BYTES = 255
"""Octets of a URL that is asked by GET; what is longer goes by POST (RFC 9919 §6)."""

MAX_REDIRECTS = 3
"""Redirects that are followed one after the other, where they are followed at all."""

MAX_ISSUER_BYTES = 1 << 16
"""
Octets of an issuer's certificate that is fetched. One has 1 to 8 kB; a PKCS #7 may hold
a few.
"""

MAX_ADDRESSES = 4
"""Addresses of one name that are tried; most names have two, one for each family."""

MAX_REMEMBERED_FAILURES = 4096
"""
Responders and certificates whose last failure is remembered, for a minute at most. The
oldest make room.
"""

MAX_WORKERS = 64
"""Certificates that ``check_many`` asks about at the same time, to all responders."""

MAX_CACHED_CRLS = 16
"""CRLs that a client keeps for the other certificates of their issuers."""

MAX_KEPT_CRL_BYTES = 1 << 22
"""Octets of a CRL that is kept: 16 such have 64 MiB. Larger ones are fetched again."""

_forget: list[Callable[[], None]] = []


def when_changed(forget: Callable[[], None]) -> None:
    """Call *forget* whenever a limit is set: what was learned under another is void."""
    _forget.append(forget)


class _Limits(ModuleType):
    """The module itself, which notices when one of its limits is set."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        for forget in _forget:
            forget()


sys.modules[__name__].__class__ = _Limits
