"""Rounds: only what is new; what is over goes; a revocation is never hidden."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography import x509

import ocsp
import ocsp.store
from ocsp.errors import PublishingFailed, SourceUnavailable
from ocsp.publishing import (
    Alias,
    FileTarget,
    PublishCounts,
    PublishedState,
    Publisher,
    watch_answers,
)
from ocsp.publishing import publisher as module
from ocsp.responder import CertIDForm, IssuerKey, Responder, StoredAnswer
from tests.unit.publishing.scene import HOUR, LIFETIME, SHA256, Scene

HOLD = x509.ReasonFlags.certificate_hold
REVOKED = ocsp.OCSPCertStatus.REVOKED


def test_answers_are_published_once(scene: Scene) -> None:
    """Each in its file, octet for octet; the second round has nothing to do."""
    assert scene.publisher().run().published == 6
    for serial in (1, 2, 3):
        assert scene.answer(serial).serial_number == serial
        assert scene.answer(serial, SHA256).serial_number == serial
    assert scene.publisher().run().published == 0


def test_only_what_was_signed_since_is_published(scene: Scene) -> None:
    """A new certificate, and those that are due."""
    scene.publisher().run()
    scene.now += 60
    scene.store.add(scene.issuer, 9)
    scene.sign()
    assert scene.publisher().run().published == 2
    assert scene.answer(9).serial_number == 9
    scene.now += 4 * HOUR
    signed = scene.sign()
    assert signed == 8
    assert scene.publisher().run().published == signed


def test_an_answer_that_was_stored_late_is_published(scene: Scene) -> None:
    """Its thisUpdate is before that of an answer which was published earlier."""
    scene.store.add(scene.issuer, 9)
    late = scene.store.due_answers(scene.query(1).issuer, scene.now, 9)
    answers = [scene.responder.presign(each, scene.clock()) for each in late]
    scene.now += 60
    scene.store.add(scene.issuer, 10)
    for each in scene.store.due_answers(scene.query(1).issuer, scene.now, 9):
        if each.query.serial_number == 10:
            new = scene.responder.presign(each, scene.clock())
            scene.store.store_answers([new], scene.now)
    scene.publisher().run()
    assert scene.published() == {1, 2, 3, 10}
    scene.store.store_answers(answers, scene.now)
    scene.publisher().run()
    assert scene.published() == {1, 2, 3, 9, 10}


def test_a_revoked_certificate_has_no_file_until_it_is_signed(scene: Scene) -> None:
    """Then it has the new answer; also if another process was killed in between."""
    publisher = scene.publisher()
    publisher.run()
    scene.store.revoke(scene.issuer, 2)
    publisher.follow()
    assert scene.published() == {1, 3}
    assert publisher.counts.removed == 2
    scene.sign()
    scene.now += 1
    scene.publisher().follow()
    assert scene.answer(2).certificate_status is REVOKED
    assert scene.answer(2, SHA256).certificate_status is REVOKED


def test_a_revocation_in_the_middle_of_a_round_is_seen(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each page, the changes of status are followed."""
    monkeypatch.setattr(module, "PAGE", 1)
    pages = []

    def revoke(number: int) -> None:
        pages.append(number)
        if len(pages) == 4:
            assert scene.published() >= {1}
            scene.store.revoke(scene.issuer, 1)
        if len(pages) == 5:
            assert 1 not in scene.published()

    scene.publisher().run(revoke)
    assert len(pages) >= 5
    assert scene.published() == {2, 3}


def test_many_revocations_at_once(scene: Scene, tmp_path: Path) -> None:
    """More than one page of them."""
    (tmp_path / "other").mkdir()
    other = Scene(tmp_path / "other", serials=30)
    other.sign()
    publisher = other.publisher()
    publisher.run()
    for serial in range(1, 29):
        other.store.revoke(other.issuer, serial)
    publisher.follow()
    assert other.published() == {29, 30}


