"""What an edge node answers, from which place, and what it never answers."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import CertID, OCSPResponseStatus
from ocsp.errors import SourceUnavailable, UnknownIssuer
from ocsp.messages.responses.response import load_der_ocsp_response
from ocsp.publishing.names import GetTargets, file_name, folder_of
from ocsp.responder import Answer, CertIDForm, EdgeAuthority, Forward, StatusQuery
from ocsp.responder.answer import error_response
from ocsp.responder.signed_response import wrap
from ocsp.responder.signers import AuthoritySigner
from ocsp.service.copies import edge
from ocsp.service.copies.edge import EdgeAnswers
from ocsp.service.copies.files import PublishedFiles
from ocsp.sharing import SharedAnswer
from tests.pki import NOW, ca, delegate_signer
from tests.unit.sharing.material import END, SHA256, answer

SERIAL = 0x1F2E
GOOD, REVOKED, TRY_LATER = "good", "revoked", "try_later"
SIGNER = AuthoritySigner(delegate_signer(), is_issuer=False)


def shared(
    serial: int = SERIAL,
    version: int = 1,
    *,
    revoked: bool = False,
    later: int = 0,
    epoch: bytes = b"a",
) -> SharedAnswer:
    """Return an answer as it is read from the server."""
    stored = answer(serial, version, revoked=revoked, later=later).answer
    return SharedAnswer(stored, wrap((SIGNER,), stored.tbs, stored.signature), epoch)


class Server:
    """The part of ``SharedAnswers`` that is used, with one answer."""

    def __init__(self) -> None:
        self.epoch = b"a"
        self.has: SharedAnswer | None = None
        self.asked: list[tuple[StatusQuery, CertIDForm]] = []

    async def find(self, query: StatusQuery, form: CertIDForm) -> SharedAnswer | None:
        """Return the answer."""
        self.asked.append((query, form))
        return self.has

    async def aclose(self) -> None:
        """Do nothing."""


class Upstream:
    """The part of ``ForeignResponders`` that is used."""

    def __init__(self) -> None:
        self.answers = error_response(UnknownIssuer("no"))
        self.kept: Answer | None = None
        self.asked = 0

    async def answer(self, forward: Forward) -> Answer:
        """Return the answer that was kept, or else that of a responder."""
        if self.kept is not None:
            return self.kept
        self.asked += 1
        return self.answers

    def forget(self, cert_id: CertID) -> None:
        """Keep the answer no longer."""
        self.kept = None

    async def aclose(self) -> None:
        """Do nothing."""


class Scene:
    """An edge node with all places, and a clock."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder = folder
        self.now = NOW
        self.server, self.upstream = Server(), Upstream()
        self.node = EdgeAnswers(
            shared=self.server,  # type: ignore[arg-type]
            files=PublishedFiles(folder),
            upstream=self.upstream,  # type: ignore[arg-type]
            now=lambda: self.now,
            **options,  # type: ignore[arg-type]
        )
        self.origin = ""

    def ask(
        self,
        serial: int = SERIAL,
        algorithm: hashes.HashAlgorithm | None = None,
        *,
        urls: tuple[str, ...] = (),
    ) -> str:
        """Return the status that a client gets."""
        cert_id = CertID.for_serial(ca(), serial, algorithm or hashes.SHA256())
        forward = Forward(EdgeAuthority(ca(), urls), cert_id, self.now)
        given = asyncio.run(self.node.answer(forward))
        self.origin = given.origin
        if given.status is not OCSPResponseStatus.SUCCESSFUL:
            return given.status.name.lower()
        assert given.freshness is not None
        assert self.now < given.freshness.next_update
        return load_der_ocsp_response(given.der).certificate_status.name.lower()

    def publish(self, each: SharedAnswer, serial: int = SERIAL) -> Path:
        """Write an answer where ``ocsp publish`` does."""
        (target,) = GetTargets(ca()).of(serial, SHA256)
        name = file_name(target)
        assert name is not None
        path = self.folder / "answers" / folder_of(target) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.der)
        return path

    def wait(self, seconds: float = edge.ASK_SECONDS) -> None:
        """Let time pass."""
        self.now += datetime.timedelta(seconds=seconds)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return an edge node that knows nothing."""
    return Scene(tmp_path)


def test_the_places_are_asked_in_order(scene: Scene) -> None:
    """The server, the files, the responders of the CA."""
    assert scene.ask() == TRY_LATER
    assert scene.ask(urls=("http://a",)) == "unauthorized"
    scene.publish(shared())
    assert (scene.ask(), scene.origin) == (GOOD, "files")
    scene.wait()
    scene.server.has = shared(version=2, revoked=True, later=1)
    assert (scene.ask(), scene.origin) == (REVOKED, "valkey")
    assert scene.upstream.asked == 1


def test_an_answer_in_memory_is_looked_for_again_after_a_second(scene: Scene) -> None:
    """So a revocation is noticed; the same octets are verified once."""
    scene.server.has = shared()
    assert (scene.ask(), scene.origin) == (GOOD, "valkey")
    scene.server.has = shared(version=2, revoked=True)
    scene.wait(edge.ASK_SECONDS - 0.1)
    assert (scene.ask(), scene.origin) == (GOOD, "memory")
    scene.wait(0.1)
    assert (scene.ask(), scene.origin) == (REVOKED, "valkey")
    assert len(scene.server.asked) == 2


def test_the_same_octets_are_verified_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And other octets again."""
    calls: list[bytes] = []
    real: Callable[..., object] = edge.verified
    monkeypatch.setattr(
        edge, "verified", lambda der, *rest: (calls.append(der), real(der, *rest))[1]
    )
    scene.server.has = shared()
    for _ in range(5):
        assert scene.ask() == GOOD
        scene.wait()
    assert len(calls) == 1
    scene.server.has = shared(later=9)
    assert scene.ask() == GOOD
    assert len(calls) == 2


