"""The table of the documents whose schemas are published in ``docs/schemas``."""

from __future__ import annotations

from collections.abc import Mapping

from ocsp.cli.documents.check import CheckDocument
from ocsp.cli.documents.conformance import ConformanceDocument
from ocsp.cli.documents.lint import LintDocument
from ocsp.cli.documents.probe import ProbeDocument
from ocsp.cli.documents.verdict import VerdictDocument

__all__ = ["PUBLISHED"]

PUBLISHED: Mapping[str, type] = {
    "check": CheckDocument,
    "conformance": ConformanceDocument,
    "lint": LintDocument,
    "probe": ProbeDocument,
    "verdict": VerdictDocument,
}
"""The documents by their ``type``."""
