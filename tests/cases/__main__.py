"""``python -m tests.cases``: write what is made from the cases."""

from __future__ import annotations

from tests.cases.document import document, write
from tests.cases.run import differences, run


def main() -> None:
    """Write the document, and say which cases come out otherwise."""
    write()
    for case in document()["cases"]:
        try:
            found = differences(case["expected"], run(case))
        except Exception as error:
            found = [repr(error)]
        for difference in found:
            print(f"{case['id']}: {difference}")
    print(f"{len(document()['cases'])} cases")


if __name__ == "__main__":
    main()
