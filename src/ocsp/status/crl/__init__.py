"""Answer from CRLs: complete, divided into parts, and with delta CRLs (RFC 5280 §5)."""

from __future__ import annotations

from ocsp.status.crl.source import CRLDownloads, CRLSource, NotInCRL

__all__ = ["CRLDownloads", "CRLSource", "NotInCRL"]
