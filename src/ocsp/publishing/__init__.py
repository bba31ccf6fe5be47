"""
Publish stored answers outside of the responder, and tell caches of changes.

A :class:`Publisher` writes the answers of a database as files for a web server, or to
an object storage. A :class:`Purger` tells caches which answers a change of status has
made wrong.
"""

from __future__ import annotations

from ocsp.publishing.files import FileTarget
from ocsp.publishing.names import Alias, GetTargets
from ocsp.publishing.object_storage import ObjectStorage, read_credentials
from ocsp.publishing.publisher import PublishCounts, Publisher
from ocsp.publishing.purging.deliveries import (
    Command,
    PurgeRequests,
    Webhook,
    open_deliveries,
)
from ocsp.publishing.purging.notice import Delivery, Notice
from ocsp.publishing.purging.purger import Purger
from ocsp.publishing.state import PublishedState
from ocsp.publishing.target import Publication, Target
from ocsp.publishing.watch import boot_identifier, watch_answers

__all__ = [
    "Alias",
    "Command",
    "Delivery",
    "FileTarget",
    "GetTargets",
    "Notice",
    "ObjectStorage",
    "Publication",
    "PublishCounts",
    "PublishedState",
    "Publisher",
    "PurgeRequests",
    "Purger",
    "Target",
    "Webhook",
    "boot_identifier",
    "open_deliveries",
    "read_credentials",
    "watch_answers",
]
