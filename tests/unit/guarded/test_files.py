"""Reading files: only regular ones, without waiting, up to a size."""

from __future__ import annotations

import ast
import io
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ocsp
from ocsp.errors import UnreadableFile
from ocsp.guarded import files
from ocsp.guarded.files import (
    exists,
    file_state,
    read_descriptor,
    read_file,
    read_stream,
    require_database,
    require_regular,
)
from tests.odd_files import dangling, device, fifo, loop

pytestmark = pytest.mark.skipif(
    not hasattr(os, "O_NOFOLLOW"), reason="these kinds of files need a POSIX system"
)

MAXIMUM = 100


def _socket(path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)  # the names of sockets are short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def _link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "directory": (Path.mkdir, "is a directory, not a regular file"),
    "fifo": (fifo, "is a named pipe (FIFO), not a regular file"),
    "link to fifo": (_link_to_fifo, "is a named pipe (FIFO), not a regular file"),
    "socket": (_socket, "is a socket, not a regular file"),
    "device": (device, "is a device, not a regular"),
    "terminal": (
        lambda path: path.symlink_to("/dev/tty"),
        "is a device, not a regular",
    ),
    "loop": (loop, "Too many levels of symbolic links"),
    "dangling": (dangling, "No such file or directory"),
    "missing": (lambda _: None, "No such file or directory"),
}
"""Everything that is no regular file, how to make it, and what the error says."""

MAY_APPEAR = {"dangling", "missing"}
"""What is no file yet, so that it does not prevent writing one."""


@pytest.fixture(name="odd", params=sorted(ODD))
def _odd(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, str]:
    make, reason = ODD[request.param]
    path = tmp_path / "odd"
    make(path)
    return request.param, path, reason


def test_what_is_no_regular_file_is_refused_at_once(odd: tuple[str, Path, str]) -> None:
    """The error names the path and the kind; nothing is opened, and nothing waits."""
    kind, path, reason = odd
    for refuse in (lambda: read_file(path, MAXIMUM), lambda: file_state(path)):
        with pytest.raises(UnreadableFile) as caught:
            refuse()
        assert str(caught.value).startswith(f"{path}: {reason}")
        assert caught.value.path == str(path)
    if kind in MAY_APPEAR:
        require_regular(path)
    else:
        with pytest.raises(UnreadableFile):
            require_regular(path)


@pytest.mark.parametrize("name", ["x\0y", "x" * 5000, "x/" * 3000, "\udcff", ""])
def test_names_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    """They are missing, and have one sentence like others."""
    with pytest.raises(UnreadableFile):
        read_file(f"{tmp_path}/no/{name}", MAXIMUM)
    assert not exists(f"{tmp_path}/no/{name}")


def test_a_fifo_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the file and its opening."""
    path = tmp_path / "x"
    os.mkfifo(path)
    monkeypatch.setattr(files, "file_state", lambda _: None)
    with pytest.raises(UnreadableFile, match="FIFO"):
        read_file(path, MAXIMUM)


@pytest.mark.parametrize(("size", "is_read"), [(0, True), (100, True), (101, False)])
def test_the_size_is_limited(tmp_path: Path, size: int, is_read: bool) -> None:
    """The limit is the largest size that is read."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * size)
    link = tmp_path / "link"
    link.symlink_to(path)
    if is_read:
        assert read_file(link, MAXIMUM) == b"x" * size
    else:
        with pytest.raises(UnreadableFile, match="is larger than 100 octets"):
            read_file(link, MAXIMUM)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """Its size is known before."""
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnreadableFile, match="is larger than"):
        read_file(path, 1 << 40 - 1)


def test_a_file_without_a_size_is_limited_too() -> None:
    """Files of the kernel have size 0 and content without end."""
    path = Path("/proc/self/pagemap")
    if not path.is_file():
        pytest.skip("this system has no /proc")
    with pytest.raises(UnreadableFile, match="is larger than 100 octets"):
        read_file(path, MAXIMUM)


