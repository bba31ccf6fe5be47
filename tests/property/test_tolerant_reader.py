"""
The tolerant reader reads a deviating message as the strict reader reads its DER.

``openssl`` reads each of these messages too, and the parser of asn1crypto finds the
signed octets.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import parser
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import EncodingRules
from tests.interop.by_openssl import printed
from tests.interop.kinds import SCHEMES
from tests.interop.plans import RequestPlan, ResponsePlan
from tests.property.deviations import deviating
from tests.property.strategies import request_plans, response_plans
from tests.property.test_pieces import _outcome
from tests.vectors import REQUESTS, RESPONSES

Load = Callable[..., Any]


def _load_request(data: bytes, **options: Any) -> ocsp.OCSPRequest:
    return ocsp.load_der_ocsp_request(data, allow_multiple=True, **options)


def _tolerantly(load: Load) -> Load:
    return lambda data: load(data, encoding=EncodingRules.TOLERANT)


def _der_of(plan: RequestPlan | ResponsePlan) -> bytes:
    """Return the message in DER. ECDSA signatures would be different each time."""
    if plan.signing is not None:
        plan = replace(plan, signing=SCHEMES["ed25519"])
    return plan.build().public_bytes(Encoding.DER)


SAMPLES: dict[str, tuple[Load, type, st.SearchStrategy[bytes]]] = {
    "request": (_load_request, ocsp.OCSPRequest, request_plans().map(_der_of)),
    "response": (
        ocsp.load_der_ocsp_response,
        ocsp.OCSPResponse,
        response_plans().map(_der_of),
    ),
}
AS_RECEIVED = {"der", "tbs_request_bytes", "tbs_response_bytes", "tolerated", "_octets"}


@pytest.mark.parametrize("kind", SAMPLES)
@given(st.data())
def test_a_deviating_message_reads_as_its_der(kind: str, data: st.DataObject) -> None:
    """Every property, but those that return octets as received; also unpickled."""
    load, cls, ders = SAMPLES[kind]
    der, deviates, kinds = data.draw(deviating(ders))
    assume(kinds)
    message = load(deviates, encoding=EncodingRules.TOLERANT)
    assert message.public_bytes(Encoding.DER) == deviates
    assert message.tolerated
    assert pickle.loads(pickle.dumps(message)) == message
    expected: Any = _outcome(load, cls, der)
    found: Any = _outcome(_tolerantly(load), cls, deviates)
    for name in set(expected) - AS_RECEIVED:
        assert found[name] == expected[name], name
    with pytest.raises(ocsp.DecodeError):
        load(deviates).signature  # noqa: B018 - which loading a request leaves out


@pytest.mark.parametrize("kind", SAMPLES)
@given(st.data())
def test_the_signed_octets_are_those_received(kind: str, data: st.DataObject) -> None:
    """Found by a reader of its own, in the original message."""
    load, _, ders = SAMPLES[kind]
    _, deviates, kinds = data.draw(deviating(ders))
    assume(kinds)
    message = load(deviates, encoding=EncodingRules.TOLERANT)
    if kind == "request":
        tbs, *_ = _values(_values(deviates)[0][2])
        assert message.tbs_request_bytes == tbs[0]
    else:
        _, response_bytes = _values(_values(deviates)[0][2])
        _, response = _values(_values(response_bytes[2])[0][2])
        basic = _values(_joined(*response))[0]
        assert message.tbs_response_bytes == _values(basic[2])[0][0]


def _values(data: bytes) -> list[tuple[bytes, int, bytes]]:
    """Return the octets, the method (1: constructed) and the content of each value."""
    found = []
    while data:
        size = parser.peek(data)
        _, method, _, _, content, _ = parser.parse(data[:size])
        found.append((data[:size], method, content))
        data = data[size:]
    return found


def _joined(_octets: bytes, method: int, content: bytes) -> bytes:
    return b"".join(each[2] for each in _values(content)) if method else content


@pytest.mark.programs
@pytest.mark.parametrize("kind", SAMPLES)
@settings(max_examples=40)
@given(st.data())
def test_openssl_reads_what_the_tolerant_reader_reads(
    kind: str, data: st.DataObject
) -> None:
    """Each kind of deviation, at every place."""
    _, _, ders = SAMPLES[kind]
    _, deviates, _ = data.draw(deviating(ders))
    text = printed(deviates, of_request=kind == "request")
    assert "Bad time value" not in text
    assert "Serial Number" in text


@pytest.mark.parametrize("kind", SAMPLES)
@given(st.data())
def test_der_is_read_alike_by_both_readers(kind: str, data: st.DataObject) -> None:
    """The tolerant reader has nothing to tolerate."""
    load, cls, ders = SAMPLES[kind]
    der = data.draw(ders)
    assert _outcome(_tolerantly(load), cls, der) == _outcome(load, cls, der)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("request", name) for name in REQUESTS]
    + [("response", name) for name in RESPONSES],
)
def test_published_messages_are_read_alike(kind: str, name: str) -> None:
    """What the strict reader accepts, the tolerant reader reads in the same way."""
    load, cls, _ = SAMPLES[kind]
    der = {"request": REQUESTS, "response": RESPONSES}[kind][name]
    strict, tolerant = _outcome(load, cls, der), _outcome(_tolerantly(load), cls, der)
    if isinstance(strict, dict):
        assert strict == tolerant
