"""Collect the problems of a configuration, to report all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias, TypeVar

from ocsp.errors import ConfigError, ConfigurationProblem, OCSPError

__all__ = ["Place", "Problems"]

Place: TypeAlias = tuple[str | int, ...]
"""A setting: the names of keys, and the positions in arrays."""

Result = TypeVar("Result")


class Problems:
    """
    The problems that were found so far.

    Attributes:
        found: The problems.
    """

    def __init__(self, inner_keys: Collection[str] = ()) -> None:
        """
        Begin without a problem.

        Args:
            inner_keys: Keys of errors that are settings in the table of a place.
        """
        self.found: list[ConfigurationProblem] = []
        self._inner_keys = inner_keys

    def __str__(self) -> str:
        return "; ".join(map(str, self.found))

    def of_one_part(self) -> Problems:
        """Return the problems of one part of the same configuration: none yet."""
        return Problems(self._inner_keys)

    def add(self, path: Place, reason: str) -> None:
        """Note a problem of the setting at *path*."""
        self.found.append(ConfigurationProblem(path, reason))

    def collect(self, path: Place, build: Callable[[], Result]) -> Result | None:
        """Return what *build* returns; an error becomes a problem, and ``None``."""
        try:
            return build()
        except ConfigError as error:
            inner = error.key if error.key in self._inner_keys else ""
            already = bool(path) and path[-1] == inner
            self.add((*path, inner) if inner and not already else path, error.reason)
        except OCSPError as error:
            self.add(path, str(error))
        return None
