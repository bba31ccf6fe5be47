"""Measuring: what is called how often, and what comes of the ratios."""

from __future__ import annotations

import pytest

import ocsp
from bench import caches, corpora
from bench.growing import exponent
from bench.measure import Pair, in_passes, in_turn, side_by_side


def test_the_ratio_is_the_median_of_the_ratios() -> None:
    """It is not the ratio of the medians: machines change their speed together."""
    pair = Pair.of([(1.0, 2.0), (30.0, 20.0), (4.0, 4.0)])
    assert (pair.ours, pair.peer) == (4.0, 4.0)
    assert (pair.low, pair.ratio, pair.high) == (0.75, 1.0, 1.25)
    assert pair.rounds == 3


def test_one_ratio_has_no_spread() -> None:
    """A row may have one round only."""
    pair = Pair.of([(3.0, 2.0)])
    assert (pair.low, pair.ratio, pair.high) == (1.5, 1.5, 1.5)


def test_both_sides_work_equally_often() -> None:
    """In each round each side works for one batch."""
    calls: list[str] = []
    side_by_side(lambda: calls.append("ours"), lambda: calls.append("peer"), 7, batch=5)
    assert calls.count("ours") == calls.count("peer") == 35


def test_the_order_alternates() -> None:
    """The first of two finds colder caches of the processor."""
    calls: list[str] = []
    side_by_side(lambda: calls.append("ours"), lambda: calls.append("peer"), 2, batch=1)
    assert calls == ["ours", "peer", "peer", "ours"]


def test_warm_rows_meet_all_items_first() -> None:
    """Both have met each item before the first round, and then go on in parts."""
    ours: list[int] = []
    peer: list[int] = []
    pair = in_turn(range(10), ours.append, peer.append, 3, part=4)
    expected = [*range(10), *range(4), *range(4, 8), *range(8, 10)]
    assert ours == peer == expected
    assert pair.rounds == 3


def test_each_pass_has_items_of_its_own() -> None:
    """``prepare`` runs before each pass, and both sides meet each item once."""
    passes: list[int] = []
    ours: list[int] = []
    peer: list[int] = []

    def prepare() -> list[int]:
        passes.append(len(ours))
        return [10 * len(passes) + number for number in range(4)]

    pair = in_passes(prepare, ours.append, peer.append, 2, part=2)
    assert passes == [0, 4]
    assert ours == peer == [10, 11, 12, 13, 20, 21, 22, 23]
    assert pair.rounds == 4


def test_the_order_alternates_over_passes() -> None:
    """Also if a pass is one round."""
    order: list[str] = []
    in_passes(
        lambda: [1, 2],
        lambda _: order.append("ours"),
        lambda _: order.append("peer"),
        2,
        part=2,
    )
    assert order == ["ours"] * 2 + ["peer"] * 4 + ["ours"] * 2


def test_empty_caches_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards the reader learns a layout and a function its values again."""
    from ocsp.asn1 import times
    from ocsp.asn1.der import oid_text

    response = ocsp.load_der_ocsp_response(corpora.web_mix(1)[0])
    assert response.this_update_utc
    assert response.signature_hash_algorithm
    assert times.moments
    assert oid_text.cache_info().currsize
    caches.empty_caches()
    assert not times.moments
    assert not oid_text.cache_info().currsize


@pytest.mark.parametrize("power", [0, 1, 2])
def test_the_exponent_of_a_power(power: int) -> None:
    """The fit finds the power of exact times."""
    sizes = [1, 2, 4, 8, 16]
    times = [3.0 * size**power for size in sizes]
    assert exponent(sizes, times) == pytest.approx(power)


def test_a_fixed_part_hides_in_small_sizes_only() -> None:
    """The four largest sizes show that the rest grows with the square."""
    sizes = [1, 2, 4, 8, 16, 32, 64]
    assert exponent(sizes, [100.0 + size**2 for size in sizes]) > 1.5
