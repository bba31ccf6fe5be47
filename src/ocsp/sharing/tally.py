"""
Notice that a server has lost values: by a count that each writer keeps on every node.

A writer sends the next number after its values, in the same pipeline, and gets back the
number that was there. It is another one, or none, if the server was emptied, started
again without its data, or replaced by a replica that lacks the last writes: a replica
has everything that was written before the number that it has.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from ocsp.sharing.nodes import Command
from ocsp.sharing.values import tally_key

__all__ = ["Tally"]

KEPT_SECONDS = 30 * 86_400
"""How long a server keeps the count of a writer that has ended: longer than answers, so
that a server whose memory is full drops those first."""

SWAP = """
local old = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return old
"""
"""
The script that writes a count, and returns the one before.

It deletes that one first: after that the server writes also if its memory is full.
"""


class Tally:
    """What one writer has counted on each node."""

    def __init__(self) -> None:
        """Begin to count."""
        self._id = uuid.uuid4().hex.encode()
        self._count = 0
        self._written: dict[bytes, bytes] = {}
        self._is_short = False

    def commands(self, places: Iterable[bytes]) -> list[Command]:
        """
        Return the commands that count on, to send after the values.

        Args:
            places: One for each node, as from :meth:`ocsp.sharing.nodes.Nodes.places`.
        """
        self._count += 1
        return [
            ("EVAL", SWAP, 1, tally_key(self._id, place), self._count, KEPT_SECONDS)
            for place in places
        ]

    def note(self, commands: Sequence[Command], replies: Sequence[object]) -> None:
        """Compare the *replies* to *commands* with what was written before."""
        before, self._written = self._written, {}
        for (_, _, _, key, count, _), reply in zip(commands, replies, strict=True):
            known = before.get(key)
            written = b"%d" % count
            if isinstance(reply, Exception):  # a node that is away is asked later
                written = known or b""
            elif known and reply != known:
                self._is_short = True
            self._written[key] = written

    def settle(self) -> bool:
        """Return whether no node had another number since the last call."""
        is_right, self._is_short = not self._is_short, False
        return is_right
