"""
The targets: each module attacks one entrance of the package.

``run`` of a module makes one case from a :class:`Dice`, hands it to the entrance, and
returns what came of it in one word. It raises a :class:`Violation` if that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.campaigns.material.dice import Dice
from tests.campaigns.targets import (
    cache_file,
    client,
    command_line,
    lint,
    stapler,
    verify,
    verify_chain,
    verify_crl,
    verify_staple,
)

__all__ = ["TARGETS", "Target"]


class Target(NamedTuple):
    """
    An entrance of the package.

    Attributes:
        run: Runs one case.

        share: How many of a hundred cases are for this target.
    """

    run: Callable[[Dice], str]
    share: int


TARGETS = {
    "verify": Target(verify.run, 45),
    "verify_crl": Target(verify_crl.run, 22),
    "verify_staple": Target(verify_staple.run, 8),
    "verify_chain": Target(verify_chain.run, 7),
    "lint": Target(lint.run, 8),
    "client": Target(client.run, 5),
    "cache_file": Target(cache_file.run, 2),
    "stapler": Target(stapler.run, 1),
    "command_line": Target(command_line.run, 2),
}
