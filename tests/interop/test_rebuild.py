"""Messages that were read are built again, octet for octet."""

from __future__ import annotations

import pytest

import ocsp
from tests.interop import kinds
from tests.interop.kinds import REQUESTS as REQUEST_KINDS
from tests.interop.kinds import RESPONSES as RESPONSE_KINDS
from tests.interop.plans import key_hash
from tests.interop.rebuild import rebuilt_request, rebuilt_response
from tests.vectors import REQUESTS, RESPONSES


@pytest.mark.parametrize("kind", REQUEST_KINDS)
def test_a_request_of_ours_is_built_again(kind: str) -> None:
    """From its attributes only."""
    der = kinds.request(kind).der
    assert rebuilt_request(ocsp.load_der_ocsp_request(der, allow_multiple=True)) == der


@pytest.mark.parametrize("kind", RESPONSE_KINDS)
def test_a_response_of_ours_is_built_again(kind: str) -> None:
    """From its attributes and the certificate of its signer."""
    message = kinds.response(kind)
    assert message.signer is not None
    loaded = ocsp.load_der_ocsp_response(message.der)
    assert rebuilt_response(loaded, message.signer) == message.der


NO_REQUESTS = {"req-invalid-version", "req-duplicate-ext"}
"""Vectors that cannot be loaded, or have the same extension twice."""


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - NO_REQUESTS))
def test_a_published_request_is_built_again(name: str) -> None:
    """Also signed ones, an unknown hash, and absent hash parameters."""
    loaded = ocsp.load_der_ocsp_request(REQUESTS[name], allow_multiple=True)
    assert rebuilt_request(loaded) == REQUESTS[name]


@pytest.mark.parametrize(
    "name",
    [
        "ocsp-army.deps.mil-resp",
        "resp-delegate-unknown-cert",
        "resp-revoked-reason",
        "resp-sct-extension",
        "resp-unknown-extension",
    ],
)
def test_a_published_response_is_built_again(name: str) -> None:
    """Those that contain the certificate of their signer."""
    loaded = ocsp.load_der_ocsp_response(RESPONSES[name])
    (signer,) = (
        each
        for each in loaded.certificates
        if loaded.responder_name == each.subject
        or (loaded.responder_key_hash or b"").hex() == key_hash(each)
    )
    assert rebuilt_response(loaded, signer) == RESPONSES[name]
