"""V8 and V9: which entry counts, and whether every requested certificate has one."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.cases.builder import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Builder,
    name,
)
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

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM
MANY = Feature.MANY_ENTRIES
SKEW = 5 * MINUTE


def _with(build: Builder, **changes: Any) -> bytes:
    """Return a good response whose CertID has changes."""
    return build.response(cert_id=build.cert_id(**changes))


def _others(build: Builder) -> bytes:
    """Return an entry for another certificate, which is revoked."""
    other = build.cert_id(serial=b"\x05")
    return build.entry(build.revoked(), cert_id=other)


@case("V8", CRITICAL, MANY)
def entry_of_another_comes_first(build: Builder) -> Scenario:
    """
    The first entry is for another certificate, which is good; this one is revoked.

    Expected: revoked; the entry is selected by CertID. RFC 6960 §4.2.2.3.
    """
    other = build.entry(cert_id=build.cert_id(serial=b"\x05"))
    response = build.response(other, build.entry(build.revoked()))
    return build.verify(revoked(), response)


@case("V8", CRITICAL, MANY)
def entry_of_another_comes_last(build: Builder) -> Scenario:
    """
    The last entry is for another certificate, which is revoked; this one is good.

    Expected: good; the entry is selected by CertID. RFC 6960 §4.2.2.3.
    """
    return build.verify(good(), build.response(build.entry(), _others(build)))


@case("V8", HIGH, MANY)
def both_hashes_agree(build: Builder) -> Scenario:
    """
    Two entries are for the certificate, with SHA-1 and SHA-256, and both are good.

    Expected: good. RFC 6960 §4.2.2.3.
    """
    strong = build.entry(cert_id=build.cert_id(hashed="sha256"))
    return build.verify(good(), build.response(build.entry(), strong))


@case("V8", HIGH, MANY)
def good_and_revoked(build: Builder) -> Scenario:
    """
    Two current entries are for the certificate: good, and then revoked.

    Expected: revoked, with a warning; the worst status counts. RFC 6960 §4.2.2.3.
    """
    response = build.response(build.entry(), build.entry(build.revoked()))
    return build.verify(revoked("V8"), response)


@case("V8", HIGH, MANY)
def revoked_and_good(build: Builder) -> Scenario:
    """
    Two current entries are for the certificate: revoked, and a later one good.

    Expected: revoked, with a warning; the worst status counts, in any order. RFC 6960
    §4.2.2.3.
    """
    later = build.entry(this_update=NOW - MINUTE)
    response = build.response(build.entry(build.revoked()), later)
    return build.verify(revoked("V8"), response)


@case("V8", HIGH, MANY)
def good_and_unknown(build: Builder) -> Scenario:
    """
    Two current entries are for the certificate: good, and unknown.

    Expected: unknown, with a warning; the worst status counts. RFC 6960 §4.2.2.3.
    """
    response = build.response(build.entry(), build.entry(build.UNKNOWN))
    return build.verify(unknown("V8"), response)


@case("V8", HIGH, MANY)
def current_good_and_stale_revoked(build: Builder) -> Scenario:
    """
    An entry from last week states *revoked* (on hold), a current one *good*.

    Expected: good; the current entry counts. RFC 6960 §4.2.2.1.
    """
    old = build.entry(
        build.revoked(NOW - 8 * DAY, 6),
        this_update=NOW - 7 * DAY,
        next_update=NOW - 6 * DAY,
    )
    return build.verify(good(), build.response(old, build.entry()))


@case("V8", CRITICAL, MANY)
def stale_good_and_current_revoked(build: Builder) -> Scenario:
    """
    An entry from last week states *good*, a current one *revoked*.

    Expected: revoked; the current entry counts. RFC 6960 §4.2.2.1.
    """
    old = build.entry(this_update=NOW - 7 * DAY, next_update=NOW - 6 * DAY)
    response = build.response(old, build.entry(build.revoked()))
    return build.verify(revoked(), response)


@case("V8", MEDIUM, MANY)
def later_of_two(build: Builder) -> Scenario:
    """
    Two current entries state *good*.

    Expected: good; the later one counts. RFC 6960 §4.2.2.1.
    """
    earlier = build.entry(this_update=NOW - 2 * HOUR)
    later = build.entry(this_update=NOW - MINUTE)
    response = build.response(earlier, later, produced_at=NOW)
    expected = good(this_update=f"{NOW - MINUTE:%Y-%m-%dT%H:%M:%SZ}")
    return build.verify(expected, response)


@case("V8", MEDIUM, MANY)
def all_stale(build: Builder) -> Scenario:
    """
    Two entries are for the certificate, and both are too old.

    Expected: no evidence. RFC 6960 §4.2.2.1.
    """
    old = {"this_update": NOW - 7 * DAY, "next_update": NOW - 6 * DAY}
    older = {"this_update": NOW - 9 * DAY, "next_update": NOW - 8 * DAY}
    response = build.response(build.entry(**old), build.entry(**older))
    return build.verify(refused("V19"), response)


@case("V9", HIGH, MANY)
def all_answered(build: Builder) -> Scenario:
    """
    A request for two certificates, and a response for both.

    Expected: good. RFC 6960 §4.2.2.3.
    """
    other = build.cert_id(serial=b"\x05")
    request = build.request(build.cert_id(), other)
    return build.verify(
        good(), build.response(build.entry(), _others(build)), request=request
    )


@case("V9", MEDIUM, MANY)
def answered_with_another_hash(build: Builder) -> Scenario:
    """
    The request uses SHA-256, and the response SHA-1.

    Expected: good; both identify the same certificate. RFC 6960 §4.1.1.
    """
    request = build.request(build.cert_id(hashed="sha256"))
    return build.verify(good(), _with(build, hashed="sha1"), request=request)


@case("V9", MEDIUM)
def answered_with_another_hash_of_another_string_type(build: Builder) -> Scenario:
    """
    The request uses SHA-256, and the response SHA-1; the certificate has the CA's name
    as PrintableString.

    Expected: good; the hashes are over the name as the certificate encodes it. RFC 6960
    §4.1.1.
    """
    issuer_name = name("Test CA", tag=0x13)
    leaf = build.certificate("leaf.example", issuer_name=issuer_name)
    asked, answered = (
        build.cert_id(
            name_hash=hashlib.new(hashed, issuer_name).digest(), hashed=hashed
        )
        for hashed in ("sha256", "sha1")
    )
    return build.verify(
        good(),
        build.response(cert_id=answered),
        cert=leaf,
        request=build.request(asked),
    )


@case("V9", MEDIUM, MANY)
def more_than_was_asked(build: Builder) -> Scenario:
    """
    A request for one certificate, and a response that was prepared for several.

    Expected: good. RFC 6960 §4.2.2.3.
    """
    response = build.response(_others(build), build.entry())
    return build.verify(good(), response, request=build.request(build.cert_id()))


@case("V9", HIGH, MANY)
def one_not_answered(build: Builder) -> Scenario:
    """
    A request for two certificates, and a response for one of them.

    Expected: no evidence. RFC 6960 §4.2.2.3: an entry for each.
    """
    request = build.request(build.cert_id(), build.cert_id(serial=b"\x05"))
    return build.verify(refused("V9"), build.response(), request=request)


@case("V9", MEDIUM, MANY)
def one_of_another_issuer_not_answered(build: Builder) -> Scenario:
    """
    A request for certificates of two issuers with the same serial number, and a
    response for one of them.

    Expected: no evidence. RFC 6960 §4.2.2.3.
    """
    other = build.cert_id(issuer=build.authority("Other CA", key="ca-2"))
    request = build.request(build.cert_id(), other)
    return build.verify(refused("V9"), build.response(), request=request)


@case("V9", MEDIUM, MANY)
def one_with_an_unknown_hash_not_answered(build: Builder) -> Scenario:
    """
    The request has a second CertID with an unknown hash algorithm, and the second entry
    is for a third certificate.

    Expected: no evidence. RFC 6960 §2.2.
    """
    asked = build.cert_id(hashed="md5", serial=b"\x05")
    other = build.entry(cert_id=build.cert_id(hashed="md5", serial=b"\x06"))
    request = build.request(build.cert_id(), asked)
    response = build.response(build.entry(), other)
    return build.verify(refused("V9"), response, request=request)


@case("V8", MEDIUM, MANY, Feature.POLICY)
def current_good_and_future_revoked(build: Builder) -> Scenario:
    """
    A current entry states *good*. Another one states *revoked*, from five minutes and
    one second in the future on.

    Expected: good; the current entry counts. RFC 6960 §4.2.2.1.
    """
    future = build.entry(
        build.revoked(), this_update=NOW + SKEW + SECOND, next_update=NOW + DAY
    )
    return build.verify(good(), build.response(build.entry(), future))


@case("V8", MEDIUM, MANY, Feature.POLICY)
def current_good_and_revoked_at_the_skew(build: Builder) -> Scenario:
    """
    An entry that is valid from exactly five minutes in the future on states *revoked*,
    and a current one *good*.

    Expected: revoked, with warnings; both are current. RFC 6960 §4.2.2.1.
    """
    soon = build.entry(build.revoked(), this_update=NOW + SKEW, next_update=NOW + DAY)
    response = build.response(soon, build.entry(), produced_at=NOW)
    return build.verify(revoked("V8"), response)


@case("V8", MEDIUM, MANY, Feature.POLICY)
def current_good_and_revoked_until_the_skew(build: Builder) -> Scenario:
    """
    A current entry states *good*. Another one, which expired exactly five minutes ago,
    states *revoked*.

    Expected: good; the current entry counts. RFC 6960 §4.2.2.1.
    """
    stale = build.entry(
        build.revoked(NOW - 2 * DAY), this_update=NOW - DAY, next_update=NOW - SKEW
    )
    return build.verify(good(), build.response(stale, build.entry()))


@case("V8", MEDIUM, MANY, Feature.POLICY)
def current_good_and_revoked_without_an_end(build: Builder) -> Scenario:
    """
    An entry without nextUpdate states *revoked*, and a current one *good*.

    Expected: revoked, with a warning; both are current. RFC 6960 §4.2.2.1.
    """
    endless = build.entry(build.revoked(), next_update=None)
    return build.verify(revoked("V8"), build.response(endless, build.entry()))
