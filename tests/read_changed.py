"""Print what the package reads in changed messages, as one hash: ``SEED COUNT``."""

from __future__ import annotations

import hashlib
import random
import re
import sys

import ocsp
from tests.differential.compare import read
from tests.mutators.messages import mutate
from tests.vectors import REQUESTS, RESPONSES

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def main() -> None:
    """Read changed messages with the package that is imported."""
    seed, count = map(int, sys.argv[1:])
    chosen = random.Random(seed)
    found = hashlib.sha256()
    for kind, messages in (("request", REQUESTS), ("response", RESPONSES)):
        originals = [messages[name] for name in sorted(messages)]
        for _ in range(count):
            _, data = mutate(chosen, chosen.choice(originals), chosen.choice(originals))
            result = {
                name: (type(value), str(value), repr(value))
                for name, value in read(ocsp, kind, data).items()
            }
            found.update(_ADDRESS.sub("", repr(sorted(result.items()))).encode())
    print(ocsp.compiled, found.hexdigest())


if __name__ == "__main__":
    main()