def test_a_place_that_is_away_makes_no_difference_until_the_end(scene: Scene) -> None:
    """An answer in memory is used until its last minute, and never longer."""
    scene.server.has = shared()
    assert scene.ask() == GOOD
    scene.server.has = None
    scene.wait(3600)
    assert (scene.ask(), scene.origin) == (GOOD, "memory")
    scene.now = datetime.datetime.fromtimestamp(END - 61, datetime.UTC)
    assert scene.ask() == GOOD
    scene.now = datetime.datetime.fromtimestamp(END - 60, datetime.UTC)
    assert scene.ask() == TRY_LATER


def test_a_change_of_status_ends_an_answer_in_memory(scene: Scene) -> None:
    """Although the new one is not there yet; files may be older."""
    scene.server.has = shared()
    scene.publish(shared())
    assert scene.ask() == GOOD
    scene.wait()
    stored = shared().stored._replace(version=2, tbs=b"", signature=b"")
    scene.server.has = SharedAnswer(stored, b"", b"a")
    assert scene.ask() == TRY_LATER
    scene.server.has = shared(version=2, revoked=True)
    assert scene.ask() == REVOKED


def test_a_change_of_status_ends_what_a_responder_has_said(scene: Scene) -> None:
    """What was kept of it is older; what it says now is not."""
    urls = ("http://a",)
    good, revoked = (
        Answer(each.der, OCSPResponseStatus.SUCCESSFUL, _times())
        for each in (shared(), shared(version=2, revoked=True))
    )
    scene.upstream.kept = good
    assert scene.ask(urls=urls) == GOOD
    stored = shared().stored._replace(version=2, tbs=b"", signature=b"")
    scene.server.has = SharedAnswer(stored, b"", b"a")
    assert scene.ask(urls=urls) == "unauthorized"
    scene.upstream.answers = revoked
    assert scene.ask(urls=urls) == REVOKED


def test_revoked_is_not_followed_by_good(scene: Scene) -> None:
    """Whatever version a value claims, and from whatever place it comes."""
    scene.server.has = shared(version=2, revoked=True)
    assert scene.ask() == REVOKED
    for each in (shared(version=1), shared(version=9, later=60)):
        scene.wait()
        scene.server.has = each
        assert scene.ask() == REVOKED
    scene.server.has = None
    scene.publish(shared(later=120))
    scene.wait()
    assert scene.ask() == REVOKED


def test_another_epoch_ends_what_is_in_memory(scene: Scene) -> None:
    """A restore of the database; also if the server has no answer of it yet."""
    scene.server.has = shared(version=2, revoked=True)
    assert scene.ask() == REVOKED
    scene.wait()
    scene.server.epoch, scene.server.has = b"b", None
    assert scene.ask() == TRY_LATER
    scene.server.has = shared(version=1, epoch=b"b")
    assert scene.ask() == GOOD


def test_an_older_answer_does_not_replace_a_newer_one(scene: Scene) -> None:
    """By its version, and without versions by its times."""
    scene.server.has = shared(version=3, later=30)
    assert scene.ask() == GOOD
    scene.wait()
    scene.server.has = shared(version=2, revoked=True, later=60)
    assert scene.ask() == GOOD


