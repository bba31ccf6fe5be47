"""Answer on an edge node: without a key and without a database, and never sign."""

from __future__ import annotations

from ocsp.service.edge.answers import EdgeAnswers
from ocsp.service.edge.files import PublishedFiles

__all__ = ["EdgeAnswers", "PublishedFiles"]
