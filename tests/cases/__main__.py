"""
``python -m tests.cases``: write what is made from the cases, and say what is wrong.

``python -m tests.cases openssl``: ask the ``openssl`` program, and show where it judges
otherwise. ``python -m tests.cases keys``: make the keys that are missing.
"""

from __future__ import annotations

import sys

from tests.cases import document, openssl_harness, pages
from tests.cases.keys import make_keys
from tests.cases.run import differences, run


def main(arguments: list[str]) -> int:
    """Do that; return 1 if a case comes out otherwise."""
    if arguments == ["keys"]:
        make_keys()
        return 0
    cases = document.document()["cases"]
    if arguments == ["openssl"]:
        print(openssl_harness.table(cases, openssl_harness.verdicts(cases)))
        return 0
    document.write()
    pages.write()
    wrong = 0
    for case in cases:
        for difference in differences(case["expected"], run(case)):
            print(f"{case['id']}: {difference}")
            wrong += 1
    print(f"{len(cases)} cases, {wrong} otherwise")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
