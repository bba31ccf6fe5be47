"""Whatever happens to a file, a source answers from what it is now, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ocsp.errors import SourceUnavailable
from ocsp.status.files.watched import SETTLED_SECONDS, Watched, WatchedFile

CONTENTS = [b"", b"one\n", b"two\n", b"three\n", b"cut", b"one\ntwo\n"]
CHANGES = st.tuples(
    st.sampled_from(["in place", "renamed", "deleted", "half", "nothing"]),
    st.sampled_from(CONTENTS),
    st.booleans(),
    st.sampled_from([0.0, 0.5, SETTLED_SECONDS]),
)


def _change(path: Path, how: str, content: bytes, *, keep_times: bool) -> None:
    times = None
    if path.exists() and keep_times:
        found = path.stat()
        times = found.st_atime_ns, found.st_mtime_ns
    if how == "renamed":
        new = path.with_name("new")
        new.write_bytes(content)
        new.rename(path)
    elif how == "deleted":
        path.unlink(missing_ok=True)
    elif how == "half":
        path.write_bytes(content[: len(content) // 2])
    elif how == "in place":
        path.write_bytes(content)
    if times is not None and path.exists():
        os.utime(path, ns=times)


@given(st.lists(CHANGES, max_size=8))
def test_never_what_the_file_was(
    changes: list[tuple[str, bytes, bool, float]],
) -> None:
    """Any sequence of changes, also with the times of the file before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(b"start\n")
        now = 0.0
        file = WatchedFile(path, lambda: 100, lambda content: content)
        watched = Watched(file, lambda: now)
        for how, content, keep_times, seconds in changes:
            _change(path, how, content, keep_times=keep_times)
            now += seconds
            current = path.read_bytes() if path.exists() else None
            with contextlib.suppress(SourceUnavailable):
                assert watched.current() == current
            now += SETTLED_SECONDS
            with contextlib.suppress(SourceUnavailable):
                watched.current()
            if current is not None:
                now += SETTLED_SECONDS
                assert watched.current() == current
