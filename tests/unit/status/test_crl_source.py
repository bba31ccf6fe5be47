"""Answer from CRLs: which are accepted, what they say together, and when they end."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import OCSPCertStatus, limits
from ocsp.client import AddressPolicy, HTTPReply, HTTPRequest
from ocsp.errors import (
    ConfigError,
    ForbiddenResponderURL,
    SourceUnavailable,
    TransportError,
    UnreadableFile,
)
from ocsp.responder import StatusRecord
from ocsp.status.crl import CRLDownloads, CRLSource, NotInCRL
from ocsp.status.crl.refresher import Refresher
from tests.crls import crl, entry, scope
from tests.pki import BEGIN, END, NOW, ca, key, make, name
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, REVOKED, UNLISTED, ask

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
STOLEN = x509.CRLReason(x509.ReasonFlags.key_compromise)
HOLD = x509.CRLReason(x509.ReasonFlags.certificate_hold)
REMOVED = x509.CRLReason(x509.ReasonFlags.remove_from_crl)


class Scene:
    """A directory with CRLs, a list of issued serial numbers, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.write("base", crl(entry(REVOKED, STOLEN)))
        (folder / "issued").write_text(f"{GOOD:x}\n{REVOKED:X}\n")

    def write(self, place: str, data: bytes) -> Path:
        """Replace the file *place*."""
        new = self.folder / "new"
        new.write_bytes(data)
        return new.rename(self.folder / place)

    def source(
        self,
        *crls: str,
        deltas: Sequence[str] = (),
        issued: bool = True,
        **others: object,
    ) -> CRLSource:
        """Return a source on the files *crls*."""
        return CRLSource(
            ca(),
            [self.folder / each for each in crls or ("base",)],
            deltas=[self.folder / each for each in deltas],
            issued=self.folder / "issued" if issued else None,
            now=lambda: self.now,
            **others,  # type: ignore[arg-type]
        )


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def _status(source: CRLSource, serial: int) -> OCSPCertStatus | None:
    (record,) = ask(source, serial)
    return None if record is None else record.status


def _refused(source: CRLSource, serial: int, match: str) -> None:
    with pytest.raises(SourceUnavailable, match=match):
        ask(source, serial)


def test_the_contract(scene: Scene) -> None:
    """What holds for every source."""

    def revoke() -> None:
        listed = entry(REVOKED, STOLEN), entry(GOOD)
        scene.write("base", crl(*listed, number=6))

    contract.check(
        contract.Scene(
            source=scene.source(),
            revoke=revoke,
            remove=(scene.folder / "base").unlink,
        )
    )


def test_records_have_the_times_of_the_crl(scene: Scene) -> None:
    """Both *good* and *revoked*, with reason and invalidityDate."""
    stolen_at = NOW - DAY
    invalid = x509.InvalidityDate(stolen_at.replace(tzinfo=None))
    since = NOW - 2 * HOUR
    scene.write("base", crl(entry(REVOKED, STOLEN, invalid, since=since)))
    good, revoked = ask(scene.source(), GOOD, REVOKED)
    assert good == StatusRecord(this_update=BEGIN, next_update=END)
    assert revoked == StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=since,
        revocation_reason=x509.ReasonFlags.key_compromise,
        invalidity_date=stolen_at,
        this_update=BEGIN,
        next_update=END,
    )


def test_a_crl_does_not_know_what_was_issued(scene: Scene) -> None:
    """Without a list of issued ones there is no record, unless it is said to be good."""
    honest = scene.source(issued=False)
    assert _status(honest, REVOKED) is OCSPCertStatus.REVOKED
    assert _status(honest, GOOD) is None
    assert not honest.complete
    unsafe = scene.source(issued=False, not_in_crl=NotInCRL.UNSAFE_GOOD)
    assert _status(unsafe, UNLISTED) is OCSPCertStatus.GOOD
    assert _status(unsafe, REVOKED) is OCSPCertStatus.REVOKED
    assert not unsafe.complete
    assert scene.source().complete
    with pytest.raises(ConfigError, match="not_in_crl"):
        scene.source(not_in_crl=NotInCRL.UNSAFE_GOOD)


