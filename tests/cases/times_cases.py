"""V18, V19 and V21: the times, to the second."""

from __future__ import annotations

import datetime

from tests.cases.builder import CA, CA_USAGE, DAY, HOUR, MINUTE, SECOND, Builder
from tests.cases.model import (
    NOW,
    Expected,
    Feature,
    Importance,
    Scenario,
    case,
    good,
    refused,
    revoked,
)

CRITICAL, HIGH, MEDIUM, LOW = (
    Importance.CRITICAL,
    Importance.HIGH,
    Importance.MEDIUM,
    Importance.LOW,
)
SKEW = 5 * MINUTE


@case("V18", HIGH, Feature.POLICY)
def this_update_at_the_skew(build: Builder) -> Scenario:
    """
    ThisUpdate is exactly five minutes in the future.

    Expected: good; this is the accepted clock skew. RFC 6960 §3.2 (5).
    """
    response = build.response(this_update=NOW + SKEW, produced_at=NOW + SKEW)
    return build.verify(good(), response)


@case("V18", HIGH, Feature.POLICY)
def this_update_beyond_the_skew(build: Builder) -> Scenario:
    """
    ThisUpdate is five minutes and one second in the future.

    Expected: no evidence yet. RFC 6960 §4.2.2.1.
    """
    response = build.response(this_update=NOW + SKEW + SECOND)
    return build.verify(refused("V18"), response)


@case("V18", MEDIUM)
def this_update_without_skew(build: Builder) -> Scenario:
    """
    ThisUpdate is one second in the future, and the policy accepts no clock skew.

    Expected: no evidence yet. RFC 6960 §4.2.2.1.
    """
    response = build.response(this_update=NOW + SECOND)
    return build.verify(refused("V18"), response, policy={"clock_skew": 0})


@case("V18", LOW)
def this_update_now_without_skew(build: Builder) -> Scenario:
    """
    ThisUpdate is now, and the policy accepts no clock skew.

    Expected: good. RFC 6960 §4.2.2.1.
    """
    response = build.response(this_update=NOW, produced_at=NOW)
    return build.verify(good(), response, policy={"clock_skew": 0})


@case("V18", HIGH)
def judged_before_it_was_true(build: Builder) -> Scenario:
    """
    A response of today is judged for yesterday.

    Expected: no evidence for that time. RFC 6960 §4.2.2.1.
    """
    return build.verify(refused("V18"), at=NOW - DAY)


@case("V19", HIGH)
def before_next_update(build: Builder) -> Scenario:
    """
    NextUpdate is in one second.

    Expected: good. RFC 6960 §4.2.2.1.
    """
    return build.verify(good(), build.response(next_update=NOW + SECOND))


@case("V19", HIGH, Feature.POLICY)
def next_update_within_the_skew(build: Builder) -> Scenario:
    """
    NextUpdate was five minutes ago, less one second.

    Expected: good; this is within the accepted clock skew. RFC 6960 §3.2 (6).
    """
    return build.verify(good(), build.response(next_update=NOW - SKEW + SECOND))


@case("V19", HIGH, Feature.POLICY)
def next_update_at_the_skew(build: Builder) -> Scenario:
    """
    NextUpdate was exactly five minutes ago.

    Expected: no evidence any more. RFC 6960 §4.2.2.1.
    """
    response = build.response(next_update=NOW - SKEW)
    return build.verify(refused("V19", error="ResponseExpired"), response)


@case("V19", CRITICAL)
def stale(build: Builder) -> Scenario:
    """
    NextUpdate was yesterday: an attacker replays an old *good*.

    Expected: no evidence any more. RFC 6960 §4.2.2.1, §5.
    """
    response = build.response(
        this_update=NOW - 2 * DAY, next_update=NOW - DAY, produced_at=NOW - 2 * DAY
    )
    return build.verify(refused("V19", error="ResponseExpired"), response)


@case("V19", HIGH)
def judged_when_it_was_true(build: Builder) -> Scenario:
    """
    A response of the day before yesterday is judged for that time.

    Expected: good. RFC 6960 §4.2.2.1.
    """
    response = build.response(
        this_update=NOW - 2 * DAY, next_update=NOW - DAY, produced_at=NOW - 2 * DAY
    )
    return build.verify(good(), response, at=NOW - 36 * HOUR)


@case("V19", HIGH)
def next_update_before_this_update(build: Builder) -> Scenario:
    """
    NextUpdate is one second before thisUpdate.

    Expected: malformed. RFC 6960 §2.4.
    """
    response = build.response(
        this_update=NOW, next_update=NOW - SECOND, produced_at=NOW
    )
    return build.verify(refused("V19", error="MalformedResponse"), response)


