"""
Sign answers ahead, and delete what is no longer needed: one process beside the workers.

::

    presigner = Presigner(responder, authorities, store)
    presign(presigner)               # once, until nothing is due
    Updater(presigner).run(stop)     # until the event *stop* is set

If the updater stops, workers go on: they use stored answers until these end, and sign
what is missing.
"""

from __future__ import annotations

from ocsp.updater.answer_sharing import AnswerSharing, SharedStore
from ocsp.updater.presigner import (
    PresignCounts,
    Presigner,
    Progress,
    presign,
    sign_until_done,
)
from ocsp.updater.retention import Pruning, Retention
from ocsp.updater.updater import Updater

__all__ = [
    "AnswerSharing",
    "PresignCounts",
    "Presigner",
    "Progress",
    "Pruning",
    "Retention",
    "SharedStore",
    "Updater",
    "presign",
    "sign_until_done",
]
