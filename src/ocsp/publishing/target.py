"""Define where answers are published: files, or objects in a storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from ocsp.responder import StoredAnswer

__all__ = ["Failures", "Publication", "Target"]

Failures = Mapping[int, str]
"""What could not be done: the positions in the arguments, each with the reason."""


class Publication(NamedTuple):
    """
    An answer to publish.

    Attributes:
        targets: The targets of the GET requests that it answers.

        der: The response.

        answer: The stored answer that it is made of.
    """

    targets: Sequence[str]
    der: bytes
    answer: StoredAnswer


class Target(Protocol):
    """A place from which clients get answers without a responder."""

    @property
    def name(self) -> str:
        """The place, for people; without credentials."""
        ...

    @property
    def layout(self) -> str:
        """A text that changes when all answers have to be published anew."""
        ...

    def prepare(self, generation: int) -> None:
        """
        Begin a round.

        Args:
            generation: The number of the last complete publication: what is published
                from now on belongs to it.

        Raises:
            PublishingFailed: If the place cannot be written to.
        """
        ...

    def last_moment(self, answer: StoredAnswer) -> int:
        """Return until when *answer* may be there, in seconds since 1970."""
        ...

    def publish(self, publications: Sequence[Publication]) -> Failures:
        """Publish answers, each completely or not at all."""
        ...

    def remove(self, targets: Sequence[Sequence[str]]) -> Failures:
        """Remove answers, each with all its targets; some may not be there."""
        ...

    def sweep(self) -> int:
        """
        Remove what belongs to earlier generations, and return how much.

        Raises:
            PublishingFailed: If it cannot be removed.
        """
        ...

    def allow_until(self, last_moment: int, now: int) -> None:
        """
        Let web servers use what is there, but not later than *last_moment*.

        Args:
            last_moment: Until when all that is there may be there, in seconds.

            now: The current time, in seconds since 1970.

        Raises:
            PublishingFailed: If the place cannot be written to.
        """
        ...

    def sync(self) -> None:
        """Return when what is published would survive a failure of the machine."""
        ...