@pytest.fixture(name="changing")
def _changing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Change the file ``x`` each time it was read, to the next content of a list."""
    contents: list[bytes] = []

    def read(*arguments: object) -> bytes:
        data = read_stream(*arguments)  # type: ignore[arg-type]
        if contents:
            (tmp_path / "x").write_bytes(contents.pop(0))
        return data

    monkeypatch.setattr(files, "read_stream", read)
    (tmp_path / "x").write_bytes(b"first")
    return contents


@pytest.mark.parametrize("second", [b"longer than the first", b"1st", b"other"])
def test_a_file_that_changes_meanwhile_is_read_again(
    tmp_path: Path, changing: list[bytes], second: bytes
) -> None:
    """It grows, shrinks, or keeps its size: the content is that of one moment."""
    path = tmp_path / "x"
    os.utime(path, ns=(0, 0))
    changing.append(second)
    assert read_file(path, MAXIMUM) == second


def test_a_file_that_always_changes_is_refused(
    tmp_path: Path, changing: list[bytes]
) -> None:
    """As a log file that other processes write to."""
    changing.extend(b"x" * size for size in range(10, 20))
    with pytest.raises(UnreadableFile, match="another process is changing it"):
        read_file(tmp_path / "x", MAXIMUM)
    assert len(changing) == 7


def test_open_streams_are_read_up_to_the_limit(tmp_path: Path) -> None:
    """What the caller has opened may be a pipe; a directory or a closed one is refused."""
    reading, writing = os.pipe()
    os.write(writing, b"x" * 100)
    os.set_blocking(reading, False)
    assert read_descriptor(reading, "pipe", 100) == b"x" * 100
    with pytest.raises(UnreadableFile, match="pipe: has no data now"):
        read_descriptor(reading, "pipe", 100)
    os.write(writing, b"x" * 101)
    with pytest.raises(UnreadableFile, match="pipe: is larger than 100 octets"):
        read_descriptor(reading, "pipe", 100)
    os.close(writing)
    os.close(reading)
    directory = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(UnreadableFile, match="Is a directory"):
        read_descriptor(directory, "x", 100)
    os.close(directory)
    for number in (directory, 10**9, 10**12):
        with pytest.raises(UnreadableFile):
            read_descriptor(number, "x", 100)
    stream = io.BytesIO(b"x")
    stream.close()
    with pytest.raises(UnreadableFile, match="closed file"):
        read_stream(stream, "x", 100)


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_files_of_another_user_beside_a_database_are_refused(
    tmp_path: Path, suffix: str
) -> None:
    """SQLite would do what a journal says that another user has put there."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to another user")
    path, beside = tmp_path / "x.db", tmp_path / f"x.db{suffix}"
    beside.touch()
    require_database(path)
    os.chown(beside, 12345, -1)
    with pytest.raises(
        UnreadableFile, match=rf"x\.db{suffix}: belongs to another user"
    ):
        require_database(path)
    path.touch()
    os.chown(path, 12345, -1)
    require_database(path)  # the owner of the database made it


# --- the only place -------------------------------------------------------------------

SOURCES = Path(ocsp.__file__).parent
READERS = frozenset({"open", "fdopen", "read_bytes", "read_text", "FileIO", "buffer"})
"""Names of what opens or reads a file, as a function, a method or an attribute."""