def test_the_list_of_issued_ones_may_be_gone(scene: Scene) -> None:
    """Then *revoked* is known, and *good* is not."""
    source = scene.source()
    (scene.folder / "issued").unlink()
    _refused(source, GOOD, "No such file")
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED
    (scene.folder / "issued").write_text(f"{UNLISTED:x}\n")
    assert _status(source, UNLISTED) is OCSPCertStatus.GOOD


def test_an_expired_crl_is_not_available(scene: Scene) -> None:
    """From nextUpdate on; also *revoked*. A new CRL makes it available again."""
    source = scene.source()
    scene.now = END - datetime.timedelta(seconds=1)
    assert _status(source, GOOD) is OCSPCertStatus.GOOD
    scene.now = END
    for serial in (GOOD, REVOKED, UNLISTED):
        _refused(source, serial, "expired at 2026-07-31 12:00:00")
    scene.write("base", crl(number=6, begin=NOW, end=END + DAY))
    assert _status(source, GOOD) is OCSPCertStatus.GOOD


def test_a_clock_that_went_back_is_noticed(scene: Scene) -> None:
    """Then thisUpdate is in the future."""
    source = scene.source()
    scene.now = BEGIN - HOUR
    _refused(source, GOOD, "is valid from")


def test_a_crl_without_next_update_ends_after_a_day(scene: Scene) -> None:
    """As the policy says: max_age_without_next_update."""
    from tests.crls import resigned

    data = resigned(crl(begin=NOW), lambda fields: fields.__delitem__(4))
    scene.write("base", data)
    source = scene.source()
    (record,) = ask(source, GOOD)
    assert record is not None
    assert record.next_update == NOW + DAY
    scene.now = NOW + DAY
    _refused(source, GOOD, "expired at")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is malformed: offset 0: "),
    "cut": (lambda: crl(number=6)[:-9], "is malformed: offset 0: "),
    "signature": (
        lambda: crl(number=6, signer=key("Another CA")),
        "does not verify with the key",
    ),
    "issuer": (
        lambda: crl(number=6, issuer="Another CA"),
        "names 'CN=Another CA' as its issuer, not 'CN=Test CA'",
    ),
    "future": (lambda: crl(number=6, begin=NOW + HOUR), "is valid from"),
    "older number": (lambda: crl(number=4), "the CRL in use is newer: number 5"),
    "older time": (lambda: crl(number=6, begin=BEGIN - HOUR), "is newer: number 5"),
    "no number": (lambda: crl(number=None), "is newer: number 5"),
    "delta": (lambda: crl(number=6, base=5), "is a delta CRL, not a complete CRL"),
    "attributes": (
        lambda: crl(number=6, critical=[scope(attributes=True)]),
        "is for attribute certificates only",
    ),
    "scope": (
        lambda: crl(number=6, critical=[scope(users=True)]),
        "has another issuer or scope than the CRL that is in use",
    ),
    "critical": (
        lambda: crl(
            number=6,
            critical=[x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"")],
        ),
        "the critical extension 1.2.3",
    ),
    "entry": (
        lambda: crl(
            entry(
                REVOKED,
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b""),
                critical=True,
            ),
            number=6,
        ),
        "the critical extension 1.2.3 of an entry",
    ),
    "certificateIssuer": (
        lambda: crl(
            entry(
                REVOKED,
                x509.CertificateIssuer([x509.DirectoryName(name("Another CA"))]),
                critical=True,
            ),
            number=6,
        ),
        "is not an indirect CRL",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_crl_that_is_refused_does_not_replace_the_one_in_use(
    scene: Scene, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why, once; a good CRL is taken after it."""
    source = scene.source()
    make_crl, reason = REFUSED[kind]
    with caplog.at_level(logging.ERROR, "ocsp.status"):
        scene.write("base", make_crl())
        assert _status(source, REVOKED) is OCSPCertStatus.REVOKED
        assert _status(source, GOOD) is OCSPCertStatus.GOOD
    (message,) = caplog.messages
    assert message.startswith("the CRL is refused: ")
    assert reason in message
    scene.write("base", crl(entry(GOOD), number=7))
    assert _status(source, GOOD) is OCSPCertStatus.REVOKED


@pytest.mark.parametrize(
    "kind", sorted({*REFUSED} - {"older number", "older time", "no number", "scope"})
)
def test_a_crl_that_is_refused_at_the_start(scene: Scene, kind: str) -> None:
    """The source is not available until there is a good one."""
    scene.write("base", REFUSED[kind][0]())
    source = scene.source()
    _refused(source, GOOD, "the CRL is refused")
    _refused(source, REVOKED, "the CRL is refused")
    scene.write("base", crl())
    assert _status(source, GOOD) is OCSPCertStatus.GOOD


def test_a_crl_that_was_removed_is_not_available(scene: Scene) -> None:
    """Nothing is answered from what it was; an older one is refused also after that."""
    source = scene.source()
    (scene.folder / "base").unlink()
    _refused(source, REVOKED, "No such file")
    scene.write("base", crl(number=4))
    _refused(source, REVOKED, "is newer: number 5")
    scene.write("base", crl(entry(GOOD), number=5))
    assert _status(source, GOOD) is OCSPCertStatus.REVOKED


def test_a_file_that_is_missing_at_the_start_is_refused(scene: Scene) -> None:
    """The operator sees it at once; likewise no file at all."""
    with pytest.raises(UnreadableFile):
        scene.source("missing")
    with pytest.raises(ConfigError, match="give at least one"):
        CRLSource(ca(), [])


def test_pem_is_read_too(scene: Scene) -> None:
    """As ``openssl ca -gencrl`` writes it."""
    loaded = x509.load_der_x509_crl(crl(entry(REVOKED, STOLEN)))
    scene.write("base", loaded.public_bytes(Encoding.PEM))
    assert _status(scene.source(), REVOKED) is OCSPCertStatus.REVOKED


def test_a_large_crl_is_verified_in_a_thread(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRL before it is used until then."""
    source = scene.source()
    monkeypatch.setattr(limits, "MAX_INLINE_STATUS_BYTES", 1)
    started: list[Callable[[], None]] = []

    class Thread:
        def __init__(self, target: Callable[[], None], **_: object) -> None:
            started.append(target)

        def start(self) -> None:
            pass

    monkeypatch.setattr("ocsp.status.files.watched.threading.Thread", Thread)
    scene.write("base", crl(entry(GOOD), number=6))
    assert _status(source, GOOD) is OCSPCertStatus.GOOD
    (run,) = started
    run()
    assert _status(source, GOOD) is OCSPCertStatus.REVOKED


# --- delta CRLs --------------------------------------------------------------------------


def _delta(*entries: x509.RevokedCertificate, **others: int) -> bytes:
    return crl(*entries, **{"number": 6, "base": 5, "begin": NOW, **others})  # type: ignore[arg-type]


def test_a_delta_crl_adds_and_removes(scene: Scene) -> None:
    """Its times are those of the records (RFC 5280 §5.2.4)."""
    listed = entry(REVOKED, HOLD), entry(UNLISTED, STOLEN)
    scene.write("base", crl(*listed))
    scene.write("delta", _delta(entry(GOOD, STOLEN), entry(REVOKED, REMOVED)))
    source = scene.source(deltas=["delta"])
    added, removed, kept = ask(source, GOOD, REVOKED, UNLISTED)
    assert added is not None
    assert (added.status, added.this_update) == (OCSPCertStatus.REVOKED, NOW)
    assert removed == StatusRecord(this_update=NOW, next_update=END)
    assert kept is not None
    assert kept.status is OCSPCertStatus.REVOKED


def test_a_delta_crl_makes_an_expired_complete_one_new(scene: Scene) -> None:
    """Both together equal a complete CRL of the time of the delta CRL."""
    scene.write("base", crl(end=NOW - HOUR))
    scene.write("delta", _delta())
    assert _status(scene.source(deltas=["delta"]), GOOD) is OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_delta(base=6, number=7), "needs a CRL with number 6 or later"),
        (_delta(end=NOW), "expired at"),  # type: ignore[arg-type]
    ],
)
def test_a_delta_crl_that_cannot_be_used(
    scene: Scene, data: bytes, reason: str
) -> None:
    """Then it is not known what is good: the delta CRL may revoke it."""
    scene.write("delta", data)
    source = scene.source(deltas=["delta"])
    _refused(source, GOOD, reason)
    scene.write("base", crl(number=8, begin=NOW))
    assert _status(source, GOOD) is OCSPCertStatus.GOOD


