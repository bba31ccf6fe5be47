"""
Render a Helm chart: ``python -m tests.integration.charts FOLDER < VALUES``.

Helm is a library written in Go here, which takes over the signals of its process. So it
gets a process of its own. It prints what ``helm lint --strict`` finds and the rendered
files, as JSON.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ChartError", "Rendered", "render"]


class ChartError(Exception):
    """Helm refuses the chart or the values."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """
    What Helm makes of a chart.

    Attributes:
        found: What its linter says, from information to errors.

        files: The rendered text of each template.
    """

    found: list[str]
    files: dict[str, str]


def render(chart: Path, values: dict[str, Any]) -> Rendered:
    """
    Render *chart* with *values*, as the release ``prod`` in the namespace ``pki``.

    Raises:
        ChartError: If Helm refuses them.
    """
    return _render(chart, json.dumps(values))


@functools.cache
def _render(chart: Path, values: str) -> Rendered:
    done = subprocess.run(
        [sys.executable, "-m", __name__, chart],
        input=values,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    if done.returncode:
        raise ChartError(done.stderr)
    return Rendered(**json.loads(done.stdout))


def main(chart: str) -> None:
    """Render, and print it."""
    from helm_python import chart as helm
    from helm_python.errors import HelmError

    values = json.load(sys.stdin)
    try:
        report = helm.lint(chart, values, strict=True)
        with helm.Chart.load(chart) as loaded:
            loaded.validate_schema(values)
            files = loaded.render(values, name="prod", namespace="pki")
    except HelmError as error:
        sys.exit(str(error))
    found = [each["error"] for each in report["messages"]] + report["errors"]
    json.dump({"found": found, "files": files}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
