"""
What mypyc cannot translate by itself, so that the sources need no change for it.

mypyc translates some expressions by *specializers*, functions in registries of its own.
This module registers more of them. Each returns ``None`` where it does not apply, and
mypyc then goes on as without it. The registries, and the C sources of the runtime, can
change with every release of mypyc, so ``pyproject.toml`` allows one minor release only.
"""

from __future__ import annotations

import ast
from pathlib import Path

from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    CallExpr,
    Expression,
    MemberExpr,
    NameExpr,
    RefExpr,
    TypeInfo,
)
from mypyc.build import include_dir
from mypyc.ir.ops import ERR_MAGIC, Call, Integer, Value
from mypyc.ir.rtypes import (
    bytes_rprimitive,
    c_pyssize_t_rprimitive,
    int_rprimitive,
    is_object_rprimitive,
    object_rprimitive,
    tuple_rprimitive,
)
from mypyc.irbuild.builder import IRBuilder
from mypyc.irbuild.specialize import dunder_specializers, specializers
from mypyc.primitives.generic_ops import py_get_item_op
from mypyc.primitives.registry import (
    custom_op,
    custom_primitive_op,
    load_address_op,
)


def register(modules: list[str], sources: Path) -> None:
    """
    Let mypyc use what this module defines.

    Args:
        modules: The names of the modules that are compiled. In them, ``_new`` is the
            ``__new__`` of a class.

        sources: The folder of the package, with all its modules.
    """
    for name in _named_tuples(sources):
        specializers[name, None] = [_new_named_tuple]
    specializers["__new__", object_rprimitive].insert(0, _new_object)
    for module in modules:
        specializers[f"{module}._new", None] = [_new_object]
    specializers["from_bytes", object_rprimitive] = [_integer_in]
    dunder_specializers["__getitem__", bytes_rprimitive].insert(0, _octets_at)
    # mypyc knows not every built-in type, and looks for this one in the module.
    load_address_op("builtins.slice", object_rprimitive, "PySlice_Type")


def _new_object(builder: IRBuilder, call: CallExpr, _: RefExpr) -> Value | None:
    """
    Translate ``object.__new__(C)`` for a compiled class without subclasses.

    mypyc translates it in the method ``__new__`` only. Elsewhere Python refuses it, and
    ``C.__new__(C)``, also by the name ``_new``, would call ``__init__``.
    """
    (made,) = call.args
    if not isinstance(made, NameExpr) or not isinstance(made.node, TypeInfo):
        return None
    known = builder.mapper.type_to_ir.get(made.node)
    if known is None or not known.is_ext_class or known.children:
        return None
    # mypyc takes all attributes of an object for set after __init__, except in classes
    # with this mark.
    known.allow_interpreted_subclasses = True
    return builder.add(Call(known.setup, [builder.accept(made)], call.line))


def _named_tuples(sources: Path) -> list[str]:
    """Return the full names of the classes of named tuples in the folder *sources*."""
    names = []
    for path in sources.rglob("*.py"):
        parts = path.relative_to(sources.parent).with_suffix("").parts
        module = ".".join(each for each in parts if each != "__init__")
        names += [
            f"{module}.{node.name}"
            for node in ast.parse(path.read_bytes()).body
            if isinstance(node, ast.ClassDef)
            and any(ast.unparse(base) == "NamedTuple" for base in node.bases)
        ]
    return names


def _new_named_tuple(
    builder: IRBuilder, call: CallExpr, callee: RefExpr
) -> Value | None:
    """
    Translate the call of a class of named tuples with a value for each field.

    mypyc would call ``__new__`` of the class, which is a Python function.
    """
    if not isinstance(callee.node, TypeInfo) or not set(call.arg_kinds) <= _SIMPLE:
        return None
    fields = callee.node.metadata["namedtuple"]["fields"]
    names = [name or field for name, field in zip(call.arg_names, fields, strict=False)]
    if sorted(names) != sorted(fields):
        return None
    made = builder.accept(callee)
    values = dict(zip(names, map(builder.accept, call.args), strict=True))
    size = Integer(len(fields), c_pyssize_t_rprimitive)
    ordered = [values[each] for each in fields]
    return builder.call_c(_NAMED_TUPLE, [made, size, *ordered], call.line)


