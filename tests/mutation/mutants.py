"""
Create mutants: every small change of a module that a test should detect.

This module reads source code and does not run it. A mutant changes one place of the
syntax tree. :func:`_is_left_alone` lists what is not changed.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType
from typing import Any

__all__ = ["Mutant", "mutants_of"]

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}
BUILT_IN = {"any": "all", "all": "any", "min": "max", "max": "min"}
FOR_PEOPLE = frozenset({"__repr__", "__str__"})
Block = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change."""

    module: str
    """The module, below ``ocsp``."""

    scope: str
    """The function (``VerifiedResponse.status``); empty outside of functions."""

    change: str
    """The old and the new expression; unique in the function."""

    line: int
    """The line of the change."""

    is_inside: bool
    """Whether the change is in the body of a function, not in its definition."""

    tree: ast.Module = field(repr=False, compare=False)
    """The tree of the module, unchanged."""

    place: tuple[ast.AST, str, int | None] = field(repr=False, compare=False)
    """The node, its field, and the index in the field, whose value is replaced."""

    value: Any = field(repr=False, compare=False)
    """The replacement; ``None`` removes an item of a list."""

    @property
    def id(self) -> str:
        """The id of the mutant, which does not depend on the line."""
        return f"{self.module}:{self.scope}: {self.change}"

    def unchanged(self) -> Mutant:
        """Return the same without the change; all tests have to pass for it."""
        node, name, index = self.place
        held = getattr(node, name)
        return replace(self, value=held if index is None else held[index])

    def compiled(self, path: str) -> CodeType:
        """Return the code of the module with the change."""
        node, name, index = self.place
        held = getattr(node, name)
        if index is None:
            setattr(node, name, self.value)
        else:
            middle = [] if self.value is None else [self.value]
            setattr(node, name, [*held[:index], *middle, *held[index + 1 :]])
        try:
            return compile(ast.fix_missing_locations(self.tree), path, "exec")
        finally:
            setattr(node, name, held)


def modules_in(root: Path, room: str) -> list[str]:
    """Return the modules of *room*, by their dotted names below *root*."""
    return sorted(
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in (root / room).rglob("[!_]*.py")
    )


def mutants_of(module: str, source: str, namespace: dict[str, Any]) -> list[Mutant]:
    """
    Return the mutants of a module.

    Args:
        module: Its name, below ``ocsp``.

        source: Its text.

        namespace: Its names, to recognise enumerations and error classes.
    """
    tree = ast.parse(source)
    found: list[Mutant] = []
    seen: dict[tuple[str, str], int] = {}
    for scope, is_inside, place, before, value in _Walk(namespace).places(tree):
        after = "nothing" if value is None else ast.unparse(value)
        change = f"{ast.unparse(before)} -> {after}"
        count = seen[scope, change] = seen.get((scope, change), 0) + 1
        if count > 1:
            change += f" ({count})"
        line = before.lineno
        found.append(Mutant(module, scope, change, line, is_inside, tree, place, value))
    return found


Place = tuple[ast.AST, str, int | None]
Found = tuple[str, bool, Place, Any, Any]


