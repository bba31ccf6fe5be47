"""
Write the reference of all settings, ``docs/configuration.md``, from the settings.

Run ``python -m tests.unit.service.configuration_reference`` after a setting has changed;
``test_configuration_reference.py`` compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocsp.service import configuration_schema

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
BEGIN = "<!-- reference: settings -->\n"
END = "<!-- end of reference -->\n"


def reference() -> str:
    """Return the tables of all settings, in Markdown."""
    schema = configuration_schema()
    return "\n".join(_table(schema, schema["$defs"], ""))


def _table(table: dict[str, Any], known: dict[str, Any], name: str) -> Iterator[str]:
    """Return the rows of a table of settings, and then those of the tables in it."""
    if name:
        yield f"## {name}\n"
        yield f"{_sentence(table['description'])}\n"
    yield "| setting | what it is | default |"
    yield "|---|---|---|"
    inner = []
    for key, setting in table["properties"].items():
        target = _target(setting, known)
        if target is not None and "properties" in target:
            array = setting.get("type") == "array"
            inner.append((_name(name, key, array=array), target))
            continue
        text = _sentence(setting.get("description", (target or {}).get("description")))
        choices = _choices(setting, target)
        text += f" One of {choices}." if choices else ""
        default = _default(setting, required=key in table.get("required", ()))
        yield f"| `{key}` | {text} | {default} |"
    yield ""
    for title, target in inner:
        yield from _table(target, known, title)


def _name(outer: str, key: str, *, array: bool) -> str:
    """Return the heading of a table, as the file writes it."""
    path = f"{outer.strip('`[]')}.{key}" if outer else key
    return f"`[[{path}]]`" if array else f"`[{path}]`"


def _target(setting: dict[str, Any], known: dict[str, Any]) -> dict[str, Any] | None:
    """Return what *setting* refers to, also as an item or as one of several kinds."""
    places = [setting, setting.get("items", {}), *setting.get("anyOf", ())]
    for each in places:
        if "$ref" in each:
            found: dict[str, Any] = known[each["$ref"].rpartition("/")[2]]
            return found
    return None


def _choices(setting: dict[str, Any], target: dict[str, Any] | None) -> str:
    values = (target or setting).get("enum", ())
    return ", ".join(f"`{each}`" for each in values)


def _default(setting: dict[str, Any], *, required: bool) -> str:
    if required:
        return "required"
    default = setting.get("default")
    return "" if default in (None, [], {}) else f"`{json.dumps(default)}`"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).replace("``", "`").replace("|", "\\|")


def document() -> str:
    """Return the page with the present reference."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
