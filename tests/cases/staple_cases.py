"""V28: stapling."""

from __future__ import annotations

from cryptography import x509

from tests.cases.builder import (
    DAY,
    NOT_CA,
    OCSP_PLACE,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
)
from tests.cases.model import (
    NOW,
    Importance,
    Scenario,
    case,
    good,
    nothing,
    refused,
    revoked,
)

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM


def _must(build: Builder) -> Identity:
    feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
    return build.certificate("leaf.example", extensions=(feature,))


@case("V28", HIGH)
def good_staple(build: Builder) -> Scenario:
    """
    The certificate requires a staple, and the server sent a good one.

    Expected: good. RFC 7633 §4.2.3.
    """
    return build.staple(good(), build.response(), cert=_must(build))


@case("V28", HIGH)
def demanded_and_missing(build: Builder) -> Scenario:
    """
    The certificate requires a staple, and the server sent none, as an attacker with a
    stolen key would do.

    Expected: not verified. RFC 7633 §4.2.3.
    """
    return build.staple(refused("V28"), None, cert=_must(build))


@case("V28", HIGH)
def demanded_and_empty(build: Builder) -> Scenario:
    """
    The certificate requires a staple, and the server sent an empty one.

    Expected: not verified. RFC 7633 §4.2.3.
    """
    return build.staple(refused("V28"), b"", cert=_must(build))


@case("V28", HIGH)
def demanded_and_stale(build: Builder) -> Scenario:
    """
    The certificate requires a staple, and the server sent an old one.

    Expected: not verified, because of its age and because a staple is required. RFC
    7633 §4.2.3.
    """
    old = NOW - 2 * DAY
    response = build.response(this_update=old, next_update=NOW - DAY, produced_at=old)
    return build.staple(refused("V19", "V28"), response, cert=_must(build))


@case("V28", HIGH)
def demanded_and_unauthorized(build: Builder) -> Scenario:
    """
    The certificate requires a staple, and the server sent *unauthorized*.

    Expected: not verified. RFC 7633 §4.2.3.
    """
    return build.staple(refused("V1", "V28"), build.failed(6), cert=_must(build))


@case("V28", MEDIUM)
def not_demanded_and_missing(build: Builder) -> Scenario:
    """
    The certificate does not require a staple, and the server sent none.

    Expected: nothing is known. RFC 6066 §8.
    """
    return build.staple(nothing, None)


@case("V28", MEDIUM)
def other_feature_demanded(build: Builder) -> Scenario:
    """
    The certificate requires status_request_v2 only, and the server sent no staple.

    Expected: nothing is known. RFC 7633 §4.2.1.
    """
    feature = x509.TLSFeature([x509.TLSFeatureType.status_request_v2])
    cert = build.certificate("leaf.example", extensions=(feature,))
    return build.staple(nothing, None, cert=cert)


@case("V7", CRITICAL)
def staple_about_another_certificate(build: Builder) -> Scenario:
    """
    A server staples the good response for another certificate of the same CA.

    Expected: not verified; a staple answers no request, so only the CertID ties it to
    the certificate. RFC 6066 §8.
    """
    response = build.response(cert_id=build.cert_id(serial=b"\x05"))
    return build.staple(refused("V7"), response)


@case("V22", MEDIUM)
def staple_with_a_nonce(build: Builder) -> Scenario:
    """
    The staple has the nonce of another client's request.

    Expected: good, with a warning. RFC 6066 §8.
    """
    response = build.response(extensions=(build.nonce(b"n" * 32),))
    return build.staple(good("V22"), response)


@case("V20", CRITICAL)
def revoked_staple(build: Builder) -> Scenario:
    """
    The server staples a response that its own certificate is revoked.

    Expected: revoked. RFC 6960 §2.2.
    """
    return build.staple(revoked(), build.response(status=build.revoked()))


@case("V13", CRITICAL)
def staple_by_a_delegate_that_the_server_made(build: Builder) -> Scenario:
    """
    The server staples a response by a delegate that it made itself, with all
    certificates of that delegate.

    Expected: not verified. Certificates from the peer are not trusted. RFC 6960
    §4.2.2.2.
    """
    own = build.authority(key="mallory")
    by = build.delegate(issuer=own)
    response = build.response(by=by, certs=(by.der, own.der))
    return build.staple(refused("V13"), response)


@case("V13", HIGH)
def staple_by_a_configured_responder(build: Builder) -> Scenario:
    """
    The server staples a response by a responder that the relying party configured.

    Expected: good. RFC 6960 §4.2.2.2, the first criterion.
    """
    other = build.certificate("Local Responder", key="responder-2", issuer=None)
    response = build.response(by=other, certs=())
    return build.staple(good(authorized_by="configured"), response, responders=(other,))


@case("V17", HIGH)
def staple_by_a_delegate_without_nocheck(build: Builder) -> Scenario:
    """
    The server staples a response by a delegate without nocheck, and there is evidence
    that the delegate is good.

    Expected: good. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING, OCSP_PLACE))
    evidence = build.evidence_about(by)
    return build.staple(good(), build.response(by=by), evidence=(evidence,))


@case("V19", MEDIUM)
def staple_without_next_update(build: Builder) -> Scenario:
    """
    The server staples a response without nextUpdate, and the policy requires one.

    Expected: no evidence. RFC 9919 §5.
    """
    response = build.response(next_update=None)
    return build.staple(refused("V19"), response, policy="rfc9919")
