"""The layout cache does not change what is read: every message, after every other."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import limits
from ocsp.messages.layout_cache import (
    MAX_LAYOUT_BYTES,
    MAX_LAYOUTS_PER_SIZE,
    LayoutCache,
)
from ocsp.messages.requests import request as request_module
from ocsp.messages.responses import response as response_module
from tests.property.strategies import requests, responses
from tests.vectors import REQUESTS, RESPONSES

Load = Callable[[bytes], Any]


def _load_request(data: bytes) -> ocsp.OCSPRequest:
    return ocsp.load_der_ocsp_request(data, allow_multiple=True)


KINDS: dict[str, tuple[Load, LayoutCache[Any], type, dict[str, bytes]]] = {
    "request": (_load_request, request_module._LAYOUTS, ocsp.OCSPRequest, REQUESTS),
    "response": (
        ocsp.load_der_ocsp_response,
        response_module._LAYOUTS,
        ocsp.OCSPResponse,
        RESPONSES,
    ),
}


def _outcome(load: Load, kind: type, data: bytes) -> object:
    """Return all that can be read from *data*: every property, or the error."""
    try:
        message = load(data)
    except ocsp.DecodeError as error:
        return type(error), str(error)
    names = [name for name, value in vars(kind).items() if isinstance(value, property)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # naive times are deprecated
        found = {name: _value(message, name) for name in names}
    return found | {"der": message.public_bytes(Encoding.DER), "repr": repr(message)}


def _value(message: Any, name: str) -> object:
    try:
        value = getattr(message, name)
    except (ValueError, UnsupportedAlgorithm, NotImplementedError) as error:
        return type(error), str(error)
    except Exception as error:  # DuplicateExtension and its like derive from Exception
        return type(error), str(error)
    if name in {"responses", "requests"}:
        return [(each, repr(each), list(_list(each))) for each in value]
    if name.endswith("extensions"):
        return list(value)
    if name.endswith("algorithm") and value is not None:
        return value.name
    if name.endswith("parameters"):
        return type(value)  # these have no equality
    return value


def _list(entry: Any) -> list[object]:
    name = "single_extensions" if hasattr(entry, "single_extensions") else "extensions"
    value = _value(entry, name)
    return value if isinstance(value, list) else [value]


def _same_either_way(kind_name: str, teacher: bytes, data: bytes) -> None:
    """Require that *data* reads the same without the cache and after *teacher*."""
    load, layouts, kind, _ = KINDS[kind_name]
    layouts.forget()
    cold = _outcome(load, kind, data)
    layouts.forget()
    _outcome(load, kind, teacher)
    assert _outcome(load, kind, data) == cold
    assert _outcome(load, kind, data) == cold


VECTORS = [(kind, name) for kind in KINDS for name in sorted(KINDS[kind][3])]


@pytest.mark.parametrize(("kind", "name"), VECTORS)
def test_a_vector_reads_the_same_after_itself(kind: str, name: str) -> None:
    """Every published document."""
    data = KINDS[kind][3][name]
    _same_either_way(kind, data, data)


@given(st.sampled_from(VECTORS), st.data())
def test_changed_octets_are_read_correctly(
    vector: tuple[str, str], data: st.DataObject
) -> None:
    """One to three octets changed anywhere, after the unchanged document was cached."""
    kind, name = vector
    teacher = KINDS[kind][3][name]
    changed = bytearray(teacher)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(teacher) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    _same_either_way(kind, teacher, bytes(changed))


@pytest.mark.parametrize(
    ("kind", "name"), [("request", "req-sha1"), ("response", "resp-sha256")]
)
def test_every_changed_bit_is_read_correctly(kind: str, name: str) -> None:
    """Each bit of a document, flipped, after the document itself was cached."""
    load, layouts, _, vectors = KINDS[kind]
    teacher = vectors[name]
    for position in range(8 * len(teacher)):
        changed = bytearray(teacher)
        changed[position // 8] ^= 1 << position % 8
        data = bytes(changed)
        layouts.forget()
        cold = _loads(load, data)
        layouts.forget()
        load(teacher)
        assert _loads(load, data) == cold


def _loads(load: Load, data: bytes) -> object:
    try:
        return repr(load(data))
    except ocsp.DecodeError as error:
        return str(error)


@given(requests(), requests())
def test_requests_read_the_same_after_any_other(
    teacher: ocsp.OCSPRequest, built: ocsp.OCSPRequest
) -> None:
    """With any request in the cache."""
    _same_either_way(
        "request", teacher.public_bytes(Encoding.DER), built.public_bytes(Encoding.DER)
    )


@given(responses(most=2), responses(most=2))
def test_responses_read_the_same_after_any_other(
    teacher: ocsp.OCSPResponse, built: ocsp.OCSPResponse
) -> None:
    """With any response in the cache."""
    _same_either_way(
        "response", teacher.public_bytes(Encoding.DER), built.public_bytes(Encoding.DER)
    )


def test_a_cached_layout_is_used() -> None:
    """Otherwise the tests above would compare the reader with itself."""
    for kind, name in (("request", "req-sha1"), ("response", "resp-sha256")):
        load, layouts, _, vectors = KINDS[kind]
        data = vectors[name]
        layouts.forget()
        assert layouts.find(data) is None
        load(data)
        assert layouts.find(data) is not None


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number, per size, and in octets; those of replaced layouts do not count."""
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", 100_000)
    layouts: LayoutCache[int] = LayoutCache()
    serial = slice(2, 3)
    for number in range(MAX_LAYOUTS_PER_SIZE + 3):
        layouts.learn(bytes((number, 1, 9)), number, serial, [serial])
    assert (
        sum(layouts.find(bytes((n, 1, 9))) is not None for n in range(20))
        <= MAX_LAYOUTS_PER_SIZE
    )
    for size in (*range(3, 1000), *[5] * 20, *range(1000, 3)):
        layouts.learn(bytes(size), size, serial, [serial])
        assert 0 < layouts.octets <= 100_000
    layouts.forget()
    assert layouts.octets == 0
    layouts.learn(bytes(MAX_LAYOUT_BYTES + 1), 0, serial, [serial])
    assert layouts.find(bytes(MAX_LAYOUT_BYTES + 1)) is None


def test_only_bytes_are_looked_up() -> None:
    """A ``bytearray`` can change; the loader refuses it afterwards."""
    layouts: LayoutCache[int] = LayoutCache()
    layouts.learn(b"\x02\x01\x05", 1, slice(2, 3), [slice(2, 3)])
    assert layouts.find(b"\x02\x01\x06") == 1
    assert layouts.find(bytearray(b"\x02\x01\x06")) is None  # type: ignore[arg-type]
