"""Measure reading the messages of many CAs: those that a client or a server meets."""

from __future__ import annotations

from collections.abc import Callable

from bench import corpora
from bench.caches import empty_caches
from bench.measure import PART, Pair, Row, in_passes, in_turn
from bench.reading.fields import (
    ENTRIES,
    FIVE,
    FOUR,
    LOAD_REQUEST,
    LOAD_RESPONSE,
    TEN,
    Reading,
)

__all__ = ["rows"]

Corpus = Callable[[], tuple[bytes, ...]]


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [*_mixes(), *_shapes(), *_many_entries(), *_requests()]


def _mixes() -> list[Row]:
    mix = "10,000 different responses of 150 CAs by Zipf's law, 40 % by delegates"
    even = "10,000 different responses of 150 CAs, all equally frequent"
    turns = "10,000 different responses; 600 CAs in turn, each with a delegate"
    return [
        _warm("web mix", mix, corpora.web_mix, TEN, 0.9, 0.5),
        _warm("web mix", mix, corpora.web_mix, FIVE),
        _warm("web mix", mix, corpora.web_mix, LOAD_RESPONSE),
        _empty("web mix", mix, corpora.web_mix, TEN, 1.1, 0.55),
        _warm("uniform mix", even, corpora.uniform_mix, TEN, 1.0, 0.5),
        _warm("600 delegates", turns, corpora.delegates_in_turn, TEN, 1.2, 0.6),
    ]


def _shapes() -> list[Row]:
    few = "5,000 different responses of three CAs: the shapes"
    never = "no shape, name or key; some of the lengths"
    delegates = "no shape, name, key or certificate"
    return [
        _warm("few shapes", few, corpora.few_shapes, TEN, 0.7, 0.35),
        _warm("few shapes", few, corpora.few_shapes, FIVE, 1.0, 0.5),
        _warm("few shapes", few, corpora.few_shapes, LOAD_RESPONSE, 2.0, 1.0),
        _empty("shapes never met", never, corpora.unmet_responses, TEN, 1.5, 0.75),
        _empty(
            "shapes and delegates never met",
            delegates,
            lambda: corpora.unmet_responses(delegates=1),
            TEN,
        ),
    ]


def _many_entries() -> list[Row]:
    def row(entries: int, count: int) -> Row:
        return _warm(
            f"{entries} entries",
            f"{count} different responses of four CAs, no entry twice",
            lambda: corpora.with_entries(entries, count),
            ENTRIES,
            1.2,
            0.7,
            part=count // 4,
        )

    return [row(20, 200), row(500, 16)]


def _requests() -> list[Row]:
    mix = "10,000 different requests about 50 CAs, 30 % with a nonce"
    never = "no shape, name or key"
    return [
        _warm("mix", mix, corpora.requests, FOUR, 1.0, group="request"),
        _warm("mix", mix, corpora.requests, LOAD_REQUEST, group="request"),
        _empty(
            "shapes never met",
            never,
            corpora.unmet_requests,
            FOUR,
            2.0,
            1.0,
            group="request",
        ),
    ]


def _warm(
    what: str,
    repeated: str,
    corpus: Corpus,
    reading: Reading,
    target: float | None = None,
    compiled: float | None = None,
    *,
    part: int = PART,
    group: str = "response",
) -> Row:
    """Read the corpus in turn, after both libraries have read all of it once."""
    return Row(
        group=group,
        what=f"{what}: {reading.what}",
        repeated=repeated,
        peer="cryptography",
        measure=lambda rounds: in_turn(
            corpus(), reading.ours, reading.peer, rounds, part=part
        ),
        target=target,
        compiled=compiled,
    )


def _empty(
    what: str,
    repeated: str,
    corpus: Corpus,
    reading: Reading,
    target: float | None = None,
    compiled: float | None = None,
    *,
    group: str = "response",
) -> Row:
    """Read the corpus once after all caches were emptied, and that several times."""

    def prepare() -> tuple[bytes, ...]:
        empty_caches()
        return corpus()

    def measure(rounds: int) -> Pair:
        messages = corpus()
        passes = max(3, rounds // 10)
        return in_passes(
            prepare, reading.ours, reading.peer, passes, part=len(messages)
        )

    return Row(
        group=group,
        what=f"{what}, from empty caches: {reading.what}",
        repeated=repeated,
        peer="cryptography",
        measure=measure,
        target=target,
        compiled=compiled,
    )
