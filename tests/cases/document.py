"""
The document: all cases in one JSON file, and its schema.

Octets are DER in base64, times are ISO 8601 in UTC, durations are in seconds. Empty
fields are omitted to keep the file readable.
"""

from __future__ import annotations

import base64
import importlib
import json
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

import tests.cases
from ocsp.verification.table import RULES
from tests.cases.builder import Builder
from tests.cases.keys import keep_signatures
from tests.cases.model import (
    CASES,
    Case,
    Expected,
    Feature,
    How,
    Importance,
    PolicySpec,
    Result,
    Scenario,
)

__all__ = ["DOCUMENT", "SCHEMA", "document", "load_cases", "schema", "write"]

FOLDER = Path(__file__).parents[2] / "docs" / "vectors"
DOCUMENT = FOLDER / "ocsp-cases.json"
SCHEMA = FOLDER / "ocsp-cases.schema.json"


@cache
def load_cases() -> dict[str, Case]:
    """Return all cases, by id."""
    for module in pkgutil.iter_modules(tests.cases.__path__):
        if module.name.endswith("_cases"):
            importlib.import_module(f"tests.cases.{module.name}")
    return dict(sorted(CASES.items()))


@cache
def document() -> dict[str, Any]:
    """Return all cases in one document."""
    builder = Builder()
    return {
        "version": 1,
        "about": "Test cases for the verification of OCSP responses (RFC 6960). "
        "See README.md in the same folder.",
        "rules": {
            rule.id: {"demand": rule.clause.demand, "source": rule.clause.source}
            for rule in RULES
        },
        "features": {feature.value: _said(Feature, feature) for feature in Feature},
        "cases": [_case(case, case.make(builder)) for case in load_cases().values()],
    }


@cache
def _docstrings(kind: type) -> dict[str, str]:
    """Return the docstrings of the members of an enumeration."""
    import ast
    import inspect

    (tree,) = ast.parse(inspect.getsource(kind)).body
    found = {}
    assert isinstance(tree, ast.ClassDef)
    for member, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr):
            (target,) = member.targets
            found[ast.unparse(target)] = str(ast.literal_eval(text.value))
    return found


def _said(kind: type, member: Any) -> str:
    return _docstrings(kind)[member.name]


def _case(case: Case, scenario: Scenario) -> dict[str, Any]:
    return {
        "id": case.id,
        "rule": case.rule,
        "importance": case.importance.value,
        "features": sorted(f.value for f in case.features | scenario.features),
        "description": case.description,
        **_inputs(scenario),
        "expected": _expected(scenario.expected),
    }


def _inputs(scenario: Scenario) -> dict[str, Any]:
    every = {
        "function": scenario.how.value,
        "response": _base64(scenario.response),
        "cert": _base64(scenario.cert),
        "cert_id": _base64(scenario.cert_id),
        "issuer": _base64(scenario.issuer),
        "chain": [_base64(each) for each in scenario.chain],
        "responses": [_base64(each) for each in scenario.responses],
        "at": f"{scenario.at:%Y-%m-%dT%H:%M:%SZ}",
        "nonce": _base64(scenario.nonce),
        "request": _base64(scenario.request),
        "responders": [_base64(each) for each in scenario.responders],
        "candidates": [_base64(each) for each in scenario.candidates],
        "evidence": [
            {
                "response": _base64(each.response),
                "cert": _base64(each.cert),
                "issuer": _base64(each.issuer),
                "responders": [_base64(one) for one in each.responders],
            }
            for each in scenario.evidence
        ],
        "policy": _policy(scenario.policy),
    }
    return {name: value for name, value in every.items() if value not in (None, [], {})}


def _policy(spec: PolicySpec) -> dict[str, Any]:
    if spec == PolicySpec():
        return {}
    return {"profile": spec.profile, "changes": spec.changes}


def _expected(expected: Expected) -> dict[str, Any]:
    every = {
        "failures": list(expected.failures),
        "error": expected.error,
        "warnings": list(expected.warnings),
        "says": expected.says,
        "chain": [_expected(each) for each in expected.chain],
    }
    given = {
        name: value for name, value in every.items() if value not in (None, [], {})
    }
    return {"result": expected.result.value, **given}


def _base64(octets: bytes | None) -> str | None:
    return None if octets is None else base64.b64encode(octets).decode()


def schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    octets = {"type": "string", "contentEncoding": "base64", "pattern": _BASE64}
    rules = {"type": "array", "items": {"type": "string", "pattern": "^V[0-9]+$"}}
    many = {"type": "array", "items": octets}
    expected = _object(
        {
            "result": _one_of(Result),
            "failures": rules,
            "error": {"type": "string"},
            "warnings": rules,
            "says": {"type": "object"},
            "chain": {"type": "array", "items": {"$ref": "#/$defs/expected"}},
        },
        "result",
    )
    case = _object(
        {
            "id": {"type": "string", "pattern": "^[a-z0-9-]+::[a-z0-9-]+$"},
            "rule": {"type": "string", "pattern": "^V[0-9]+$"},
            "importance": _one_of(Importance),
            "features": {
                "type": "array",
                "items": _one_of(Feature),
                "uniqueItems": True,
            },
            "description": {"type": "string", "minLength": 20},
            "function": _one_of(How),
            "response": octets,
            "cert": octets,
            "cert_id": octets,
            "issuer": octets,
            "chain": many,
            "responses": {
                "type": "array",
                "items": {"anyOf": [octets, {"type": "null"}]},
            },
            "at": {"type": "string", "pattern": "^[0-9]{4}-[0-9T:-]+Z$"},
            "nonce": octets,
            "request": octets,
            "responders": many,
            "candidates": many,
            "evidence": {
                "type": "array",
                "items": _object(
                    {
                        "response": octets,
                        "cert": octets,
                        "issuer": octets,
                        "responders": many,
                        "candidates": many,
                    },
                    *("response", "cert", "issuer", "responders"),
                ),
            },
            "policy": _object(
                {"profile": {"type": "string"}, "changes": {"type": "object"}},
                *("profile", "changes"),
            ),
            "expected": {"$ref": "#/$defs/expected"},
        },
        *("id", "rule", "importance", "features", "description"),
        *("function", "at", "expected"),
    )
    rule = _object(
        {"demand": {"type": "string"}, "source": {"type": "string"}}, "demand", "source"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cases of OCSP verification",
        **_object(
            {
                "version": {"const": 1},
                "about": {"type": "string"},
                "rules": {"type": "object", "additionalProperties": rule},
                "features": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
                "cases": {"type": "array", "items": {"$ref": "#/$defs/case"}},
            },
            *("version", "about", "rules", "features", "cases"),
        ),
        "$defs": {"case": case, "expected": expected},
    }


_BASE64 = "^[A-Za-z0-9+/]*={0,2}$"


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _one_of(kind: Any) -> dict[str, Any]:
    return {"enum": [member.value for member in kind]}


def written(value: dict[str, Any]) -> str:
    """Return the document as JSON text."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write the document, its schema, and the random signatures that it uses."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(written(document()))
    SCHEMA.write_text(written(schema()))
    keep_signatures()
