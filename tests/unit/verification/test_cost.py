"""
The cost of a response is bounded by its size, whatever is in it.

The tests count operations, not seconds: calls of functions, signature checks, and the
steps of sorting combining characters, which is the quadratic part of Unicode NFKC.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from types import FrameType
from unittest import mock

import pytest
from cryptography import x509

import ocsp
from ocsp import limits
from ocsp.linting import lint_response
from ocsp.messages.responses import response as response_module
from ocsp.verification import verify_crl
from tests import hostile_crls
from tests.cases.model import NOW
from tests.compiled import needs_sources
from tests.hostile import BUILD, KINDS, SIZE, combining, ordinary

MOST = 10
"""How many times as many operations as an ordinary response a hostile one may cost."""

LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)
CA = x509.load_der_x509_certificate(BUILD.ca.der)

Use = Callable[[bytes], object]


def _verify(data: bytes, policy: ocsp.Policy | None = None) -> str:
    with pytest.raises(ocsp.VerificationError) as raised:
        ocsp.verify(data, LEAF, CA, at=NOW, policy=policy or ocsp.Policy())
    return f"{raised.value}{raised.value!r}"


def _verify_tolerantly(data: bytes) -> str:
    return _verify(data, ocsp.Policy(encoding=ocsp.EncodingRules.TOLERANT))


def _lint(data: bytes) -> str:
    report = lint_response(data, issuer=CA, cert=LEAF, at=NOW)
    return "".join(map(str, report.findings))


USES = {"verify": _verify, "verify tolerantly": _verify_tolerantly, "lint": _lint}


def _calls(use: Use, data: bytes) -> Counter[str]:
    """Return how often *use* calls each function, without help from a cache."""
    found: Counter[str] = Counter()

    def note(frame: FrameType, event: str, called: object) -> None:
        if event == "call":
            found[frame.f_code.co_name] += 1
        elif event == "c_call":
            found[getattr(called, "__name__", "")] += 1

    limits.MAX_ENTRIES = limits.MAX_ENTRIES  # a change of a limit clears the caches
    sys.setprofile(note)
    try:
        use(data)
    finally:
        sys.setprofile(None)
    return found


@cache
def _ordinary_calls(use: Use) -> int:
    """Without the short cuts for usual messages, which hostile ones do not take."""
    with mock.patch.object(response_module, "find_layout", return_value=None):
        return _calls(use, ordinary()).total()


@needs_sources
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_response_costs_at_most_ten_times_an_ordinary_one(
    kind: str, use: str
) -> None:
    """In calls, in signature checks, and in octets of the report."""
    data, do = KINDS[kind](), USES[use]
    assert SIZE / 3 < len(data) < limits.MAX_VERIFIED_BYTES
    calls = _calls(do, data)
    assert calls.total() <= MOST * _ordinary_calls(do)
    # The linter also checks whether the issuer has signed the delegate (L703).
    assert calls["verify"] <= limits.MAX_SIGNATURES_CHECKED + 2
    assert len(do(data)) <= MOST * SIZE


def _verify_crl(data: bytes) -> str:
    try:
        return f"{verify_crl(data, LEAF, CA, at=NOW)!r}"
    except ocsp.VerificationError as error:
        return f"{error}{error!r}"


@pytest.mark.parametrize("kind", hostile_crls.KINDS)
def test_a_hostile_crl_costs_at_most_ten_times_an_ordinary_one(kind: str) -> None:
    """In calls, and in octets of the report; the CA has signed both."""
    data, usual = hostile_crls.KINDS[kind](), hostile_crls.ordinary()
    assert SIZE / 2 < len(data) < limits.MAX_VERIFIED_BYTES
    assert "GOOD" in _verify_crl(usual)
    most = MOST * _calls(_verify_crl, usual).total()
    assert _calls(_verify_crl, data).total() <= most
    assert len(_verify_crl(data)) <= MOST * SIZE


@contextmanager
def _sorting_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the steps of sorting combining characters in everything normalised."""
    steps = [0]
    normalise = unicodedata.normalize

    def count(form: str, value: str) -> str:  # type: ignore[no-untyped-def]
        apart = normalise("NFKD", value)
        for is_combining, group in groupby(map(unicodedata.combining, apart), bool):
            length = sum(1 for _ in group)
            steps[0] += length * length if is_combining else length
        return normalise(form, value)  # type: ignore[arg-type]

    monkeypatch.setattr(unicodedata, "normalize", count)
    yield steps


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_compared_in_linear_time(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A sequence of combining characters takes a step for each pair of them."""
    data = KINDS[kind]()
    limits.MAX_ENTRIES = limits.MAX_ENTRIES
    with _sorting_steps(monkeypatch) as steps:
        _verify(data)
    assert steps[0] <= MOST * SIZE


@pytest.mark.parametrize("length", [1000, 5000, 10_000, 14_000])
def test_a_responder_with_a_hostile_name_costs_no_more_than_an_ordinary_one(
    length: int,
) -> None:
    """The same calls as for a name of the same length."""

    def named(text: str) -> bytes:
        unit = BUILD.certificate(text).subject
        return BUILD.response(responder_id=BUILD.by_name(unit), signature=b"x")

    hostile = _calls(_verify, named(combining(2 * length))).total()
    assert hostile <= MOST * _calls(_verify, named("A" * 4 * length)).total()