def test_a_delta_crl_that_is_gone(scene: Scene) -> None:
    """Only what the complete CRL revokes is known."""
    scene.write("delta", _delta())
    source = scene.source(deltas=["delta"])
    (scene.folder / "delta").unlink()
    _refused(source, GOOD, "No such file")
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED


def test_remove_from_crl_in_a_complete_crl_is_an_error(scene: Scene) -> None:
    """For this serial number only."""
    scene.write("base", crl(entry(GOOD, REMOVED), entry(REVOKED)))
    source = scene.source()
    _refused(source, GOOD, "a complete CRL must not have reason removeFromCRL")
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED


# --- several CRLs ------------------------------------------------------------------------


def _part(number: int) -> x509.IssuingDistributionPoint:
    url = f"http://crl.example/{number}"
    return scope(full_name=[x509.UniformResourceIdentifier(url)])


def test_parts_of_a_list(scene: Scene) -> None:
    """A certificate is revoked if one lists it, and good if none does."""
    scene.write("one", crl(entry(REVOKED), critical=[_part(1)], end=END - DAY))
    scene.write("two", crl(entry(UNLISTED), critical=[_part(2)], begin=BEGIN + HOUR))
    source = scene.source("one", "two")
    good, first, second = ask(source, GOOD, REVOKED, UNLISTED)
    assert good == StatusRecord(this_update=BEGIN, next_update=END - DAY)
    assert first is not None
    assert first.next_update == END - DAY
    assert second is not None
    assert second.next_update == END
    scene.now = END - DAY
    assert _status(source, UNLISTED) is OCSPCertStatus.REVOKED
    _refused(source, GOOD, "one expired at")
    _refused(source, REVOKED, "one expired at")


