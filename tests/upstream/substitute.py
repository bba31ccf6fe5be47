"""
A pytest plugin that puts ``ocsp`` in the place of ``cryptography.x509.ocsp``.

Loaded with ``-p`` before anything is collected, so that the unchanged line
``from cryptography.x509 import ocsp`` of the upstream tests finds this package. At the
end it checks that the test module really had it.
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
    """Fail the session if the upstream tests ran against anything else."""
    module = sys.modules.get("tests.x509.test_ocsp")
    if module is None or module.ocsp is not ocsp:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