@case("V19", LOW)
def next_update_is_this_update(build: Builder) -> Scenario:
    """
    NextUpdate and thisUpdate are both now.

    Expected: good within the accepted clock skew. RFC 6960 §4.2.2.1.
    """
    response = build.response(this_update=NOW, next_update=NOW, produced_at=NOW)
    return build.verify(good(), response)


@case("V19", HIGH, Feature.POLICY)
def no_next_update_and_young(build: Builder) -> Scenario:
    """
    There is no nextUpdate, and thisUpdate is exactly one day old.

    Expected: good; newer information is always available, so the default limit is
    short. RFC 6960 §4.2.2.1.
    """
    old = NOW - DAY
    response = build.response(next_update=None, this_update=old, produced_at=old)
    return build.verify(good(), response)


@case("V19", HIGH, Feature.POLICY)
def no_next_update_and_old(build: Builder) -> Scenario:
    """
    There is no nextUpdate, and thisUpdate is one day and one second old.

    Expected: no evidence any more. RFC 6960 §3.2 (5).
    """
    old = NOW - DAY - SECOND
    response = build.response(next_update=None, this_update=old, produced_at=old)
    return build.verify(refused("V19", error="ResponseExpired"), response)


@case("V19", MEDIUM)
def no_next_update_refused(build: Builder) -> Scenario:
    """
    There is no nextUpdate, and the relying party requires it.

    Expected: no evidence. RFC 9919 §5.
    """
    policy = {"missing_next_update": "refuse"}
    expected = refused("V19", error="NextUpdateMissing")
    return build.verify(expected, build.response(next_update=None), policy=policy)


@case("V19", LOW)
def no_next_update_accepted(build: Builder) -> Scenario:
    """
    There is no nextUpdate, thisUpdate is a year ago, and the relying party accepts
    that.

    Expected: good, unsafely.
    """
    old = NOW - 360 * DAY
    response = build.response(next_update=None, this_update=old, produced_at=old)
    policy = {"missing_next_update": "unsafe-accept"}
    return build.verify(good(), response, policy=policy)


@case("V19", LOW)
def shorter_age_without_next_update(build: Builder) -> Scenario:
    """
    There is no nextUpdate, thisUpdate is an hour old, and the relying party accepts
    half an hour.

    Expected: no evidence any more.
    """
    policy = {"max_age_without_next_update": 1800}
    response = build.response(next_update=None)
    return build.verify(refused("V19"), response, policy=policy)


@case("V19", MEDIUM)
def at_the_greatest_age(build: Builder) -> Scenario:
    """
    ThisUpdate is as old as the relying party allows; nextUpdate is in the future.

    Expected: good. RFC 6960 §3.2 (5).
    """
    return build.verify(good(), policy={"max_age": 3600})


@case("V19", MEDIUM)
def beyond_the_greatest_age(build: Builder) -> Scenario:
    """
    ThisUpdate is one second older than the relying party allows; nextUpdate is in the
    future.

    Expected: no evidence any more. RFC 6960 §3.2 (5).
    """
    expected = refused("V19", error="ResponseExpired")
    return build.verify(expected, policy={"max_age": 3599})


_LIMITS = {"min_interval": 8 * 3600, "max_interval": 10 * 86400}
_WRONG = "ValidityIntervalNotAllowed"


@case("V19", LOW)
def shortest_interval(build: Builder) -> Scenario:
    """
    NextUpdate is eight hours after thisUpdate, which is the shortest allowed interval.

    Expected: good. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW + 7 * HOUR)
    return build.verify(good(), response, policy=_LIMITS)


@case("V19", LOW)
def too_short_an_interval(build: Builder) -> Scenario:
    """
    The interval is one second shorter than the eight hours that the policy requires.

    Expected: no evidence, by that policy. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW + 7 * HOUR - SECOND)
    return build.verify(refused("V19", error=_WRONG), response, policy=_LIMITS)


@case("V19", MEDIUM)
def longest_interval(build: Builder) -> Scenario:
    """
    NextUpdate is ten days after thisUpdate, which is the longest allowed interval.

    Expected: good. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW - HOUR + 10 * DAY)
    return build.verify(good(), response, policy=_LIMITS)


@case("V19", MEDIUM)
def too_long_an_interval(build: Builder) -> Scenario:
    """
    The interval is one second longer than the ten days that the policy allows.

    Expected: no evidence, by that policy. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW - HOUR + 10 * DAY + SECOND)
    return build.verify(refused("V19", error=_WRONG), response, policy=_LIMITS)


