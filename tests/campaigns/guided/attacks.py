"""The attacks by name, and where their octets are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.campaigns.guided import command_line, decoder, http_replies

__all__ = ["ATTACKS", "CORPUS"]

ATTACKS: dict[str, Callable[[bytes], object]] = {
    "decoder": decoder.attack,
    "http_replies": http_replies.attack,
    "command_line": command_line.attack,
}
CORPUS = Path(__file__).parents[1] / "corpus"
