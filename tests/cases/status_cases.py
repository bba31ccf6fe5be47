"""V20 and V23 to V26: statuses, revocations, and expired certificates."""

from __future__ import annotations

from ocsp.asn1 import oids
from ocsp.asn1.der import encode
from tests.cases.builder import DAY, MINUTE, SECOND, Builder, Identity, extension, time
from tests.cases.model import (
    NOW,
    Feature,
    Importance,
    Scenario,
    case,
    good,
    refused,
    revoked,
    unknown,
)

CRITICAL, HIGH, MEDIUM, LOW = (
    Importance.CRITICAL,
    Importance.HIGH,
    Importance.MEDIUM,
    Importance.LOW,
)
HISTORIC = Feature.HISTORIC
SKEW = 5 * MINUTE
EPOCH = b"19700101000000Z"


@case("V20", CRITICAL)
def good_is_good(build: Builder) -> Scenario:
    """
    The CA states *good*.

    Expected: good. RFC 6960 §2.2.
    """
    return build.verify(good(not_issued=False))


@case("V20", CRITICAL)
def unknown_is_not_good(build: Builder) -> Scenario:
    """
    The CA states *unknown*.

    Expected: unknown, which is not good. RFC 6960 §2.2.
    """
    return build.verify(unknown(), build.response(status=build.UNKNOWN))


@case("V20", CRITICAL)
def revoked_is_revoked(build: Builder) -> Scenario:
    """
    The CA states *revoked*, without a reason.

    Expected: revoked. RFC 6960 §2.2.
    """
    expected = revoked(revocation_reason=None, revocation_time="2026-06-30T12:00:00Z")
    return build.verify(expected, build.response(status=build.revoked()))


def _stale(build: Builder, status: bytes) -> bytes:
    old = NOW - 2 * DAY
    return build.response(
        status=status, this_update=old, next_update=NOW - DAY, produced_at=old
    )


@case("V20", HIGH)
def revoked_and_stale(build: Builder) -> Scenario:
    """
    A response of the day before yesterday, which expired yesterday, states *revoked*.

    Expected: no evidence, but the revocation is reported: it is permanent, so an
    attacker gains from replaying an old *good* only. RFC 6960 §2.2.
    """
    expected = refused("V20", "V19", error="RevokedButStale")
    return build.verify(expected, _stale(build, build.revoked(NOW - 3 * DAY)))


@case("V20", HIGH)
def good_and_stale(build: Builder) -> Scenario:
    """
    A response of the day before yesterday, which expired yesterday, states *good*.

    Expected: no evidence, and the status is not reported. RFC 6960 §4.2.2.1.
    """
    expected = refused("V19", error="ResponseExpired")
    return build.verify(expected, _stale(build, b"\x80\x00"))


@case("V20", CRITICAL)
def revoked_and_stale_by_another_key(build: Builder) -> Scenario:
    """
    An old *revoked* whose signature does not verify with the CA's key.

    Expected: no evidence, and the status is not reported: an attacker can forge it. RFC
    6960 §3.2 (2).
    """
    response = build.response(
        status=build.revoked(NOW - 3 * DAY),
        this_update=NOW - 2 * DAY,
        next_update=NOW - DAY,
        produced_at=NOW - 2 * DAY,
        signed_by="mallory",
    )
    return build.verify(refused("V10", "V19"), response)


@case("V23", MEDIUM)
def key_compromise(build: Builder) -> Scenario:
    """
    The certificate is revoked, for keyCompromise.

    Expected: revoked, with that reason. RFC 6960 §4.2.1, RFC 5280 §5.3.1.
    """
    response = build.response(status=build.revoked(reason=1))
    return build.verify(revoked(revocation_reason="keyCompromise"), response)


@case("V23", MEDIUM)
def certificate_hold(build: Builder) -> Scenario:
    """
    The certificate is on hold since yesterday.

    Expected: revoked; this does not mean *never issued*. RFC 5280 §5.3.1.
    """
    expected = revoked(revocation_reason="certificateHold", not_issued=False)
    return build.verify(expected, build.response(status=build.revoked(reason=6)))


