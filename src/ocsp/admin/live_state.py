"""Fill the pages from a responder and its SQLite store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509

from ocsp.admin.state import (
    CertificateView,
    IssuerView,
    KeptAnswer,
    SignerView,
    StatusChange,
    StoreView,
)
from ocsp.errors import OCSPError, SourceUnavailable
from ocsp.inspection.signer_names import signer_names
from ocsp.messages.reasons import reason_name
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import (
    Authority,
    CannedAuthority,
    IssuerKey,
    StatusQuery,
    StatusRecord,
)
from ocsp.responder.core import DEFAULT_VALIDITY
from ocsp.responder.requests.issuers import SignedElsewhere
from ocsp.responder.stored_answer import CertIDForm
from ocsp.signers import DEFAULT_ALARM, SignerHealth
from ocsp.store import DatabaseAddress, Event, StatusCounts, Store, open_store

__all__ = ["ConfiguredIssuer", "IssuerElsewhere", "LiveState", "PresentConfiguration"]

COUNTS_SECONDS = 60.0
"""How long counts by status are kept: counting reads all certificates."""

LATE_SECONDS = 60
"""How long after its time an answer counts as overdue: there are always some that came
due in the last second."""

_FORMS = {
    CertIDForm.SHA1: "SHA-1",
    CertIDForm.SHA256: "SHA-256",
    CertIDForm.BOTH: "SHA-1 and SHA-256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredIssuer:
    """
    An issuer of the configuration.

    Attributes:
        name: Its name, which is also the label of its metrics.

        authority: How the responder answers for it.

        signers: What is known about its signers, also about those that cannot be used.

        source: Where the status comes from, in words, if not from the store.

        look_up: Asks that source about a certificate; called in threads. It raises
            ``SourceUnavailable`` if the source cannot answer now.
    """

    name: str
    authority: Authority
    signers: Sequence[SignerHealth] = ()
    source: str = ""
    look_up: Callable[[StatusQuery], StatusRecord | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerElsewhere:
    """
    An issuer of the configuration whose answers others sign.

    Attributes:
        name: Its name, which is also the label of its metrics.

        authority: How the responder answers for it.

        source: Where the answers come from, in words.
    """

    name: str
    authority: SignedElsewhere
    source: str

    @property
    def check(self) -> str:
        """The name of the check of its answers."""
        kind = "signed" if isinstance(self.authority, CannedAuthority) else "responders"
        return f"{kind} {self.name}"

    def view(self) -> IssuerView:
        """Return what the pages show."""
        authority, ends = self.authority, None
        unlisted = "what its responder says"
        if isinstance(authority, CannedAuthority):
            ends, unlisted = authority.first_end, "unauthorized"
        return IssuerView(
            name=self.name,
            key=authority.key,
            certificate=authority.issuer,
            signers=(),
            unlisted=unlisted,
            source=self.source,
            counts=None,
            ends=ends,
            check=self.check,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentConfiguration:
    """
    What the admin port needs of a configuration; a reload makes another one.

    Attributes:
        issuers: The issuers whose answers the responder signs.

        elsewhere: The issuers whose answers others sign.

        store: Where the store is, or ``None`` if there is none.

        alarm: How long before the end of a signer the warnings begin, or in the last
            quarter of its validity; and how long before the end of the responses of an
            offline CA.

        validity: For how long answers in memory are valid at most.
    """

    issuers: Sequence[ConfiguredIssuer] = ()
    elsewhere: Sequence[IssuerElsewhere] = ()
    store: DatabaseAddress | None = None
    alarm: timedelta = DEFAULT_ALARM
    validity: timedelta = DEFAULT_VALIDITY


_Counted: TypeAlias = tuple[DatabaseAddress | None, IssuerKey]
"""What was counted: the certificates of an issuer in a store."""


@dataclass(slots=True)
class LiveState:
    """
    The state of a running responder, which is read in one thread.

    Attributes:
        present: Returns the present configuration.
    """

    present: Callable[[], PresentConfiguration]
    _reader: tuple[DatabaseAddress, Store] | None = None
    _counts: dict[_Counted, tuple[float, StatusCounts]] = field(default_factory=dict)

    def issuers(self) -> Sequence[IssuerView]:
        """Return the issuers, then those whose answers others sign, each in order."""
        present = self.present()
        names = signer_names([each.authority for each in present.issuers])
        own = [self._issuer(each, names, present.store) for each in present.issuers]
        return [*own, *(each.view() for each in present.elsewhere)]

    def _issuer(
        self,
        configured: ConfiguredIssuer,
        names: dict[x509.Certificate, str],
        store: DatabaseAddress | None,
    ) -> IssuerView:
        authority = configured.authority
        return IssuerView(
            name=configured.name,
            key=authority.key,
            certificate=authority.issuer,
            signers=tuple(names[each.certificate] for each in authority.signers),
            unlisted=authority.unlisted.value,
            source=configured.source or str(store),
            counts=None if configured.source else self._count(store, authority.key),
            overdue=None if configured.source else self._overdue(store, authority.key),
        )

    def _count(
        self, store: DatabaseAddress | None, key: IssuerKey
    ) -> StatusCounts | None:
        """Return the counts of an issuer, at most a minute old; ``None`` if unknown."""
        now = time.monotonic()
        made, counts = self._counts.get((store, key), (0.0, None))
        if counts is not None and now < made + COUNTS_SECONDS:
            return counts
        try:
            counts = self._open(store).count(key)
        except OCSPError:
            return None  # the store is shown with the reason
        self._counts[store, key] = (now, counts)
        return counts

    def _overdue(self, store: DatabaseAddress | None, key: IssuerKey) -> int | None:
        """Return how many answers of an issuer are late; ``None`` if unknown."""
        try:
            return self._open(store).count_due(key, int(time.time()) - LATE_SECONDS)
        except OCSPError:
            return None  # the store is shown with the reason

    def signers(self) -> Sequence[SignerView]:
        """Return the signers, in the order of the configuration."""
        present, now = self.present(), datetime.now(UTC)
        names = signer_names([each.authority for each in present.issuers])
        return [_signer(*each, present, now) for each in names.items()]

    def stores(self) -> Sequence[StoreView]:
        """Return the store, if there is one."""
        present = self.present()
        address = present.store
        if address is None:
            return []
        due: int | None = None
        open_changes: int | None = None
        problem = ""
        try:
            store, now = self._open(address), int(time.time())
            due = sum(
                store.count_due(each.authority.key, now) for each in present.issuers
            )
            open_changes = store.count_open_changes()
        except OCSPError as error:
            problem = str(error)
        return [
            StoreView(
                name=address.name,
                kind="SQLite" if address.path else "PostgreSQL",
                place=str(address),
                problem=problem,
                size=None if address.path is None else _size(address.path),
                answers_due=due,
                open_changes=open_changes,
            )
        ]

    def find(self, issuer: IssuerKey, serial_number: int) -> CertificateView | None:
        """
        Return what the store knows about a certificate, or ``None``.

        Raises:
            SourceUnavailable: If the store or the source cannot be read.
        """
        present = self.present()
        for each in present.issuers:
            if each.authority.key == issuer and each.source:
                return _ask_source(each, StatusQuery(issuer, serial_number))
        for other in present.elsewhere:
            if other.authority.key == issuer:
                raise SourceUnavailable(
                    f"the answers of {other.name} are signed elsewhere; ask the"
                    " responder, for example with ocsp check"
                )
        store = self._open(present.store)
        entry = store.find(issuer, serial_number)
        if entry is None:
            return None
        return CertificateView(
            serial_number=serial_number,
            subject=entry.subject,
            expires=entry.expires,
            record=entry.record,
            answers=tuple(_answers(store, StatusQuery(issuer, serial_number))),
            changes=tuple(map(_change, store.history(issuer, serial_number))),
        )

    def _open(self, address: DatabaseAddress | None) -> Store:
        if self._reader is not None and self._reader[0] != address:
            self._reader[1].close()
            self._reader = None
        if address is None:
            raise SourceUnavailable("the responder has no database")
        if self._reader is None:
            opened = open_store(address, read_only=True, program="ocsp serve")
            self._reader = address, opened
        return self._reader[1]


def _signer(
    certificate: x509.Certificate,
    name: str,
    present: PresentConfiguration,
    now: datetime,
) -> SignerView:
    users = [
        each
        for each in present.issuers
        if any(one.certificate == certificate for one in each.authority.signers)
    ]
    signing = [each.authority.signer_at(now) for each in users]
    alone = [each for each in users if len(each.authority.signers) == 1]
    return SignerView(
        name=name,
        certificate=certificate,
        issuers=tuple(each.name for each in users),
        signs_now=any(
            each is not None and each.certificate == certificate for each in signing
        ),
        alarm=present.alarm,
        warnings=tuple(
            dict.fromkeys(one for each in alone for one in each.authority.warnings)
        ),
    )


def _ask_source(issuer: ConfiguredIssuer, query: StatusQuery) -> CertificateView | None:
    if issuer.look_up is None:
        raise SourceUnavailable(f"{issuer.source} cannot be searched here")
    record = issuer.look_up(query)
    if record is None:
        return None
    return CertificateView(
        serial_number=query.serial_number,
        subject="",
        expires=record.expires,
        record=record,
    )


def _size(path: Path) -> int | None:
    """Return the size of a database with its log, or ``None``."""
    try:
        sizes = [
            each.stat().st_size for each in (path, Path(f"{path}-wal")) if each.exists()
        ]
    except OSError:
        return None
    return sum(sizes) if sizes else None


def _answers(store: Store, query: StatusQuery) -> Iterator[KeptAnswer]:
    for form, name in _FORMS.items():
        found = store.look_up_with_answer(query, form)
        if found is not None and found.stored is not None:
            stored = found.stored
            yield KeptAnswer(
                name,
                datetime.fromtimestamp(stored.this_update, UTC),
                datetime.fromtimestamp(stored.next_update, UTC),
            )


def _change(event: Event) -> StatusChange:
    by = [each for each in (event.who, event.host, event.program) if each]
    return StatusChange(event.at, _done(event), ", ".join(by))


def _done(event: Event) -> str:
    if event.after is None:
        return "deleted"
    added = "added as " if event.before is None else ""
    return f"{added}{_words(event.after)}"


def _words(record: StatusRecord) -> str:
    if record.status is OCSPCertStatus.GOOD:
        return "good"
    reason = record.revocation_reason
    return "revoked" if reason is None else f"revoked ({reason_name(reason)})"