@pytest.mark.parametrize("order", [("old", "base"), ("base", "old")])
def test_a_hold_in_one_crl_does_not_hide_a_revocation_in_another(
    scene: Scene, order: tuple[str, str]
) -> None:
    """Such as in an older copy of the list, from another URL."""
    scene.write("old", crl(entry(REVOKED, HOLD)))
    (record,) = ask(scene.source(*order), REVOKED)
    assert record is not None
    assert record.revocation_reason is x509.ReasonFlags.key_compromise


def test_a_crl_for_some_reasons_alone_proves_no_good(scene: Scene) -> None:
    """All reasons have to be covered."""
    some = frozenset({x509.ReasonFlags.key_compromise})
    rest = frozenset(x509.ReasonFlags) - some
    rest -= {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
    scene.write("one", crl(entry(REVOKED), critical=[scope(reasons=some)]))
    scene.write("two", crl(critical=[scope(reasons=rest)]))
    alone = scene.source("one")
    _refused(alone, GOOD, "do not cover all reasons")
    assert _status(alone, REVOKED) is OCSPCertStatus.REVOKED
    assert _status(scene.source("one", "two"), GOOD) is OCSPCertStatus.GOOD


def test_an_indirect_crl(scene: Scene) -> None:
    """Of a trusted CRL issuer; entries of other issuers are not those of this one."""
    signer = make("CRL Issuer", "CRL Issuer")
    own, other = (
        x509.CertificateIssuer([x509.DirectoryName(name(each))])
        for each in ("Test CA", "Another CA")
    )
    data = crl(
        entry(UNLISTED),
        entry(REVOKED, own, critical=True),
        entry(GOOD, other, critical=True),
        issuer="CRL Issuer",
        critical=[scope(indirect=True)],
    )
    scene.write("base", data)
    source = scene.source(crl_issuers=[signer])
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED
    assert _status(source, GOOD) is OCSPCertStatus.GOOD
    assert _status(source, UNLISTED) is None
    _refused(scene.source(), REVOKED, "whose certificate is not known")


# --- URLs --------------------------------------------------------------------------------


class Server:
    """A transport that answers from memory."""

    def __init__(self, data: bytes) -> None:
        self.data: bytes | None = data
        self.tag = '"1"'
        self.requests: list[HTTPRequest] = []

    def send(self, request: HTTPRequest) -> HTTPReply:
        """Answer one request."""
        self.requests.append(request)
        if self.data is None:
            raise TransportError(request.url, "is down")
        if ("If-None-Match", self.tag) in request.headers:
            return HTTPReply(status=304)
        return HTTPReply(status=200, headers=(("etag", self.tag),), body=self.data)

    def close(self) -> None:
        """Close nothing."""


URL = "http://crl.example/ca.crl"


def _fetched(scene: Scene, server: Server) -> CRLSource:
    return CRLSource(
        ca(),
        [URL],
        issued=scene.folder / "issued",
        downloads=CRLDownloads(every=datetime.timedelta(0), transport=server),
        now=lambda: scene.now,
    )


def test_a_crl_is_fetched(scene: Scene) -> None:
    """At first it is not available; an unchanged one is not sent again."""
    server = Server(crl(entry(REVOKED)))
    source = _fetched(scene, server)
    _refused(source, REVOKED, "has not been fetched yet")
    source.refresh()
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED
    source.refresh()
    assert [("If-None-Match", '"1"') in each.headers for each in server.requests] == [
        False,
        True,
    ]
    assert server.requests[0].address_policy is AddressPolicy.PRIVATE_TOO
    assert server.requests[0].max_bytes == limits.MAX_CRL_BYTES
    server.data, server.tag = crl(entry(GOOD), number=6), '"2"'
    source.refresh()
    assert _status(source, GOOD) is OCSPCertStatus.REVOKED


def test_a_crl_that_cannot_be_fetched_is_used_until_its_end(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Also if what is fetched is refused; each failure is logged once."""
    server = Server(crl(entry(REVOKED)))
    source = _fetched(scene, server)
    source.refresh()
    with caplog.at_level(logging.ERROR, "ocsp.status"):
        server.data = None
        source.refresh()
        source.refresh()
        server.data, server.tag = b"<html>", '"3"'
        source.refresh()
    assert len(caplog.messages) == 2
    assert ("If-None-Match", '"1"') in server.requests[-1].headers
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED
    scene.now = END
    _refused(source, REVOKED, "expired at")


def test_a_malformed_url_is_refused(scene: Scene) -> None:
    """Before anything is sent."""
    downloads = CRLDownloads(transport=Server(b""))
    with pytest.raises(ForbiddenResponderURL):
        CRLSource(ca(), ["http://crl.example/a b"], downloads=downloads)


@pytest.mark.parametrize(
    ("end", "data", "pause"),
    [
        (30 * DAY, b"", 900.0),
        (datetime.timedelta(minutes=5), b"", 300.0),
        (datetime.timedelta(seconds=5), b"", 60.0),
        (30 * DAY, None, 60.0),
    ],
)
def test_when_a_crl_is_fetched_again(
    scene: Scene, end: datetime.timedelta, data: bytes | None, pause: float
) -> None:
    """After the refresh time, at its end, or soon after a failure."""
    server = Server(crl(end=NOW + end))
    if data is None:
        server.data = None
    source = _fetched(scene, server)
    (place,) = source._complete
    time = [1000.0]
    refresher = Refresher(
        [place],  # type: ignore[list-item]
        datetime.timedelta(minutes=15),
        lambda: NOW,
        lambda: time[0],
    )
    assert refresher.fetch_due() == pause
    time[0] += pause - 1
    assert refresher.fetch_due() == 1
    assert len(server.requests) == 1


def test_the_thread_fetches_at_once_and_stops(scene: Scene) -> None:
    """In a ``with`` block."""
    import threading

    arrived = threading.Event()

    class Signalling(Server):
        def send(self, request: HTTPRequest) -> HTTPReply:
            arrived.set()
            return super().send(request)

    with _fetched(scene, Signalling(crl(entry(REVOKED)))) as source:
        assert arrived.wait(10)
    assert source._refresher._stop.is_set()
