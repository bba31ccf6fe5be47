"""Open what is imported: a file, or a directory of certificates."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from ocsp.errors import ImportRefused, UnreadableFile
from ocsp.guarded.files import FileState, open_file
from ocsp.status.importing.formats.certificates import read_certificates, read_directory
from ocsp.status.importing.formats.comma_separated import read_csv
from ocsp.status.importing.formats.crl import read_crl
from ocsp.status.importing.formats.index_txt import read_index_txt
from ocsp.status.importing.formats.json_lines import read_json_lines
from ocsp.status.importing.formats.kinds import HEAD_OCTETS, ImportKind, kind_of
from ocsp.status.importing.formats.rows import Items, ReadOptions

__all__ = ["SourceFile", "open_source"]

_READERS: dict[ImportKind, Callable[[BinaryIO, ReadOptions], Items]] = {
    ImportKind.INDEX: read_index_txt,
    ImportKind.CRL: read_crl,
    ImportKind.CSV: read_csv,
    ImportKind.JSON_LINES: read_json_lines,
    ImportKind.CERTIFICATES: read_certificates,
}


class SourceFile(NamedTuple):
    """
    What is imported.

    Attributes:
        kind: Its format.

        octets: Its size, or 0 for a directory.

        digest: SHA-256 of its content and of how it is read, or of the path of a
            directory.

        sha256: SHA-256 of its content alone, or empty for a directory.

        resumable: Whether *digest* says that the rows are the same as last time.

        items: Its rows, and what is odd.

        position: Returns how many octets were read.
    """

    kind: ImportKind
    octets: int
    digest: bytes
    sha256: bytes
    resumable: bool
    items: Items
    position: Callable[[], int]


@contextmanager
def open_source(
    path: str, options: ReadOptions, kind: ImportKind | None
) -> Iterator[SourceFile]:
    """
    Open *path* until the end of the ``with`` block.

    Args:
        path: The file or directory.

        options: What the reader has to know.

        kind: The format, or ``None`` to recognize it.

    Raises:
        UnreadableFile: If it cannot be read, or another process changes it meanwhile.
        ImportRefused: If it is in no format that can be imported.
    """
    if os.path.isdir(path):  # noqa: PTH112 - a path of users
        items = read_directory(Path(path), options)
        digest = hashlib.sha256(os.fsencode(Path(path).resolve())).digest()
        kind = ImportKind.DIRECTORY
        yield SourceFile(kind, 0, digest, b"", False, items, lambda: 0)
        return
    with open_file(path) as file:
        before = FileState.of(os.fstat(file.fileno()))
        content = hashlib.file_digest(cast("BufferedReader", file), "sha256")
        file.seek(0)
        kind = kind or kind_of(file.read(HEAD_OCTETS))
        file.seek(0)
        if kind not in _READERS:
            raise ImportRefused(
                options.name,
                "is neither index.txt, a CRL, CSV with a column serial_number, JSON "
                "lines nor certificates",
            )
        sha256 = content.digest()
        content.update(f"{kind} {options.serials}".encode())  # they decide on the rows
        items = _READERS[kind](file, options)
        digest = content.digest()
        yield SourceFile(kind, before.size, digest, sha256, True, items, file.tell)
        if FileState.of(os.fstat(file.fileno())) != before:
            raise UnreadableFile(
                options.name, "another process changed it meanwhile; import it again"
            )
