"""Sources of status made of other sources."""

from __future__ import annotations

from ocsp.status.wrappers.bounded import BoundedSource
from ocsp.status.wrappers.cached import CachedSource
from ocsp.status.wrappers.chain import ChainSource, LocalChainSource

__all__ = ["BoundedSource", "CachedSource", "ChainSource", "LocalChainSource"]
