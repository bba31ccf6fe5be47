"""The profiles of policies: what each accepts and rejects."""

from __future__ import annotations

from tests.cases.builder import (
    CA,
    CA_USAGE,
    DAY,
    HOUR,
    MINUTE,
    NOT_CA,
    OCSP_PLACE,
    OCSP_SIGNING,
    SECOND,
    SIGNS,
    Builder,
    Identity,
    usage,
)
from tests.cases.model import (
    NOW,
    Expected,
    Feature,
    Importance,
    Scenario,
    case,
    chain,
    good,
    refused,
)

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
NONCE = bytes(32)


@case("V16", HIGH)
def strict_issuer(build: Builder) -> Scenario:
    """
    The strict profile, and an issuer whose keyUsage has no digitalSignature.

    Expected: no evidence. RFC 5280 §4.2.1.3.
    """
    ca = build.authority(extensions=(CA, usage("key_cert_sign", "crl_sign")))
    response = build.response(by=ca, certs=())
    return build.verify(refused("V16"), response, issuer=ca, policy="strict")


@case("V25", MEDIUM)
def strict_expired_certificate(build: Builder) -> Scenario:
    """
    The strict profile, and *good* for a certificate that expired yesterday.

    Expected: no evidence; the responder may have dropped the revocation. RFC 6960
    §4.4.4.
    """
    leaf = build.certificate("leaf.example", end=NOW - DAY)
    return build.verify(refused("V25"), cert=leaf, policy="strict")


@case("V17", HIGH)
def strict_delegate(build: Builder) -> Scenario:
    """
    The strict profile, and a delegate that has no nocheck and names no place.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING))
    return build.verify(refused("V17"), build.response(by=by), policy="strict")


@case("V17", HIGH)
def webpki_delegate(build: Builder) -> Scenario:
    """
    The profile of the public web, and a delegate that has no nocheck and names no
    place.

    Expected: no evidence. Baseline Requirements §7.1.2.8.8.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING))
    return build.verify(refused("V17"), build.response(by=by), policy="webpki")


@case("V17", MEDIUM)
def rfc9919_delegate(build: Builder) -> Scenario:
    """
    The profile of RFC 9919, and a delegate that has no nocheck and names no place.

    Expected: good, with a warning. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING))
    return build.verify(good("V17"), build.response(by=by), policy="rfc9919")


@case("V10", MEDIUM)
def strict_good(build: Builder) -> Scenario:
    """
    The strict profile, and a response of a delegate with nocheck.

    Expected: good.
    """
    by = build.responder
    return build.verify(good(), build.response(by=by), policy="strict")


@case("V16", HIGH)
def webpki_issuer(build: Builder) -> Scenario:
    """
    The profile of the public web, and an issuer whose keyUsage has no digitalSignature.

    Expected: no evidence. Baseline Requirements §7.1.2.10.7.
    """
    ca = build.authority(extensions=(CA, usage("key_cert_sign", "crl_sign")))
    response = build.response(by=ca, certs=())
    return build.verify(refused("V16"), response, issuer=ca, policy="webpki")


@case("V16", LOW)
def legacy_issuer(build: Builder) -> Scenario:
    """
    The profile for old responders, and an issuer whose keyUsage has no
    digitalSignature.

    Expected: good, with a warning.
    """
    ca = build.authority(extensions=(CA, usage("key_cert_sign", "crl_sign")))
    response = build.response(by=ca, certs=())
    return build.verify(good("V16"), response, issuer=ca, policy="unsafe-legacy")


@case("V19", HIGH)
def rfc9919_without_next_update(build: Builder) -> Scenario:
    """
    The profile of RFC 9919, and a response without nextUpdate.

    Expected: no evidence. RFC 9919 §5.
    """
    response = build.response(next_update=None)
    return build.verify(refused("V19"), response, policy="rfc9919")


@case("V22", MEDIUM)
def rfc9919_without_nonce(build: Builder) -> Scenario:
    """
    The profile of RFC 9919, a request with a nonce, and a response without one.

    Expected: good, with a warning: responders prepare responses in advance. RFC 9919
    §3.2.1.
    """
    return build.verify(good("V22"), nonce=NONCE, policy="rfc9919")


@case("V19", MEDIUM)
def webpki_ten_days(build: Builder) -> Scenario:
    """
    The profile of the public web; nextUpdate is ten days after thisUpdate.

    Expected: good. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW - HOUR + 10 * DAY)
    return build.verify(good(), response, policy="webpki")


