"""Keep a corpus in a file, for processes that must not make it themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["read_messages", "write_messages"]

_SIZE_OCTETS = 4


def write_messages(path: Path, messages: Iterable[bytes]) -> None:
    """Write each message after its size."""
    with path.open("wb") as file:
        for message in messages:
            file.write(len(message).to_bytes(_SIZE_OCTETS) + message)


def read_messages(path: Path) -> list[bytes]:
    """Return the messages. Reading leaves no memory free for other objects."""
    found = []
    with path.open("rb") as file:
        while size := file.read(_SIZE_OCTETS):
            found.append(file.read(int.from_bytes(size)))
    return found
