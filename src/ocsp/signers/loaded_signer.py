"""
A signer that was loaded from files or a token, and how a responder has to call it.

A key in memory that signs within a millisecond signs in the thread of the caller. Other
keys sign in threads (:class:`ocsp.signers.SigningSlots`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import NoReturn, final

from cryptography import x509

from ocsp import limits
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.errors import SignerUnavailable
from ocsp.guarded.files import FileState
from ocsp.signers.pace import Pace
from ocsp.signers.spec import SignerSpec
from ocsp.signing.signer import Signer

__all__ = ["LoadedSigner", "RefusingSigner"]

_MEASUREMENTS = 3
"""Signatures to measure. The fastest one counts, because other programs also run."""

_TEST_DATA = b"ocsp: how long does a signature take?"
"""Not DER, so no message has this signature."""


@final
class RefusingSigner:
    """
    A :class:`ocsp.Signer` that signs nothing, in the place of one that cannot be used.

    Its token is away, or clients would reject its answers. Answers that it signed
    before are known as its own by the certificate.

    Attributes:
        certificate: Its certificate.

        algorithm_identifier: The AlgorithmIdentifier of its signatures, in DER.

        local: True: it never waits.
    """

    __slots__ = ("_why", "algorithm_identifier", "certificate")

    local = True

    def __init__(
        self, certificate: x509.Certificate, algorithm_identifier: bytes, why: str
    ) -> None:
        """Say *why* in the error of each signature."""
        self.certificate = certificate
        self.algorithm_identifier = algorithm_identifier
        self._why = why

    def sign(self, data: bytes) -> bytes:
        """
        Sign nothing.

        Raises:
            SignerUnavailable: Always.
        """
        del data
        raise SignerUnavailable(self._why)


@final
class LoadedSigner:
    """
    A :class:`ocsp.Signer` that was loaded from a :class:`SignerSpec`.

    Threads may share it.

    Attributes:
        spec: Where its key and its certificate are.

        name: The subject of its certificate.

        certificate: Its certificate.

        algorithm_identifier: The AlgorithmIdentifier of its signatures, in DER.

        seconds: How long a signature takes: the fastest of three when it was loaded.

        local: Whether signing never waits: the key is in memory, a signature takes at
            most ``limits.MAX_INLINE_SIGNING_SECONDS``, and no rate is set.

        parallel: How many threads can sign at the same time.

        rate: How many signatures a second it may make; ``None`` for any number.

        files: The states of the files of *spec* before they were read; ``None`` for
            one that could not be found.
    """

    __slots__ = (
        "_end",
        "_is_in_memory",
        "_pace",
        "_sign",
        "algorithm_identifier",
        "certificate",
        "files",
        "local",
        "name",
        "parallel",
        "rate",
        "seconds",
        "spec",
    )

    def __init__(
        self,
        spec: SignerSpec,
        signer: Signer,
        *,
        close: Callable[[], None] | None = None,
        files: tuple[FileState | None, ...] = (),
    ) -> None:
        """
        Wrap *signer*, and measure how long it takes to sign.

        Args:
            spec: Where it was loaded from.

            signer: The signer.

            close: Ends its session with a token; ``None`` for a key in memory.

            files: The states of the files before they were read.

        Raises:
            SignerUnavailable: If it cannot sign.
        """
        self.spec = spec
        self.files = files
        self.certificate: x509.Certificate = signer.certificate
        self.algorithm_identifier = signer.algorithm_identifier
        self.name = name_text(name_of_subject(signer.certificate))
        self._sign = signer.sign
        self._end = close
        self._is_in_memory = close is None
        self.rate = spec.rate
        self._pace = None if spec.rate is None else Pace(spec.rate)
        self.seconds = self._measure()
        self.local = (
            self._is_in_memory
            and self._pace is None
            and self.seconds <= limits.MAX_INLINE_SIGNING_SECONDS
        )
        # The calls into a PKCS #11 module come one after the other.
        self.parallel = os.cpu_count() or 1 if self._is_in_memory else 1

    def _measure(self) -> float:
        fastest = float("inf")
        for _ in range(_MEASUREMENTS if self._is_in_memory else 1):
            begin = time.perf_counter()
            self._sign(_TEST_DATA)
            fastest = min(fastest, time.perf_counter() - begin)
        return fastest

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, in the encoding of X.509.

        The call waits if a rate is set and used up.

        Raises:
            SignerUnavailable: If the key cannot be used now.
        """
        if self._pace is not None:
            self._pace.wait()
        return self._sign(data)

    def close(self) -> None:
        """
        End the session with the token, if there is one; closing twice is allowed.

        The call waits for a token that hangs as long as a request does.
        """
        closing = self.begin_to_close()
        if closing is not None:
            closing.join(limits.MAX_SIGNING_SECONDS)

    def begin_to_close(self) -> threading.Thread | None:
        """Do the same in a thread, and return it if there is something to wait for."""
        end, self._end = self._end, None
        if end is None:
            return None
        thread = threading.Thread(target=end, name="ocsp-closing", daemon=True)
        thread.start()
        return thread

    def __repr__(self) -> str:
        return f"<LoadedSigner({self.name})>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a LoadedSigner cannot be pickled: it holds a private key")
