"""What a loaded response takes: objects are counted, not octets."""

from __future__ import annotations

import subprocess
import sys

import ocsp
from tests.vectors import RESPONSES

_COUNT = """
import gc, sys
import ocsp

def objects():
    gc.collect()
    return len(gc.get_objects())

data = sys.stdin.buffer.read()
copies = [bytes(bytearray(data)) for _ in range(1000)]
for _ in range(3):
    ocsp.load_der_ocsp_response(data)
before = objects()
kept = [ocsp.load_der_ocsp_response(copy) for copy in copies]
print(objects() - before)
"""


def test_a_response_of_a_known_shape_is_one_object() -> None:
    """The garbage collector has nothing else to visit for each of them."""
    # A process of its own: what other tests have left ends whenever it likes.
    done = subprocess.run(
        [sys.executable, "-P", "-c", _COUNT],
        input=RESPONSES["resp-sha256"],
        stdout=subprocess.PIPE,
        check=True,
    )
    # The interpreter itself makes and drops a few objects in the meantime.
    assert 950 <= int(done.stdout) <= 1050


def test_the_entry_is_made_when_it_is_asked_for() -> None:
    """And stays the same object, also its extensions."""
    response = ocsp.load_der_ocsp_response(RESPONSES["resp-sha256"])
    (entry,) = response.responses
    assert next(response.responses) is entry
    assert response.single_extensions is entry.single_extensions
    assert response.extensions is response.extensions
