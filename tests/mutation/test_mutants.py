"""The mutation tool: the mutants of small modules, and the file of reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

import ocsp.verification
from ocsp.messages.statuses import OCSPCertStatus
from tests.mutation.__main__ import MODULES, mutants_of_module
from tests.mutation.mutants import mutants_of
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
def test_changes(source: str, changes: set[str]) -> None:
    """Each operator by itself."""
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
def test_code_without_changes(source: str) -> None:
    """Text for people, types, imports and exports are not changed."""
    assert _changes(source) == set()


def test_an_empty_return_is_removed_only_if_it_is_not_the_last_statement() -> None:
    """At the end of a function its removal changes nothing."""
    source = "def f(a):\n    if a:\n        return ''\n    return ''"
    early, late = "return '' -> pass", "return '' -> pass (2)"
    assert early in _changes(source)
    assert late not in _changes(source)


def test_the_id_of_a_mutant_has_its_function() -> None:
    """Not its line. A change outside of functions needs a new import."""
    source = "class A:\n    x = 1\n    def f(self):\n        return x"
    found = [(mutant.id, mutant.is_inside) for mutant in mutants_of("m", source, NAMES)]
    assert found == [
        ("m:A: 1 -> 2", False),
        ("m:A: 1 -> 0", False),
        ("m:A.f: return x -> pass", True),
        ("m:A.f: return x -> return not x", True),
    ]


def test_compiling_a_mutant_does_not_change_the_tree() -> None:
    """The next mutant starts from the unchanged module."""
    plus, minus = mutants_of("m", "x = 5", NAMES)
    same = plus.unchanged()
    for mutant, value in ((plus, 6), (minus, 4), (same, 5), (plus, 6)):
        names: dict[str, object] = {}
        exec(mutant.compiled("m.py"), names)
        assert names["x"] == value


def test_reasons_are_read(tmp_path: Path) -> None:
    """Each mutant has one reason; an empty or a second one is an error."""
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


def test_every_reason_is_for_an_existing_mutant() -> None:
    """So a reason is removed together with its code."""
    there = set()
    for module in MODULES:
        there |= {mutant.id for mutant in mutants_of_module(module)}
    assert Survivors.read(FILE).reasons.keys() - there == set()
