"""The octets that coverage-guided fuzzing has kept break no promise."""

from __future__ import annotations

import pytest

from tests.campaigns.guided.attacks import ATTACKS, CORPUS

MOST_OCTETS = 200_000
"""The size of all files: the corpus is minimised before it is committed."""


@pytest.mark.parametrize("target", ATTACKS)
def test_the_corpus_breaks_no_promise(target: str) -> None:
    """Each file is one input; the name of one that broke a promise begins with crash."""
    files = sorted((CORPUS / target).iterdir())
    assert files
    for path in files:
        ATTACKS[target](path.read_bytes())


def test_the_corpus_is_small() -> None:
    """It is in the repository, and in the source distribution."""
    sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(sizes) < MOST_OCTETS
