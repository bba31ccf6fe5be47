"""
Draw the responses per minute as an SVG.

The SVG has shapes only, which stretch to the width of the page. The numbers at its
axes are HTML, so that they stay readable on narrow screens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from ocsp.admin.history import Minute

__all__ = ["Plot", "draw_plot"]

WIDTH = 720
"""The width of the drawing: four units for each of 180 minutes."""

HEIGHT = 160


class Plot(NamedTuple):
    """
    The plot, and the numbers beside it.

    Attributes:
        svg: The drawing.

        top: The number at the upper end of the vertical axis.

        middle: The number in its middle.

        peak: The most responses in one minute.

        now: The responses of the last full minute.

        errors: The errors of all minutes.

        total: The responses of all minutes.
    """

    svg: Markup
    top: int
    middle: int
    peak: int
    now: int
    errors: int
    total: int


def draw_plot(minutes: Sequence[Minute]) -> Plot:
    """Return the plot of *minutes*, which are at least two."""
    totals = [minute.answers + minute.errors for minute in minutes]
    peak, errors = max(totals), sum(minute.errors for minute in minutes)
    top = _round_up(max(peak, 2))
    shapes = Markup().join(_shapes(minutes, top))
    label = (
        f"Responses per minute: {totals[-2]} in the last full minute,"
        f" at most {peak}, {errors} errors in all"
    )
    svg = Markup(
        '<svg class="plot" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, label, shapes)
    return Plot(svg, top, top // 2, peak, totals[-2], errors, sum(totals))


def _shapes(minutes: Sequence[Minute], top: int) -> Iterator[Markup]:
    for part in (0.0, 0.5, 1.0):
        yield Markup('<path class="grid" d="M0 {0}H{1}"/>').format(
            round(HEIGHT * part, 1), WIDTH
        )
    all_of_them = [minute.answers + minute.errors for minute in minutes]
    yield _area("answers", all_of_them, top)
    if any(minute.errors for minute in minutes):
        yield _area("errors", [minute.errors for minute in minutes], top)


def _area(name: str, numbers: Sequence[int], top: int) -> Markup:
    """Return a filled area with one step for each number."""
    step = WIDTH / len(numbers)
    path = [f"M0 {HEIGHT}"]
    for place, number in enumerate(numbers):
        height = HEIGHT - HEIGHT * number / top
        path.append(f"V{height:.1f}H{(place + 1) * step:.1f}")
    path.append(f"V{HEIGHT}Z")
    return Markup('<path class="{}" d="{}"/>').format(name, "".join(path))


def _round_up(number: int) -> int:
    """Return the next of 2, 4, 10, 20, 40, 100, … that is not below *number*."""
    power = 1
    while True:
        for factor in (2, 4, 10):
            if number <= factor * power:
                return factor * power
        power *= 10