@case("V19", MEDIUM)
def webpki_more_than_ten_days(build: Builder) -> Scenario:
    """
    The profile of the public web; nextUpdate is ten days and one second after
    thisUpdate.

    Expected: no evidence. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW - HOUR + 10 * DAY + SECOND)
    return build.verify(refused("V19"), response, policy="webpki")


@case("V19", MEDIUM)
def webpki_less_than_eight_hours(build: Builder) -> Scenario:
    """
    The profile of the public web; nextUpdate is seven hours after thisUpdate.

    Expected: no evidence. Baseline Requirements §4.9.9.
    """
    response = build.response(next_update=NOW + 6 * HOUR)
    return build.verify(refused("V19"), response, policy="webpki")


def _about_a_ca(build: Builder) -> tuple[Identity, bytes]:
    """Return a subordinate CA, and its CertID."""
    sub = build.certificate("Sub CA", key="sub-ca", extensions=(CA, CA_USAGE))
    return sub, build.cert_id(sub)


@case("V19", MEDIUM)
def webpki_twelve_months_of_a_ca(build: Builder) -> Scenario:
    """
    The profile of the public web; the status of a CA certificate is valid for 366 days.

    Expected: good; ten days are the limit for subscribers only. Baseline Requirements
    §4.9.9.
    """
    sub, cert_id = _about_a_ca(build)
    response = build.response(cert_id=cert_id, next_update=NOW - HOUR + 366 * DAY)
    return build.verify(good(), response, cert=sub, policy="webpki")


@case("V19", MEDIUM)
def webpki_more_than_twelve_months_of_a_ca(build: Builder) -> Scenario:
    """
    The profile of the public web; the status of a CA certificate is valid for 366 days
    and one second.

    Expected: no evidence. Baseline Requirements §4.9.9.
    """
    sub, cert_id = _about_a_ca(build)
    end = NOW - HOUR + 366 * DAY + SECOND
    response = build.response(cert_id=cert_id, next_update=end)
    expected = refused("V19", error="ValidityIntervalNotAllowed")
    return build.verify(expected, response, cert=sub, policy="webpki")


@case("V19", LOW)
def webpki_two_hours_of_a_ca(build: Builder) -> Scenario:
    """
    The profile of the public web; the status of a CA certificate is valid for two
    hours.

    Expected: good; eight hours are the limit for subscribers only. Baseline
    Requirements §4.9.9.
    """
    sub, cert_id = _about_a_ca(build)
    response = build.response(cert_id=cert_id, next_update=NOW + HOUR)
    return build.verify(good(), response, cert=sub, policy="webpki")


@case("V19", MEDIUM)
def webpki_no_ca_for_twelve_months(build: Builder) -> Scenario:
    """
    The profile of the public web; 366 days for a certificate with basicConstraints
    without cA.

    Expected: no evidence. Baseline Requirements §4.9.9.
    """
    leaf = build.certificate("leaf.example", extensions=(NOT_CA,))
    response = build.response(next_update=NOW - HOUR + 366 * DAY)
    return build.verify(refused("V19"), response, cert=leaf, policy="webpki")


@case("V19", MEDIUM)
def webpki_twelve_months_by_cert_id(build: Builder) -> Scenario:
    """
    The profile of the public web; 366 days, and the relying party has only the CertID.

    Expected: no evidence: it is not known that the certificate is that of a CA.
    Baseline Requirements §4.9.9.
    """
    _, cert_id = _about_a_ca(build)
    response = build.response(cert_id=cert_id, next_update=NOW - HOUR + 366 * DAY)
    return build.verify(refused("V19"), response, cert_id=cert_id, policy="webpki")


def _webpki_chain(build: Builder, expected: Expected, leaf_days: int) -> Scenario:
    """Return a chain: *leaf_days* for the status of the leaf, 360 days for the CA."""
    sub, cert_id = _about_a_ca(build)
    leaf = build.certificate("leaf.example", issuer=sub)
    first = build.response(
        by=sub,
        cert_id=build.cert_id(leaf, sub),
        certs=(),
        next_update=NOW + leaf_days * DAY,
    )
    second = build.response(cert_id=cert_id, next_update=NOW + 360 * DAY)
    return build.chain(expected, (leaf, first), (sub, second), policy="webpki")


@case("V19", HIGH)
def webpki_chain(build: Builder) -> Scenario:
    """
    The profile of the public web, and a chain: 7 days for the leaf, 360 for the CA.

    Expected: good, good. Baseline Requirements §4.9.9.
    """
    return _webpki_chain(build, chain(good(), good()), 7)


@case("V19", HIGH)
def webpki_chain_with_an_old_leaf(build: Builder) -> Scenario:
    """
    The profile of the public web, and a chain: 360 days for the leaf and for the CA.

    Expected: not verified, good. Baseline Requirements §4.9.9.
    """
    return _webpki_chain(build, chain(refused("V19"), good()), 360)


@case("V6", HIGH)
def webpki_sha1(build: Builder) -> Scenario:
    """
    The profile of the public web, and a signature with SHA-1.

    Expected: no evidence. Baseline Requirements §7.1.3.
    """
    response = build.response(scheme="ecdsa-sha1")
    return build.verify(refused("V6"), response, policy="webpki")


@case("V6", LOW)
def legacy_sha1(build: Builder) -> Scenario:
    """
    The profile for old responders, and a signature with SHA-1.

    Expected: good, unsafely.
    """
    response = build.response(scheme="ecdsa-sha1")
    return build.verify(good(), response, policy="unsafe-legacy")


@case("V6", LOW)
def legacy_delegate_certificate_with_sha1(build: Builder) -> Scenario:
    """
    The profile for old responders, and a delegate's certificate signed with SHA-1.

    Expected: good, unsafely.
    """
    by = build.delegate(signature_scheme="ecdsa-sha1")
    return build.verify(good(), build.response(by=by), policy="unsafe-legacy")


@case("V17", LOW)
def legacy_without_nocheck(build: Builder) -> Scenario:
    """
    The profile for old responders, and a delegate without nocheck.

    Expected: good, unsafely.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING, OCSP_PLACE))
    return build.verify(good(), build.response(by=by), policy="unsafe-legacy")