class _Walk:
    """Finds the places to change in one module."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._names = namespace

    def places(
        self, node: ast.AST, scope: str = "", is_inside: bool = False
    ) -> Iterator[Found]:
        """Return what can be changed below *node*."""
        for name, held in ast.iter_fields(node):
            where, inside = scope, is_inside
            if isinstance(node, Block) and name == "body":
                where = f"{scope}.{node.name}" if scope else node.name
                inside = is_inside or isinstance(node, ast.FunctionDef)
            for index, child in _children(held):
                if _is_left_alone(node, name, child):
                    continue
                place = node, name, index
                for before, value in self._changes(node, name, child):
                    yield where, inside, place, before, value
                yield from self.places(child, where, inside)

    def _changes(
        self, parent: ast.AST, name: str, node: ast.AST
    ) -> Iterator[tuple[Any, Any]]:
        if isinstance(node, ast.stmt):
            changes = _of_statement(node)
        elif isinstance(node, ast.keyword):
            changes = iter((None,))
        elif isinstance(node, ast.expr):
            changes = self._of_expression(parent, name, node)
        else:
            return
        for value in changes:
            if not (isinstance(value, ast.Pass) and _ends(parent, node)):
                yield node, value

    def _of_expression(
        self, parent: ast.AST, name: str, node: ast.expr
    ) -> Iterator[ast.expr | None]:
        is_filter = name == "ifs" and isinstance(parent, ast.comprehension)
        is_loaded = isinstance(getattr(parent, "ctx", None), (ast.Load, type(None)))
        if is_filter or (name == "elts" and is_loaded):
            yield None
        if (is_filter or name == "test") and not isinstance(
            node, (ast.Compare, ast.BoolOp)
        ):
            yield ast.UnaryOp(ast.Not(), node)
        if isinstance(parent, ast.ExceptHandler) and not isinstance(node, ast.Tuple):
            yield ast.Tuple([], ast.Load())
        elif isinstance(node, (ast.Name, ast.Attribute)):
            if name != "elts":  # Items are removed instead.
                yield from self._of_name(node)
        else:
            yield from _of_operation(node)

    def _of_name(self, node: ast.Name | ast.Attribute) -> Iterator[ast.expr]:
        if not isinstance(node.ctx, ast.Load):
            return
        value = self._value(node)
        if isinstance(node, ast.Attribute) and isinstance(value, enum.Enum):
            members = list(type(value))
            other = members[(members.index(value) + 1) % len(members)]
            yield ast.Attribute(node.value, other.name, ast.Load())
        elif isinstance(value, type) and issubclass(value, Exception):
            mro = ast.Attribute(node, "__mro__", ast.Load())
            yield ast.Subscript(mro, ast.Constant(1), ast.Load())
        elif isinstance(node, ast.Name) and node.id in BUILT_IN:
            yield ast.Name(BUILT_IN[node.id], ast.Load())

    def _value(self, node: ast.expr) -> object:
        """Return the value of a dotted name in the module, if it has one."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            above = self._value(node.value)
            is_space = isinstance(above, type) or type(above).__name__ == "module"
            return getattr(above, node.attr, None) if is_space else None
        return None


def _children(held: object) -> Iterator[tuple[int | None, ast.AST]]:
    if isinstance(held, ast.AST):
        yield None, held
    elif isinstance(held, list):
        for index, child in enumerate(held):
            if isinstance(child, ast.AST):
                yield index, child


def _is_left_alone(parent: ast.AST, name: str, node: ast.AST) -> bool:
    """
    Tell whether *node* is not changed.

    Types: annotations, type variables and aliases, which do not run.
    Imports and exports: import statements and ``__all__``.
    Text for people: docstrings, f-strings, ``__repr__`` and ``__str__``, strings with a
    blank that cite no standard, and the choice between such strings.
    """
    types = (
        name in {"annotation", "returns", "bases"}
        or (isinstance(parent, ast.AnnAssign) and name == "target")
        or (isinstance(node, ast.Call) and ast.unparse(node.func) == "TypeVar")
        or (isinstance(node, ast.Assign) and "tuple[" in ast.unparse(node.value)[:6])
    )
    exports = isinstance(node, (ast.Import, ast.ImportFrom)) or (
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    spoken = isinstance(node, ast.FunctionDef) and node.name in FOR_PEOPLE
    return types or exports or docstring or spoken or _is_prose(node)


def _is_prose(node: ast.AST) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_prose(node.body) and _is_prose(node.orelse)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value
        and not node.value.startswith("RFC ")
    )


DOING = (ast.Expr, ast.Raise, ast.AugAssign, ast.Continue, ast.Break, ast.Return)


def _of_statement(node: ast.stmt) -> Iterator[ast.stmt]:
    """Remove a statement, or negate a returned value."""
    stores = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    if stores or isinstance(node, DOING):
        yield ast.Pass()
    if isinstance(node, ast.Return):
        value = node.value
        if value is not None and not isinstance(value, (ast.Compare, ast.BoolOp)):
            yield ast.Return(ast.UnaryOp(ast.Not(), value))


def _of_operation(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare):
        yield from _of_comparison(node)
    elif isinstance(node, ast.BoolOp):
        yield from _of_combination(node)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Slice):
        yield ast.Slice()
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node.value)


def _ends(parent: ast.AST, node: ast.AST) -> bool:
    """Tell whether *node* is a final ``return`` of an empty value."""
    return (
        isinstance(parent, ast.FunctionDef)
        and node is parent.body[-1]
        and isinstance(node, ast.Return)
        and isinstance(node.value, ast.Constant)
        and not node.value.value
    )


def _of_comparison(node: ast.Compare) -> Iterator[ast.expr]:
    for index, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            operators = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            yield ast.Compare(node.left, operators, node.comparators)


def _of_combination(node: ast.BoolOp) -> Iterator[ast.expr]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield ast.BoolOp(other, node.values)
    for index in range(len(node.values)):
        rest = [*node.values[:index], *node.values[index + 1 :]]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _of_constant(value: object) -> Iterator[ast.expr]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, str):
        yield ast.Constant(value + "X")
    elif isinstance(value, bytes):
        yield ast.Constant(value + b"X")
