"""
Read and replace a staple file: one response in DER.

nginx (``ssl_stapling_file``) and HAProxy (``.ocsp`` beside the PEM) read this format.
Only a verified response with status *good* or *revoked* is written, and only if it is
newer than the one in the file. The file is replaced atomically: a reader finds the
complete old or new response, even after a power failure. The file is never deleted,
because nginx does not start without it. A staple that is about a former certificate of
the server is replaced by an empty file, which HAProxy reads as no staple.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import stat
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.certificates import serial_of
from ocsp.errors import ConfigError, StoreError, VerificationError
from ocsp.messages.responses.response import load_received_response
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.response import verify

__all__ = ["StapleFile", "drop_foreign_staple"]

_DEFAULT = Policy()

_MODE = 0o644
"""The permissions of a new file. A staple is public: every client gets it."""


class StapleFile:
    """The staple file of one certificate. Several threads may share one object."""

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
        self._seen: tuple[tuple[int, ...], VerifiedResponse] | None = None

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
            with self.path.open("rb") as file:
                state = _state(os.fstat(file.fileno()))
                seen = self._seen
                if seen is not None and seen[0] == state:
                    return seen[1] if now < seen[1].holds_until else None
                data = file.read(limits.MAX_VERIFIED_BYTES + 1)
        except OSError:
            return None
        evidence = self._verified(data, now)
        self._seen = None if evidence is None else (state, evidence)
        return evidence

    def _verified(self, data: bytes, now: datetime.datetime) -> VerifiedResponse | None:
        try:
            evidence = verify(
                data,
                self.certificate,
                self.issuer,
                at=now,
                responders=self._responders,
                candidates=self._candidates,
                policy=self._policy,
            )
        except VerificationError:
            return None
        return evidence if now < evidence.holds_until else None

    def replace(self, evidence: VerifiedResponse) -> bool:
        """
        Write the response of *evidence* to the file, if it is newer.

        The response with the later thisUpdate is newer. If both are equal, *revoked*
        is newer than *good*, and then the response that is valid longer. The file keeps
        its permissions and, if the process may change it, its owner.

        Args:
            evidence: The result of :func:`ocsp.verify` for this certificate.

        Returns:
            Whether the file was replaced.

        Raises:
            ConfigError: If *evidence* is about another certificate, or its status is
                *unknown*.
            StoreError: If the file cannot be written; it is then unchanged.
        """
        if not evidence.is_about(self.certificate, self.issuer):
            raise ConfigError("evidence", "is about another certificate")
        if evidence.status is OCSPCertStatus.UNKNOWN:
            raise ConfigError(
                "evidence", "is unknown; a staple must be good or revoked"
            )
        current = self.evidence(evidence.at)
        if current is not None and _rank(current) >= _rank(evidence):
            return False
        try:
            state = _write(
                self.path.resolve(), evidence.response.public_bytes(Encoding.DER)
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{self.path}: {reason}") from error
        if evidence.has_settings(self._policy, self._responders):
            # A response from the file may lack evidence about its signer.
            self._seen = state, evidence
        return True


def drop_foreign_staple(path: Path, certificate: x509.Certificate) -> bool:
    """
    Empty the staple file *path* if its content is not about *certificate*.

    The serial number decides. A file that is empty or missing is not changed.

    Returns:
        Whether the file was changed.

    Raises:
        StoreError: If the file cannot be read or written.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.MAX_VERIFIED_BYTES + 1)
        if not data or _has_serial(data, serial_of(certificate)):
            return False
        _write(path.resolve(), b"")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    return True


def _has_serial(data: bytes, serial_number: int) -> bool:
    try:
        response = load_received_response(data)
        return any(each.serial_number == serial_number for each in response.responses)
    except ValueError:  # malformed, or an error response
        return False


def _rank(
    evidence: VerifiedResponse,
) -> tuple[datetime.datetime, bool, datetime.datetime]:
    """Return a key that is greater for a newer staple."""
    revoked = evidence.status is OCSPCertStatus.REVOKED
    return evidence.this_update, revoked, evidence.holds_until


def _state(found: os.stat_result) -> tuple[int, ...]:
    """Return a value that changes when the file is replaced."""
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _write(path: Path, data: bytes) -> tuple[int, ...]:
    """
    Replace the content of *path* by *data* atomically, and sync it to disk.

    Returns:
        The state of the new file.
    """
    # In the same directory, because a rename is atomic only within one file system. A
    # server that reads a whole directory ignores names that begin with a dot.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            _make_like(file.fileno(), path)
            file.flush()
            os.fsync(file.fileno())
            state = _state(os.fstat(file.fileno()))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)
    return state


def _make_like(handle: int, path: Path) -> None:
    """Give the new file the permissions and the owner of the old file."""
    try:
        old = path.stat()
    except FileNotFoundError:
        os.fchmod(handle, _MODE)
        return
    with contextlib.suppress(PermissionError):  # only root may change the owner
        os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
