"""Describe what caches have to drop: by tags, by targets of GET requests, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote

from ocsp.publishing.names import GetTargets
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery

__all__ = ["Delivery", "Notice"]

_FORMS = (CertIDForm.SHA1, CertIDForm.SHA256)


class Notice(NamedTuple):
    """
    What caches have to drop.

    Attributes:
        queries: The certificates whose status has changed; nothing means all.

        issuers: The issuers of the responder, each with the targets of its requests.
    """

    queries: Sequence[StatusQuery]
    issuers: Mapping[IssuerKey, GetTargets]

    @property
    def is_for_all(self) -> bool:
        """Whether the status of any certificate may have changed."""
        return not self.queries

    @property
    def tags(self) -> list[str]:
        """The tags of these certificates, or of all issuers."""
        if self.is_for_all:
            return [each.cache_tag for each in self.issuers]
        return list(dict.fromkeys(each.cache_tag for each in self.queries))

    def paths(self) -> Iterator[str]:
        """
        Yield the paths of the GET requests, without the slash before them.

        Clients escape all letters that need it or none, and a cache keeps both.
        """
        for query in dict.fromkeys(self.queries):
            for target in self._targets(query):
                escaped = quote(target, safe="")
                yield from dict.fromkeys((escaped, target))

    def _targets(self, query: StatusQuery) -> list[str]:
        targets = self.issuers.get(query.issuer)
        if targets is None:
            return []
        return [
            target
            for form in _FORMS
            for target in targets.of(query.serial_number, form)
        ]

    def document(self) -> bytes:
        """Return the notice as JSON."""
        certificates = [
            {
                "serial_number": f"{query.serial_number:#x}",
                "issuer_key_sha256": query.issuer.key_hash.hex(),
                "tag": query.cache_tag,
                "get_paths": [quote(each, safe="") for each in self._targets(query)],
            }
            for query in dict.fromkeys(self.queries)
        ]
        document = {
            "type": "purge",
            "everything": self.is_for_all,
            "tags": self.tags,
            "certificates": certificates,
        }
        return json.dumps(document).encode()


class Delivery(Protocol):
    """A way to tell one cache."""

    @property
    def name(self) -> str:
        """What identifies the cache in the log and in the database."""
        ...

    def send(self, notice: Notice) -> None:
        """
        Tell the cache, and return when it has dropped the answers.

        Raises:
            PublishingFailed: If it has not.
        """
        ...
