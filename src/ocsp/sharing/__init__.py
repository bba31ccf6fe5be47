"""
Share signed answers between machines, on a Valkey or Redis server.

The database remains the truth. What the server has are copies of signed answers, which
end at their nextUpdate: for nodes without the database, and for the time when it cannot
be reached.
"""

from __future__ import annotations

from ocsp.sharing.address import Mode, ValkeyAddress
from ocsp.sharing.reader import SharedAnswer, SharedAnswers
from ocsp.sharing.values import SharedSigner
from ocsp.sharing.writer import SharedAnswerWriter, Withdrawn

__all__ = [
    "Mode",
    "SharedAnswer",
    "SharedAnswerWriter",
    "SharedAnswers",
    "SharedSigner",
    "ValkeyAddress",
    "Withdrawn",
]
