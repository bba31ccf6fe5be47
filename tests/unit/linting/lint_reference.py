"""
Writes ``docs/lint.md`` from the table of rules.

Run ``python -m tests.unit.linting.lint_reference`` after a rule has changed;
``test_lint_docs.py`` compares.
"""

from __future__ import annotations

from pathlib import Path

from ocsp.linting import Profile
from ocsp.linting.table import RULES, Rule

DOCUMENT = Path(__file__).parents[3] / "docs" / "lint.md"

_HEAD = """\
# The rules of linting

`ocsp lint` and `ocsp.lint_response` say in what a response is not written as the standards want
it. Whether it is to be believed is another question: `ocsp verify`, `ocsp.verify`.

```python
import ocsp
from ocsp.linting import Profile, Severity

report = ocsp.lint_response(response, issuer=issuer, cert=cert, profile=Profile.WEBPKI)
for finding in report.at_least(Severity.WARNING):
    print(finding)
```

This page is made from the table in `src/ocsp/linting/table.py`. Numbers are stable. How grave a
finding is depends on the profile; where there is a dash, it does not have the rule.

| Severity | Meaning |
|---|---|
| error | against a *must* |
| warning | against a *should*, or refused by some clients |
| notice | legal, and better done otherwise |
| info | worth to be known; no fault |

BR are the Baseline Requirements of the CA/Browser Forum for TLS server certificates. Some rules need
something to compare with: the issuer (`L204`, `L703`, `L704`), the certificate (`L210`, `L310`,
`L409`, `L410`), the request (`L208`, `L209`, `L504` to `L506`), or the time when the response was
served (`L306` to `L308`, `L311`). Only with the issuer does `L211` see that two CertIDs of different
hashes mean one certificate. Where the certificate is not known, `L309` and `L311` take it for a
subscriber's, and say so: only the certificate itself tells that it is a CA's.
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
    """Return the document as it has to be."""
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
