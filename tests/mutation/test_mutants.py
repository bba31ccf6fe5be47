"""The tool: which mutants there are of a small module, and what becomes of reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

import ocsp.verification
from ocsp.messages.statuses import OCSPCertStatus
from tests.mutation.__main__ import FOLDER, mutants_of_module
from tests.mutation.mutants import modules_in, mutants_of
from tests.mutation.survivors import FILE, Survivors

NAMES = {"OCSPCertStatus": OCSPCertStatus, "DecodeError": ocsp.DecodeError}


def _changes(source: str) -> set[str]:
    return {mutant.change for mutant in mutants_of("module", source, NAMES)}


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x = a < b", {"a < b -> a <= b", "a < b -> a >= b"}),
        ("x = a is b", {"a is b -> a is not b"}),
        (
            "x = a < b <= c",
            {
                "a < b <= c -> a <= b <= c",
                "a < b <= c -> a >= b <= c",
                "a < b <= c -> a < b < c",
                "a < b <= c -> a < b > c",
            },
        ),
        (
            "x = a and b",
            {"a and b -> a or b", "a and b -> b", "a and b -> a"},
        ),
        ("x = not a", {"not a -> a"}),
        ("x = -a", {"-a -> a"}),
        ("x = a - b", {"a - b -> a + b"}),
        ("x = 5", {"5 -> 6", "5 -> 4"}),
        ("x = 'V1'", {"'V1' -> 'V1X'"}),
        ("x = 'RFC 6960 §3.2'", {"'RFC 6960 §3.2' -> 'RFC 6960 §3.2X'"}),
        ("x = True", {"True -> False"}),
        ("x = (a, b)", {"a -> nothing", "b -> nothing"}),
        ("x = a if b else c", {
            "a if b else c -> a", "a if b else c -> c", "b -> not b",
        }),
        ("x = a[:b]", {":b -> :"}),
        ("x = any(a)", {"any -> all"}),
        ("x = f(a, key=b)", {"key=b -> nothing"}),
        ("x = [a for a in b if c]", {"c -> nothing", "c -> not c"}),
        ("x = OCSPCertStatus.GOOD", {"OCSPCertStatus.GOOD -> OCSPCertStatus.REVOKED"}),
        ("x = DecodeError", {"DecodeError -> DecodeError.__mro__[1]"}),
        ("if a: f()", {"a -> not a", "f() -> pass"}),
        ("a.b = c", {"a.b = c -> pass"}),
        ("for a in b: continue", {"continue -> pass"}),
        ("raise a", {"raise a -> pass"}),
        ("try: a()\nexcept B: pass", {"a() -> pass", "B -> ()"}),
        ("try: a()\nexcept (B, C): pass", {
            "a() -> pass", "B -> nothing", "C -> nothing",
        }),
        ("def f(): return a", {"return a -> pass", "return a -> return not a"}),
        ("def f(a=5): pass", {"5 -> 6", "5 -> 4"}),
        ("f(); f()", {"f() -> pass", "f() -> pass (2)"}),
    ],
)  # fmt: skip
def test_what_is_changed(source: str, changes: set[str]) -> None:
    """Each operator, by itself."""
    assert _changes(source) == changes


@pytest.mark.parametrize(
    "source",
    [
        '"""Text."""',
        "x = f'{a + 1}'",
        "x = 'two words'",
        "x = 'two words' if a else f'{b}'",
        "import a\nfrom b import c",
        "__all__ = ['a']",
        "x: Literal['a'] = b",
        "def f(a: 'b') -> 'c': pass",
        "class A(B): pass",
        "A = tuple[B, ...]",
        "A = TypeVar('A')",
        "def __repr__(self): return 'a' + 'b'",
        "x = a",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    """Text for people, types, imports and exports."""
    assert _changes(source) == set()


def test_an_end_with_nothing_is_left_out_where_it_is_early() -> None:
    """At the end of a function it is what happens anyway."""
    source = "def f(a):\n    if a:\n        return ''\n    return ''"
    early, late = "return '' -> pass", "return '' -> pass (2)"
    assert early in _changes(source)
    assert late not in _changes(source)


def test_a_mutant_is_told_by_its_function() -> None:
    """Not by its line; and whether it has to be imported."""
    source = "class A:\n    x = 1\n    def f(self):\n        return x"
    found = [(mutant.id, mutant.is_inside) for mutant in mutants_of("m", source, NAMES)]
    assert found == [
        ("m:A: 1 -> 2", False),
        ("m:A: 1 -> 0", False),
        ("m:A.f: return x -> pass", True),
        ("m:A.f: return x -> return not x", True),
    ]


def test_a_mutant_is_changed_in_one_place_and_the_tree_is_not() -> None:
    """What is compiled is the change, and the next mutant starts from the original."""
    plus, minus = mutants_of("m", "x = 5", NAMES)
    same = plus.unchanged()
    for mutant, value in ((plus, 6), (minus, 4), (same, 5), (plus, 6)):
        names: dict[str, object] = {}
        exec(mutant.compiled("m.py"), names)
        assert names["x"] == value


def test_reasons_are_read(tmp_path: Path) -> None:
    """By mutant; each has one, and no mutant has two."""
    file = tmp_path / "survivors.toml"
    group = '[[survivors]]\nreason = "{}"\nmutants = ["a:f: 1 -> 2"]\n'
    file.write_text(group.format("equal"))
    survivors = Survivors.read(file)
    assert survivors.reason("a:f: 1 -> 2") == "equal"
    assert survivors.reason("a:f: 1 -> 0") == ""
    assert survivors.of({"a"}) == {"a:f: 1 -> 2"}
    assert survivors.of({"b"}) == set()
    file.write_text(group.format(" "))
    with pytest.raises(ValueError, match="no reason"):
        Survivors.read(file)
    file.write_text(group.format("equal") * 2)
    with pytest.raises(ValueError, match="listed twice"):
        Survivors.read(file)


def test_every_reason_is_for_a_mutant_that_there_is() -> None:
    """So that none outlives the code that it is about."""
    there = set()
    for module in modules_in(FOLDER):
        there |= {mutant.id for mutant in mutants_of_module(module)}
    assert Survivors.read(FILE).reasons.keys() - there == set()