ALLOWED = {
    "cli/commands/request.py": "writes to standard output",
    "cli/commands/config.py": "writes a new file",
    "cli/completion.py": "adds lines to the settings of a shell",
    "cli/demo/clients.py": "reads what the demonstration itself has written",
    "cli/errors.py": "opens the null device to write to it",
    "cli/input/loading.py": "passes standard input to guarded.files",
    "client/cache/database.py": "creates the file of a cache",
    "guarded/file_lock.py": "opens lock files without following links",
    "guarded/files.py": "is the place",
    "guarded/system/atomic_write.py": "writes, and syncs a directory",
    "cli/commands/publish.py": "opens an object storage and a state",
    "pkcs11/private_key.py": "opens a session of a token",
    "pkcs11/token.py": "opens sessions of a token",
    "sharing/circuit.py": "opens a circuit breaker",
    "sharing/reader.py": "opens a circuit breaker",
    "signers/loading.py": "opens a signer in a token",
    "store/postgresql/database/pool.py": "opens a connection to the database",
    "store/postgresql/database/schema.py": "opens a connection to the database",
    "store/postgresql/database/steps.py": "opens a connection to the database",
    "store/postgresql/serving/link.py": "opens a connection to the database",
    "store/sqlite/copies.py": "syncs a file that it has written",
    "store/sqlite/store.py": "opens its connection to the database",
}
"""Modules that use such a name, and for what."""


def readers(source: str) -> set[str]:
    """Return which names of :data:`READERS` the code in *source* uses."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
    return found & READERS


@pytest.mark.parametrize(
    ("mode", "owner", "expected"),
    [
        (0o600, 1000, ""),
        (0o400, 0, ""),
        (0o640, 0, ""),
        (0o640, 1000, "its group can read this secret (mode 0640); run chmod 600"),
        (0o644, 1000, "every user can read this secret (mode 0644); run chmod 600"),
        (0o644, 0, "every user can read this secret (mode 0644); run chmod 640"),
    ],
)
def test_the_exposure_of_a_secret(
    mode: int,
    owner: int,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service may read a secret of root by its group, as the documentation says."""
    path = tmp_path / "my key.pem"
    found = os.stat_result((0o100000 | mode, 1, 1, 1, owner, 0, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _: found)
    assert files.exposure_of(path) == (
        f"{path}: {expected} '{path}'" if expected else ""
    )


@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_a_secret_that_no_group_may_read(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the one of a file of root."""
    found = os.stat_result((0o100000 | mode, 1, 1, 1, 0, 0, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _: found)
    path = tmp_path / "passwords"
    text = files.exposure_of(path, group_of_root=False)
    assert text.endswith(f"(mode {mode:04o}); run chmod 600 {path}")


def test_a_secret_that_is_missing_or_on_windows_has_no_exposure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading says that it is missing; Windows has no such permissions."""
    path = tmp_path / "key.pem"
    assert files.exposure_of(path) == ""
    path.touch(0o644)
    path.chmod(0o644)
    assert files.exposure_of(path)
    monkeypatch.setattr(os, "name", "nt")
    assert files.exposure_of(path) == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("new", ""),
        ("missing/new", "the directory missing does not exist; make it first"),
        ("link/new", "the directory link does not exist; make it first"),
        ("file/a/new", "the directory file/a does not exist; make it first"),
        ("file/new", "file is not a directory"),
        ("loop/new", ""),
    ],
)
def test_why_a_new_file_has_no_directory(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If that can be found out."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    dangling(Path("link"))
    loop(Path("loop"))
    assert files.why_no_directory(name) == reason


def test_no_other_module_opens_files_to_read() -> None:
    """A module that does so can hang on a FIFO, or read a file that fills the memory."""
    found = {
        str(path.relative_to(SOURCES)): used
        for path in SOURCES.rglob("*.py")
        if (used := readers(path.read_text()))
    }
    assert {name: used for name, used in found.items() if name not in ALLOWED} == {}
    assert set(found) == set(ALLOWED)


@pytest.mark.parametrize(
    "source",
    [
        "Path(x).read_bytes()",
        "Path(x).open('rb')",
        "open(x)",
        "os.open(x, 0)",
        "io.FileIO(x)",
        "os.fdopen(3)",
        "sys.stdin.buffer.read()",
        "read = Path.read_text",
    ],
)
def test_readers_are_found(source: str) -> None:
    """By whichever name."""
    assert readers(source)
