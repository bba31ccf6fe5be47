"""
The file of a staple: one response in DER, replaced in one step.

nginx (``ssl_stapling_file``) and HAProxy (``.ocsp`` beside the PEM) read this form.
Rules of this file: what is written was verified and says *good* or *revoked*; nothing
is replaced by something older; whoever reads finds a whole response, the old or the new
one, even after a power failure. The file is never deleted: nginx does not start without
it.
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
from ocsp.errors import ConfigError, StoreError, VerificationError
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.policy import Policy
from ocsp.verification.response import verify

__all__ = ["StapleFile"]

_STRICT = Policy()

_MODE = 0o644
"""Of a new file: a staple is for everybody who connects."""


class StapleFile:
    """The staple of one certificate. Threads may share one."""

    def __init__(
        self,
        path: Path | str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        *,
        responders: tuple[x509.Certificate, ...] = (),
        policy: Policy = _STRICT,
    ) -> None:
        """
        Name the file; nothing is read yet, and it may be missing.

        Args:
            path: Where it is. A link is followed, and stays.

            certificate: What it is about.

            issuer: The certificate of the issuer; its path is not checked.

            responders: As for :func:`ocsp.verify`.

            policy: As for :func:`ocsp.verify`.
        """
        self.path = Path(path)
        self.certificate = certificate
        self.issuer = issuer
        self._responders = responders
        self._policy = policy
        self._seen: tuple[tuple[int, ...], VerifiedResponse] | None = None

    def evidence(self, now: datetime.datetime) -> VerifiedResponse | None:
        """
        Return what the file proves at *now*, or ``None``.

        The file is read again only after it has changed. ``None`` where it is missing,
        cannot be read, is about another certificate, cannot be verified, or has ended.

        Args:
            now: Aware.
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
                policy=self._policy,
            )
        except VerificationError:
            return None
        return evidence if now < evidence.holds_until else None

    def replace(self, evidence: VerifiedResponse) -> bool:
        """
        Put the response behind *evidence* into the file, if it is newer.

        Newer is what has the later thisUpdate; of two with the same, *revoked* beats
        *good*, and then the later end counts. The file keeps its permissions and, where
        that is allowed, its owner.

        Args:
            evidence: What :func:`ocsp.verify` returned for this certificate.

        Returns:
            Whether the file was replaced.

        Raises:
            ConfigError: If *evidence* is about another certificate, or says *unknown*.
            StoreError: If the file cannot be written; it is as it was then.
        """
        if not evidence.is_about(self.certificate, self.issuer):
            raise ConfigError("evidence", "is about another certificate")
        if evidence.status is OCSPCertStatus.UNKNOWN:
            raise ConfigError(
                "evidence", "states unknown; a staple states good or revoked"
            )
        standing = self.evidence(evidence.at)
        if standing is not None and _rank(standing) >= _rank(evidence):
            return False
        try:
            _write(self.path.resolve(), evidence.response.public_bytes(Encoding.DER))
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(f"{self.path}: {reason}") from error
        return True


def _rank(
    evidence: VerifiedResponse,
) -> tuple[datetime.datetime, bool, datetime.datetime]:
    """Return what makes a staple newer than another."""
    revoked = evidence.status is OCSPCertStatus.REVOKED
    return evidence.this_update, revoked, evidence.holds_until


def _state(found: os.stat_result) -> tuple[int, ...]:
    """Return what is another for another content, since content is never changed."""
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _write(path: Path, data: bytes) -> None:
    """Replace *path* by *data* in one step, on disk when this returns."""
    # Beside the file, because only inside of one file system a rename is one step. A
    # server that reads a whole directory leaves names with a dot in front alone.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            _make_like(file.fileno(), path)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _make_like(handle: int, path: Path) -> None:
    """Give the new file the permissions and the owner of the one that it replaces."""
    try:
        old = path.stat()
    except FileNotFoundError:
        os.fchmod(handle, _MODE)
        return
    with contextlib.suppress(PermissionError):  # only root gives files away
        os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
