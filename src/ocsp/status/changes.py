"""Tell a responder that what a source reads was replaced, so that answers are kept."""

from __future__ import annotations

from ocsp.responder.stored_answer import Changes

__all__ = ["LastSeen"]


class LastSeen:
    """The values that a source had at the last poll; a new value is a new object."""

    def __init__(self) -> None:
        self._values: tuple[object, ...] = ()

    def compare(self, *values: object) -> Changes:
        """Return whether anything in *values* is new since the last call."""
        before, self._values = self._values, values
        same = len(before) == len(values) and all(
            one is other for one, other in zip(before, values, strict=True)
        )
        return Changes(not same, ())
