"""The error of a configuration that cannot be used: what is wrong, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ocsp.errors.general import ConfigError, OCSPError

__all__ = ["ConfigurationError", "ConfigurationProblem"]


_SECRET = re.compile(
    r"(?<=://)[^/@\s]*(?=@)"  # a user and a password in a URL
    r"|(?<=pin-value=)[^&;?'\"\s]+"  # the PIN in a PKCS #11 URI (RFC 7512)
    r"|(?<=PRIVATE KEY-----).*",
    re.DOTALL,
)
"""What an operator may have written in the place of a setting that names a file."""


class ConfigurationProblem(NamedTuple):
    """
    One problem in the configuration of a responder.

    Attributes:
        path: The setting: the names of keys, and the positions in arrays.

        reason: What is wrong with it, and what to do.

        line: The line of the file where the setting is, from 1, or ``None`` if the
            configuration is not from a file.
    """

    path: tuple[str | int, ...]
    reason: str
    line: int | None = None

    @property
    def key(self) -> str:
        """The names of the keys, with dots between them."""
        return ".".join(each for each in self.path if isinstance(each, str))

    def __str__(self) -> str:
        reason = _SECRET.sub("***", self.reason)
        return f"{self.key}: {reason}" if self.key else reason


class ConfigurationError(ConfigError):
    """
    The configuration of a responder cannot be used.

    Attributes:
        file: The file, or empty if the configuration is not from a file.

        problems: What is wrong, each with its place.
    """

    def __init__(self, file: object, problems: Iterable[ConfigurationProblem]) -> None:
        self.file = str(file)
        self.problems = tuple(problems)
        OCSPError.__init__(self, self.file, self.problems)
        self.key = self.file or "configuration"
        self.reason = "; ".join(map(str, self.problems))

    def lines(self) -> list[tuple[str, str]]:
        """Return for each problem where it is (``ocsp.toml:12``), and what it is."""
        return [(self._place(each), str(each)) for each in self.problems]

    def _place(self, problem: ConfigurationProblem) -> str:
        return self.key if problem.line is None else f"{self.file}:{problem.line}"

    def __str__(self) -> str:
        return "; ".join(f"{where}: {what}" for where, what in self.lines())
