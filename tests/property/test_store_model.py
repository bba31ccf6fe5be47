"""A store does what a dictionary does, whatever two processes do to it in turn."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ocsp import OCSPCertStatus
from ocsp.errors import StatusChangeRefused
from ocsp.responder import CertIDForm, DueAnswer, NewAnswer, StatusRecord
from ocsp.store import Action, CertificateRow, SQLiteStore, Store
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.sqlite.database import reader
from tests.pki import NOW, ca
from tests.servers.postgresql import PostgreSQLServer
from tests.unit.store.scene import NOW_SECONDS, SHA1, added_in, query, signed_due

SERIALS = st.integers(1, 4)
REASONS = st.sampled_from(
    [None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.certificate_hold]
)
HOURS = st.integers(0, 3)
WHO = st.integers(0, 1)
HOLD = x509.ReasonFlags.certificate_hold


class StoreModel(RuleBasedStateMachine):
    """
    Two stores in one database, and what must be in it.

    The model keeps for each certificate its record and version, and for each connection
    what a response cache would have: answers that are dropped when a poll says so.
    """

    def __init__(self) -> None:
        """Begin without a database."""
        super().__init__()
        self.records: dict[int, tuple[StatusRecord, int]] = {}
        self.answers: dict[int, bytes] = {}
        self.cached: list[dict[int, int]] = [{}, {}]
        self.in_work: list[DueAnswer] = []
        self.now = NOW_SECONDS
        self.count = 0
        self._patch = pytest.MonkeyPatch()

    def open(self) -> list[Store]:
        """Make the database, and open it twice."""
        self._patch.setattr(reader, "CHECK_SECONDS", -1.0)
        self.directory = Path(tempfile.mkdtemp())
        path = self.directory / "status.db"
        return [SQLiteStore(path, create=True), SQLiteStore(path)]

    def remove(self) -> None:
        """Remove the database."""
        shutil.rmtree(self.directory)

    @initialize()
    def create(self) -> None:
        """Begin with what the updater does."""
        self.stores = self.open()
        self.stores[0].add_signer(ca())
        self.stores[0].sign_ahead(ca(), [SHA1])
        for store in self.stores:
            store.poll_changes()

    def teardown(self) -> None:
        """Close and remove the database."""
        self._patch.undo()
        for store in self.stores:
            store.close()
        self.remove()

    def _change(self, serial: int, record: StatusRecord) -> None:
        before, version = self.records[serial]
        if record != before:
            self.records[serial] = record, version + 1

    @rule(who=WHO, serial=SERIALS)
    def add(self, who: int, serial: int) -> None:
        """Adding again changes nothing."""
        assert self.stores[who].add(ca(), serial) is (serial not in self.records)
        self.records.setdefault(serial, (StatusRecord(), 1))

    @rule(who=WHO, serial=SERIALS, hours=HOURS, reason=REASONS)
    def revoke(
        self, who: int, serial: int, hours: int, reason: x509.ReasonFlags | None
    ) -> None:
        """Permanent, but for a hold; nothing makes a time later."""
        time = NOW - datetime.timedelta(hours=hours)
        try:
            done = self.stores[who].revoke(ca(), serial, time, reason)
        except StatusChangeRefused:
            known = self.records.get(serial)
            assert known is None or known[0].revocation_time is not None
            return
        before, _ = self.records[serial]
        permanent = before.revocation_reason not in {None, HOLD} or (
            before.revocation_time is not None and before.revocation_reason is None
        )
        wanted = StatusRecord.revoked(time, reason)
        self._change(serial, before if permanent else wanted)
        assert done.record == self.records[serial][0]

    @rule(who=WHO, serial=SERIALS)
    def release(self, who: int, serial: int) -> None:
        """Only from hold."""
        known = self.records.get(serial)
        on_hold = known is not None and known[0].revocation_reason is HOLD
        with contextlib.suppress(StatusChangeRefused):
            self.stores[who].release(ca(), serial)
            assert on_hold
            self._change(serial, StatusRecord())

    @rule(who=WHO, serials=st.sets(SERIALS), revoked=st.booleans())
    def import_rows(self, who: int, serials: set[int], revoked: bool) -> None:
        """Add and revoke; nothing becomes good."""
        record = StatusRecord.revoked(NOW) if revoked else StatusRecord()
        rows = [CertificateRow(serial_number=n, record=record) for n in serials]
        self.stores[who].import_rows(ca(), rows, digest=bytes(32), done=1)
        for serial in serials:
            before, _ = self.records.setdefault(serial, (record, 1))
            if before.revocation_time is None or before.revocation_reason is HOLD:
                self._change(serial, record if revoked else before)

    @rule(who=WHO, limit=st.integers(1, 4))
    def take_work(self, who: int, limit: int) -> None:
        """Read what is due; its status may change before the answer is stored."""
        issuer = query(1).issuer
        self.in_work += self.stores[who].due_answers(issuer, self.now, limit)

    @precondition(lambda self: self.in_work)
    @rule(who=WHO, data=st.data())
    def store_answer(self, who: int, data: st.DataObject) -> None:
        """Compare-and-set, by version and by time."""
        due = data.draw(st.sampled_from(self.in_work))
        self.in_work.remove(due)
        serial = due.query.serial_number
        self.count += 1
        text = f"{self.count} {due.record.status.name}".encode()
        new: NewAnswer = signed_due(due, now=self.now, tbs=text)
        stored = self.stores[who].store_answers([new], self.now)
        assert stored == 0 or due.version == self.records[serial][1]
        if stored:
            self.answers[serial] = text

    @rule(seconds=st.integers(1, 700))
    def wait(self, seconds: int) -> None:
        """Answers become due."""
        self.now += seconds

    @rule(who=WHO, serial=SERIALS)
    def cache(self, who: int, serial: int) -> None:
        """Keep what was looked up, as a worker does."""
        found = self.stores[who].look_up_with_answer(query(serial), SHA1)
        if found is not None:
            self.cached[who][serial] = found.version

    @rule(who=WHO)
    def poll(self, who: int) -> None:
        """After a poll, nothing that is kept is of an older status."""
        changes = self.stores[who].poll_changes()
        if changes.everything:
            self.cached[who].clear()
        for each in changes.queries:
            self.cached[who].pop(each.serial_number, None)
        for serial, version in self.cached[who].items():
            assert version == self.records[serial][1]

    @invariant()
    def the_database_has_what_the_model_has(self) -> None:
        """Both stores see the same, and no answer of another status."""
        for store in getattr(self, "stores", ()):
            for serial in range(1, 5):
                found = store.look_up_with_answer(query(serial), CertIDForm.SHA1)
                known = self.records.get(serial)
                assert (found and found[:2]) == known
                answer = store.look_up_answer(query(serial), CertIDForm.SHA1)
                if found is None or found.stored is None:
                    assert answer is None
                else:
                    revoked = found.record.status is OCSPCertStatus.REVOKED
                    assert answer == (found.stored, revoked)
                if found is not None and found.stored is not None:
                    text = found.stored.tbs
                    assert text == self.answers[serial]
                    assert text.endswith(found.record.status.name.encode())

    @invariant()
    def the_history_has_what_the_model_has(self) -> None:
        """Each certificate was added, and each version but the first is a change."""
        for store in getattr(self, "stores", ()):
            events = list(store.events())
            assert added_in(events) == len(self.records)
            changes = [each for each in events if each.action is Action.CHANGED]
            assert len(changes) == sum(each[1] - 1 for each in self.records.values())
            last = {each.serial_number: (each.after, each.version) for each in changes}
            changed = {n: each for n, each in self.records.items() if each[1] > 1}
            assert last == changed


SETTINGS = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_sqlite() -> None:
    """Two processes of a machine."""
    run_state_machine_as_test(StoreModel, settings=SETTINGS)  # type: ignore[no-untyped-call]


@pytest.mark.programs
def test_postgresql(postgresql_server: PostgreSQLServer) -> None:
    """Two processes of a fleet."""

    class OnPostgreSQL(StoreModel):
        def open(self) -> list[Store]:
            self.name = postgresql_server.new_database()
            url = postgresql_server.url(self.name)
            return [PostgreSQLStore(url, create=True), PostgreSQLStore(url)]

        def remove(self) -> None:
            postgresql_server.execute("postgres", f"DROP DATABASE {self.name}")

    fewer = settings(SETTINGS, max_examples=8)  # each step asks the server often
    run_state_machine_as_test(OnPostgreSQL, settings=fewer)  # type: ignore[no-untyped-call]
