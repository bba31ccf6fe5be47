"""The campaigns see faults: wrong acceptance, foreign exceptions, crashes, endless work."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.campaigns import processes
from tests.campaigns.campaign import Case, Chunk, Tally, run_case
from tests.campaigns.invariants import Violation, bounded, call
from tests.campaigns.material.dice import Dice
from tests.campaigns.targets import client, verify, verify_crl
from tests.cases.model import NOW
from tests.mutators.tree import parse, serialize

CASES = 60


def _failures(target: str) -> list[str]:
    tally = Tally()
    for number in range(CASES):
        run_case(Case(target, 1, number), tally)
    return tally.failures


def test_a_verifier_that_ignores_the_question_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It verifies another response than it was given: some are accepted wrongly."""
    from tests.campaigns.material.cast import build

    good = build().response()
    plain = verify._verify

    def lenient(asked: Any) -> Any:
        from dataclasses import replace

        return plain(replace(asked, response=good))

    monkeypatch.setattr(verify, "_verify", lenient)
    assert any("accepted as good" in text for text in _failures("verify"))


@pytest.mark.parametrize("target", ["verify", "verify_crl"])
def test_a_verifier_that_refuses_everything_is_seen(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Correct messages have to be accepted."""
    from ocsp import VerificationError

    def refuse(asked: Any) -> Any:
        raise VerificationError([])

    module = {"verify": verify, "verify_crl": verify_crl}[target]
    monkeypatch.setattr(module, "_verify", refuse)
    assert any("refused" in text for text in _failures(target))


def test_a_verifier_that_raises_something_else_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An exception that no documentation names."""

    def fail(asked: Any) -> Any:
        return {}[asked.response]

    monkeypatch.setattr(verify, "_verify", fail)
    failures = _failures("verify")
    assert len(failures) == CASES
    assert "undocumented: KeyError" in failures[0]
    assert failures[0].startswith("python -m tests.campaigns --target verify --seed 1")


def test_a_client_that_believes_anything_is_seen() -> None:
    """Evidence is compared with what the oracle allows."""
    from ocsp.client import CheckStatus, Options

    forged = SimpleNamespace(status=CheckStatus.GOOD, evidence=None, issuer=None)
    with pytest.raises(Violation, match="without an issuer"):
        client.believed(forged, NOW, Options(), [])  # type: ignore[arg-type]


def test_only_documented_exceptions_pass() -> None:
    """The others are violations, and so is an exit of the program."""
    for kind in (KeyError, MemoryError, RecursionError, SystemExit):

        def fail(kind: type[BaseException] = kind) -> None:
            raise kind

        with pytest.raises(Violation, match=kind.__name__):
            call(fail, ValueError, budget=100)
    found = call(lambda: int("x"), ValueError, budget=100)
    assert isinstance(found, ValueError)


def test_work_without_end_is_seen() -> None:
    """Each call of a function counts, also of one in C."""

    def spin() -> None:
        while True:
            len(b"")

    with pytest.raises(Violation, match="more than 1000 calls"):
        bounded(spin, 1000)
    assert bounded(lambda: sum(len(b"x") for _ in range(10)), 1000) == 10


def test_a_case_is_repeatable() -> None:
    """The same seed makes the same choices."""
    from tests.campaigns.material.responses import ask

    assert ask(Dice("1 verify 7")) == ask(Dice("1 verify 7"))
    assert ask(Dice("1 verify 7")) != ask(Dice("1 verify 8"))


def _crash(case: Case, tally: Tally) -> None:
    os._exit(9)


def _hang(case: Case, tally: Tally) -> None:
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("run", "words"), [(_crash, "it ended its process"), (_hang, "it took longer")]
)
def test_a_process_that_ends_or_hangs_is_seen(
    run: processes.Runs, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case is named, and another process goes on behind it."""
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    tally, chunks = Tally(), [Chunk("verify", 1, 0, 2)]
    processes.run_chunks(
        chunks, 1, lambda _target, _count, found: tally.add(found), run
    )
    assert [text.partition("\n")[0] for text in tally.failures] == [
        Case("verify", 1, number).command for number in (0, 1)
    ]
    assert all(words in text for text in tally.failures)


def test_a_tree_is_written_as_it_was_read() -> None:
    """So a mutation changes what it says it does, and no other part."""
    from tests.campaigns.material.crls import crl_donors
    from tests.campaigns.material.responses import donors

    for each in (*donors(), *crl_donors()):
        assert serialize(parse(each)) == each


def _nothing(case: Case, tally: Tally) -> None:
    """Run no case."""


def _holding(case: Case, tally: Tally) -> None:
    """Hold more memory than a process may."""
    bytearray(b"x") * (processes.MAX_RESIDENT * 2**10)


@pytest.mark.parametrize(("run", "failures"), [(_nothing, 0), (_holding, 1)])
def test_a_process_that_holds_too_much_memory_is_seen(run: Any, failures: int) -> None:
    """What the process that started it held does not count."""
    held = bytearray(b"x") * ((processes.MAX_RESIDENT + 2**16) * 2**10)
    tally = Tally()
    processes.run_chunks(
        [Chunk("verify", 1, 0, 1)], 1, lambda _, __, found: tally.add(found), run
    )
    del held
    assert len(tally.failures) == failures
