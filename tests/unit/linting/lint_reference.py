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
# Lint rules

`ocsp lint` and `ocsp.lint_response` report where a response does not conform to the standards. They
do not decide whether the response proves a status; `ocsp verify` and `ocsp.verify` do.

```python
import ocsp
from ocsp.linting import Profile, Severity

report = ocsp.lint_response(response, issuer=issuer, cert=cert, profile=Profile.WEBPKI)
for finding in report.at_least(Severity.WARNING):
    print(finding)
```

A program writes this page from the table in `src/ocsp/linting/table.py`. The numbers are stable. The
severity of a finding depends on the profile; a dash means that the profile does not have the rule.

| Severity | Meaning |
|---|---|
| error | violates a *must* |
| warning | violates a *should*, or some clients refuse it |
| notice | allowed, but another form is better |
| info | for information; not a fault |

BR are the Baseline Requirements of the CA/Browser Forum for TLS server certificates. Some rules need
another object to compare with: the issuer (`L204`, `L703`, `L704`), the certificate (`L210`, `L310`,
`L409`, `L410`), the request (`L208`, `L209`, `L504` to `L506`), or the time when the response was
served (`L306` to `L308`, `L311`). `L211` needs the issuer to see that two CertIDs with different
hashes name the same certificate. If the certificate is not given, `L309` and `L311` assume that it is a
subscriber's certificate, and say so, because only the certificate itself tells that it is a CA's.
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
