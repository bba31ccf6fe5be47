"""V20 and V23 to V26: what a status is worth."""

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
    The CA says *good*.

    Expected: good. RFC 6960 §2.2.
    """
    return build.verify(good(not_issued=False))


@case("V20", CRITICAL)
def unknown_is_not_good(build: Builder) -> Scenario:
    """
    The CA says *unknown*.

    Expected: unknown, which is not good. RFC 6960 §2.2.
    """
    return build.verify(unknown(), build.response(status=build.UNKNOWN))


@case("V20", CRITICAL)
def revoked_is_revoked(build: Builder) -> Scenario:
    """
    The CA says *revoked*, and no reason.

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
    The CA said *revoked* the day before yesterday, until yesterday.

    Expected: no evidence, and it is said that it was revoked: a revocation does not
    end by itself, so an attacker gains by an old *good* only. RFC 6960 §2.2.
    """
    expected = refused("V20", "V19", error="RevokedButStale")
    return build.verify(expected, _stale(build, build.revoked(NOW - 3 * DAY)))


@case("V20", HIGH)
def good_and_stale(build: Builder) -> Scenario:
    """
    The CA said *good* the day before yesterday, until yesterday.

    Expected: no evidence, and nothing is said of the status. RFC 6960 §4.2.2.1.
    """
    expected = refused("V19", error="ResponseExpired")
    return build.verify(expected, _stale(build, b"\x80\x00"))


@case("V20", CRITICAL)
def revoked_and_stale_by_another_key(build: Builder) -> Scenario:
    """
    An old *revoked* whose signature is not that of the CA.

    Expected: no evidence, and nothing is said of the status: anybody can write it.
    RFC 6960 §3.2 (2).
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

    Expected: revoked; it has been issued. RFC 5280 §5.3.1.
    """
    expected = revoked(revocation_reason="certificateHold", not_issued=False)
    return build.verify(expected, build.response(status=build.revoked(reason=6)))


@case("V23", MEDIUM)
def remove_from_crl(build: Builder) -> Scenario:
    """
    The certificate is revoked, for removeFromCRL, which belongs into delta CRLs.

    Expected: revoked; no reason makes it better. RFC 5280 §5.3.1.
    """
    response = build.response(status=build.revoked(reason=8))
    return build.verify(revoked(revocation_reason="removeFromCRL"), response)


@case("V23", MEDIUM)
def reason_without_meaning(build: Builder) -> Scenario:
    """
    The reason has the number 7, which is not used.

    Expected: revoked, with a warning. RFC 5280 §5.3.1.
    """
    response = build.response(status=build.revoked(reason=7))
    return build.verify(revoked("V23", revocation_reason=None), response)


@case("V23", MEDIUM)
def revoked_in_the_future(build: Builder) -> Scenario:
    """
    RevocationTime is five minutes and one second in the future.

    Expected: revoked, with a warning; it counts at once. RFC 6960 §4.2.1.
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

    Expected: revoked, because no such certificate was issued. RFC 6960 §2.2, §4.4.8.
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

    Expected: revoked, because no such certificate was issued: nothing was revoked in
    1970. RFC 6960 §2.2.
    """
    response = build.response(status=build.revoked(EPOCH, 6))
    return build.verify(revoked(not_issued=True), response)


@case("V24", MEDIUM)
def on_hold_since_another_day(build: Builder) -> Scenario:
    """
    *revoked*, on hold since the first second of 1970 and one.

    Expected: revoked, and issued. RFC 6960 §2.2.
    """
    response = build.response(status=build.revoked(b"19700101000001Z", 6))
    return build.verify(revoked(not_issued=False), response)


@case("V24", MEDIUM)
def since_1970_for_another_reason(build: Builder) -> Scenario:
    """
    *revoked* since 1970, for keyCompromise.

    Expected: revoked, and issued. RFC 6960 §2.2.
    """
    response = build.response(status=build.revoked(EPOCH, 1))
    return build.verify(revoked(not_issued=False), response)


def _ended(build: Builder) -> Identity:
    """Return the certificate in question, ended thirty days ago."""
    return build.certificate("leaf.example", end=NOW - 30 * DAY)


def _kept_since(build: Builder, days: int, status: bytes = b"\x80\x00") -> bytes:
    """Return a response that has an archive cutoff so many days ago."""
    cutoff = extension(oids.ARCHIVE_CUTOFF, time(NOW - days * DAY))
    return build.response(build.entry(status, extensions=(cutoff,)))


@case("V25", MEDIUM, HISTORIC)
def kept_since_its_end(build: Builder) -> Scenario:
    """
    The certificate ended thirty days ago, and the responder keeps status since then.

    Expected: good, and it is pointed out that it has ended. RFC 6960 §4.4.4.
    """
    response = _kept_since(build, 30)
    return build.verify(good("V26"), response, cert=_ended(build))


@case("V25", MEDIUM, HISTORIC)
def kept_since_after_its_end(build: Builder) -> Scenario:
    """
    The certificate ended thirty days ago, and the responder keeps status since
    twenty-nine.

    Expected: no evidence; a revocation may be forgotten. RFC 6960 §4.4.4.
    """
    response = _kept_since(build, 29)
    return build.verify(refused("V25"), response, cert=_ended(build))


@case("V25", LOW, HISTORIC)
def kept_nobody_knows_how_long(build: Builder) -> Scenario:
    """
    The certificate ended thirty days ago, and the responder does not say how long it
    keeps status.

    Expected: good, with a warning. RFC 6960 §4.4.4.
    """
    return build.verify(good("V25", "V26"), cert=_ended(build))


@case("V25", MEDIUM, HISTORIC)
def kept_nobody_knows_how_long_refused(build: Builder) -> Scenario:
    """
    The same, and a relying party that asks for an archive cutoff.

    Expected: no evidence. RFC 6960 §4.4.4.
    """
    policy = {"expired_certificate": "require-archive-cutoff"}
    return build.verify(refused("V25"), cert=_ended(build), policy=policy)


@case("V25", MEDIUM, HISTORIC)
def kept_nobody_knows_how_long_and_stale(build: Builder) -> Scenario:
    """
    The same, with a response that has become too old.

    Expected: no evidence because of its age, and nothing else is found: that would tell
    that it says *good*. RFC 6960 §4.2.2.1.
    """
    response = build.response(this_update=NOW - 2 * DAY, next_update=NOW - DAY)
    policy = {"expired_certificate": "require-archive-cutoff"}
    return build.verify(refused("V19"), response, cert=_ended(build), policy=policy)


@case("V25", MEDIUM, HISTORIC)
def revoked_after_its_end(build: Builder) -> Scenario:
    """
    The certificate ended thirty days ago, and the responder says that it is revoked,
    though it keeps status for a day only.

    Expected: revoked, and it is pointed out that it has ended. RFC 6960 §4.4.4.
    """
    response = _kept_since(build, 1, build.revoked())
    return build.verify(revoked("V26"), response, cert=_ended(build))


@case("V25", LOW, HISTORIC)
def judged_before_its_end(build: Builder) -> Scenario:
    """
    The certificate ended thirty days ago, and a response from before is judged as of
    then.

    Expected: good. RFC 6960 §4.4.4 is about certificates that have ended.
    """
    then = NOW - 31 * DAY
    response = build.response(
        this_update=then, next_update=then + DAY, produced_at=then
    )
    return build.verify(good(), response, cert=_ended(build), at=then)


@case("V26", LOW, HISTORIC)
def ended_a_second_ago(build: Builder) -> Scenario:
    """
    The certificate ended one second ago.

    Expected: good, with warnings. RFC 6960 §4.4.4.
    """
    cert = build.certificate("leaf.example", end=NOW - SECOND)
    return build.verify(good("V25", "V26"), cert=cert)


@case("V26", LOW)
def ends_now(build: Builder) -> Scenario:
    """
    The certificate ends at this very second, which belongs to it.

    Expected: good. RFC 5280 §4.1.2.5.
    """
    return build.verify(good(), cert=build.certificate("leaf.example", end=NOW))


@case("V20", CRITICAL)
def status_of_no_kind(build: Builder) -> Scenario:
    """
    CertStatus is a choice that does not exist.

    Expected: malformed; what is not revoked is not good. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.response(status=encode(0x83)))


@case("V20", CRITICAL)
def good_with_content(build: Builder) -> Scenario:
    """
    *good* is NULL, and here it has the octets of a revocation.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.response(status=encode(0x80, time(NOW))))
