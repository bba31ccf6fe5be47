"""
Write ``docs/responder-checks.md`` from the table of checks.

Run ``python -m tests.unit.conformance.checks_page`` after the table has changed;
``test_table.py`` compares.
"""

from __future__ import annotations

from pathlib import Path

from ocsp.conformance import CHECKS

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[3] / "docs" / "responder-checks.md"

HEAD = """# Checks of a responder

The checks that `ocsp conformance` makes, in their order. [Probe and examine responders](probing.md) says what the outcomes
mean. The requirements are numbered in [conformance](conformance.md). This page is made from
`ocsp.conformance.CHECKS`; the names of checks are stable.

| Check | Strength | Demand | Source | Requirements |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the content of the page."""
    rows = (
        f"| `{check.id}` | {check.strength.value} | {check.sentence} | {check.clause} |"
        f" {', '.join(check.requirements) or '–'} |\n"
        for check in CHECKS
    )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
