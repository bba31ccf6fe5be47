"""
Keep answers in memory, ready to send, until the status changes or they end.

An answer has two kinds of keys: what the client sent, which is the raw target of a GET
or the body of a POST; and the certificate that it is about, by which it is dropped when
the status changes. The same answer is often found by several targets and bodies.
"""

from __future__ import annotations

from collections.abc import Iterable

from ocsp.http import CacheableAnswer
from ocsp.metrics import Outcome
from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import CertIDForm

__all__ = ["CachedResponse", "ResponseCache"]

OVERHEAD = 640
"""Octets that Python needs for one entry beside its strings: 617 were measured, with
three keys."""


class CachedResponse:
    """
    An answer in memory.

    Attributes:
        answer: The answer, ready to send.

        until: Until when it is used, in seconds since 1970; 0 if it was dropped. The
            store is asked again after that.

        valid_until: Until when it is used if the store cannot be asked.

        revoked: Whether it says *revoked*.

        version: The version of the status that it states.

        certificate: The certificate that it is about, and the form of its CertIDs.

        get: What a GET counts that it answers.

        post: What a POST counts that it answers.
    """

    __slots__ = (
        "answer",
        "certificate",
        "get",
        "post",
        "revoked",
        "until",
        "valid_until",
        "version",
    )

    def __init__(
        self,
        answer: CacheableAnswer,
        until: int,
        certificate: tuple[StatusQuery, CertIDForm],
        *,
        valid_until: int,
        revoked: bool,
        version: int,
        outcomes: tuple[Outcome, Outcome],
    ) -> None:
        self.answer = answer
        self.get, self.post = outcomes
        self.until = until
        self.valid_until = valid_until
        self.certificate = certificate
        self.revoked = revoked
        self.version = version

    def end(self) -> None:
        """Do not use it any more, by whichever key it is found."""
        self.until = self.valid_until = 0


class _Generation:
    """The entries that were used since about the same time."""

    __slots__ = ("bodies", "certificates", "size", "targets")

    def __init__(self) -> None:
        self.targets: dict[bytes, CachedResponse] = {}
        self.bodies: dict[bytes, CachedResponse] = {}
        self.certificates: dict[tuple[StatusQuery, CertIDForm], CachedResponse] = {}
        self.size = 0

    def keys(self, *, post: bool) -> dict[bytes, CachedResponse]:
        """Return the entries of GET or of POST: their keys are never mixed."""
        return self.bodies if post else self.targets


class ResponseCache:
    """
    Answers in memory, bounded in octets.

    There are two generations: if the young one has half of the octets, it becomes the
    old one, and the one before is dropped. An answer that is found in the old one is
    moved to the young one. So no list of uses has to be maintained. An answer is found
    by its certificate as long as it is found by any target or body.
    """

    def __init__(self, limit: int) -> None:
        """Keep at most *limit* octets; with 0, keep nothing."""
        self._half = limit // 2
        self._young = _Generation()
        self._old = _Generation()

    def find(self, key: bytes, now: int, *, post: bool) -> CachedResponse | None:
        """
        Return the answer to a request if it may still be used, otherwise ``None``.

        Args:
            key: The raw target, or with *post* the body.

            now: The current time, in seconds since 1970.

            post: Whether the request is a POST.
        """
        entry = self._young.keys(post=post).get(key)
        if entry is None:
            entry = self._old.keys(post=post).get(key)
            if entry is None:
                return None
            if now < entry.until:
                self.put(key, entry, post=post)
        return entry if now < entry.until else None

    def find_certificate(
        self, certificate: tuple[StatusQuery, CertIDForm], now: int
    ) -> CachedResponse | None:
        """Return the answer about a certificate, which another request asked for."""
        entry = self._about(certificate)
        return entry if entry is not None and now < entry.until else None

    def find_valid(
        self, certificate: tuple[StatusQuery, CertIDForm], now: int
    ) -> CachedResponse | None:
        """Return the answer about a certificate, for when the store cannot be asked."""
        entry = self._about(certificate)
        return entry if entry is not None and now < entry.valid_until else None

    def _about(
        self, certificate: tuple[StatusQuery, CertIDForm]
    ) -> CachedResponse | None:
        entry = self._young.certificates.get(certificate)
        return self._old.certificates.get(certificate) if entry is None else entry

    def put(self, key: bytes, entry: CachedResponse, *, post: bool) -> None:
        """Keep *entry* as the answer to a request."""
        # An alias is charged in full, so that variants of one target cannot fill more.
        size = len(key) + len(entry.answer.head) + len(entry.answer.body) + OVERHEAD
        if size > self._half:
            return
        if self._young.size + size > self._half:
            self._old, self._young = self._young, _Generation()
        young = self._young
        young.size += size
        young.keys(post=post)[key] = entry
        # Another answer about this certificate ends: nothing would drop it later.
        certificate = entry.certificate
        other = young.certificates.setdefault(certificate, entry)
        if other is not entry:
            other.end()
            young.certificates[certificate] = entry
        other = self._old.certificates.get(certificate, entry)
        if other is not entry:
            other.end()

    def drop(self, queries: Iterable[StatusQuery]) -> None:
        """Drop the answers about certificates whose status changed."""
        for query in queries:
            for form in CertIDForm:
                for generation in (self._young, self._old):
                    entry = generation.certificates.pop((query, form), None)
                    if entry is not None:
                        entry.end()

    def clear(self) -> None:
        """Drop everything."""
        self._young, self._old = _Generation(), _Generation()

    @property
    def size(self) -> int:
        """The octets in use, with the estimated overhead of Python."""
        return self._young.size + self._old.size
