"""
The pages that are made from the rules and the cases.

Rules of this file: nothing is said here that the table of rules, the cases or the
recorded differences do not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocsp.verification.table import CRL_RULES, RULES, Rule
from tests.cases.document import document
from tests.cases.openssl_harness import recorded, why_not

__all__ = ["PAGES", "conformance", "interop", "write"]

DOCS = Path(__file__).parents[2] / "docs"


def conformance() -> str:
    """Return the page on what is demanded, by whom, where it is done and proved."""
    rules, crl_rules = "\n".join(_rules(RULES)), "\n".join(_rules(CRL_RULES))
    cases = "\n".join(line for rule in RULES for line in _cases(rule))
    return _CONFORMANCE.format(rules=rules, crl_rules=crl_rules, cases=cases)


_CONFORMANCE = """\
# Conformance

What `ocsp.verify` demands of a response, where that is written, which function does it, what it
reports, and which cases prove it. A finding names its rule. `make docs` writes this page from
`ocsp.verification.table` and from the cases in `tests/cases/`, which
[anybody can run](vectors/README.md).

{rules}

## CRLs

What `ocsp.verify_crl` demands of a CRL. Its proofs are in `tests/unit/verification/`.

{crl_rules}

## Cases

*Finds* are cases in which the rule has something to report; in the others it must not. A case
stands with the rule that it is about.

{cases}"""


def _rules(rules: tuple[Rule, ...]) -> Iterator[str]:
    yield "| rule | demand | source | function | reports |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        function = f"{rule.function.__module__}.{rule.function.__qualname__}"
        errors = ", ".join(f"`{error.__name__}`" for error in rule.errors)
        yield (
            f"| {rule.id} | {rule.clause.demand} | {rule.clause.source} | "
            f"`{function.removeprefix('ocsp.verification.')}` | {errors or '–'} |"
        )


def _cases(rule: Rule) -> Iterator[str]:
    about = [case for case in document()["cases"] if case["rule"] == rule.id]
    yield f"### {rule.id}: {rule.clause.demand}"
    yield ""
    for title, finds in (("Finds", True), ("Lets pass", False)):
        names = [f"`{case['id']}`" for case in about if _finds(case, rule) is finds]
        if names:
            yield f"{title}: {', '.join(names)}."
            yield ""


def _finds(case: dict[str, Any], rule: Rule) -> bool:
    """Tell whether the rule has something to report, or, if it only chooses, does."""
    expected = case["expected"]
    if not rule.errors:
        return bool(expected.get("says", {}).get("not_issued"))
    every = (expected, *expected.get("chain", ()))
    return any(
        rule.id in (*each.get("failures", ()), *each.get("warnings", ()))
        for each in every
    )


def interop() -> str:
    """Return the page on who judges otherwise."""
    known, cases = recorded(), document()["cases"]
    rows = (
        f"| `{name}` | {_expected(name)} | {each['openssl']} | {each['reason']} |"
        for name, each in known["differences"].items()
    )
    return _INTEROP.format(
        version=known["version"],
        asked=sum(not why_not(case) for case in cases),
        cases=len(cases),
        otherwise=len(known["differences"]),
        rows="\n".join(rows),
    )


_INTEROP = """\
# Who takes what

The [cases](vectors/README.md), given to `openssl ocsp` {version} with `-partial_chain`, at the
moment of each case. It can be asked {asked} of {cases}; of these it judges {otherwise} otherwise.
*Not verified* is what a careful script reads in what it prints: that the signature failed, that
the times are invalid, or that there is no status. Its exit code says none of that.
`python -m tests.cases openssl` asks it again.

| case | expected | openssl | why |
|---|---|---|---|
{rows}
"""


def _expected(name: str) -> str:
    (case,) = (each for each in document()["cases"] if each["id"] == name)
    return str(case["expected"]["result"])


PAGES = {
    DOCS / "conformance.md": conformance,
    DOCS / "interop.md": interop,
}
"""Each page, and what makes it."""


def write() -> None:
    """Write the pages."""
    for path, make in PAGES.items():
        path.write_text(make())
