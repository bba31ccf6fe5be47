"""Open the sources of status that the configuration names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from ocsp.errors import BackendError, ConfigError, SourceUnavailable
from ocsp.responder import (
    Authority,
    IssuerKey,
    StatusQuery,
    StatusRecord,
    StatusSource,
    UnknownSerialPolicy,
)
from ocsp.responder.stored_answer import Changes
from ocsp.service.configuration.model import SourceSettings
from ocsp.status import CRLDownloads, CRLSource, DirectorySource, IndexSource, SQLSource
from ocsp.status.sql.presets import preset
from ocsp.store import DatabaseAddress
from ocsp.store.author import user_name

__all__ = ["AwaySource", "open_source", "why_not_writable", "why_unavailable"]


class AwaySource:
    """
    A source in the place of one that cannot be opened: it never has an answer.

    It answers without waiting, so that answers of other issuers are stored as before.
    """

    def __init__(self, why: str) -> None:
        """Say *why* in each error."""
        self._why = why

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return nothing.

        Raises:
            SourceUnavailable: Always.
        """
        return self.look_up_now(queries)

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """
        Return nothing.

        Raises:
            SourceUnavailable: Always.
        """
        del queries
        raise SourceUnavailable(self._why)

    def poll_changes(self) -> Changes:
        """Return that nothing has changed."""
        return Changes(False, ())


def open_source(settings: SourceSettings, authority: Authority) -> StatusSource:
    """
    Return the source with the status of the certificates of *authority*.

    Raises:
        ConfigError: If a setting is missing or wrong.
        UnreadableFile: If a file cannot be read.
        MissingExtraError: If an extra is not installed.
    """
    if settings.crl:
        return _crl_source(settings, authority)
    if settings.index_txt is not None:
        return IndexSource(settings.index_txt, authority.issuer)
    if settings.directory is not None and settings.revoked is not None:
        return DirectorySource(settings.directory, settings.revoked, authority.issuer)
    if settings.sql is not None and settings.preset is not None:
        return SQLSource(settings.sql, preset(settings.preset), [authority.issuer])
    raise ConfigError("source", "names no source")


def why_not_writable(database: DatabaseAddress) -> list[str]:
    """
    Return why this user cannot serve from the SQLite file *database*, as sentences.

    Every process that reads it says in its folder what it has seen.
    """
    if database.path is None:
        return []
    places = (database.path, database.path.parent)
    denied = [str(each) for each in places if not os.access(each, os.W_OK)]
    if not denied:
        return []
    what = f"the user {user_name()} has no permission to write {' and '.join(denied)}"
    return [f"{what}, which the responder needs: without it, clients get tryLater"]


def why_unavailable(
    source: StatusSource, issuers: Mapping[IssuerKey, str]
) -> list[str]:
    """
    Ask *source* about a certificate of each issuer, and return why it cannot answer.

    A source may be away for a moment, or its CRL may have been refused.

    Args:
        source: Where the status of the certificates is.

        issuers: The issuers, with their names.
    """

    async def ask() -> list[str]:
        found = []
        for key, name in issuers.items():
            try:
                await source.look_up([StatusQuery(key, 1)])
            except BackendError as error:
                found.append(
                    f"{name}: its certificates have no status now, and clients get"
                    f" tryLater: {error}"
                )
        return found

    return asyncio.run(ask()) if issuers else []


def _crl_source(settings: SourceSettings, authority: Authority) -> CRLSource:
    """
    Return the source, with all CRLs fetched once.

    Raises:
        ConfigError: If certificates would be called revoked that the CA has issued.
    """
    source = CRLSource(
        authority.issuer,
        settings.crl,
        deltas=settings.delta,
        issued=settings.issued,
        not_in_crl=settings.not_in_crl,
        downloads=CRLDownloads(every=settings.refresh),
    )
    if authority.unlisted is UnknownSerialPolicy.REVOKED and not source.complete:
        raise ConfigError(
            "source",
            "needs issued with unlisted = revoked: a CRL does not say which "
            "certificates exist, so all that are good would be called revoked",
        )
    source.refresh()
    source.start()
    return source
