"""
Write ``docs/lint.md`` from the table of rules.

Run ``python -m tests.unit.linting.lint_reference`` after a rule has changed.
``test_lint_docs.py`` checks that the page is current.
"""

from __future__ import annotations

from pathlib import Path

from ocsp.linting import Profile
from ocsp.linting.table import RULES, Rule

DOCUMENT = Path(__file__).parents[3] / "docs" / "lint.md"

_HEAD = """\
# Lint rules

`ocsp lint` and `ocsp.lint_response` report where a response deviates from the standards. A lint does
not verify a response: a response without findings may be forged. Use `ocsp verify` or `ocsp.verify`
for that.

```python
import ocsp
from ocsp.linting import Profile, Severity

report = ocsp.lint_response(response, issuer=issuer, cert=cert, profile=Profile.WEBPKI)
for finding in report.at_least(Severity.WARNING):
    print(finding)
```

This page is generated from the table in `src/ocsp/linting/table.py`. Rule numbers are stable. The
severity of a finding depends on the profile; a dash means that the rule does not apply in that
profile.

| Severity | Meaning |
|---|---|
| error | The response violates a *must*. |
| warning | The response violates a *should*, or some clients reject it. |
| notice | Allowed, but not recommended. |
| info | Information; no fault. |

BR are the Baseline Requirements of the CA/Browser Forum for TLS server certificates. Some rules apply
only if an optional argument is given: the issuer (`L204`, `L703`, `L704`), the certificate (`L210`,
`L310`, `L409`, `L410`), the request (`L208`, `L209`, `L504` to `L506`), or the time when the response
was served (`L306` to `L308`, `L311`). Without the issuer, `L211` cannot see that two CertIDs with
different hash algorithms are for the same certificate. Without the certificate, `L309` and `L311`
assume a subscriber certificate, and the finding says so: only the certificate shows whether it is a CA
certificate.
"""

_GROUPS = {
    "1": "The message",
    "2": "Entries and their CertIDs",
    "3": "Times",
    "4": "Revocation",
    "5": "Nonce and other response extensions",
    "6": "Signature and signer",
    "7": "The certificate of a delegated responder",
}


def _row(rule: Rule) -> str:
    found = (rule.severities.get(profile) for profile in Profile)
    severities = (each.name.lower() if each else "–" for each in found)
    cells = (rule.id, rule.clause.demand, rule.clause.source, *severities)
    return f"| {' | '.join(cells)} |"


def document() -> str:
    """Return the expected text of the page."""
    parts = [_HEAD]
    for digit, title in _GROUPS.items():
        names = " | ".join(profile.value for profile in Profile)
        rows = [_row(rule) for rule in RULES if rule.id[1] == digit]
        parts += [
            f"\n## {title}\n\n| Rule | Demand | Source | {names} |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
