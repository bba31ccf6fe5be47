"""
The errors of a protected connection: subclasses of those of ``ssl``.

Each library reports them as it reports a certificate that ``ssl`` rejects.
"""

from __future__ import annotations

import contextlib
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Self

from ocsp.client import Outcome

if TYPE_CHECKING:
    import asyncio

__all__ = ["RevocationPending", "RevocationRefused", "find_pending"]

_REVOKED = 23
"""X509_V_ERR_CERT_REVOKED, the code of OpenSSL for a revoked certificate."""

_OTHER = 50
"""X509_V_ERR_APPLICATION_VERIFICATION: the application refused the certificate."""

_DEEPEST_CAUSE = 32
"""Causes and parts of one error that are searched: more than any library nests."""


class RevocationRefused(ssl.SSLCertVerificationError):
    """
    The certificate of the peer is valid for ``ssl``, and must not be used.

    ``__cause__`` is the error of this package that says why, for example
    :class:`ocsp.CertificateRevoked` or :class:`ocsp.RevocationIndeterminate`. There is
    none if something else is wrong, such as a session whose certificates are unknown.

    Attributes:
        outcome: The outcome of the check; ``None`` if there was no check.

        reason: ``"CERTIFICATE_VERIFY_FAILED"``, as in errors of OpenSSL.

        verify_code: 23 (revoked) if the certificate is revoked, otherwise 50 (refused
            by the application).

        verify_message: Why, without the name of the error.
    """

    outcome: Outcome | None

    def __init__(
        self, message: str, outcome: Outcome | None = None, *, revoked: bool = False
    ) -> None:
        super().__init__(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {message}")
        self.library = "SSL"
        self.reason = "CERTIFICATE_VERIFY_FAILED"
        self.verify_code = _REVOKED if revoked else _OTHER
        self.verify_message = message
        self.outcome = outcome

    def again(self) -> Self:
        """Return this error without its traceback, to be raised at another use."""
        copy = self._copy()
        copy.__cause__ = self.__cause__
        return copy

    def _copy(self) -> Self:
        is_revoked = self.verify_code == _REVOKED
        return type(self)(self.verify_message, self.outcome, revoked=is_revoked)

    def __reduce__(self) -> tuple[object, ...]:
        # An outcome cannot be pickled.
        return RevocationRefused._of, (self.verify_message, self.verify_code)

    @staticmethod
    def _of(message: str, verify_code: int) -> RevocationRefused:
        return RevocationRefused(message, revoked=verify_code == _REVOKED)


class RevocationPending(RevocationRefused):
    """
    Nothing is known about the certificate yet: the check goes on in the background.

    The connection is refused. Wait for the end of the check with :meth:`settled` or
    :meth:`wait`, and connect again; :func:`ocsp.tls.connecting` does so.
    """

    def __init__(self, message: str, checks: tuple[Future[Outcome], ...]) -> None:
        super().__init__(message)
        self._checks = checks

    async def settled(self) -> None:
        """
        Return when the check has ended, whatever its outcome; in asyncio or in trio.

        Raises:
            RuntimeError: If neither asyncio nor trio runs.
        """
        for check in self._checks:
            await _ended(check)

    def wait(self, timeout: float | None = None) -> bool:
        """
        Block until the check has ended, and return whether it has.

        Args:
            timeout: How many seconds to wait at most; by default until the end.
        """
        return not wait(self._checks, timeout).not_done

    def _copy(self) -> Self:
        return type(self)(self.verify_message, self._checks)


async def _ended(check: Future[Outcome]) -> None:
    if "trio" in sys.modules:
        import trio

        try:
            token = trio.lowlevel.current_trio_token()
        except RuntimeError:
            pass
        else:
            ended = trio.Event()
            check.add_done_callback(lambda _: token.run_sync_soon(ended.set))
            await ended.wait()
            return
    import asyncio

    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    check.add_done_callback(lambda _: _set_soon(loop, done))
    await done.wait()


def _set_soon(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
        loop.call_soon_threadsafe(done.set)


def find_pending(error: BaseException) -> RevocationPending | None:
    """
    Return the :class:`RevocationPending` that *error* was raised for, or ``None``.

    Libraries raise errors of their own: it is searched in the causes and contexts, in
    the parts of exception groups, and in the arguments.
    """
    return next(
        (each for each in _within(error) if isinstance(each, RevocationPending)), None
    )


def _within(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what is in it, each once; no more than a bounded number."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _DEEPEST_CAUSE:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        parts = [each.__cause__, each.__context__, *each.args]
        if isinstance(each, BaseExceptionGroup):
            parts += each.exceptions
        waiting += [part for part in parts if isinstance(part, BaseException)]
