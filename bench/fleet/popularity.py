"""
Which certificates clients ask for.

The certificate of rank *r* is asked for in proportion to *r* to the power of minus
*exponent* (Zipf's law). Ranks are drawn and summed as if they were continuous, which
takes no table of a thousand million entries.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator

__all__ = ["Popularity", "cache_hit_rate"]

STEPS = 2_000
"""Into how many parts of equal ratio the ranks are divided for a sum."""


class Popularity:
    """The share of requests for each certificate, by its rank from 1."""

    def __init__(self, certificates: int, exponent: float) -> None:
        """Divide the requests among *certificates*; *exponent* is not exactly 1."""
        self._top = certificates + 1.0
        self._power = 1 - exponent
        self._whole = self._top**self._power - 1

    def draw(self, numbers: random.Random) -> int:
        """Return the rank of the certificate of the next request."""
        return int((self._whole * numbers.random() + 1) ** (1 / self._power))

    def share(self, first: float, last: float) -> float:
        """Return the share of requests for the ranks from *first* up to *last*."""
        return float((last**self._power - first**self._power) / self._whole)

    def parts(self) -> Iterator[tuple[float, float]]:
        """Return parts of the ranks: how many certificates, and their share."""
        ratio = math.log(self._top) / STEPS
        edges = [math.exp(ratio * step) for step in range(STEPS + 1)]
        for first, last in itertools.pairwise(edges):
            yield last - first, self.share(first, last)


def cache_hit_rate(popularity: Popularity, rate: float, seconds: float) -> float:
    """
    Return the share of requests that a cache answers, which keeps answers for a time.

    A miss fetches the answer, which then serves the requests of the next *seconds*. For
    requests at random times with the rate *x*, that is *x*·t of *x*·t + 1 requests.

    Args:
        popularity: Which certificates are asked for.

        rate: Requests a second that this cache gets.

        seconds: How long it keeps an answer.
    """
    found = 0.0
    for certificates, share in popularity.parts():
        asked = rate * share / certificates * seconds
        found += share * asked / (1 + asked)
    return found
