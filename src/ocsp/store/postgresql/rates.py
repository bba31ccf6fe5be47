"""
Keep the rate of a signer on all machines together, with a token bucket in a row.

Each batch takes its signatures from the bucket in one short transaction, before it
claims rows, and gives back what it does not use.
"""

from __future__ import annotations

from ocsp.store.postgresql.database.pool import Connection

__all__ = ["return_signatures", "take_signatures"]

BURST_SECONDS = 0.25
"""The signatures of this time, at least one, can wait in the bucket while no process
takes any. The bucket of a new signer is empty."""

_ALLOWANCE = """
least(%(burst)s, r.allowance
    + %(rate)s * greatest(0, extract(epoch FROM now() - r.counted)))
"""
# In a transaction of one statement now() is the same in all its places. A transaction
# that waited for this one can have begun before it: its time counts as none.
_TAKE = f"""
INSERT INTO signer_rate AS r (signer_id, burst, allowance, granted, counted)
SELECT id, %(burst)s, 0, 0, now() FROM signer WHERE digest = %(signer)s
ON CONFLICT (signer_id) DO UPDATE SET
    burst = %(burst)s,
    granted = floor(least(%(wanted)s, {_ALLOWANCE})),
    allowance = {_ALLOWANCE} - floor(least(%(wanted)s, {_ALLOWANCE})),
    counted = greatest(now(), r.counted)
RETURNING granted
"""  # noqa: S608 - only names of this module
_RETURN = """
UPDATE signer_rate r SET allowance = least(burst, allowance + %(unused)s)
FROM signer WHERE signer.id = r.signer_id AND digest = %(signer)s
"""


def take_signatures(
    connection: Connection, signer: bytes, rate: float, wanted: int
) -> int:
    """Take at most *wanted* signatures of *signer*; return how many there are."""
    burst = max(1.0, rate * BURST_SECONDS)
    values = {"signer": signer, "rate": rate, "wanted": wanted, "burst": burst}
    row = connection.execute(_TAKE, values).fetchone()
    return 0 if row is None else int(row[0])


def return_signatures(connection: Connection, signer: bytes, unused: int) -> None:
    """Give *unused* signatures of *signer* back."""
    connection.execute(_RETURN, {"signer": signer, "unused": unused})