@case("V23", MEDIUM)
def remove_from_crl(build: Builder) -> Scenario:
    """
    The certificate is revoked for the reason removeFromCRL, which is for delta CRLs.

    Expected: revoked; no reason changes the status. RFC 5280 §5.3.1.
    """
    response = build.response(status=build.revoked(reason=8))
    return build.verify(revoked(revocation_reason="removeFromCRL"), response)


@case("V23", MEDIUM)
def reason_without_meaning(build: Builder) -> Scenario:
    """
    The reason has the code 7, which is not used.

    Expected: revoked, with a warning. RFC 5280 §5.3.1.
    """
    response = build.response(status=build.revoked(reason=7))
    return build.verify(revoked("V23", revocation_reason=None), response)


@case("V23", MEDIUM)
def revoked_in_the_future(build: Builder) -> Scenario:
    """
    RevocationTime is five minutes and one second in the future.

    Expected: revoked, with a warning. RFC 6960 §4.2.1.
    """
    response = build.response(status=build.revoked(NOW + SKEW + SECOND))
    return build.verify(revoked("V23"), response)


@case("V23", LOW)
def revoked_within_the_skew(build: Builder) -> Scenario:
    """
    RevocationTime is five minutes in the future, to the second.

    Expected: revoked. RFC 6960 §4.2.1.
    """
    return build.verify(revoked(), build.response(status=build.revoked(NOW + SKEW)))


@case("V24", MEDIUM)
def never_issued(build: Builder) -> Scenario:
    """
    *revoked*, on hold since 1970, with the extended-revoke extension.

    Expected: revoked, because the CA never issued the certificate. RFC 6960 §2.2,
    §4.4.8.
    """
    extended = extension(oids.EXTENDED_REVOKE, b"\x05\x00")
    response = build.response(
        build.entry(build.revoked(EPOCH, 6)), extensions=(extended,)
    )
    return build.verify(revoked(not_issued=True), response)


@case("V24", LOW)
def never_issued_without_the_extension(build: Builder) -> Scenario:
    """
    *revoked*, on hold since 1970, without the extended-revoke extension.

    Expected: revoked, because the CA never issued the certificate: no other revocation
    is from 1970. RFC 6960 §2.2.
    """
    response = build.response(status=build.revoked(EPOCH, 6))
    return build.verify(revoked(not_issued=True), response)


@case("V24", MEDIUM)
def on_hold_since_another_day(build: Builder) -> Scenario:
    """
    *revoked*, on hold since one second after the start of 1970.

    Expected: revoked, and not *never issued*. RFC 6960 §2.2.
    """
    response = build.response(status=build.revoked(b"19700101000001Z", 6))
    return build.verify(revoked(not_issued=False), response)


@case("V24", MEDIUM)
def since_1970_for_another_reason(build: Builder) -> Scenario:
    """
    *revoked* since 1970, for keyCompromise.

    Expected: revoked, and not *never issued*. RFC 6960 §2.2.
    """
    response = build.response(status=build.revoked(EPOCH, 1))
    return build.verify(revoked(not_issued=False), response)


def _ended(build: Builder) -> Identity:
    """Return the certificate in question, which expired thirty days ago."""
    return build.certificate("leaf.example", end=NOW - 30 * DAY)


def _kept_since(build: Builder, days: int, status: bytes = b"\x80\x00") -> bytes:
    """Return a response with an archive cutoff *days* ago."""
    cutoff = extension(oids.ARCHIVE_CUTOFF, time(NOW - days * DAY))
    return build.response(build.entry(status, extensions=(cutoff,)))


@case("V25", MEDIUM, HISTORIC)
def kept_since_its_end(build: Builder) -> Scenario:
    """
    The certificate expired thirty days ago, and the archive cutoff is at that time.

    Expected: good, with a warning that the certificate has expired. RFC 6960 §4.4.4.
    """
    response = _kept_since(build, 30)
    return build.verify(good("V26"), response, cert=_ended(build))