def test_what_ends_before_the_next_round_is_removed(scene: Scene) -> None:
    """Nothing signs any more: one round before their end, all files are gone."""
    publisher = scene.publisher(seconds=HOUR)
    publisher.run()
    end = scene.answer(1).next_update_utc
    assert end is not None
    left = int(end.timestamp()) - scene.now
    scene.now += left - 3 * HOUR
    assert scene.publisher(seconds=HOUR).run().removed == 0
    scene.now += 2 * HOUR
    assert scene.publisher(seconds=HOUR).run().removed == 6
    assert scene.published() == set()
    assert list((scene.directory / "until").iterdir()) == []


def test_a_deleted_certificate_is_removed(scene: Scene) -> None:
    """With its last answer at the latest; nobody answers for it then."""
    scene.publisher().run()
    with sqlite3.connect(scene.folder / "status.db") as file:
        file.execute("DELETE FROM certificate WHERE serial = x'02'")
    scene.now += 6 * HOUR
    scene.sign()
    scene.publisher().run()
    scene.now += 2 * HOUR
    scene.sign()
    scene.publisher().run()
    assert scene.published() == {1, 3}


def test_a_link_is_there_as_long_as_nothing_ends(scene: Scene) -> None:
    """The web server finds no file through it later; it holds for hours."""
    scene.publisher().run()
    links = sorted(int(each.name) for each in (scene.directory / "until").iterdir())
    assert links[0] == scene.now // 100
    end = scene.answer(1).next_update_utc
    assert end is not None
    assert int(end.timestamp()) - 300 < (links[-1] + 1) * 100 <= end.timestamp() - 60
    assert links == list(range(links[0], links[-1] + 1))
    first = scene.directory / "until" / str(links[0])
    assert str(first.readlink()) == "../answers"


def test_an_answer_that_ends_early_takes_links_away_first(scene: Scene) -> None:
    """Before it is published, between two rounds."""
    publisher = scene.publisher()
    publisher.run()
    scene.store.revoke(scene.issuer, 1)
    due = scene.store.due_answers(scene.query(1).issuer, scene.now, 9)
    for each in due:
        new = scene.responder.presign(each, scene.clock())
        early = new.answer._replace(
            next_update=scene.now + HOUR, due=scene.now + HOUR // 2
        )
        assert scene.store.store_answers([new._replace(answer=early)], scene.now)
    publisher.follow()
    last = max(int(each.name) for each in (scene.directory / "until").iterdir())
    assert (last + 1) * 100 <= scene.now + HOUR


def test_an_interrupted_round_goes_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages that were done are not done again, except the last seconds."""
    monkeypatch.setattr(module, "PAGE", 2)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.publisher().run(stop)
    assert len(scene.published()) == 1
    assert not (scene.directory / "until").exists() or not list(
        (scene.directory / "until").iterdir()
    )
    publisher = scene.publisher()
    publisher.run()
    assert scene.published() == {1, 2, 3}
    assert publisher.is_complete is False


def test_a_file_that_cannot_be_written_is_tried_again(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are published; the next round does not need to find it."""
    scene.publisher().run()
    for serial in (8, 9):
        scene.store.add(scene.issuer, serial)
    scene.sign()
    scene.path(9).mkdir(parents=True)
    counts = scene.publisher().run()
    assert counts.failed >= 1
    assert "0x9" in caplog.text
    assert scene.path(8).is_file()
    scene.path(9).rmdir()
    scene.now += 1
    counts = scene.publisher().run()
    assert (counts.published, counts.failed) == (1, 0)
    assert scene.answer(9).serial_number == 9


def test_other_settings_publish_everything_anew(scene: Scene) -> None:
    """With aliases, and again without: their files are gone."""
    scene.publisher().run()
    files = scene.files()
    assert len(files) == 6
    scene.publisher(aliases=list(Alias)).run()
    assert scene.files() > files
    scene.publisher().run()
    assert scene.files() == files


