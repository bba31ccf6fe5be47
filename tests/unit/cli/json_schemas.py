"""
Write the JSON schemas of documents into ``docs/schemas``, and validate documents.

Run ``python -m tests.unit.cli.json_schemas`` after a type in ``ocsp.cli.documents`` has
changed; ``test_json_schemas.py`` compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from ocsp.cli.documents.published import PUBLISHED
from ocsp.cli.documents.schema import json_schema
from ocsp.cli.render import json_output

__all__ = ["FOLDER", "schemas", "validate", "validating"]

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"


def schemas() -> dict[str, str]:
    """Return the content of each file in the folder, by its name."""
    version = json_output.SCHEMA_VERSION
    return {
        f"{name}-{version}.json": json.dumps(json_schema(document, version), indent=2)
        + "\n"
        for name, document in PUBLISHED.items()
    }


@cache
def _validator(name: str) -> Any:
    schema = json_schema(PUBLISHED[name], json_output.SCHEMA_VERSION)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


def validate(document: dict[str, Any]) -> None:
    """
    Check *document* by the schema of its type.

    Raises:
        jsonschema.ValidationError: If it is not valid.
    """
    _validator(document["type"]).validate(document)


def validating() -> Iterator[None]:
    """Validate all documents with a published schema that commands write meanwhile."""

    def dumps(document: Any, **how: Any) -> str:
        if isinstance(document, dict) and document.get("type") in PUBLISHED:
            validate(json.loads(json.dumps(document)))
        return json.dumps(document, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_output, "json", SimpleNamespace(dumps=dumps))
        yield


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, content in schemas().items():
        (FOLDER / file_name).write_text(content)
