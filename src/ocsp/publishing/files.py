"""
Publish answers as files, for a web server.

::

    answers/XY/…    the answers; XY are two letters of the target, see folder_of
    until/17642631  a link to answers for each 100 seconds in which none of them ends
    new/            files that are being written

A web server looks for files below the link of the present 100 seconds. Without it the
server finds nothing and asks the responder: so it never sends an answer that has ended,
also when this program no longer runs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocsp.errors import PublishingFailed
from ocsp.publishing.names import file_name, folder_of
from ocsp.publishing.target import Failures, Publication
from ocsp.responder import StoredAnswer, usable_until

__all__ = ["BLOCK_SECONDS", "FileTarget"]

BLOCK_SECONDS = 100
"""The time for which one link is used. nginx cuts the last digits off the time."""

AHEAD_SECONDS = 86400
"""For how long links are made ahead: a thousand at most."""

NEAR_SECONDS = 60
"""How near the times of an answer and of the one that it replaces count as the same."""


class FileTarget:
    """A directory from which a web server sends answers."""

    def __init__(self, directory: Path, lifetime: int) -> None:
        """
        Publish in *directory*.

        Args:
            directory: The directory; it is created if it is missing.

            lifetime: How many seconds after the time of a file it ends. The web server
                adds one second less for ``Expires``.
        """
        self.name = str(directory)
        self.layout = f"files {lifetime}"
        self._lifetime = lifetime
        self._answers = directory / "answers"
        self._until = directory / "until"
        self._new = directory / "new"
        self._count = self._generation = 0

    def prepare(self, generation: int) -> None:
        """Make the folders, and remove what a killed process has left."""
        self._generation = generation % 10**9
        with _reported():
            for each in (self._answers, self._until, self._new):
                _make_folder(each)
            for leftover in self._new.iterdir():
                leftover.unlink()

    def last_moment(self, answer: StoredAnswer) -> int:
        """Return the end of *answer*, less a minute for the clocks of clients."""
        return usable_until(answer)

    # --- answers ---

    def publish(self, publications: Sequence[Publication]) -> Failures:
        """Write files; each replaces the one before atomically."""
        failures = {}
        for number, each in enumerate(publications):
            try:
                self._publish(each)
            except OSError as error:
                failures[number] = _reason(error)
        return failures

    def _publish(self, publication: Publication) -> None:
        paths = self._paths(publication.targets)
        if not paths:
            return
        self._count += 1
        new = self._new / str(self._count)
        try:
            self._write(new, publication.der, self._time(paths[0], publication.answer))
            for path in paths[1:]:
                link = self._new / f"{self._count}-link"
                link.hardlink_to(new)
                _move(link, path)
            _move(new, paths[0])
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def _write(self, path: Path, data: bytes, second: int) -> None:
        """Write a file; web servers use only the whole seconds of its time."""
        path.write_bytes(data)
        path.chmod(0o644)
        time = second * 10**9 + self._generation
        os.utime(path, ns=(time, time))

    def _time(self, path: Path, answer: StoredAnswer) -> int:
        """
        Return the time of the file, which the web server sends as ``Last-Modified``.

        It is thisUpdate, or earlier if the answer ends earlier than others. A client
        that has the answer before, with the same time, would get 304: so it differs.
        """
        wanted = min(answer.this_update, answer.next_update - self._lifetime)
        try:
            before = int(path.stat().st_mtime)
        except FileNotFoundError:
            return wanted
        return before - 1 if wanted - NEAR_SECONDS < before <= wanted else wanted

    def remove(self, targets: Sequence[Sequence[str]]) -> Failures:
        """Delete files, and folders that are then empty."""
        failures = {}
        for number, each in enumerate(targets):
            try:
                for path in self._paths(each):
                    self._delete(path)
            except OSError as error:
                failures[number] = _reason(error)
        return failures

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        folder = path.parent
        with contextlib.suppress(OSError):  # it is not empty
            while folder != self._answers:
                folder.rmdir()
                folder = folder.parent

    def _paths(self, targets: Sequence[str]) -> list[Path]:
        names = ((folder_of(each), file_name(each)) for each in targets)
        return [
            self._answers / folder / name for folder, name in names if name is not None
        ]

    # --- rounds ---

    def sweep(self) -> int:
        """Delete the files whose times have another number of the generation."""
        removed = 0
        with _reported():
            for folder, _, names in os.walk(self._answers, topdown=False):
                for name in names:
                    path = Path(folder, name)
                    if path.lstat().st_mtime_ns % 10**9 != self._generation:
                        self._delete(path)
                        removed += 1
        return removed

    def allow_until(self, last_moment: int, now: int) -> None:
        """Make the links that hold, and remove the others."""
        end = min(last_moment, now + AHEAD_SECONDS) // BLOCK_SECONDS
        wanted = {str(number) for number in range(now // BLOCK_SECONDS, end)}
        with _reported():
            known = {each.name for each in self._until.iterdir()}
            for number in known - wanted:
                (self._until / number).unlink()
            for number in wanted - known:
                (self._until / number).symlink_to("../answers")

    def sync(self) -> None:
        """Let the system write all files to the disk."""
        os.sync()


def _move(path: Path, to: Path) -> None:
    """Move a file to a folder that is made if it is missing."""
    try:
        path.replace(to)
    except FileNotFoundError:
        _make_folder(to.parent)
        path.replace(to)


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)  # whatever the mask of the process is


def _reason(error: OSError) -> str:
    return f"{error.filename2 or error.filename}: {error.strerror}"


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PublishingFailed(_reason(error)) from error