def test_foreign_files_are_swept_by_a_complete_round(scene: Scene) -> None:
    """Such as those that a lost state does not know."""
    scene.publisher().run()
    scene.state.close()
    for each in scene.folder.glob("state.db*"):
        each.unlink()
    scene.now += 1
    scene.store.revoke(scene.issuer, 3)
    scene.state = PublishedState(scene.folder / "state.db")
    scene.publisher().run()
    assert scene.published() == {1, 2}


def test_a_restored_database_is_published_anew(scene: Scene, tmp_path: Path) -> None:
    """What was revoked after the backup has another answer, or none."""
    ocsp.store.backup(tmp_path / "status.db", tmp_path / "copy.db")
    publisher = scene.publisher()
    publisher.run()
    scene.store.add(scene.issuer, 9)
    scene.sign()
    publisher.run()
    assert scene.published() == {1, 2, 3, 9}
    ocsp.store.restore(tmp_path / "copy.db", tmp_path / "status.db")
    assert scene.store.has_changed()  # otherwise it looks at the file after 20 ms
    scene.now += 1
    publisher.run()
    assert scene.published() == {1, 2, 3}


def test_a_crash_of_the_machine_publishes_everything_anew(scene: Scene) -> None:
    """Files that were not on the disk may be empty."""
    scene.publisher(boot="one").run()

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    scene.now += 1
    scene.store.add(scene.issuer, 9)
    scene.sign()
    with pytest.raises(KeyboardInterrupt):
        scene.publisher(boot="one").run(stop)
    assert not scene.publisher(boot="one").is_complete
    again = scene.publisher(boot="two")
    assert again.is_complete
    assert again.run().published == 8
    assert not scene.publisher(boot="three").is_complete


def test_a_dry_run_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    """It counts what a round would do."""
    assert scene.publisher(dry_run=True).run().published == 6
    assert not scene.directory.exists()
    scene.publisher().run()
    scene.now += 8 * HOUR
    before = sorted(scene.directory.rglob("*"))
    assert scene.publisher(dry_run=True).run().removed == 6
    assert sorted(scene.directory.rglob("*")) == before


def test_one_answer_for_both_certids_has_both_names(tmp_path: Path) -> None:
    """The responder gives it for either."""
    scene = Scene(tmp_path, forms=(CertIDForm.BOTH, CertIDForm.SHA1))
    scene.sign()
    assert scene.publisher().run().published == 3
    assert scene.path(1).read_bytes() == scene.path(1, SHA256).read_bytes()
    scene.state.close()


def test_the_time_of_a_file_gives_the_headers(scene: Scene) -> None:
    """``Last-Modified`` is thisUpdate, and a second after *lifetime* it ends."""
    scene.publisher().run()
    answer = scene.answer(1)
    assert answer.next_update_utc is not None
    modified = int(scene.path(1).stat().st_mtime)
    assert modified == answer.this_update_utc.timestamp()
    assert modified + LIFETIME == answer.next_update_utc.timestamp()


def test_two_answers_never_have_the_same_time(scene: Scene) -> None:
    """A client that has the one before, with its date, would get 304."""
    publisher = scene.publisher()
    publisher.run()
    times = [int(scene.path(1).stat().st_mtime)]
    for _ in range(2):
        scene.store.revoke(scene.issuer, 1, reason=HOLD if len(times) == 1 else None)
        scene.sign()
        publisher.follow()
        times.append(int(scene.path(1).stat().st_mtime))
    assert len(set(times)) == 3
    assert times == sorted(times, reverse=True)


def test_files_are_readable_for_the_web_server(scene: Scene) -> None:
    """Whatever the mask of the process is."""
    before = os.umask(0o077)
    try:
        scene.publisher().run()
    finally:
        os.umask(before)
    path = scene.path(1)
    assert path.stat().st_mode & 0o777 == 0o644
    while path != scene.directory:
        path = path.parent
        assert path.stat().st_mode & 0o755 == 0o755


def test_only_one_process_publishes(scene: Scene) -> None:
    """The second one says why it does not."""
    with pytest.raises(PublishingFailed, match="another process publishes there"):
        PublishedState(scene.folder / "state.db")


