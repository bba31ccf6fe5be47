"""A campaign: many mutations, two readers, and an explanation for each difference."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import cast

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original

import ocsp
from tests.differential.compare import disagreements, read
from tests.differential.corpus import corpus
from tests.differential.rules import explain
from tests.mutators.messages import mutate

__all__ = ["Tally", "examine", "examine_tolerantly", "run"]


@dataclass
class Tally:
    """The counts of a campaign."""

    documents: int = 0
    accepted: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of *other*."""
        self.documents += other.documents
        self.accepted += other.accepted
        self.rules += other.rules
        self.unexplained += other.unexplained


def examine(
    tally: Tally, kind: str, how: str, data: bytes, package: ModuleType = ocsp
) -> None:
    """Read *data* with ``cryptography`` and with *package*, and count the results."""
    theirs, ours = read(original, kind, data), read(package, kind, data)
    tally.documents += 1
    tally.accepted += "load" not in theirs
    differing = disagreements(theirs, ours)
    if not differing:
        return
    rule = explain(data, theirs, ours, differing)
    if rule is not None:
        tally.rules[rule.name] += 1
        return
    first = differing[0]
    tally.unexplained.append(
        f"{kind}, {how}: {differing}\n  original: {theirs.get(first)!r}\n"
        f"  here:     {ours.get(first)!r}\n  {base64.b64encode(data).decode()}"
    )


def examine_tolerantly(tally: Tally, kind: str, how: str, data: bytes) -> None:
    """Read *data* with the tolerant reader too: it must agree with the strict one."""
    load = getattr(ocsp, f"load_der_ocsp_{kind}")
    tolerant = SimpleNamespace(
        **{f"load_der_ocsp_{kind}": partial(load, encoding=ocsp.EncodingRules.TOLERANT)}
    )
    strict, found = (
        read(cast("ModuleType", each), kind, data) for each in (ocsp, tolerant)
    )
    refusal = found.get("load")
    wrong = not isinstance(refusal, (type(None), ocsp.DecodeError, NotImplementedError))
    if "load" not in strict:
        wrong = bool(disagreements(strict, found))
    elif refusal is None:
        message = load(data, encoding=ocsp.EncodingRules.TOLERANT)
        wrong = not message.tolerated or message.public_bytes(Encoding.DER) != data
        load(message._der)  # the strict reader reads what the tolerant reader wrote
    if wrong:
        document = base64.b64encode(data).decode()
        tally.unexplained.append(f"{kind}, {how}: the tolerant reader\n  {document}")


def run(count: int, seed: int, progress: Callable[[], object] = lambda: None) -> Tally:
    """
    Examine *count* mutations that follow from *seed*.

    Args:
        count: How many.

        seed: Where all choices come from.

        progress: Called after each hundred.
    """
    rng = random.Random(seed)
    seeds = corpus()
    tally = Tally()
    for number in range(count):
        kind, name, data = rng.choice(seeds)
        how, changed = mutate(rng, data, rng.choice(seeds)[2])
        place = f"{how} of {name} (seed {seed}, {number})"
        examine(tally, kind, place, changed)
        examine_tolerantly(tally, kind, place, changed)
        if number % 100 == 99:
            progress()
    return tally
