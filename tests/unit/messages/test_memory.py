"""What a loaded response takes: objects are counted, not octets."""

from __future__ import annotations

import gc

import ocsp
from tests.vectors import RESPONSES


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def test_a_response_of_a_known_shape_is_one_object() -> None:
    """The garbage collector has nothing else to visit for each of them."""
    data = RESPONSES["resp-sha256"]
    copies = [bytes(bytearray(data)) for _ in range(1000)]
    for _ in range(3):
        ocsp.load_der_ocsp_response(data)
    before = _objects()
    kept = [ocsp.load_der_ocsp_response(copy) for copy in copies]
    assert len(kept) <= _objects() - before <= len(kept) + 20


def test_the_entry_is_made_when_it_is_asked_for() -> None:
    """And stays the same object, also its extensions."""
    response = ocsp.load_der_ocsp_response(RESPONSES["resp-sha256"])
    (entry,) = response.responses
    assert next(response.responses) is entry
    assert response.single_extensions is entry.single_extensions
    assert response.extensions is response.extensions