def test_a_file_that_is_no_state_is_an_error(tmp_path: Path) -> None:
    """Also one of a newer release."""
    path = tmp_path / "other.db"
    path.write_text("no database")
    with pytest.raises(PublishingFailed, match="not a database"):
        PublishedState(path)
    path.unlink()
    PublishedState(path).close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 9")
    with pytest.raises(PublishingFailed, match="version 9"):
        PublishedState(path)


@pytest.mark.parametrize("of", ["ocsp status", "another program"])
def test_a_database_of_another_kind_is_left_alone(tmp_path: Path, of: str) -> None:
    """Nothing is written to it, and nobody is told to delete it."""
    path = tmp_path / "status.db"
    if of == "ocsp status":
        ocsp.store.SQLiteStore(path, create=True).close()
    else:
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE issuer (id)")
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(PublishingFailed, match="of another kind") as no:
            PublishedState(path, read_only=read_only)
        assert "delete" not in str(no.value)
    assert path.read_bytes() == before


def test_a_watch_goes_on_after_an_error(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says once that it was interrupted, and once that it goes on."""
    monkeypatch.setattr("ocsp.publishing.watch.FOLLOW_SECONDS", 0.001)
    monkeypatch.setattr("ocsp.publishing.watch.LOST_SECONDS", 0.002)
    publisher, stop = scene.publisher(), threading.Event()
    publisher.run()
    calls = []

    def follow(_: Publisher) -> None:
        calls.append(1)
        if len(calls) < 4:
            raise PublishingFailed("the disk is full")
        stop.set()

    monkeypatch.setattr(Publisher, "follow", follow)
    watch_answers(publisher, 300, stop)
    assert [each.message for each in caplog.records] == [
        "publishing is interrupted, and tried again: the disk is full",
        "publishing goes on",
    ]


def test_leftovers_of_a_killed_process_are_removed(scene: Scene) -> None:
    """They are in a folder of their own."""
    (scene.directory / "new").mkdir(parents=True)
    (scene.directory / "new" / "7").write_text("half")
    scene.publisher().run()
    assert list((scene.directory / "new").iterdir()) == []


def test_a_directory_that_cannot_be_made_is_an_error(scene: Scene) -> None:
    """The line names it."""
    scene.directory.write_text("a file")
    with pytest.raises(PublishingFailed, match="www"):
        scene.publisher(FileTarget(scene.directory / "x", LIFETIME)).run()


def test_a_removed_signer_or_issuer_takes_its_answers_along(scene: Scene) -> None:
    """The responder does not give them either."""
    scene.publisher(signers=[b"a", b"b"]).run()
    publisher = scene.publisher(signers=[b"b"])
    assert publisher.is_complete
    publisher.run()
    assert not scene.publisher(signers=[b"b"]).is_complete
    other = Publisher(
        scene.store,
        scene.responder,
        [],
        FileTarget(scene.directory, LIFETIME),
        scene.state,
        signers=[b"b"],
        clock=lambda: scene.now,
    )
    scene.now += 1
    assert other.is_complete
    other.run()
    assert scene.published() == set()
    assert scene.state.issuers == frozenset()


def _away(*_: object, **__: object) -> NoReturn:
    raise SourceUnavailable("the database is away")


def test_a_publisher_that_was_stopped_first_removes_what_has_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no database for that, which may be away."""
    scene.publisher().run()
    scene.now += 9 * HOUR
    publisher = scene.publisher()
    with monkeypatch.context() as patch:
        patch.setattr(scene.store, "changes_after", _away)
        with pytest.raises(SourceUnavailable):
            publisher.run()
        assert scene.files() == set()
    assert scene.sign() == 6
    publisher.run()
    assert scene.published() == {1, 2, 3}


def test_answers_of_a_removed_issuer_are_removed_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is published, and without the database."""
    scene.publisher().run()
    monkeypatch.setattr(scene.store, "changes_after", _away)
    other = Publisher(
        scene.store,
        scene.responder,
        [],
        FileTarget(scene.directory, LIFETIME),
        scene.state,
        clock=lambda: scene.now,
    )
    with pytest.raises(SourceUnavailable):
        other.run()
    assert scene.files() == set()
    monkeypatch.undo()
    scene.now += 1
    other.run()
    names = scene.state._connection.execute("SELECT name FROM setting")
    assert not [name for (name,) in names if name.startswith("certificate ")]


def test_an_answer_that_cannot_be_removed_keeps_no_other_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if more have ended than are removed at a time."""
    monkeypatch.setattr(module, "PAGE", 2)
    scene.publisher().run()
    kept = scene.path(1)
    real = Path.unlink

    def unlink(path: Path, *, missing_ok: bool = False) -> None:
        if path == kept:
            raise PermissionError(13, "Permission denied", str(path))
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    scene.now += 9 * HOUR
    counts = scene.publisher().run()
    assert scene.files() == {kept}
    assert counts.removed == 5


def test_a_round_that_is_stopped_goes_on_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the page in hand; what is old is not removed before all is looked at."""
    monkeypatch.setattr(module, "PAGE", 2)
    stop = threading.Event()
    stop.set()
    assert scene.publisher().run(stop=stop).published == 2
    assert len(scene.files()) == 2
    assert scene.publisher().is_complete
    scene.publisher().run()
    assert scene.published() == {1, 2, 3}


def test_links_of_a_lost_state_are_not_used(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there may have ended, until the complete round has looked at all."""
    scene.publisher().run()
    links = scene.directory / "until"
    assert list(links.iterdir())
    scene.state.close()
    for each in scene.folder.glob("state.db*"):
        each.unlink()
    scene.state = PublishedState(scene.folder / "state.db")
    publisher = scene.publisher()
    with monkeypatch.context() as patch:
        patch.setattr(scene.store, "stored_answers", _away)
        with pytest.raises(SourceUnavailable):
            publisher.run()
    assert not list(links.iterdir())
    publisher.run()
    assert list(links.iterdir())


def test_answers_of_a_new_signer_wait_until_it_is_known(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then all answers are looked at again, but only theirs are published."""
    scene.store.add(scene.issuer, 9)
    scene.sign()
    encode = type(scene.responder).encode_stored
    known = {"all": False}

    def encode_some(
        responder: Responder, issuer: IssuerKey, stored: StoredAnswer
    ) -> bytes | None:
        der = encode(responder, issuer, stored)
        assert der is not None
        number = ocsp.load_der_ocsp_response(der).serial_number
        return der if known["all"] or number != 9 else None

    monkeypatch.setattr(Responder, "encode_stored", encode_some)
    publisher = scene.publisher(signers=[b"a"])
    counts = publisher.run()
    assert (counts.published, counts.left_out) == (6, 2)
    scene.now += HOUR
    assert scene.publisher(signers=[b"a"]).run().left_out == 2
    known["all"] = True
    scene.now += HOUR
    renewed = []

    def renew() -> Publisher:
        renewed.append(scene.publisher(signers=[b"a", b"b"]))
        return renewed[-1]

    stop = threading.Event()
    monkeypatch.setattr("ocsp.publishing.watch.FOLLOW_SECONDS", 0.001)
    run = Publisher.run

    def run_once(each: Publisher, **_: object) -> PublishCounts:
        stop.set()
        return run(each)

    monkeypatch.setattr(Publisher, "run", run_once)
    watch_answers(publisher, HOUR, stop, renew)
    assert [each.counts.published for each in renewed] == [2]
    assert scene.published() == {1, 2, 3, 9}


def test_another_backdate_publishes_everything_anew(scene: Scene) -> None:
    """Answers that are signed later could have an earlier thisUpdate."""
    scene.publisher(backdate=300).run()
    assert not scene.publisher(backdate=300).is_complete
    assert scene.publisher(backdate=3600).is_complete