@case("V25", MEDIUM, HISTORIC)
def kept_since_after_its_end(build: Builder) -> Scenario:
    """
    The certificate expired thirty days ago, and the archive cutoff is twenty-nine days
    ago.

    Expected: no evidence; the responder may no longer keep a revocation. RFC 6960
    §4.4.4.
    """
    response = _kept_since(build, 29)
    return build.verify(refused("V25"), response, cert=_ended(build))


@case("V25", LOW, HISTORIC)
def without_archive_cutoff(build: Builder) -> Scenario:
    """
    The certificate expired thirty days ago, and the response has no archive cutoff.

    Expected: good, with a warning. RFC 6960 §4.4.4.
    """
    return build.verify(good("V25", "V26"), cert=_ended(build))


@case("V25", MEDIUM, HISTORIC)
def without_archive_cutoff_refused(build: Builder) -> Scenario:
    """
    There is no archive cutoff for the expired certificate, and the relying party
    requires one.

    Expected: no evidence. RFC 6960 §4.4.4.
    """
    policy = {"expired_certificate": "require-archive-cutoff"}
    return build.verify(refused("V25"), cert=_ended(build), policy=policy)


@case("V25", MEDIUM, HISTORIC)
def without_archive_cutoff_and_stale(build: Builder) -> Scenario:
    """
    The certificate expired thirty days ago, and the response has no archive cutoff and
    is too old.

    Expected: no evidence because of its age. Nothing is reported about the cutoff,
    because that would reveal the status *good*. RFC 6960 §4.2.2.1.
    """
    response = build.response(this_update=NOW - 2 * DAY, next_update=NOW - DAY)
    policy = {"expired_certificate": "require-archive-cutoff"}
    return build.verify(refused("V19"), response, cert=_ended(build), policy=policy)


@case("V25", MEDIUM, HISTORIC)
def revoked_after_its_end(build: Builder) -> Scenario:
    """
    The certificate expired thirty days ago, and the responder states *revoked*, though
    its archive cutoff is a day ago.

    Expected: revoked, with a warning that the certificate has expired. RFC 6960 §4.4.4.
    """
    response = _kept_since(build, 1, build.revoked())
    return build.verify(revoked("V26"), response, cert=_ended(build))


@case("V25", LOW, HISTORIC)
def judged_before_its_end(build: Builder) -> Scenario:
    """
    The certificate expired thirty days ago; a response from before is judged for its
    own time.

    Expected: good. RFC 6960 §4.4.4 is about expired certificates.
    """
    then = NOW - 31 * DAY
    response = build.response(
        this_update=then, next_update=then + DAY, produced_at=then
    )
    return build.verify(good(), response, cert=_ended(build), at=then)


@case("V26", LOW, HISTORIC)
def ended_a_second_ago(build: Builder) -> Scenario:
    """
    The certificate expired one second ago.

    Expected: good, with warnings. RFC 6960 §4.4.4.
    """
    cert = build.certificate("leaf.example", end=NOW - SECOND)
    return build.verify(good("V25", "V26"), cert=cert)


@case("V26", LOW)
def ends_now(build: Builder) -> Scenario:
    """
    The current second is the last one of the certificate's validity.

    Expected: good. RFC 5280 §4.1.2.5.
    """
    return build.verify(good(), cert=build.certificate("leaf.example", end=NOW))


@case("V20", CRITICAL)
def status_of_no_kind(build: Builder) -> Scenario:
    """
    CertStatus is a choice that is not defined.

    Expected: malformed; an unknown choice is not *good*. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.response(status=encode(0x83)))


@case("V20", CRITICAL)
def good_with_content(build: Builder) -> Scenario:
    """
    *good* is NULL, but here it has the content of a revocation.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.response(status=encode(0x80, time(NOW))))
