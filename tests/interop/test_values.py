"""Every kind of message, and each of its parts, is a value."""

from __future__ import annotations

import pytest

import ocsp
from tests.interop import kinds
from tests.interop.kinds import ERRORS, REQUESTS, RESPONSES
from tests.interop.values import assert_are_values, parts


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_and_its_parts_are_values(kind: str) -> None:
    """Copied, pickled, compared and hashed by their octets."""
    der = kinds.request(kind).der
    assert_are_values(parts(ocsp.load_der_ocsp_request(der, allow_multiple=True)))


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_and_its_parts_are_values(kind: str) -> None:
    """Copied, pickled, compared and hashed by their octets."""
    assert_are_values(parts(ocsp.load_der_ocsp_response(kinds.response(kind).der)))


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_a_value(kind: str) -> None:
    """It has no parts."""
    assert_are_values(iter([ocsp.load_der_ocsp_response(kinds.error(kind).der)]))
