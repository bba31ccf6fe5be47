"""
What evidence is made of: it cannot be made by hand, changed, or restored from a file.

Rules of this file: nothing here says anything of certificates.
"""

from __future__ import annotations

from typing import NoReturn, Self

__all__ = ["Sealed"]


class Sealed:
    """An object that is as it was made by whoever may."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"evidence cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"evidence cannot be changed: {name}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "evidence cannot be pickled: keep the response, verify it again"
        )
