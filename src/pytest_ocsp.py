"""
The pytest plugin: the fixtures ``ocsp_pki`` and ``ocsp_responder``.

Rules of this file: pytest imports it in every run on a machine where the package is
installed, so it stands outside of the package, and imports nothing of it until a test
asks for a fixture.
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
    """Give a throw-away PKI: a CA that issues certificates of any status."""
    from ocsp.testing import PKI

    return PKI()


@pytest.fixture
def ocsp_responder(ocsp_pki: PKI) -> Iterator[LoopbackResponder]:
    """Give an OCSP responder for ``ocsp_pki`` on loopback, with faults on demand."""
    from ocsp.testing import LoopbackResponder

    with LoopbackResponder(ocsp_pki) as responder:
        yield responder
