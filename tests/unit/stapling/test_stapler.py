"""Test the stapler: it asks when a staple is due and writes what is newer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import OCSPCertStatus, OCSPResponseStatus, limits
from ocsp.asn1 import oids
from ocsp.asn1.der import NULL_DER
from ocsp.client import CRLFallback, HTTPReply
from ocsp.errors import (
    CertificateStatusUnknown,
    ConfigError,
    HookFailed,
    IssuerNotFound,
    OlderThanKnown,
    StapleEnded,
    StapleUnobtainable,
    StoreError,
    TransportError,
    VerificationError,
)
from ocsp.stapling import (
    DroppedContent,
    NotNeeded,
    Site,
    StapleEvent,
    StapleFile,
    Stapler,
    StapleReport,
    StapleState,
    compatibility_warnings,
)
from ocsp.stapling import stapler as stapler_module
from tests.odd_files import device, fifo, loop
from tests.pki import NOW, ca, make
from tests.unit.client.scene import (
    HOUR,
    A,
    Reply,
    asked_for,
    certificate,
    reply,
    response,
    unsuccessful,
)
from tests.unit.stapling.scripted_stapler import (
    OPTIONS,
    ScriptedStapler,
    delegate_until,
    signed,
    verified,
    write_site,
)

GOOD, REVOKED, UNKNOWN = OCSPCertStatus
BROKEN = TransportError(A, "broke")


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STAPLE_LOCK_SECONDS", 0.05)


def _answers(*bodies: bytes) -> list[HTTPReply]:
    return [reply(body) for body in bodies]


def test_the_first_step_writes_a_staple(tmp_path: Path) -> None:
    """The file has the response of the responder; the request has a SHA-1 CertID."""
    data = signed()
    scripted = ScriptedStapler(tmp_path, _answers(data))
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.WRITTEN, StapleState.HOLDS)
    assert report.failure is None
    assert scripted.staple.read_bytes() == data
    question = asked_for(scripted.script.sent[0])
    assert isinstance(question.hash_algorithm, hashes.SHA1)


def test_a_staple_is_not_renewed_before_half_of_its_life(tmp_path: Path) -> None:
    """It is valid for 24 hours; the random fraction is 0 here, so 45 % of them."""
    scripted = ScriptedStapler(tmp_path, _answers(signed(), signed(begin=9, end=33)))
    assert scripted.hours(scripted.step()) == pytest.approx(-1 + 24 * 0.45)
    assert scripted.step(9.7).event is StapleEvent.YOUNG
    assert len(scripted.script.sent) == 1
    report = scripted.step(9.9)
    assert report.event is StapleEvent.WRITTEN
    assert report.evidence is not None
    assert report.evidence.this_update == NOW + 9 * HOUR


def test_a_staple_of_an_earlier_process_is_used(tmp_path: Path) -> None:
    """A new process asks no earlier than the old one would have asked."""
    scripted = ScriptedStapler(tmp_path, [BROKEN])
    scripted.staple.write_bytes(signed())
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.YOUNG, StapleState.HOLDS)
    assert scripted.hours(report) == pytest.approx(-1 + 24 * 0.45)
    assert scripted.script.sent == []


def test_now_renews_a_staple_that_is_not_due(tmp_path: Path) -> None:
    """For example after the certificate was revoked."""
    scripted = ScriptedStapler(tmp_path, _answers(signed(), signed(REVOKED, begin=0)))
    scripted.step()
    report = scripted.step(now=True)
    assert report.event is StapleEvent.WRITTEN
    assert report.evidence is not None
    assert report.evidence.status is REVOKED


def test_a_response_that_is_not_newer_changes_nothing(tmp_path: Path) -> None:
    """The next request comes after half of the remaining validity."""
    data = signed()
    scripted = ScriptedStapler(tmp_path, _answers(data, data))
    scripted.step()
    report = scripted.step(11)
    assert (report.event, report.state) == (StapleEvent.UNCHANGED, StapleState.HOLDS)
    assert scripted.hours(report) == pytest.approx(11 + (23 - 11) / 2)


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
    """After any other answer the old staple stays; its state follows its validity."""
    scripted = ScriptedStapler(tmp_path, [bad])
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.MISSING)
    assert report.failure is not None
    assert not scripted.staple.exists()
    old = signed()
    scripted.staple.write_bytes(old)
    for hours, state in (
        (12, StapleState.HOLDS),
        (18, StapleState.ENDING),
        (23, StapleState.MISSING),
    ):
        report = scripted.step(hours)
        assert (report.event, report.state) == (StapleEvent.FAILED, state)
        assert scripted.staple.read_bytes() == old
    assert report.evidence is None


def test_the_report_has_the_error(tmp_path: Path) -> None:
    """An error of the client or of verification."""
    replies = [reply(signed(UNKNOWN)), reply(signed(serial=7)), BROKEN]
    scripted = ScriptedStapler(tmp_path, replies)
    for hours, kind in enumerate(
        (CertificateStatusUnknown, VerificationError, TransportError)
    ):
        assert isinstance(scripted.step(hours).failure, kind)


def test_the_wait_doubles_with_each_failure(tmp_path: Path) -> None:
    """One minute, two, four; and again one minute after a success."""
    scripted = ScriptedStapler(
        tmp_path, [BROKEN, BROKEN, BROKEN, reply(signed()), BROKEN]
    )
    waits = []
    for _ in range(3):
        report = scripted.step()
        waits.append((report.next_at - report.at).total_seconds())
        assert scripted.step().event is StapleEvent.YOUNG  # it is not due
        scripted.clock.seconds += waits[-1]
    assert waits == [60, 120, 240]
    assert scripted.step().event is StapleEvent.WRITTEN
    report = scripted.step(12)
    assert (report.next_at - report.at).total_seconds() == 60


def test_a_renewed_certificate_gets_a_staple_at_once(tmp_path: Path) -> None:
    """The old staple is about another certificate, even if it is still valid."""
    scripted = ScriptedStapler(tmp_path, _answers(signed(), signed(serial=0x77)))
    scripted.step()
    write_site(scripted.site.certificate, certificate(A, serial=0x77), ca())
    report = scripted.step()
    assert report.event is StapleEvent.WRITTEN
    assert report.evidence is not None
    assert report.evidence.cert_id.serial_number == 0x77


def test_a_damaged_staple_is_replaced_at_once(tmp_path: Path) -> None:
    """As if the file were missing."""
    scripted = ScriptedStapler(tmp_path, _answers(signed()))
    scripted.step()
    scripted.staple.write_bytes(b"oops")
    assert scripted.step().event is StapleEvent.WRITTEN


def test_a_certificate_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    """Another program may be replacing it just now; the staple stays."""
    scripted = ScriptedStapler(tmp_path, _answers(signed()))
    scripted.step()
    pem = scripted.site.certificate.read_bytes()
    scripted.site.certificate.unlink()
    report = scripted.step(1)
    assert isinstance(report.failure, ConfigError)
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.HOLDS)
    scripted.site.certificate.write_bytes(pem)
    assert scripted.step(2).failure is None


NO_REV_AVAIL = x509.UnrecognizedExtension(oids.identifier(oids.NO_REV_AVAIL), NULL_DER)
MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
LDAP = "ldap://directory.example/ocsp"
WITHOUT_STAPLE = [
    (certificate(), NotNeeded.NO_RESPONDER),
    (certificate(LDAP), NotNeeded.NO_RESPONDER),
    (certificate(ca_issuers=f"{A}/ca.crt"), NotNeeded.NO_RESPONDER),
    (certificate(A, extensions=[NO_REV_AVAIL]), NotNeeded.NO_STATUS),
    (certificate(extensions=[NO_REV_AVAIL]), NotNeeded.NO_STATUS),
    (make("leaf", "leaf"), NotNeeded.SELF_SIGNED),
]


@pytest.mark.parametrize(("cert", "reason"), WITHOUT_STAPLE)
def test_some_certificates_need_no_staple(
    tmp_path: Path, cert: x509.Certificate, reason: NotNeeded
) -> None:
    """No responder is asked, the issuer is not searched, and it is said once."""
    hooked: list[StapleReport] = []
    scripted = ScriptedStapler(tmp_path, [BROKEN], cert=cert, hook=hooked.append)
    write_site(scripted.site.certificate, cert)  # without the chain
    for hours, event in (
        (0, StapleEvent.NOT_NEEDED),
        (0.1, StapleEvent.YOUNG),
        (30, StapleEvent.YOUNG),
    ):
        report = scripted.step(hours, now=hours == 30)
        assert (report.event, report.state) == (event, StapleState.NOT_NEEDED)
        assert (report.not_needed, report.failure, report.evidence) == (
            reason,
            None,
            None,
        )
        assert scripted.hours(report) == hours + 24
    assert not scripted.script.sent
    assert not hooked
    assert not scripted.staple.exists()


@pytest.mark.parametrize(("cert", "reason"), WITHOUT_STAPLE)
def test_the_staple_of_the_former_certificate_is_dropped(
    tmp_path: Path, cert: x509.Certificate, reason: NotNeeded
) -> None:
    """The server must not send it with the new certificate: the file becomes empty."""
    hooked: list[StapleReport] = []
    scripted = ScriptedStapler(tmp_path, _answers(signed(serial=7)), hook=hooked.append)
    write_site(scripted.site.certificate, certificate(A, serial=7), ca())
    assert scripted.step().event is StapleEvent.WRITTEN
    scripted.staple.chmod(0o640)
    write_site(scripted.site.certificate, cert, ca())
    report = scripted.step()
    assert (report.event, report.not_needed) == (StapleEvent.NOT_NEEDED, reason)
    assert report.evidence is None
    assert scripted.staple.read_bytes() == b""
    assert scripted.staple.stat().st_mode & 0o777 == 0o640
    assert [each.event for each in hooked] == [
        StapleEvent.WRITTEN,
        StapleEvent.NOT_NEEDED,
    ]
    scripted.step(30)
    assert len(hooked) == 2


@pytest.mark.parametrize("content", [signed(), signed(end=-0.5), b""])
def test_a_staple_of_the_same_certificate_is_not_dropped(
    tmp_path: Path, content: bytes
) -> None:
    """Another program may have asked a responder that the certificate does not name."""
    scripted = ScriptedStapler(tmp_path, [BROKEN], cert=certificate())
    scripted.staple.write_bytes(content)
    assert scripted.step().state is StapleState.NOT_NEEDED
    assert scripted.staple.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"oops", signed(serial=7), unsuccessful(OCSPResponseStatus.TRY_LATER)]
)
def test_what_no_certificate_of_the_site_has_is_dropped(
    tmp_path: Path, content: bytes
) -> None:
    """A server would send it to its clients, or not start."""
    scripted = ScriptedStapler(tmp_path, [BROKEN], cert=certificate())
    scripted.staple.write_bytes(content)
    assert scripted.step().failure is None
    assert scripted.staple.read_bytes() == b""


def test_a_staple_that_cannot_be_dropped_is_a_failure(tmp_path: Path) -> None:
    """The next step tries again."""
    scripted = ScriptedStapler(tmp_path, [BROKEN], cert=certificate())
    scripted.staple.mkdir()
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.MISSING)
    assert isinstance(report.failure, StoreError)
    scripted.staple.rmdir()
    assert scripted.step().event is StapleEvent.NOT_NEEDED


def test_a_responder_that_the_caller_names_is_asked(tmp_path: Path) -> None:
    """Also about a certificate that names none."""
    scripted = ScriptedStapler(tmp_path, _answers(signed()), cert=certificate(), url=A)
    report = scripted.step()
    assert (report.event, report.not_needed) == (StapleEvent.WRITTEN, None)


def test_a_certificate_that_gets_a_responder_gets_a_staple(tmp_path: Path) -> None:
    """In the step after its renewal, not a day later."""
    scripted = ScriptedStapler(tmp_path, _answers(signed()), cert=certificate())
    assert scripted.step().state is StapleState.NOT_NEEDED
    write_site(scripted.site.certificate, certificate(A), ca())
    report = scripted.step(0.1)
    assert (report.event, report.not_needed) == (StapleEvent.WRITTEN, None)


@pytest.mark.parametrize(
    "cert",
    [
        certificate(extensions=[MUST_STAPLE]),
        certificate(A, extensions=[MUST_STAPLE, NO_REV_AVAIL]),
        make("leaf", "leaf", extensions=[MUST_STAPLE]),
    ],
)
def test_a_required_staple_that_does_not_exist_is_a_failure(
    tmp_path: Path, cert: x509.Certificate
) -> None:
    """Clients refuse the server (RFC 7633), so the administrator must know."""
    scripted = ScriptedStapler(tmp_path, [BROKEN], cert=cert)
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.MISSING)
    assert isinstance(report.failure, StapleUnobtainable)
    assert report.not_needed is None
    assert scripted.script.sent == []


def test_a_required_staple_that_another_program_wrote_is_used(tmp_path: Path) -> None:
    """It is a failure only when it must be renewed."""
    cert = certificate(extensions=[MUST_STAPLE])
    scripted = ScriptedStapler(tmp_path, [BROKEN], cert=cert)
    scripted.staple.write_bytes(signed())
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.YOUNG, StapleState.HOLDS)
    report = scripted.step(22)
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.ENDING)
    assert isinstance(report.failure, StapleUnobtainable)


def test_other_sites_go_on(tmp_path: Path) -> None:
    """A directory with certificates of both kinds."""
    plain = Site(write_site(tmp_path / "plain.pem", certificate()))
    scripted = ScriptedStapler(
        tmp_path, _answers(signed()), sites=lambda site: [plain, site]
    )
    first, second = scripted.stapler.step()
    assert (first.state, second.state) == (StapleState.NOT_NEEDED, StapleState.HOLDS)
    assert scripted.stapler.next_at == second.next_at


@pytest.mark.parametrize("end", [1, 2, 12])
def test_a_staple_is_renewed_before_its_signer_ends(tmp_path: Path, end: int) -> None:
    """The delegate ends days before nextUpdate, and no clock of a server knows that."""
    data = signed(end=96, signer=delegate_until(end))
    fresh = signed(begin=0, end=96)
    scripted = ScriptedStapler(tmp_path, _answers(data, fresh))
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.WRITTEN, StapleState.HOLDS)
    assert scripted.hours(report) < end
    assert report.evidence is not None
    assert report.evidence.holds_until == NOW + end * HOUR
    report = scripted.step(scripted.hours(report))
    assert report.event is StapleEvent.WRITTEN
    assert scripted.staple.read_bytes() == fresh


def test_a_staple_is_dropped_when_its_signer_ends(tmp_path: Path) -> None:
    """And the responder is asked more often before that."""
    data = signed(end=96, signer=delegate_until(2))
    replies: list[Reply] = [reply(data), BROKEN]
    scripted = ScriptedStapler(tmp_path, replies)
    scripted.step()
    for hours, state in (
        (1, StapleState.HOLDS),
        (1.5, StapleState.ENDING),
        (2, StapleState.MISSING),
    ):
        report = scripted.step(hours, now=True)
        assert (report.event, report.state) == (StapleEvent.FAILED, state)
        assert scripted.hours(report) < 2.1
    assert report.evidence is None


def test_an_answer_that_has_ended_is_a_failure(tmp_path: Path) -> None:
    """It is verified because of the clock skew; writing it each minute helps nobody."""
    scripted = ScriptedStapler(tmp_path, _answers(signed(end=-0.05)))
    report = scripted.step()
    assert (report.event, report.state) == (StapleEvent.FAILED, StapleState.MISSING)
    assert isinstance(report.failure, StapleEnded)
    assert not scripted.staple.exists()


OLD_GOOD = signed(begin=-2, end=48)


def test_an_older_answer_changes_nothing(tmp_path: Path) -> None:
    """The next request is due before the newer staple in the file ends."""
    revoked = signed(REVOKED, end=12)
    scripted = ScriptedStapler(tmp_path, _answers(OLD_GOOD))
    scripted.staple.write_bytes(revoked)
    report = scripted.step(8)
    assert (report.event, report.state) == (StapleEvent.UNCHANGED, StapleState.HOLDS)
    assert report.failure is None
    assert scripted.staple.read_bytes() == revoked
    assert scripted.hours(report) == pytest.approx(8 + (12 - 8) / 2)


@pytest.mark.parametrize("hours", [13, -1.5])
def test_an_older_answer_does_not_replace_a_staple_that_is_not_valid(
    tmp_path: Path, hours: float
) -> None:
    """It has ended, or the clock was set back. The report has both times."""
    revoked = signed(REVOKED, end=12)
    scripted = ScriptedStapler(tmp_path, _answers(OLD_GOOD))
    scripted.staple.write_bytes(revoked)
    for _ in range(2):
        report = scripted.step(hours, now=True)
        assert report.event is StapleEvent.FAILED
        assert report.state is StapleState.MISSING
        assert isinstance(report.failure, OlderThanKnown)
        assert report.failure.this_update == NOW - 2 * HOUR
        assert report.failure.known_this_update == NOW - HOUR
        assert report.failure.known_revoked
        assert scripted.staple.read_bytes() == revoked


def test_a_clock_that_was_far_ahead_does_not_stop_the_renewal(tmp_path: Path) -> None:
    """What was scheduled at the wrong time does not count after the clock went back."""
    newer = signed(begin=11, end=35)
    scripted = ScriptedStapler(tmp_path, _answers(newer))
    scripted.staple.write_bytes(signed())
    assert scripted.step().event is StapleEvent.YOUNG
    content = scripted.site.certificate.read_bytes()
    scripted.site.certificate.write_bytes(b"")
    assert scripted.step(40_000).event is StapleEvent.FAILED
    scripted.site.certificate.write_bytes(content)
    assert scripted.step(12).event is StapleEvent.WRITTEN
    assert scripted.step(12.1).event is StapleEvent.YOUNG


def test_a_newer_good_replaces_a_hold(tmp_path: Path) -> None:
    """The CA has lifted the hold."""
    newer = signed(begin=0)
    scripted = ScriptedStapler(tmp_path, _answers(newer))
    scripted.staple.write_bytes(signed(REVOKED))
    report = scripted.step(now=True)
    assert (report.event, report.dropped) == (StapleEvent.WRITTEN, None)
    assert scripted.staple.read_bytes() == newer


@pytest.mark.parametrize(
    ("content", "dropped"),
    [
        (signed(begin=0, serial=7), DroppedContent.OTHER_CERTIFICATE),
        (b"no response", DroppedContent.UNREADABLE),
    ],
)
def test_the_report_says_what_a_staple_replaced(
    tmp_path: Path, content: bytes, dropped: DroppedContent
) -> None:
    """In the step that replaced it, and not later."""
    scripted = ScriptedStapler(tmp_path, _answers(signed()))
    scripted.staple.write_bytes(content)
    report = scripted.step()
    assert (report.event, report.dropped) == (StapleEvent.WRITTEN, dropped)
    assert scripted.step().dropped is None


def test_no_crl_is_fetched(tmp_path: Path) -> None:
    """A CRL has the status, but cannot be a staple."""
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(f"{A}/crl")], None, None, None
    )
    scripted = ScriptedStapler(
        tmp_path,
        [BROKEN],
        cert=certificate(A, extensions=[x509.CRLDistributionPoints([point])]),
        options=replace(OPTIONS, crl_fallback=CRLFallback.WHEN_INDETERMINATE),
    )
    assert isinstance(scripted.step().failure, TransportError)
    assert len(scripted.script.sent) == 1


def test_a_failure_does_not_affect_the_other_certificates(tmp_path: Path) -> None:
    """Each certificate has its own report, in order."""
    lost = Site(tmp_path / "lost.pem")
    scripted = ScriptedStapler(
        tmp_path, _answers(signed()), sites=lambda site: [lost, site]
    )
    first, second = scripted.stapler.step()
    assert (first.site, first.state) == (lost, StapleState.MISSING)
    assert (second.site, second.state) == (scripted.site, StapleState.HOLDS)
    assert scripted.stapler.next_at == first.next_at


def test_a_staple_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    """The hook is not called."""
    calls: list[StapleReport] = []
    scripted = ScriptedStapler(
        tmp_path,
        _answers(signed()),
        hook=calls.append,
        sites=lambda site: [Site(site.certificate, staple=tmp_path / "no" / "x")],
    )
    report = scripted.step()
    assert isinstance(report.failure, StoreError)
    assert report.event is StapleEvent.FAILED
    assert calls == []


def test_the_hook_is_called_on_change_only(tmp_path: Path) -> None:
    """It gets the report, after the file was written."""
    calls: list[tuple[StapleReport, bytes]] = []
    data = signed()
    scripted = ScriptedStapler(
        tmp_path,
        _answers(data),
        hook=lambda report: calls.append((report, scripted.staple.read_bytes())),
    )
    scripted.step()
    scripted.step(1)
    scripted.step(12)
    ((report, content),) = calls
    assert (report.event, report.site, content) == (
        StapleEvent.WRITTEN,
        scripted.site,
        data,
    )


def test_a_hook_that_failed_is_called_again(tmp_path: Path) -> None:
    """Each step calls it until it succeeds; no responder is asked for that."""
    outcomes: list[HookFailed | None] = [
        HookFailed("x", "1"),
        HookFailed("x", "2"),
        None,
    ]

    def hook(_: StapleReport) -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    scripted = ScriptedStapler(tmp_path, _answers(signed()), hook=hook)
    reports = [scripted.step(hours) for hours in (0, 0.1, 0.2, 0.3)]
    assert [str(each.failure) for each in reports] == ["x: 1", "x: 2", "None", "None"]
    assert reports[0].event is StapleEvent.WRITTEN
    assert [each.state for each in reports] == [StapleState.HOLDS] * 4
    assert len(scripted.script.sent) == 1


def test_invalid_sites_are_configuration_errors() -> None:
    """No site, or two sites with the same staple file."""
    with pytest.raises(ConfigError, match="sites"):
        Stapler([])
    site = Site(Path("/x.pem"))
    with pytest.raises(ConfigError, match=r"x\.pem\.ocsp: is the staple file of"):
        Stapler([site, Site(Path("/y.pem"), staple=Path("/x.pem.ocsp"))])


def test_two_staplers_cannot_open_the_same_staple_file(tmp_path: Path) -> None:
    """A stapler that could not open holds no lock."""
    first, second = (ScriptedStapler(tmp_path, [BROKEN]).stapler for _ in range(2))
    other = Site(tmp_path / "a.pem")
    both = ScriptedStapler(tmp_path, [BROKEN], sites=lambda site: [other, site]).stapler
    with first:
        with pytest.raises(StoreError, match="renews this file already"), second:
            raise AssertionError("two are open")
        with pytest.raises(StoreError), both:
            raise AssertionError("two are open")
        with Stapler([other]):
            pass
    with second:
        pass


def test_compatibility_warnings() -> None:
    """A CertID with SHA-256 gives a warning, one with SHA-1 does not."""
    assert compatibility_warnings(verified(signed())) == ()
    assert compatibility_warnings(verified(response())) == (
        "names the issuer by sha256",
    )
    ending = verified(signed(end=96, signer=delegate_until(1)))
    assert compatibility_warnings(ending) == (
        "has a nextUpdate after the end of its signer's certificate",
    )


# --- one site among others ------------------------------------------------------------


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _garbage(path: Path) -> None:
    path.write_bytes(
        b"-----BEGIN CERTIFICATE-----\n\xff\x00\n-----END CERTIFICATE-----"
    )


ODD_FILES = [fifo, loop, device, _huge, _garbage, Path.mkdir, Path.touch]


@pytest.mark.parametrize("part", ["site.pem", "site.pem.issuer"])
@pytest.mark.parametrize("make", ODD_FILES)
def test_an_odd_certificate_file_costs_only_its_own_site(
    tmp_path: Path, make: Callable[[Path], None], part: str
) -> None:
    """In each round: it is neither waited for nor read into memory, and others go on."""
    (tmp_path / "odd").mkdir()
    odd = Site(tmp_path / "odd" / "site.pem")
    scripted = ScriptedStapler(
        tmp_path,
        _answers(signed(), signed(begin=0)),
        sites=lambda site: [odd, site],
    )
    if part != "site.pem":
        write_site(odd.certificate, certificate(A, serial=7))
    make(tmp_path / "odd" / part)
    with scripted.stapler:
        for _ in range(2):
            first, second = scripted.stapler.step(now=True)
            assert first.event is StapleEvent.FAILED
            assert isinstance(first.failure, ConfigError | IssuerNotFound)
            assert len(str(first.failure).splitlines()) == 1
            assert second.event is StapleEvent.WRITTEN


@pytest.mark.parametrize("make", [fifo, loop, device, Path.mkdir])
def test_a_staple_file_of_another_kind_is_refused_at_the_start(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """Later, when another process has put it there, it costs only its own site."""
    other = Site(tmp_path / "other.pem")
    write_site(other.certificate, certificate(A), ca())
    scripted = ScriptedStapler(
        tmp_path,
        _answers(*[signed()] * 4),
        sites=lambda site: [site, other],
    )
    make(scripted.staple)
    with (
        pytest.raises(StoreError, match=r"site\.pem\.ocsp: (is a|Too many)"),
        scripted.stapler,
    ):
        raise AssertionError("it was opened")
    first, second = scripted.stapler.step()
    assert isinstance(first.failure, StoreError)
    assert (first.event, second.event) == (StapleEvent.FAILED, StapleEvent.WRITTEN)
    assert not scripted.staple.is_file()


def test_what_a_killed_process_left_is_removed_at_the_start(tmp_path: Path) -> None:
    """Also if no staple is due."""
    scripted = ScriptedStapler(tmp_path, [BROKEN])
    scripted.staple.write_bytes(signed())
    (tmp_path / ".site.pem.ocsp.0123456789ab.tmp").write_bytes(b"half of it")
    with scripted.stapler:
        assert {each.name for each in tmp_path.iterdir()} == {
            "site.pem", "site.pem.ocsp", ".site.pem.ocsp.lock"
        }  # fmt: skip


UNEXPECTED = [RuntimeError("no"), OSError(28, "No space left on device")]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_a_hook_may_raise_anything(tmp_path: Path, error: Exception) -> None:
    """It is called again in the next step, as after other failures."""
    calls: list[StapleReport] = []

    def hook(report: StapleReport) -> None:
        calls.append(report)
        raise error

    scripted = ScriptedStapler(tmp_path, _answers(signed()), hook=hook)
    reports = [scripted.step(hours) for hours in (0, 0.1)]
    assert [each.event for each in reports] == [StapleEvent.WRITTEN, StapleEvent.YOUNG]
    assert {str(each.failure) for each in reports} == {f"function: raised {error!r}"}
    assert len(calls) == 2


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
@pytest.mark.parametrize("place", ["replace", "read_certificates"])
def test_a_failure_that_is_not_expected_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, place: str
) -> None:
    """The stapler goes on, and tries again later."""
    scripted = ScriptedStapler(tmp_path, _answers(signed(), signed()))

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(
        StapleFile if place == "replace" else stapler_module, place, fail
    )
    report = scripted.step()
    assert report.event is StapleEvent.FAILED
    assert str(report.failure) == f"unexpected {type(error).__name__}: {error}"
    assert report.next_at > NOW
    monkeypatch.undo()
    assert scripted.step(1).event is StapleEvent.WRITTEN