_SIMPLE = {ARG_POS, ARG_NAMED}

_NAMED_TUPLE = custom_op(
    arg_types=[object_rprimitive, c_pyssize_t_rprimitive],
    return_type=tuple_rprimitive,
    c_function_name="OCSP_NamedTuple",
    error_kind=ERR_MAGIC,
    var_arg_type=object_rprimitive,
)


def _octets_at(
    builder: IRBuilder, octets: Expression, index: list[Expression], place: Expression
) -> Value | None:
    """
    Translate ``octets[position]`` where *position* is a slice object.

    mypyc takes each index of ``bytes`` for an integer.
    """
    (position,) = index
    if not is_object_rprimitive(builder.node_type(position)):
        return None
    found = builder.primitive_op(
        py_get_item_op, [builder.accept(octets), builder.accept(position)], place.line
    )
    return builder.coerce(found, builder.node_type(place), place.line)


def _integer_in(builder: IRBuilder, call: CallExpr, callee: RefExpr) -> Value | None:
    """
    Translate ``int.from_bytes(octets)``, also with ``signed=True``.

    mypyc would call it as a Python function, which takes longer than the conversion.
    """
    owner = callee.expr if isinstance(callee, MemberExpr) else None
    if not isinstance(owner, NameExpr) or owner.fullname != "builtins.int":
        return None
    octets, *options = call.args
    if builder.node_type(octets) != bytes_rprimitive:
        return None
    if not options:
        integer_op = _UNSIGNED
    elif call.arg_names[1:] == ["signed"] and _is_true(options[0]):
        integer_op = _SIGNED
    else:
        return None
    return builder.primitive_op(integer_op, [builder.accept(octets)], call.line)


def _is_true(value: Expression) -> bool:
    return isinstance(value, NameExpr) and value.fullname == "builtins.True"


_SIGNED, _UNSIGNED = (
    custom_primitive_op(
        name=name,
        arg_types=[bytes_rprimitive],
        return_type=int_rprimitive,
        c_function_name=name,
        error_kind=ERR_MAGIC,
    )
    for name in ("OCSP_SignedInteger", "OCSP_UnsignedInteger")
)


def repair_runtime(folder: Path) -> None:
    """
    Write the part of mypyc's runtime that works with octets to *folder*, repaired.

    It also contains the functions that this module adds.

    Octets from a position to an earlier one are none; mypyc raises a SystemError.

    Raises:
        ValueError: If this release of mypyc has another text in this place.
    """
    source = Path(include_dir(), "bytes_ops.c").read_text()
    if source.count(_LENGTH) != 1:
        raise ValueError(f"bytes_ops.c of mypyc does not contain {_LENGTH!r}")
    repaired = source.replace(_LENGTH, _REPAIRED)
    (folder / "bytes_ops.c").write_text(repaired + _INTEGERS + _TUPLES)


_LENGTH = "Py_ssize_t slice_len = endn - startn;"
_REPAIRED = "Py_ssize_t slice_len = endn > startn ? endn - startn : 0;"

_INTEGERS = """
static CPyTagged OCSP_Integer(PyObject *octets, int is_signed) {
    PyObject *number = _PyLong_FromByteArray(
        (const unsigned char *)PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets),
        0, is_signed);
    return number == NULL ? CPY_INT_TAG : CPyTagged_StealFromObject(number);
}

CPyTagged OCSP_SignedInteger(PyObject *octets) {
    return OCSP_Integer(octets, 1);
}

CPyTagged OCSP_UnsignedInteger(PyObject *octets) {
    return OCSP_Integer(octets, 0);
}
"""

# What tuple.__new__ does for a subclass.
_TUPLES = """
PyObject *OCSP_NamedTuple(PyObject *made, Py_ssize_t size, ...) {
    PyTypeObject *type = (PyTypeObject *)made;
    PyObject *tuple = type->tp_alloc(type, size);
    if (tuple == NULL) {
        return NULL;
    }
    va_list values;
    va_start(values, size);
    for (Py_ssize_t place = 0; place < size; place++) {
        PyTuple_SET_ITEM(tuple, place, Py_NewRef(va_arg(values, PyObject *)));
    }
    va_end(values);
    return tuple;
}
"""
