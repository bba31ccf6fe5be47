"""The packages of the extra ``cli``, for an error that one of them is missing."""

from __future__ import annotations

__all__ = ["is_of_extra"]

_PACKAGES = frozenset({"click", "rich"})


def is_of_extra(error: ModuleNotFoundError) -> bool:
    """Tell whether the module that *error* is about belongs to the extra ``cli``."""
    return (error.name or "").partition(".")[0] in _PACKAGES
