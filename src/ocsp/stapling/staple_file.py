"""
Read and replace a staple file: one response in DER.

nginx (``ssl_stapling_file``) and HAProxy (``.ocsp`` beside the PEM) read this format.
Only a verified response with status *good* or *revoked* is written, and only if it is
newer than the one in the file: also if that one has ended, or the clock is wrong. The
file is replaced atomically: a reader finds the
complete old or new response, even after a power failure. The file is never deleted,
because nginx does not start without it. A staple that is about a former certificate of
the server is replaced by an empty file, which HAProxy reads as no staple.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.client.cache import KnownStatus
from ocsp.errors import (
    ConfigError,
    ResponderRevocationUnknown,
    StoreError,
    UnreadableFile,
    VerificationError,
)
from ocsp.guarded.files import (
    FileState,
    exists,
    file_state,
    read_file,
    require_regular,
)
from ocsp.guarded.system.atomic_write import remove_leftovers, write_atomically
from ocsp.messages.responses.response import OCSPResponse, load_received_response
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.stapling.report import DroppedContent
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.response import verify

__all__ = ["StapleFile", "drop_foreign_staple", "prepare_staple_file"]

_DEFAULT = Policy()


class StapleFile:
    """
    The staple file of one certificate. Several threads may share one object.

    Attributes:
        newest: The newest status that this object found in the file or wrote, or
            ``None``. It stays known if the file is deleted; a new object forgets it.

        dropped: What the last response that was written replaced, if that was no
            verified response for this certificate.
    """

    def __init__(
        self,
        path: Path | str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        *,
        responders: tuple[x509.Certificate, ...] = (),
        candidates: tuple[x509.Certificate, ...] = (),
        policy: Policy = _DEFAULT,
    ) -> None:
        """
        Name the file. Nothing is read yet, and the file need not exist.

        Args:
            path: The file. A symbolic link is followed, and stays a link.

            certificate: The certificate that the staple is for.

            issuer: The certificate of the issuer. Not checked: its path to a root.

            responders: As for :func:`ocsp.verify`.

            candidates: As for :func:`ocsp.verify`.

            policy: As for :func:`ocsp.verify`.
        """
        self.path = Path(path)
        self.certificate = certificate
        self.issuer = issuer
        self._responders = responders
        self._candidates = candidates
        self._policy = policy
        self._seen: tuple[FileState, VerifiedResponse] | None = None
        self._looked: tuple[FileState, KnownStatus | DroppedContent | None] | None = (
            None
        )
        self._lock = threading.RLock()
        self.newest: KnownStatus | None = None
        self.dropped: DroppedContent | None = None

    def evidence(self, now: datetime.datetime) -> VerifiedResponse | None:
        """
        Return the verified staple in the file, or ``None``.

        The file is read again only after it has changed. The result is ``None`` if the
        file is missing, cannot be read, is about another certificate, cannot be
        verified, or has expired.

        Args:
            now: The current time, aware.
        """
        try:
            state = file_state(self.path)
            seen = self._seen
            if seen is not None and seen[0] == state:
                return seen[1] if now < seen[1].holds_until else None
            data = read_file(self.path, limits.MAX_VERIFIED_BYTES)
        except UnreadableFile:
            return None
        self._look_at(state, data)
        try:
            evidence = self._verify(data, now)
        except VerificationError:
            return None
        if now >= evidence.holds_until:
            return None
        self._seen = state, evidence
        return evidence

    def _verify(self, data: bytes, at: datetime.datetime) -> VerifiedResponse:
        return verify(
            data,
            self.certificate,
            self.issuer,
            at=at,
            responders=self._responders,
            candidates=self._candidates,
            policy=self._policy,
        )

    def replace(self, evidence: VerifiedResponse) -> bool:
        """
        Write the response of *evidence* to the file, if it is newer.

        The response with the later thisUpdate is newer. If both are equal, *revoked*
        is newer than *good*, then the response with the later producedAt, and then the
        response that is valid longer. The response in the file counts also if it is not
        valid now. The file keeps its permissions and, if the process may change it, its
        owner.

        Not checked: whether another process writes the file at the same time. A
        :class:`Stapler` locks it.

        Args:
            evidence: The result of :func:`ocsp.verify` for this certificate.

        Returns:
            Whether the file was replaced.

        Raises:
            ConfigError: If *evidence* is about another certificate, or its status is
                *unknown*.
            StoreError: If the file cannot be read or written, or is not a regular file;
                it is then unchanged.
        """
        if not evidence.is_about(self.certificate, self.issuer):
            raise ConfigError("evidence", "is about another certificate")
        if evidence.status is OCSPCertStatus.UNKNOWN:
            raise ConfigError(
                "evidence", "is unknown; a staple must be good or revoked"
            )
        with self._lock:
            content = self._content()
            new = KnownStatus.of(evidence)
            if self.newest is not None and self.newest.rank > new.rank:
                return False
            if isinstance(content, KnownStatus) and content.rank >= new.rank:
                return False
            state = _write(self.path, evidence.response.public_bytes(Encoding.DER))
            self._note(new)
            self.dropped = content if isinstance(content, DroppedContent) else None
            if evidence.has_settings(self._policy, self._responders):
                # A response from the file may lack evidence about its signer.
                self._seen = state, evidence
        return True

    def _note(self, status: KnownStatus) -> None:
        """Remember *status* if it is the newest."""
        if self.newest is None or status.rank > self.newest.rank:
            self.newest = status

    def _content(self) -> KnownStatus | DroppedContent | None:
        """
        Return the status of the response in the file, verified for its own time.

        Returns:
            If it is no verified response for this certificate, what it is; ``None`` if
            the file is missing or empty.

        Raises:
            StoreError: If the file cannot be read.
        """
        try:
            state, seen = file_state(self.path), self._seen
            if seen is not None and seen[0] == state:
                return KnownStatus.of(seen[1])
            if state.size > limits.MAX_VERIFIED_BYTES:
                return DroppedContent.UNREADABLE
            data = read_file(self.path, limits.MAX_VERIFIED_BYTES)
        except UnreadableFile as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise StoreError(str(error)) from error
        return self._look_at(state, data)

    def _look_at(
        self, state: FileState, data: bytes
    ) -> KnownStatus | DroppedContent | None:
        """Return what *data* is, once for each *state* of the file, and note it."""
        with self._lock:
            if self._looked is None or self._looked[0] != state:
                content = self._judge(data) if data else None
                if isinstance(content, KnownStatus):
                    self._note(content)
                self._looked = state, content
            return self._looked[1]

    def _judge(self, data: bytes) -> KnownStatus | DroppedContent:
        try:
            response = load_received_response(data, encoding=self._policy.encoding)
            entries = _entries_for(response, serial_of(self.certificate))
        except ValueError:  # malformed, or an error response
            return DroppedContent.UNREADABLE
        if not entries:
            return DroppedContent.OTHER_CERTIFICATE
        own = filter(self._is_about, entries)
        entry = max(own, key=lambda each: each.this_update_utc, default=entries[0])
        for moment in self._moments(response, entry):
            try:
                return KnownStatus.of(self._verify(data, moment))
            except VerificationError as error:
                if _lacks_only_evidence(error):
                    return KnownStatus(
                        entry.this_update_utc,
                        entry.certificate_status is OCSPCertStatus.REVOKED,
                        response.produced_at_utc,
                        until=entry.this_update_utc,  # the same response replaces it
                    )
        return DroppedContent.NOT_VERIFIED

    def _is_about(self, entry: OCSPSingleResponse) -> bool:
        try:
            return entry.cert_id.matches(self.certificate, self.issuer)
        except UnsupportedAlgorithm:
            return False

    def _moments(
        self, response: OCSPResponse, entry: OCSPSingleResponse
    ) -> Iterator[datetime.datetime]:
        """
        Return the moments at which *response* may have been verified.

        A delegate can be younger than the times that it signs: then the response was
        valid from the beginning of the certificate of the delegate on.
        """
        yield entry.this_update_utc
        yield response.produced_at_utc
        untrusted = (*self._candidates, *response.certificates)
        signers = *self._responders, *untrusted[: limits.MAX_VERIFIED_CERTIFICATES]
        begins = {validity_of(each)[0] for each in signers}
        yield from (each for each in begins if each > entry.this_update_utc)


def _lacks_only_evidence(error: VerificationError) -> bool:
    """Return whether only evidence about the signer is missing."""
    return {each.error for each in error.failures} == {ResponderRevocationUnknown}


def prepare_staple_file(path: Path) -> None:
    """
    Check that *path* can be a staple file, and remove what killed processes left.

    Raises:
        StoreError: If there is something else than a regular file.
    """
    try:
        require_regular(path)
    except UnreadableFile as error:
        raise StoreError(str(error)) from error
    remove_leftovers(path)


def drop_foreign_staple(path: Path, certificate: x509.Certificate) -> bool:
    """
    Empty the staple file *path* if its content is not about *certificate*.

    The serial number decides. A file that is empty or missing is not changed.

    Returns:
        Whether the file was changed.

    Raises:
        StoreError: If the file cannot be read or written, or is not a regular file.
    """
    if not exists(path):
        return False
    try:
        state = file_state(path)
        if state.size <= limits.MAX_VERIFIED_BYTES:
            data = read_file(path, limits.MAX_VERIFIED_BYTES)
            if not data or _has_serial(data, serial_of(certificate)):
                return False
    except UnreadableFile as error:
        raise StoreError(str(error)) from error
    _write(path, b"")
    return True


def _write(path: Path, data: bytes) -> FileState:
    try:
        return write_atomically(path, data)
    except UnreadableFile as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def _has_serial(data: bytes, serial_number: int) -> bool:
    try:
        return bool(_entries_for(load_received_response(data), serial_number))
    except ValueError:  # malformed, or an error response
        return False


def _entries_for(
    response: OCSPResponse, serial_number: int
) -> list[OCSPSingleResponse]:
    """
    Return the entries with *serial_number*.

    Raises:
        ResponseStatusError: If it is an error response.
    """
    return [each for each in response.responses if each.serial_number == serial_number]
