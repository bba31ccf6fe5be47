"""Mutations of a document: of its tree, of its values, and of its octets."""

from __future__ import annotations

from collections.abc import Sequence

from tests.campaigns.material.dice import Dice
from tests.campaigns.material.documents import read, sign_again
from tests.campaigns.material.odd_values import change_value
from tests.mutators.octets import BLIND
from tests.mutators.structured import STRUCTURED
from tests.mutators.tree import Node, parse, serialize, walk

__all__ = ["KEYS", "mutate", "mutate_octets"]

KEYS = ("ca", "responder", "ca-2", "responder-2", "mallory", "leaf")
"""Keys of the issuer, its delegate, another CA, the delegate of that, and others."""

MAX_OCTETS = 100_000
"""A mutated document that is larger is replaced by what it was made from."""


def mutate(
    dice: Dice, der: bytes, signed_by: Sequence[str], donors: Sequence[bytes]
) -> bytes:
    """
    Return a mutation of *der*, signed again by the right key, or by another.

    Args:
        dice: Where all choices come from.

        der: A correct document.

        signed_by: The keys that sign its parts, as for :func:`documents.read`.

        donors: Other documents, to take values from.
    """
    nodes = read(der, signed_by)
    for _ in range(dice.choice((1, 1, 1, 1, 2, 2, 3, 5))):
        places = walk(nodes)
        if places:
            _change(dice, *dice.choice(places), donors)
    draw = dice.random()
    if draw < 0.75:
        sign_again(nodes, lambda key: key)
    elif draw < 0.9:
        sign_again(nodes, lambda key: dice.choice((key, key, None, *KEYS)))
    made = serialize(nodes)
    if dice.chance(0.05):
        made = mutate_octets(dice, made)
    return made if len(made) <= MAX_OCTETS else der


def mutate_octets(dice: Dice, data: bytes) -> bytes:
    """Return *data* with octets changed anywhere."""
    return dice.choice(BLIND)(dice, data) if data else data


def _change(dice: Dice, holder: list[Node], at: int, donors: Sequence[bytes]) -> None:
    draw = dice.random()
    if draw < 0.5:
        change_value(dice, holder, at)
    elif draw < 0.65 and donors:
        _graft(dice, holder, at, dice.choice(donors))
    else:
        dice.choice(STRUCTURED)(dice, holder, at)


def _graft(dice: Dice, holder: list[Node], at: int, donor: bytes) -> None:
    """Replace a value by one of the same type from another document."""
    found = [nodes[index] for nodes, index in walk(parse(donor))]
    same = [each for each in found if each.tag == holder[at].tag]
    chosen = dice.choice(same or found)
    if dice.chance(0.3):
        holder.insert(at, chosen)
    else:
        holder[at] = chosen
