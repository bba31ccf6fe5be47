"""
Load responses that were signed elsewhere, and verify them before they are served.

For a CA whose key is offline: a ceremony signs the responses, and the operator copies
the files to the responder. Each response is verified as a client would do it. One that
begins later is verified for its first moment, so that one ceremony can sign the
responses of a whole year. So is one that has ended: the responder knows by it which
certificates the CA has, and answers *tryLater* until there is a new one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.errors import ConfigError, OCSPError, VerificationError
from ocsp.guarded.files import read_file
from ocsp.messages.certid import CertID
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.responses.response import OCSPResponse, load_der_ocsp_response
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.responder.canned import CannedAnswer
from ocsp.verification.policy import Policy
from ocsp.verification.response import verify

__all__ = ["CannedFiles", "RefusedFile", "load_canned_answers"]


class RefusedFile(NamedTuple):
    """A file that is not served, and the reason."""

    path: Path
    reason: str


class CannedFiles(NamedTuple):
    """
    What was loaded.

    Attributes:
        answers: The answers that clients accept, now or later, and those that have
            ended, which clients accepted before.

        refused: The files that are not served.
    """

    answers: tuple[CannedAnswer, ...]
    refused: tuple[RefusedFile, ...]


def load_canned_answers(
    issuer: x509.Certificate,
    paths: Iterable[Path | str],
    now: datetime.datetime,
    *,
    responders: Iterable[x509.Certificate] = (),
    policy: Policy | None = None,
) -> CannedFiles:
    """
    Load and verify responses about certificates of *issuer*.

    A file that cannot be used does not cost the others: it is in the result.

    Args:
        issuer: The certificate of the issuer.

        paths: Files with one response each, in DER, or directories of such files.

        now: The current time, aware.

        responders: Certificates that the clients are configured to trust, besides the
            issuer and its delegates (RFC 6960 §2.2).

        policy: What the responses must satisfy; by default ``Policy()``.

    Raises:
        OSError: If a directory cannot be read.
    """
    answers: list[CannedAnswer] = []
    refused: list[RefusedFile] = []
    judge = _Judge(issuer, tuple(responders), policy or Policy(), now)
    for path in _files(paths):
        try:
            der = read_file(path, limits.MAX_VERIFIED_BYTES)
            answers.append(judge.accept(der, str(path)))
        except (OCSPError, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
            refused.append(RefusedFile(path, str(error)))
    return CannedFiles(tuple(answers), tuple(refused))


def _files(paths: Iterable[Path | str]) -> Iterator[Path]:
    """Return the files, and those in the directories, in the order of their names."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.is_file())
        else:
            yield path


class _Judge(NamedTuple):
    """How responses are verified."""

    issuer: x509.Certificate
    responders: tuple[x509.Certificate, ...]
    policy: Policy
    now: datetime.datetime

    def accept(self, der: bytes, file: str) -> CannedAnswer:
        """
        Return the answer with the octets *der*.

        Raises:
            OCSPError: If clients would reject it, now and at its first moment.
            UnsupportedAlgorithm: If the hash algorithm of a CertID is not known.
        """
        response = load_der_ocsp_response(der)
        ends = [self._check(response, entry) for entry in response.responses]
        until = min(ends, default=self.now)
        answer = CannedAnswer.of(der, response, until, file=file)
        if nonce_of(response.extensions) is not None:
            raise ConfigError("response", "it has a nonce, so it is for one client")
        return answer

    def _check(
        self, response: OCSPResponse, entry: OCSPSingleResponse
    ) -> datetime.datetime:
        """Verify *entry*, and return until when it proves the status."""
        serial, algorithm = entry.serial_number, entry.hash_algorithm
        if entry.cert_id != CertID.for_serial(self.issuer, serial, algorithm):
            raise ConfigError(
                "response", f"serial number {serial:#x} is of another issuer"
            )
        try:
            return self._verify(response, entry, max(self.now, entry.this_update_utc))
        except VerificationError:
            # Only the time is another one: what clients accepted then has ended.
            first = max(entry.this_update_utc, response.produced_at_utc)
            if first > self.now:
                raise
            return min(self._verify(response, entry, first), self.now)

    def _verify(
        self, response: OCSPResponse, entry: OCSPSingleResponse, at: datetime.datetime
    ) -> datetime.datetime:
        """Verify *entry* as of *at*, and return until when it proves the status."""
        evidence = verify(
            response,
            entry.cert_id,
            self.issuer,
            at=at,
            responders=self.responders,
            policy=self.policy,
        )
        return evidence.holds_until
