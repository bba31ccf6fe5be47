"""Read the answers that ``ocsp publish`` has written to a directory."""

from __future__ import annotations

import base64
from pathlib import Path

from ocsp import limits
from ocsp.asn1.der import sequence
from ocsp.errors import UnreadableFile
from ocsp.guarded.files import read_file
from ocsp.messages.certid import CertID
from ocsp.publishing.names import file_name, folder_of

__all__ = ["PublishedFiles"]


class PublishedFiles:
    """Published answers in a directory."""

    def __init__(self, directory: Path) -> None:
        """Read from *directory*, the one that ``ocsp publish`` was given."""
        self._answers = directory / "answers"

    def read(self, cert_id: CertID) -> bytes | None:
        """
        Return the answer to a request for *cert_id*; ``None`` if there is none.

        Not checked: the answer.

        Raises:
            UnreadableFile: If the file is there, and cannot be read.
        """
        request = sequence(sequence(sequence(sequence(cert_id.der))))
        target = base64.b64encode(request).decode()
        name = file_name(target)
        if name is None:
            return None
        path = self._answers / folder_of(target) / name
        try:
            return read_file(path, limits.MAX_SHARED_BYTES)
        except UnreadableFile as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                return None
            raise