def _of_a_ca(build: Builder, hold: datetime.timedelta, expected: Expected) -> Scenario:
    """Return a scenario for a CA certificate, with separate limits for CAs."""
    sub = build.certificate("Sub CA", key="sub-ca", extensions=(CA, CA_USAGE))
    response = build.response(cert_id=build.cert_id(sub), next_update=NOW - HOUR + hold)
    limits = {"min_interval": 10 * 86400, "max_interval": 10 * 86400}
    limits |= {"ca_min_interval": 20 * 86400, "ca_max_interval": 30 * 86400}
    return build.verify(expected, response, cert=sub, policy=limits)


@case("V19", LOW)
def shortest_interval_of_a_ca(build: Builder) -> Scenario:
    """
    The status of a CA certificate has the shortest allowed interval.

    Expected: good. Baseline Requirements §4.9.9.
    """
    return _of_a_ca(build, 20 * DAY, good())


@case("V19", LOW)
def too_short_an_interval_of_a_ca(build: Builder) -> Scenario:
    """
    The status of a CA certificate has an interval that is one second too short.

    Expected: no evidence, by that policy. Baseline Requirements §4.9.9.
    """
    return _of_a_ca(build, 20 * DAY - SECOND, refused("V19", error=_WRONG))


@case("V19", MEDIUM)
def longest_interval_of_a_ca(build: Builder) -> Scenario:
    """
    The status of a CA certificate has the longest allowed interval.

    Expected: good. Baseline Requirements §4.9.9.
    """
    return _of_a_ca(build, 30 * DAY, good())


@case("V19", MEDIUM)
def too_long_an_interval_of_a_ca(build: Builder) -> Scenario:
    """
    The status of a CA certificate has an interval that is one second too long.

    Expected: no evidence, by that policy. Baseline Requirements §4.9.9.
    """
    return _of_a_ca(build, 30 * DAY + SECOND, refused("V19", error=_WRONG))


@case("V19", MEDIUM)
def interval_that_is_for_others(build: Builder) -> Scenario:
    """
    The status of a CA certificate has an interval that is allowed for other
    certificates only.

    Expected: no evidence, by that policy. Baseline Requirements §4.9.9.
    """
    return _of_a_ca(build, 10 * DAY, refused("V19", error=_WRONG))


@case("V19", MEDIUM)
def interval_that_is_for_cas(build: Builder) -> Scenario:
    """
    The interval is allowed for end entities, but not for CA certificates.

    Expected: good for an end entity. Baseline Requirements §4.9.9.
    """
    policy = {"ca_min_interval": 20 * 86400, "ca_max_interval": 30 * 86400}
    return build.verify(good(), policy=policy)


@case("V19", MEDIUM)
def the_year_9999(build: Builder) -> Scenario:
    """
    NextUpdate is the last second of the year 9999.

    Expected: good by default, and no overflow. RFC 5280 §4.1.2.5.
    """
    return build.verify(good(), build.response(next_update=b"99991231235959Z"))


@case("V19", MEDIUM)
def the_year_0001(build: Builder) -> Scenario:
    """
    ThisUpdate and nextUpdate are in the year 1.

    Expected: no evidence, and no overflow. RFC 6960 §4.2.2.1.
    """
    response = build.response(
        this_update=b"00010101000000Z", next_update=b"00010102000000Z"
    )
    return build.verify(refused("V19"), response)


@case("V21", MEDIUM)
def produced_at_fits(build: Builder) -> Scenario:
    """
    ProducedAt is equal to thisUpdate.

    Expected: good. RFC 6960 §2.4.
    """
    return build.verify(good(), policy={"produced_at": "refuse"})


@case("V21", LOW)
def produced_before_the_certificate(build: Builder) -> Scenario:
    """
    ProducedAt is before the certificate's notBefore, by more than the clock skew.

    Expected: good, with a warning: the certificate did not exist at that time.
    """
    begin = NOW - HOUR + SKEW + SECOND
    leaf = build.certificate("leaf.example", begin=begin)
    return build.verify(good("V21"), cert=leaf)


@case("V21", LOW)
def produced_before_the_certificate_within_the_skew(build: Builder) -> Scenario:
    """
    ProducedAt is before the certificate's notBefore, within the clock skew.

    Expected: good.
    """
    leaf = build.certificate("leaf.example", begin=NOW - HOUR + SKEW)
    return build.verify(good(), cert=leaf)


@case("V21", LOW)
def produced_in_the_future(build: Builder) -> Scenario:
    """
    ProducedAt is five minutes and one second in the future.

    Expected: good, with a warning. RFC 6960 §2.4.
    """
    response = build.response(produced_at=NOW + SKEW + SECOND)
    return build.verify(good("V21"), response)


