"""
A pytest plugin that replaces ``cryptography.x509.ocsp`` by ``ocsp``.

It is loaded with ``-p`` before collection, so that the unchanged line ``from
cryptography.x509 import ocsp`` of the upstream tests imports this package. At the end
it checks that the test module really used it.
"""

from __future__ import annotations

import sys

import cryptography.x509
import cryptography.x509.ocsp
import pytest

import ocsp

sys.modules["cryptography.x509.ocsp"] = ocsp
cryptography.x509.ocsp = ocsp  # type: ignore[misc]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session if the upstream tests ran against another module."""
    module = sys.modules.get("tests.x509.test_ocsp")
    if module is None or module.ocsp is not ocsp:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
