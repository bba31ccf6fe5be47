"""``cryptography`` and this package agree on every document, mutated or not."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

import ocsp
from tests.differential.campaign import Tally, examine, examine_tolerantly, run
from tests.differential.corpus import Seed, corpus

MUTATIONS = 20_000
CHUNKS = 8


@pytest.mark.parametrize("seed", corpus(), ids=lambda seed: seed[1])
def test_documents_as_published_read_the_same(seed: Seed) -> None:
    """Both readers agree on the unchanged document, without any rule."""
    kind, name, data = seed
    tally = Tally()
    examine(tally, kind, name, data)
    examine_tolerantly(tally, kind, name, data)
    assert tally.unexplained == []
    assert not tally.rules


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_mutated_documents_read_the_same(chunk: int) -> None:
    """Both readers agree on 20,000 mutations, or a named rule explains why not."""
    tally = run(MUTATIONS // CHUNKS, seed=chunk)
    assert tally.unexplained == []
    assert tally.documents == MUTATIONS // CHUNKS
    # The mutations must reach the code behind the first checks.
    assert tally.accepted > tally.documents // 10


class _Liar:
    """A request that returns another serial number than it has."""

    def __init__(self, data: bytes) -> None:
        self._request = ocsp.load_der_ocsp_request(data)

    def __getattr__(self, name: str) -> object:
        if name == "serial_number":
            return self._request.serial_number + 1
        return getattr(self._request, name)


def test_a_wrong_reader_is_detected() -> None:
    """A wrong value and a wrong acceptance are each a disagreement."""
    lying = SimpleNamespace(load_der_ocsp_request=_Liar)
    gullible = SimpleNamespace(load_der_ocsp_request=lambda data: SimpleNamespace())
    kind, name, data = corpus()[0]
    tally = Tally()
    examine(tally, kind, name, data, cast("ModuleType", lying))
    examine(tally, kind, name, data[:-1], cast("ModuleType", gullible))
    assert len(tally.unexplained) == 2


def test_a_wrong_tolerant_reader_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that accepts what is cut off, and one that refuses what is DER."""
    kind, name, data = next(each for each in corpus() if each[0] == "request")
    strict = ocsp.load_der_ocsp_request

    def load(given: bytes, *, encoding: ocsp.EncodingRules | None = None) -> object:
        if encoding is None:
            return strict(given)
        if given == data:
            raise ValueError(given)
        return strict(data)

    monkeypatch.setattr(ocsp, "load_der_ocsp_request", load)
    tally = Tally()
    examine_tolerantly(tally, kind, name, data[:-1])
    examine_tolerantly(tally, kind, name, data)
    assert len(tally.unexplained) == 2
