"""
Make the JSON schema of a document from its type.

The types are ``TypedDict`` classes. Every key is required, and others are refused.
:mod:`ocsp.cli.documents.notes` says what their annotations mean.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any

from ocsp.cli.documents.notes import Format, OneOf

__all__ = ["json_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def json_schema(document: type, version: int) -> Schema:
    """
    Return the schema of *document*.

    Args:
        document: A ``TypedDict``; the first line of its docstring is the title.

        version: The value of ``schema_version``, which each document begins with.
    """
    definitions: dict[str, Schema] = {}
    root = _object(document, definitions)
    first = {"const": version, "description": "the version of this format"}
    root["properties"] = {"schema_version": first, **root["properties"]}
    root["required"] = ["schema_version", *root["required"]]
    title = root.pop("description").removesuffix(".")
    shared = {name: definitions[name] for name in sorted(definitions)}
    return {"$schema": DIALECT, "title": title, **root, "$defs": shared}


def _object(document: type, definitions: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(document, include_extras=True)
    return {
        "description": (inspect.getdoc(document) or "").partition("\n")[0],
        "type": "object",
        "properties": {name: _value(hint, definitions) for name, hint in hints.items()},
        "required": list(hints),
        "additionalProperties": False,
    }


def _value(hint: Any, definitions: dict[str, Schema]) -> Schema:
    """Return the schema of a value with the type *hint*."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case typing.Annotated:
            return _annotated(*arguments, definitions=definitions)
        case typing.Literal:
            return {"enum": list(arguments)}
        case typing.Union | types.UnionType:
            return {"anyOf": [_value(each, definitions) for each in arguments]}
        case origin if origin is list:
            return {"type": "array", "items": _value(arguments[0], definitions)}
        case origin if origin is not None and issubclass(origin, Mapping):
            return {
                "type": "object",
                "additionalProperties": _value(arguments[1], definitions),
            }
    if typing.is_typeddict(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # it may refer to itself
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return dict(_SIMPLE[hint])


_SIMPLE: Mapping[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    Any: {},
}


def _annotated(hint: Any, *notes: Any, definitions: dict[str, Schema]) -> Schema:
    schema = _value(hint, definitions)
    for note in notes:
        match note:
            case str():
                schema = {"description": note, **schema}
            case Format():
                schema["format"] = note.name
            case OneOf():
                schema["enum"] = [each.value for each in note.values]
    return schema
