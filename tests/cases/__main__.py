"""
``python -m tests.cases``: write the generated files, run the cases, print differences.

``python -m tests.cases openssl``: run the cases with the ``openssl`` program, and print
where it differs. ``python -m tests.cases keys``: create missing keys.
"""

from __future__ import annotations

import sys

from tests.cases import document, openssl_harness, pages
from tests.cases.keys import make_keys
from tests.cases.run import differences, run


def main(arguments: list[str]) -> int:
    """Run the command; return 1 if the result of a case is not the expected one."""
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
    print(f"{len(cases)} cases, {wrong} differences")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
