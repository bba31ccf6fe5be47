"""The published schemas: current, valid, and strict."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import jsonschema
import pytest

from ocsp.cli.documents.notes import Format
from ocsp.cli.documents.published import PUBLISHED
from ocsp.cli.documents.schema import json_schema
from tests.unit.cli.json_schemas import FOLDER, schemas, validate

DOCUMENTS = Path("docs/cli.md")


def test_the_files_are_current() -> None:
    """If they are not, run ``python -m tests.unit.cli.json_schemas``."""
    written = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert written == schemas()


def test_the_reference_links_every_schema() -> None:
    """With the version in its name."""
    linked = re.findall(r"\(schemas/([\w.-]+\.json)\)", DOCUMENTS.read_text())
    assert set(linked) == set(schemas())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_schema_is_valid_and_refuses_other_keys(name: str) -> None:
    """Every object names all its keys, and requires them."""
    schema = json_schema(PUBLISHED[name], 1)
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    assert schema["properties"]["type"] == {"enum": [name]}


LINT: dict[str, Any] = {
    "schema_version": 1,
    "type": "lint",
    "profile": "rfc6960",
    "severity": "warning",
    "findings": [],
}


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"another": 1},
        {"profile": "rfc5019"},
        {"severity": None},
        {"findings": [{"rule": "L101"}]},
    ],
)
def test_a_wrong_document_is_refused(change: dict[str, Any]) -> None:
    """Another version, an unknown key, a value that does not exist."""
    validate(LINT)
    with pytest.raises(jsonschema.ValidationError):
        validate(LINT | change)


class Inner(TypedDict):
    """An inner object."""

    number: int
    again: list[Inner]


class Outer(TypedDict):
    """The outer object."""

    type: Literal["outer"]
    text: Annotated[str | None, "a text"]
    when: Annotated[str, Format("date-time"), "a time"]
    inner: Annotated[Inner, "an object"]
    others: dict[str, float]
    any: Any


def test_a_type_becomes_a_schema() -> None:
    """With descriptions, formats, and a type that contains itself."""
    schema = json_schema(Outer, 7)
    assert schema["title"] == "The outer object"
    properties = schema["properties"]
    assert properties == {
        "schema_version": {"const": 7, "description": "the version of this format"},
        "type": {"enum": ["outer"]},
        "text": {
            "description": "a text",
            "anyOf": [{"type": "string"}, {"type": "null"}],
        },
        "when": {"description": "a time", "type": "string", "format": "date-time"},
        "inner": {"description": "an object", "$ref": "#/$defs/Inner"},
        "others": {"type": "object", "additionalProperties": {"type": "number"}},
        "any": {},
    }
    assert schema["$defs"]["Inner"]["properties"]["again"] == {
        "type": "array",
        "items": {"$ref": "#/$defs/Inner"},
    }
    assert json.loads(json.dumps(schema)) == schema
