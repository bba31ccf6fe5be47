"""The stapler: asks when it is time, writes what is newer, keeps what holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import OCSPCertStatus, OCSPResponseStatus
from ocsp.asn1 import oids
from ocsp.asn1.der import NULL_DER
from ocsp.client import CRLFallback, HTTPReply
from ocsp.errors import (
    CertificateStatusUnknown,
    ConfigError,
    HookFailed,
    StoreError,
    TransportError,
    VerificationError,
)
from ocsp.stapling import (
    Site,
    StapleEvent,
    Stapler,
    StapleReport,
    StapleState,
    compatibility_warnings,
)
from tests.pki import NOW, ca
from tests.unit.client.scene import (
    HOUR,
    A,
    asked_for,
    certificate,
    reply,
    response,
    unsuccessful,
)
from tests.unit.stapling.keeper import OPTIONS, Keeper, proven, signed, write_site

GOOD, REVOKED, UNKNOWN = OCSPCertStatus
BROKEN = TransportError(A, "broke")


def _answers(*bodies: bytes) -> list[HTTPReply]:
    return [reply(body) for body in bodies]


def test_the_first_step_writes_a_staple(tmp_path: Path) -> None:
    """The one that the responder has sent, octet by octet; asked for with SHA-1."""
    data = signed()
    keeper = Keeper(tmp_path, _answers(data))
    report = keeper.step()
    assert (report.event, report.state) == (StapleEvent.WRITTEN, StapleState.HOLDS)
    assert report.failure is None
    assert keeper.staple.read_bytes() == data
    question = asked_for(keeper.script.sent[0])
    assert isinstance(question.hash_algorithm, hashes.SHA1)


def test_a_young_staple_is_left_alone_until_half_of_its_life(tmp_path: Path) -> None:
    """Of 24 hours since an hour ago; chance is zero here, which means a bit earlier."""
    keeper = Keeper(tmp_path, _answers(signed(), signed(begin=9, end=33)))
    assert keeper.hours(keeper.step()) == pytest.approx(-1 + 24 * 0.45)
    assert keeper.step(9.7).event is StapleEvent.YOUNG
    assert len(keeper.script.sent) == 1
    report = keeper.step(9.9)
    assert report.event is StapleEvent.WRITTEN
    assert report.evidence is not None
    assert report.evidence.this_update == NOW + 9 * HOUR


def test_a_staple_of_before_is_taken_over(tmp_path: Path) -> None:
    """A new process asks no earlier than the one that has ended would have."""
    keeper = Keeper(tmp_path, [BROKEN])
    keeper.staple.write_bytes(signed())
    report = keeper.step()
    assert (report.event, report.state) == (StapleEvent.YOUNG, StapleState.HOLDS)
    assert keeper.hours(report) == pytest.approx(-1 + 24 * 0.45)
    assert keeper.script.sent == []


def test_it_asks_at_once_where_it_is_told_to(tmp_path: Path) -> None:
    """A certificate was revoked, and nobody wants to wait."""
    keeper = Keeper(tmp_path, _answers(signed(), signed(REVOKED, begin=0)))
    keeper.step()
    report = keeper.step(now=True)
    assert report.event is StapleEvent.WRITTEN
    assert report.evidence is not None
    assert report.evidence.status is REVOKED


def test_nothing_newer_changes_nothing(tmp_path: Path) -> None:
    """The next question comes after half of what is left."""
    data = signed()
    keeper = Keeper(tmp_path, _answers(data, data))
    keeper.step()
    report = keeper.step(11)
    assert (report.event, report.state) == (StapleEvent.UNCHANGED, StapleState.HOLDS)
    assert keeper.hours(report) == pytest.approx(11 + (23 - 11) / 2)


@pytest.mark.parametrize(
    "bad",
    [
        BROKEN,
        reply(signed(UNKNOWN)),
        reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED)),
        reply(unsuccessful(OCSPResponseStatus.TRY_LATER)),
        reply(signed(serial=7)),
        reply(signed(begin=-9, end=-3)),
        reply(signed()[:-1]),
        reply(b"<html>", content_type="text/html"),
    ],
    ids=["broken", "unknown", "unauthorized", "later", "other", "stale", "cut", "html"],
)
def test_only_what_is_verified_and_known_is_written(
    tmp_path: Path, bad: HTTPReply | Exception
) -> None:
    """Whatever else comes, the old staple stands, and is told to end once it does."""
    keeper = Keeper(tmp_path, [bad])
    report = keeper.step()
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.MISSING)
    assert report.failure is not None
    assert not keeper.staple.exists()
    old = signed()
    keeper.staple.write_bytes(old)
    for hours, state in (
        (12, StapleState.HOLDS),
        (18, StapleState.ENDING),
        (23, StapleState.MISSING),
    ):
        report = keeper.step(hours)
        assert (report.event, report.state) == (StapleEvent.FAILED, state)
        assert keeper.staple.read_bytes() == old
    assert report.evidence is None


def test_why_it_failed_is_told(tmp_path: Path) -> None:
    """As the errors of the client and of verification."""
    replies = [reply(signed(UNKNOWN)), reply(signed(serial=7)), BROKEN]
    keeper = Keeper(tmp_path, replies)
    for hours, kind in enumerate(
        (CertificateStatusUnknown, VerificationError, TransportError)
    ):
        assert isinstance(keeper.step(hours).failure, kind)


def test_failures_are_repeated_less_and_less_often(tmp_path: Path) -> None:
    """One minute, two, four; and again from the start after a success."""
    keeper = Keeper(tmp_path, [BROKEN, BROKEN, BROKEN, reply(signed()), BROKEN])
    waits = []
    for _ in range(3):
        report = keeper.step()
        waits.append((report.next_at - report.at).total_seconds())
        assert keeper.step().event is StapleEvent.YOUNG  # it is not time
        keeper.clock.seconds += waits[-1]
    assert waits == [60, 120, 240]
    assert keeper.step().event is StapleEvent.WRITTEN
    report = keeper.step(12)
    assert (report.next_at - report.at).total_seconds() == 60


def test_a_renewed_certificate_gets_a_staple_at_once(tmp_path: Path) -> None:
    """The old staple is about another certificate, whatever its times say."""
    keeper = Keeper(tmp_path, _answers(signed(), signed(serial=0x77)))
    keeper.step()
    write_site(keeper.site.certificate, certificate(A, serial=0x77), ca())
    report = keeper.step()
    assert report.event is StapleEvent.WRITTEN
    assert report.evidence is not None
    assert report.evidence.cert_id.serial_number == 0x77


def test_a_staple_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """Or damaged, by whomever."""
    keeper = Keeper(tmp_path, _answers(signed()))
    keeper.step()
    keeper.staple.write_bytes(b"oops")
    assert keeper.step().event is StapleEvent.WRITTEN


def test_a_certificate_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    """It may be in the middle of being renewed; the staple stands."""
    keeper = Keeper(tmp_path, _answers(signed()))
    keeper.step()
    pem = keeper.site.certificate.read_bytes()
    keeper.site.certificate.unlink()
    report = keeper.step(1)
    assert isinstance(report.failure, ConfigError)
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.HOLDS)
    keeper.site.certificate.write_bytes(pem)
    assert keeper.step(2).failure is None


def test_a_certificate_without_status_needs_no_staple(tmp_path: Path) -> None:
    """It says so itself; nobody is asked, and it stays so."""
    no_rev_avail = x509.UnrecognizedExtension(
        oids.identifier(oids.NO_REV_AVAIL), NULL_DER
    )
    cert = certificate(A, extensions=[no_rev_avail])
    keeper = Keeper(tmp_path, [BROKEN], cert=cert)
    report = keeper.step()
    assert report.event is StapleEvent.NOT_NEEDED
    assert report.state is StapleState.NOT_NEEDED
    assert keeper.step(1).state is StapleState.NOT_NEEDED
    assert keeper.script.sent == []


def test_no_crl_is_asked(tmp_path: Path) -> None:
    """It would tell the status, and nothing that could be sent along."""
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(f"{A}/crl")], None, None, None
    )
    keeper = Keeper(
        tmp_path,
        [BROKEN],
        cert=certificate(A, extensions=[x509.CRLDistributionPoints([point])]),
        options=replace(OPTIONS, crl_fallback=CRLFallback.WHEN_INDETERMINATE),
    )
    assert isinstance(keeper.step().failure, TransportError)
    assert len(keeper.script.sent) == 1


def test_one_that_fails_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """Each certificate has its own report, in order."""
    lost = Site(tmp_path / "lost.pem")
    keeper = Keeper(tmp_path, _answers(signed()), sites=lambda site: [lost, site])
    first, second = keeper.stapler.step()
    assert (first.site, first.state) == (lost, StapleState.MISSING)
    assert (second.site, second.state) == (keeper.site, StapleState.HOLDS)
    assert keeper.stapler.next_at == first.next_at


def test_a_staple_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    """And the hook hears nothing of it."""
    heard: list[StapleReport] = []
    keeper = Keeper(
        tmp_path,
        _answers(signed()),
        hook=heard.append,
        sites=lambda site: [Site(site.certificate, staple=tmp_path / "no" / "x")],
    )
    report = keeper.step()
    assert isinstance(report.failure, StoreError)
    assert report.event is StapleEvent.FAILED
    assert heard == []


def test_the_hook_is_called_on_change_only(tmp_path: Path) -> None:
    """With the report, once the file is there."""
    heard: list[tuple[StapleReport, bytes]] = []
    data = signed()
    keeper = Keeper(
        tmp_path,
        _answers(data),
        hook=lambda report: heard.append((report, keeper.staple.read_bytes())),
    )
    keeper.step()
    keeper.step(1)
    keeper.step(12)
    ((report, content),) = heard
    assert (report.event, report.site, content) == (
        StapleEvent.WRITTEN,
        keeper.site,
        data,
    )


def test_a_hook_that_failed_is_owed(tmp_path: Path) -> None:
    """It is called again until it has done its work; nobody is asked for that."""
    outcomes: list[HookFailed | None] = [
        HookFailed("x", "1"),
        HookFailed("x", "2"),
        None,
    ]

    def hook(_: StapleReport) -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    keeper = Keeper(tmp_path, _answers(signed()), hook=hook)
    reports = [keeper.step(hours) for hours in (0, 0.1, 0.2, 0.3)]
    assert [str(each.failure) for each in reports] == ["x: 1", "x: 2", "None", "None"]
    assert reports[0].event is StapleEvent.WRITTEN
    assert [each.state for each in reports] == [StapleState.HOLDS] * 4
    assert len(keeper.script.sent) == 1


def test_sites_that_make_no_sense_are_refused() -> None:
    """None at all, or two that would write one file."""
    with pytest.raises(ConfigError, match="sites"):
        Stapler([])
    site = Site(Path("/x.pem"))
    with pytest.raises(ConfigError, match=r"x\.pem\.ocsp: is the staple of two"):
        Stapler([site, Site(Path("/y.pem"), staple=Path("/x.pem.ocsp"))])


def test_two_cannot_keep_the_same_staple(tmp_path: Path) -> None:
    """While one is open; and one that could not open has locked nothing."""
    first, second = (Keeper(tmp_path, [BROKEN]).stapler for _ in range(2))
    other = Site(tmp_path / "a.pem")
    both = Keeper(tmp_path, [BROKEN], sites=lambda site: [other, site]).stapler
    with first:
        with pytest.raises(StoreError, match="keeps it fresh already"), second:
            raise AssertionError("two are open")
        with pytest.raises(StoreError), both:
            raise AssertionError("two are open")
        with Stapler([other]):
            pass
    with second:
        pass


def test_what_servers_stumble_over_is_told() -> None:
    """A CertID with SHA-256, many entries, no nextUpdate."""
    assert compatibility_warnings(proven(signed())) == ()
    assert compatibility_warnings(proven(response())) == ("names the issuer by sha256",)
