"""
Provide the pytest fixtures ``ocsp_pki`` and ``ocsp_responder``.

pytest imports this plugin in every run where the package is installed. To keep that
cheap, the plugin is outside of the package, and imports it only when a test uses a
fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ocsp.testing import PKI, LoopbackResponder

__all__ = ["ocsp_pki", "ocsp_responder"]


@pytest.fixture
def ocsp_pki() -> PKI:
    """Return a throw-away PKI: a CA that issues certificates of any status."""
    from ocsp.testing import PKI

    return PKI()


@pytest.fixture
def ocsp_responder(ocsp_pki: PKI) -> Iterator[LoopbackResponder]:
    """Yield a responder for ``ocsp_pki`` on loopback, with faults on demand."""
    from ocsp.testing import LoopbackResponder

    with LoopbackResponder(ocsp_pki) as responder:
        yield responder