@case("V21", LOW)
def produced_in_the_future_within_the_skew(build: Builder) -> Scenario:
    """
    ProducedAt is exactly five minutes in the future.

    Expected: good. RFC 6960 §2.4.
    """
    return build.verify(good(), build.response(produced_at=NOW + SKEW))


@case("V21", MEDIUM)
def produced_in_the_future_refused(build: Builder) -> Scenario:
    """
    ProducedAt is five minutes and one second in the future, and the policy rejects
    that.

    Expected: no evidence. RFC 6960 §2.4.
    """
    response = build.response(produced_at=NOW + SKEW + SECOND)
    return build.verify(refused("V21"), response, policy={"produced_at": "refuse"})


@case("V21", LOW)
def produced_before_this_update(build: Builder) -> Scenario:
    """
    ProducedAt is five minutes and one second before thisUpdate.

    Expected: good, with a warning: a responder cannot know a future status. RFC 6960
    §2.4.
    """
    response = build.response(produced_at=NOW - HOUR - SKEW - SECOND)
    return build.verify(good("V21"), response)


@case("V21", LOW)
def produced_before_this_update_within_the_skew(build: Builder) -> Scenario:
    """
    ProducedAt is exactly five minutes before thisUpdate.

    Expected: good. RFC 6960 §2.4.
    """
    return build.verify(good(), build.response(produced_at=NOW - HOUR - SKEW))


@case("V21", LOW)
def produced_after_next_update(build: Builder) -> Scenario:
    """
    ProducedAt is one second after nextUpdate, both within the skew.

    Expected: good, with a warning. RFC 6960 §2.4.
    """
    response = build.response(next_update=NOW, produced_at=NOW + SECOND)
    return build.verify(good("V21"), response)


@case("V21", MEDIUM)
def produced_before_the_delegate_was_valid(build: Builder) -> Scenario:
    """
    ProducedAt is before the delegate's notBefore.

    Expected: no evidence, by that policy. RFC 6960 §3.2 (4).
    """
    by = build.delegate(begin=NOW - 30 * MINUTE)
    response = build.response(by=by)
    return build.verify(refused("V21"), response, policy={"produced_at": "refuse"})


@case("V19", HIGH)
def revoked_within_its_time(build: Builder) -> Scenario:
    """
    A *revoked* response that is not older than a *good* one may be.

    Expected: revoked. RFC 6960 §2.2.
    """
    return build.verify(revoked(), build.response(status=build.revoked()))


@case("V19", LOW)
def no_interval_at_all(build: Builder) -> Scenario:
    """
    NextUpdate is equal to thisUpdate, and the policy requires one second between them.

    Expected: no evidence, because that is too short; it is not malformed. RFC 6960
    §4.2.2.1.
    """
    response = build.response(this_update=NOW, next_update=NOW, produced_at=NOW)
    expected = refused("V19", error="ValidityIntervalNotAllowed")
    return build.verify(expected, response, policy={"min_interval": 1})


def _by_issuer_that_ends(build: Builder, end: datetime.datetime) -> Scenario:
    ca = build.authority(end=end)
    policy = {"produced_at": "refuse"}
    verified = end >= NOW - HOUR - SKEW
    expected = good() if verified else refused("V21")
    return build.verify(expected, issuer=ca, policy=policy)


@case("V21", MEDIUM)
def produced_after_the_issuer_was_valid(build: Builder) -> Scenario:
    """
    ProducedAt is five minutes and one second after the issuer's certificate expired.

    Expected: no evidence, by that policy. RFC 6960 §3.2 (4).
    """
    return _by_issuer_that_ends(build, NOW - HOUR - SKEW - SECOND)


@case("V21", LOW)
def produced_after_the_issuer_was_valid_within_the_skew(build: Builder) -> Scenario:
    """
    ProducedAt is exactly five minutes after the issuer's certificate expired.

    Expected: good; the caller checks the certification path of the issuer. RFC 6960
    §3.2 (4).
    """
    return _by_issuer_that_ends(build, NOW - HOUR - SKEW)


@case("V21", LOW)
def produced_before_the_delegate_was_valid_within_the_skew(build: Builder) -> Scenario:
    """
    ProducedAt is exactly five minutes before the delegate's notBefore.

    Expected: good. RFC 6960 §3.2 (4).
    """
    by = build.delegate(begin=NOW - HOUR + SKEW)
    response = build.response(by=by)
    return build.verify(good(), response, policy={"produced_at": "refuse"})
