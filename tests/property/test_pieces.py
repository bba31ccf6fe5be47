"""Known pieces do not change what is read: every message, after every other."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import limits
from ocsp.asn1.der import any_value, encode
from ocsp.messages.requests import request as request_module
from ocsp.messages.responses import frames, pieces
from ocsp.messages.responses import response as response_module
from tests.compiled import needs_sources, properties_of
from tests.property.strategies import requests, responses
from tests.vectors import REQUESTS, RESPONSES

pytestmark = needs_sources

Node = tuple[int, Any]
"""A tag, and the content: octets, or a list of nodes."""

TAGS = [0x02, 0x03, 0x04, 0x05, 0x0A, 0x18, 0x30, 0x80, 0x82, 0xA0, 0xA1, 0xA2]

Load = Callable[[bytes], Any]


def _load_request(data: bytes) -> ocsp.OCSPRequest:
    return ocsp.load_der_ocsp_request(data, allow_multiple=True)


KINDS: dict[str, tuple[Load, type, dict[str, bytes]]] = {
    "request": (_load_request, ocsp.OCSPRequest, REQUESTS),
    "response": (ocsp.load_der_ocsp_response, ocsp.OCSPResponse, RESPONSES),
}


def _forget() -> None:
    """Forget all shapes, pieces and frames: setting a limit does."""
    limits.MAX_CACHE_BYTES = limits.MAX_CACHE_BYTES


@contextmanager
def _plain_reader() -> Iterator[None]:
    """Read without any shapes, pieces and frames."""
    with (
        mock.patch.object(response_module, "find_layout", return_value=None),
        mock.patch.object(request_module, "find_layout", return_value=None),
        mock.patch.object(request_module, "read_by_pieces", return_value=None),
    ):
        yield


def test_threads_may_make_one_frame_at_the_same_time() -> None:
    """The second one finds it made, after it has looked."""
    found = 0
    for data in RESPONSES.values():
        _forget()
        layout = frames.find_layout(data)
        for frame in frames._frames[data[: frames.KEY_BYTES]] or ():
            first, second = frame.make(), frame.make()
            assert first(data) == second(data) == frame.octets
            assert frame.layout is layout
            found += 1
    assert found


def _outcome(load: Load, kind: type, data: bytes) -> object:
    """Return all that can be read from *data*: every property, or the error."""
    try:
        message = load(data)
    except ocsp.DecodeError as error:
        return type(error), str(error)
    names = properties_of(kind)
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
    named = hasattr(type(entry), "single_extensions")
    name = "single_extensions" if named else "extensions"
    value = _value(entry, name)
    return value if isinstance(value, list) else [value]


def _same_either_way(kind_name: str, teacher: bytes, data: bytes) -> None:
    """Require that *data* reads the same plainly and after *teacher*, repeatedly."""
    load, kind, _ = KINDS[kind_name]
    with _plain_reader():
        plain = _outcome(load, kind, data)
    for lessons in (1, 2):  # the frame is made when the second message is read
        _forget()
        for _ in range(lessons):
            _outcome(load, kind, teacher)
        for _ in range(3):
            assert _outcome(load, kind, data) == plain


VECTORS = [(kind, name) for kind in KINDS for name in sorted(KINDS[kind][2])]


@pytest.mark.parametrize(("kind", "name"), VECTORS)
def test_a_vector_reads_the_same_after_itself(kind: str, name: str) -> None:
    """Every published document."""
    data = KINDS[kind][2][name]
    _same_either_way(kind, data, data)


@given(st.sampled_from(VECTORS), st.data())
def test_changed_octets_are_read_correctly(
    vector: tuple[str, str], data: st.DataObject
) -> None:
    """One to three octets changed anywhere, after the unchanged document was cached."""
    kind, name = vector
    teacher = KINDS[kind][2][name]
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
    load, _, vectors = KINDS[kind]
    teacher = vectors[name]
    for position in range(8 * len(teacher)):
        changed = bytearray(teacher)
        changed[position // 8] ^= 1 << position % 8
        data = bytes(changed)
        with _plain_reader():
            plain = _loads(load, data)
        for _ in range(2):
            load(teacher)
            assert _loads(load, data) == plain


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


def _values(data: bytes) -> list[Node]:
    """Return the values in *data*, with their tags; those of constructed ones inside."""
    position, found = 0, list[Node]()
    while position < len(data):
        tag, start, stop = any_value(data, position, len(data), "")
        inner = data[start:stop]
        nested = tag in (0x30, 0x31, 0xA0, 0xA1, 0xA2) or inner[:2] == b"\x30\x82"
        found.append((data[position], _values(inner) if nested and inner else inner))
        position = stop
    return found


def _encoded(values: list[Node]) -> bytes:
    return b"".join(
        encode(tag, inner if isinstance(inner, bytes) else _encoded(inner))
        for tag, inner in values
    )


def _lists(values: list[Node]) -> list[list[Node]]:
    """Return *values* and all lists inside of them."""
    inside = [inner for _, inner in values if isinstance(inner, list)]
    return [values, *(each for inner in inside for each in _lists(inner))]


@st.composite
def _altered(draw: st.DrawFn, data: bytes) -> bytes:
    """Alter one or two values anywhere in *data*; all lengths are right again."""
    values = _values(data)
    for _ in range(draw(st.integers(1, 2))):
        lists = [each for each in _lists(values) if each]
        if not lists:
            break
        among = draw(st.sampled_from(lists))
        at = draw(st.integers(0, len(among) - 1))
        tag, inner = among[at]
        octets = inner if isinstance(inner, bytes) else _encoded(inner)
        change = draw(st.sampled_from(("drop", "repeat", "cut", "tag", "octet", "add")))
        if change == "drop":
            del among[at]
        elif change == "repeat":
            among.insert(at, among[at])
        elif change == "cut":
            among[at] = (tag, octets[: draw(st.integers(0, len(octets)))])
        elif change == "tag":
            among[at] = (draw(st.sampled_from(TAGS)), inner)
        elif change == "add":
            among[at] = (tag, draw(st.binary(max_size=3)) + octets)
        elif octets:
            place = draw(st.integers(0, len(octets) - 1))
            changed = bytearray(octets)
            changed[place] = draw(st.integers(0, 255))
            among[at] = (tag, bytes(changed))
    return _encoded(values)


@settings(max_examples=3 * settings.default.max_examples)
@given(st.sampled_from(VECTORS), st.data())
def test_altered_values_are_read_correctly(
    vector: tuple[str, str], data: st.DataObject
) -> None:
    """All lengths are right, so a reader by pieces gets to the altered value."""
    kind, name = vector
    teacher = KINDS[kind][2][name]
    _same_either_way(kind, teacher, data.draw(_altered(teacher)))


@given(responses(most=2), st.data())
def test_altered_responses_are_read_correctly(
    built: ocsp.OCSPResponse, data: st.DataObject
) -> None:
    """With any response in the caches."""
    teacher = built.public_bytes(Encoding.DER)
    _same_either_way("response", teacher, data.draw(_altered(teacher)))


def test_known_octets_are_not_read_again() -> None:
    """Otherwise the tests above would compare the plain reader with itself."""
    for kind, name in (("request", "req-sha1"), ("response", "resp-sha256")):
        load, _, vectors = KINDS[kind]
        _forget()
        load(vectors[name])
        with (
            mock.patch.object(
                request_module, "read_request", side_effect=AssertionError
            ),
            mock.patch.object(pieces, "content", side_effect=AssertionError),
            mock.patch.object(response_module, "content", side_effect=AssertionError),
        ):
            load(vectors[name])


def test_unused_bits_of_a_signature_belong_to_one_message() -> None:
    """They must be zeros, so the last octet has not any value as those before it."""
    values = _values(RESPONSES["resp-sha256"])
    basic = _basic(values)
    tag, signature = basic[2]
    assert isinstance(signature, bytes)
    _forget()
    for last, accepted in ((0x80, True), (0x40, True), (0x81, False), (0x80, True)):
        basic[2] = (tag, b"\x01" + signature[1:-1] + bytes((last,)))
        if accepted:
            response = ocsp.load_der_ocsp_response(_encoded(values))
            assert response.signature[-1] == last
        else:
            with pytest.raises(ocsp.DecodeError, match="unused bits"):
                ocsp.load_der_ocsp_response(_encoded(values))


def test_the_error_of_a_certificate_belongs_to_one_message() -> None:
    """Whoever catches it may change it."""
    values = _values(RESPONSES["resp-delegate-unknown-cert"])
    ((_, ((_, certificates),)),) = _basic(values)[3:]
    certificates[:] = [(0x30, b"\x05\x00")]
    _forget()
    errors = set()
    for _ in range(3):
        with pytest.raises(ocsp.DecodeError, match="not a certificate") as raised:
            ocsp.load_der_ocsp_response(_encoded(values))
        errors.add(raised.value)
    assert len(errors) == 3


def _basic(values: list[Node]) -> list[Node]:
    """Return the fields of the BasicOCSPResponse in the response *values*."""
    ((_, ((_, _), (_, ((_, ((_, _), (_, ((_, basic),)))),)))),) = values
    fields: list[Node] = basic
    return fields


def test_pieces_of_two_messages_are_known_in_a_third() -> None:
    """The data of one and the signature and certificates of another."""
    names = ("resp-sha256", "resp-delegate-unknown-cert")
    first, other = (_values(RESPONSES[name]) for name in names)
    _forget()
    for name in names:
        ocsp.load_der_ocsp_response(RESPONSES[name])
    _basic(first)[1:] = _basic(other)[1:]
    readers = ("responder", "signature_header", "certificates", "single_response")
    with ExitStack() as stack:
        for name in readers:
            refusal = mock.patch.object(
                pieces, f"read_{name}", side_effect=AssertionError
            )
            stack.enter_context(refusal)
        response = ocsp.load_der_ocsp_response(_encoded(first))
    assert response.certificates


@pytest.mark.parametrize("number", [0, 2, 3])
def test_extensions_of_a_request_are_none_of_a_response(number: int) -> None:
    """Both lists have the same shape but another tag."""
    values = _values(RESPONSES["resp-delegate-unknown-cert"])
    data = _basic(values)[0][1]
    nonce = [
        (0x30, [(0x06, b"\x2b\x06\x01\x05\x05\x07\x30\x01\x02"), (0x04, b"n" * 9)])
    ]
    data[3:] = [(0xA1, [(0x30, nonce)])]
    ocsp.load_der_ocsp_response(_encoded(values))
    data[3:] = [(0xA0 | number, [(0x30, nonce)])]
    asked = _values(REQUESTS["req-sha1"])
    asked[0][1][0][1].append((0xA2, [(0x30, nonce)]))
    for _ in range(3):
        _load_request(_encoded(asked))
        with pytest.raises(ocsp.DecodeError):
            ocsp.load_der_ocsp_response(_encoded(values))
    asked[0][1][0][1][-1] = (0xA1, [(0x30, nonce)])
    with pytest.raises(ocsp.DecodeError):
        _load_request(_encoded(asked))


@pytest.mark.parametrize("kind", KINDS)
def test_limits_hold_for_known_pieces(kind: str) -> None:
    """Setting a limit forgets what was accepted before."""
    load, _, vectors = KINDS[kind]
    data = vectors[{"request": "req-sha1", "response": "resp-sha256"}[kind]]
    for _ in range(3):
        load(data)
    for name in ("MAX_MESSAGE_BYTES", "MAX_ENTRIES"):
        with (
            mock.patch.object(limits, name, 0),
            pytest.raises(ocsp.errors.LimitExceeded),
        ):
            load(data)
