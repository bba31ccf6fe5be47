"""
The documentation pages that are generated from the rules and the cases.

Their contents come from the table of rules, the cases and the recorded differences.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocsp.verification.table import CRL_RULES, RULES, Rule
from tests import requirements
from tests.cases.document import document
from tests.cases.openssl_harness import recorded, why_not

__all__ = ["PAGES", "conformance", "interop", "write"]

DOCS = Path(__file__).parents[2] / "docs"


def conformance() -> str:
    """Return the page of all rules: requirement, clauses, function, errors, cases."""
    rules, crl_rules = "\n".join(_rules(RULES)), "\n".join(_rules(CRL_RULES))
    cases = "\n".join(line for rule in RULES for line in _cases(rule))
    return _CONFORMANCE.format(
        rules=rules, crl_rules=crl_rules, responder=requirements.section(), cases=cases
    )


_CONFORMANCE = """\
# Conformance

The rules that `ocsp.verify` applies to a response: what each requires, the clauses that it comes
from, the function that applies it, the errors that it reports, and the cases that test it. A finding
names its rule. After them, what the standards require of a responder, and the tests of each
requirement. `make docs` generates this page from `ocsp.verification.table`, from the cases in
`tests/cases/`, which [any implementation can run](vectors/README.md), and from the marks of the tests.
BR are the Baseline Requirements of the CA/Browser Forum for TLS server certificates.

{rules}

## CRLs

The rules that `ocsp.verify_crl` applies to a CRL. Their tests are in `tests/unit/verification/`.

{crl_rules}

{responder}
## Cases

Each case is listed with the rule that it tests. In the cases under *Reports* the rule has to report
a failure or a warning; in those under *Passes* it must not.

{cases}"""


def _rules(rules: tuple[Rule, ...]) -> Iterator[str]:
    yield "| rule | requirement | source | function | reports |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        functions = ", ".join(
            f"`{each.__module__}.{each.__qualname__}`".replace("ocsp.verification.", "")
            for each in rule.functions
        )
        errors = ", ".join(f"`{error.__name__}`" for error in rule.errors)
        yield (
            f"| {rule.id} | {rule.clause.demand} | {rule.clause.source} | "
            f"{functions} | {errors or '–'} |"
        )


def _cases(rule: Rule) -> Iterator[str]:
    about = [case for case in document()["cases"] if case["rule"] == rule.id]
    yield f"### {rule.id}: {rule.clause.demand}"
    yield ""
    for title, finds in (("Reports", True), ("Passes", False)):
        names = [f"`{case['id']}`" for case in about if _finds(case, rule) is finds]
        if names:
            yield f"{title}: {', '.join(names)}."
            yield ""


def _finds(case: dict[str, Any], rule: Rule) -> bool:
    """Tell whether the rule reports something, or interprets the status (V24)."""
    expected = case["expected"]
    if not rule.errors:
        return bool(expected.get("says", {}).get("not_issued"))
    every = (expected, *expected.get("chain", ()))
    return any(
        rule.id in (*each.get("failures", ()), *each.get("warnings", ()))
        for each in every
    )


def interop() -> str:
    """Return the page of cases that ``openssl`` judges differently."""
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
# Differences to OpenSSL

The [cases](vectors/README.md) were run with `openssl ocsp` {version} and `-partial_chain`, at the
moment of each case. `openssl` can run {asked} of {cases} cases, and {otherwise} of them have another
result. *Not verified* means that its output reports a wrong signature, invalid times or no status;
its exit code does not show that. `python -m tests.cases openssl` runs the comparison again.

| case | expected | openssl | reason |
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
"""The path of each page, and the function that returns its text."""


def write() -> None:
    """Write the pages."""
    for path, make in PAGES.items():
        path.write_text(make())