def _broken() -> dict[str, bytes]:
    good = shared()
    other = answer(SERIAL + 1)
    return {
        "nothing": b"\x30\x00",
        "a wrong signature": good.der[:-40]
        + bytes([good.der[-40] ^ 1])
        + good.der[-39:],
        "another certificate": wrap(
            (SIGNER,), other.answer.tbs, other.answer.signature
        ),
        "octets after it": good.der + b"\x00",
        "one from the future": shared(later=4000).der,
        "one from a moment later": shared(later=300 + 61).der,
        "one that has ended": shared(later=-9 * 3600).der,
        "one that was signed by another CA": _by_another_ca(),
    }


def _by_another_ca() -> bytes:
    stored = answer().answer
    signer = delegate_signer("Other CA")
    other = AuthoritySigner(signer, is_issuer=False)
    return wrap((other,), stored.tbs, signer.sign(stored.tbs))


@pytest.mark.parametrize("what", sorted(_broken()))
def test_a_hostile_value_is_not_answered(scene: Scene, what: str) -> None:
    """Neither of the server nor of the files."""
    der = _broken()[what]
    scene.server.has = shared()._replace(der=der)
    scene.publish(scene.server.has)
    assert scene.ask() == TRY_LATER
    scene.wait()
    scene.server.has = shared()
    assert scene.ask() == GOOD


def test_a_file_that_cannot_be_read_is_not_answered(scene: Scene) -> None:
    """A directory in its place, a large one, and one without any file."""
    path = scene.publish(shared())
    path.write_bytes(bytes(1 << 17))
    assert scene.ask() == TRY_LATER
    path.unlink()
    path.mkdir()
    scene.wait()
    assert scene.ask() == TRY_LATER


def test_another_hash_is_for_the_responders_of_the_ca(scene: Scene) -> None:
    """The server has answers by SHA-1 and SHA-256."""
    scene.server.has = shared()
    assert scene.ask(algorithm=hashes.SHA384()) == TRY_LATER
    assert scene.server.asked == []


def test_answers_with_both_hashes_have_a_form_of_their_own(tmp_path: Path) -> None:
    """As the nodes that sign have stored them."""
    scene = Scene(tmp_path, both_hashes=True)
    for algorithm in (hashes.SHA1(), hashes.SHA256()):
        assert scene.ask(algorithm=algorithm) == TRY_LATER
    assert {form for _, form in scene.server.asked} == {CertIDForm.BOTH}


def test_the_responders_of_the_ca_are_asked_last(scene: Scene) -> None:
    """What they say is used if it is not older than what is in memory."""
    urls = ("http://a",)
    newer = shared(later=60)
    scene.upstream.answers = Answer(newer.der, OCSPResponseStatus.SUCCESSFUL, _times())
    scene.server.has = shared()
    assert scene.ask(urls=urls) == GOOD
    assert scene.upstream.asked == 0
    scene.server.has = None
    scene.wait()
    assert scene.ask(urls=urls) == GOOD
    assert scene.upstream.asked == 1
    scene.upstream.answers = error_response(SourceUnavailable("away"))
    scene.wait()
    assert (scene.ask(urls=urls), scene.origin) == (GOOD, "memory")


def _times() -> object:
    from ocsp.http import Freshness

    return Freshness(this_update=NOW, next_update=NOW + datetime.timedelta(hours=1))


def test_the_memory_is_bounded(tmp_path: Path) -> None:
    """In octets, with what each answer takes besides its own."""
    scene = Scene(tmp_path, memory=10_000)
    for serial in range(1, 20):
        scene.server.has = shared(serial)
        assert scene.ask(serial) == GOOD
    assert scene.node._kept.octets <= 10_000


def test_requests_for_one_certificate_share_a_look_up(scene: Scene) -> None:
    """Those that come together."""
    scene.server.has = shared()
    cert_id = CertID.for_serial(ca(), SERIAL, hashes.SHA256())
    forward = Forward(EdgeAuthority(ca()), cert_id, NOW)

    async def together() -> list[Answer]:
        return await asyncio.gather(*(scene.node.answer(forward) for _ in range(50)))

    assert len({each.der for each in asyncio.run(together())}) == 1
    assert len(scene.server.asked) == 1


def test_too_many_look_ups_at_once_are_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others get *tryLater*, unless the answer is in memory."""
    monkeypatch.setattr("ocsp.limits.MAX_FORWARDED_REQUESTS", 0)
    scene.server.has = shared()
    assert scene.ask() == TRY_LATER
    monkeypatch.undo()
    assert scene.ask() == GOOD
    scene.wait()
    monkeypatch.setattr("ocsp.limits.MAX_FORWARDED_REQUESTS", 0)
    assert (scene.ask(), scene.origin) == (GOOD, "memory")


def test_an_edge_authority_never_signs() -> None:
    """It has a certificate and URLs, and nothing to sign with."""
    authority = EdgeAuthority(ca())
    assert isinstance(authority.issuer, x509.Certificate)
    assert not hasattr(authority, "signers")
