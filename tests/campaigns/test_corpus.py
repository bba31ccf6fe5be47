"""The octets that coverage-guided fuzzing has kept break no promise."""

from __future__ import annotations

import pytest

from tests.campaigns.guided import __main__ as guided
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


def test_without_atheris_a_message_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no wheels for some Pythons, and `make fuzz` goes on without it."""
    monkeypatch.setattr(guided, "find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["guided"])
    assert guided.main() == 0
    assert capsys.readouterr().out == f"{guided.MISSING}\n"
