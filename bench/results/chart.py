"""
Draw the ratios as a picture: SVG, in light and dark colours.

Each row has a point at the median of the ratios and a line from the first to the third
quartile, on a logarithmic axis. A vertical line marks the ratio 1, a tick the target.
"""

from __future__ import annotations

import math
from typing import NamedTuple
from xml.etree import ElementTree as ET

from bench.results.document import Document, Result
from bench.results.headlines import HEADLINES

__all__ = ["DARK", "LIGHT", "Colours", "draw"]

WIDTH = 860
LABELS = 400
"""Where the axis begins; the texts end a little before."""

RIGHT = 60
TOP = 64
ROW = 31
BOTTOM = 44
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


class Colours(NamedTuple):
    """
    The colours of a picture.

    Attributes:
        paper: The background.

        ink: Texts.

        faint: Lines of the axis.

        strong: The line of the ratio 1.

        pure: The package in pure Python.

        compiled: The compiled package.
    """

    paper: str
    ink: str
    faint: str
    strong: str
    pure: str
    compiled: str


LIGHT = Colours("#ffffff", "#1f2328", "#d8dee4", "#57606a", "#0969da", "#bc4c00")
DARK = Colours("#0d1117", "#e6edf3", "#30363d", "#8b949e", "#58a6ff", "#f0883e")


def draw(document: Document, colours: Colours) -> str:
    """Return the picture of the rows that README shows."""
    rows = [
        (headline.text.replace("`", ""), headline.beside.replace("`", ""), found)
        for headline in HEADLINES
        if any(found := [run.find(headline.name) for run in document.runs])
    ]
    shown = [each for _, _, found in rows for each in found if each]
    axis = _Axis.of(shown)
    height = TOP + ROW * len(rows) + BOTTOM
    svg = _element(
        None,
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
        **{"font-family": FONT, "font-size": 12},
    )
    _text(svg, "title", "Ratios of CPU time and memory to the peers")
    _element(svg, "rect", width=WIDTH, height=height, rx=6, fill=colours.paper)
    bottom = TOP + ROW * len(rows)
    _draw_axis(svg, axis, bottom, colours)
    _draw_legend(svg, document, colours)
    for number, (text, beside, found) in enumerate(rows):
        middle = TOP + ROW * number + ROW / 2
        _draw_label(svg, text, beside, middle, colours)
        for place, result in enumerate(found):
            if result:
                offset = 6 * (place - (len(found) - 1) / 2)
                package = document.runs[place].package
                _draw_result(svg, axis, result, middle + offset, package, colours)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


class _Axis(NamedTuple):
    """A logarithmic axis from *low* to *high*."""

    low: float
    high: float

    @classmethod
    def of(cls, results: list[Result]) -> _Axis:
        """Return the axis from a tick below all results to a tick above them."""
        least = min(min(each.low, each.ratio) for each in results)
        most = max(max(each.high, each.ratio) for each in results)
        return cls(
            max((tick for tick in TICKS if tick <= least), default=TICKS[0]),
            min((tick for tick in TICKS if tick >= max(most, 2)), default=TICKS[-1]),
        )

    def at(self, ratio: float) -> float:
        """Return where *ratio* is; what is outside of the axis, at its end."""
        inside = min(max(ratio, self.low), self.high)
        part = math.log(inside / self.low) / math.log(self.high / self.low)
        return round(LABELS + part * (WIDTH - RIGHT - LABELS), 1)


def _draw_axis(svg: ET.Element, axis: _Axis, bottom: int, colours: Colours) -> None:
    for tick in TICKS:
        if axis.low <= tick <= axis.high:
            x = axis.at(tick)
            stroke = colours.strong if tick == 1 else colours.faint
            _line(svg, x, TOP - 4, x, bottom + 4, stroke, 1.5 if tick == 1 else 1)
            label = _text(svg, "text", f"{tick:g}", x=x, y=bottom + 19)
            label.set("text-anchor", "middle")
            label.set("fill", colours.ink)
    note = "CPU time or memory, as a ratio to the peer; left of 1: less"
    label = _text(svg, "text", note, x=(LABELS + WIDTH - RIGHT) / 2, y=bottom + 36)
    label.set("text-anchor", "middle")
    label.set("fill", colours.strong)


def _draw_legend(svg: ET.Element, document: Document, colours: Colours) -> None:
    names = {"pure": "pure Python", "compiled": "compiled"}
    x = LABELS
    for run in document.runs:
        fill = getattr(colours, run.package)
        _element(svg, "circle", cx=x + 5, cy=28, r=4.5, fill=fill)
        _text(svg, "text", names[run.package], x=x + 15, y=32).set("fill", colours.ink)
        x += 110
    _line(svg, x + 5, 22, x + 5, 34, colours.strong, 2)
    _text(svg, "text", "target", x=x + 15, y=32).set("fill", colours.ink)


def _draw_label(
    svg: ET.Element, text: str, beside: str, middle: float, colours: Colours
) -> None:
    label = _text(svg, "text", text, x=LABELS - 14, y=middle - 1)
    label.set("text-anchor", "end")
    label.set("fill", colours.ink)
    label = _text(svg, "text", f"beside {beside}", x=LABELS - 14, y=middle + 11)
    label.set("text-anchor", "end")
    label.set("font-size", "9")
    label.set("fill", colours.strong)


def _draw_result(
    svg: ET.Element,
    axis: _Axis,
    result: Result,
    y: float,
    package: str,
    colours: Colours,
) -> None:
    colour = getattr(colours, package)
    if result.target is not None:
        x = axis.at(result.target)
        _line(svg, x, y - 5, x, y + 5, colours.strong, 2)
    _line(svg, axis.at(result.low), y, axis.at(result.high), y, colour, 2)
    point = _element(svg, "circle", cx=axis.at(result.ratio), cy=y, r=4, fill=colour)
    _text(point, "title", f"{result.ratio:.2f}, {package}: {result.name}")


def _line(
    svg: ET.Element,
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    stroke: str,
    width: float,
) -> None:
    _element(
        svg,
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        stroke=stroke,
        **{"stroke-width": width},
    )


def _text(parent: ET.Element, tag: str, text: str, **attributes: object) -> ET.Element:
    made = _element(parent, tag, **attributes)
    made.text = text
    return made


def _element(parent: ET.Element | None, tag: str, **attributes: object) -> ET.Element:
    texts = {name: f"{value}" for name, value in attributes.items()}
    if parent is None:
        return ET.Element(tag, texts)
    return ET.SubElement(parent, tag, texts)