@case("V6", LOW, Feature.WEAK)
def legacy_rsa_1024(build: Builder) -> Scenario:
    """
    The profile for old responders, and an RSA key of 1,024 bits.

    Expected: good, unsafely.
    """
    ca = build.authority(key="rsa-1024", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    response = build.response(by=ca, cert_id=build.cert_id(leaf, ca), certs=())
    return build.verify(good(), response, cert=leaf, issuer=ca, policy="unsafe-legacy")


@case("V18", LOW)
def legacy_clock(build: Builder) -> Scenario:
    """
    The profile for old responders, and thisUpdate 15 minutes in the future.

    Expected: good; this is the limit.
    """
    later = NOW + 15 * MINUTE
    response = build.response(this_update=later, produced_at=later)
    return build.verify(good(), response, policy="unsafe-legacy")


@case("V18", MEDIUM)
def legacy_clock_beyond(build: Builder) -> Scenario:
    """
    The profile for old responders, and thisUpdate 15 minutes and one second in the
    future.

    Expected: no evidence.
    """
    response = build.response(this_update=NOW + 15 * MINUTE + SECOND)
    return build.verify(refused("V18"), response, policy="unsafe-legacy")


@case("V14", HIGH)
def legacy_still_asks_for_the_purpose(build: Builder) -> Scenario:
    """
    The profile for old responders, and a signer without id-kp-OCSPSigning.

    Expected: no evidence; old responders need it too. RFC 6960 §4.2.2.2.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS))
    return build.verify(refused("V14"), build.response(by=by), policy="unsafe-legacy")
