"""Traps: valid responses that are often rejected, and invalid ones that look alike."""

from __future__ import annotations

from ocsp.asn1.der import encode, encode_oid
from tests.cases.builder import CA, DAY, Builder, name, usage
from tests.cases.model import (
    NOW,
    Feature,
    Importance,
    Scenario,
    case,
    good,
    refused,
    unknown,
)

CRITICAL, HIGH, MEDIUM, LOW = (
    Importance.CRITICAL,
    Importance.HIGH,
    Importance.MEDIUM,
    Importance.LOW,
)

ELSEWHERE = {
    "base64 with two slashes in a GET": "client",
    "Retry-After and tryLater": "client",
    "a web page with status 200": "client; as octets in message::html-page",
    "good is judged again when it is used": "cache",
    "no issuer is given": "client, which finds it by name and signature",
}
"""Traps of other floors, and where their tests belong."""


def _named(*attributes: tuple[str, int, bytes]) -> bytes:
    sets = (
        encode(0x31, encode(0x30, encode_oid(dotted), encode(tag, value)))
        for dotted, tag, value in attributes
    )
    return encode(0x30, *sets)


@case("V11", MEDIUM)
def name_in_wide_characters(build: Builder) -> Scenario:
    """
    The responderID has the delegate's name as BMPString, the certificate as UTF8String.

    Expected: good; the names are equal. RFC 5280 §7.1.
    """
    wide = _named(("2.5.4.3", 0x1E, "Test Responder".encode("utf-16-be")))
    response = build.response(by=build.responder, responder_id=build.by_name(wide))
    return build.verify(good(), response)


@case("V11", HIGH)
def name_in_another_order(build: Builder) -> Scenario:
    """
    The delegate is C=DE, CN=Test, and the responderID is CN=Test, C=DE.

    Expected: no evidence; the order is part of a name. RFC 5280 §7.1.
    """
    country, common = ("2.5.4.6", 0x13, b"DE"), ("2.5.4.3", 0x0C, b"Test")
    by = build.delegate(_named(country, common))
    response = build.response(
        by=by, responder_id=build.by_name(_named(common, country))
    )
    return build.verify(refused("V11"), response)


@case("V11", HIGH)
def value_of_another_attribute(build: Builder) -> Scenario:
    """
    The delegate is CN=Test, and the responderID is O=Test.

    Expected: no evidence. RFC 5280 §7.1.
    """
    by = build.delegate(name("Test"))
    other = build.by_name(_named(("2.5.4.10", 0x0C, b"Test")))
    return build.verify(refused("V11"), build.response(by=by, responder_id=other))


@case("V7", HIGH)
def asked_with_sha256_answered_with_sha1(build: Builder) -> Scenario:
    """
    The request has a CertID with SHA-256, and the response has one with SHA-1.

    Expected: good; CertIDs are computed again, not compared octet by octet. RFC 6960
    §4.1.1.
    """
    response = build.response(cert_id=build.cert_id(hashed="sha1"))
    request = build.request(build.cert_id(hashed="sha256"))
    return build.verify(good(), response, request=request)


@case("V4", LOW)
def empty_list_of_extensions(build: Builder) -> Scenario:
    """
    ResponseExtensions is present but empty, as some responders encode it.

    Expected: good. RFC 5280 requires at least one extension, but other implementations
    accept an empty list, and an attacker gains nothing from it.
    """
    inside = encode(0xA1, encode(0x30))
    response = build.response(by=build.responder, tail=inside)
    return build.verify(good(), response)


@case("V14", MEDIUM)
def issuer_without_the_purpose(build: Builder) -> Scenario:
    """
    The CA signs the response itself, without id-kp-OCSPSigning.

    Expected: good; only delegates need it. RFC 6960 §4.2.2.2.
    """
    ca = build.authority(extensions=(CA, usage("digital_signature", "key_cert_sign")))
    return build.verify(good(), build.response(by=ca, certs=()), issuer=ca)


@case("V12", MEDIUM)
def issuer_stands_first_among_the_certificates(build: Builder) -> Scenario:
    """
    The response has the CA's certificate twice, and then the delegate's.

    Expected: good. RFC 6960 §4.2.1.
    """
    by = build.responder
    response = build.response(by=by, certs=(build.ca.der, build.ca.der, by.der))
    return build.verify(good(authorized_by="delegate"), response)


@case("V12", MEDIUM)
def no_certificates_where_the_issuer_signs(build: Builder) -> Scenario:
    """
    The CA signs the response itself, which has no certificates.

    Expected: good. RFC 6960 §4.2.1: they are optional.
    """
    return build.verify(good(), build.response(certs=()))


@case("V19", MEDIUM)
def without_next_update(build: Builder) -> Scenario:
    """
    There is no nextUpdate; the response is an hour old.

    Expected: good, until it is a day old. RFC 6960 §4.2.2.1.
    """
    expected = good(next_update=None, holds_until="2026-07-02T11:00:00Z")
    return build.verify(expected, build.response(next_update=None))


@case("V20", CRITICAL)
def unknown_with_the_right_cert_id(build: Builder) -> Scenario:
    """
    *unknown* for the right certificate, by a delegate.

    Expected: unknown. RFC 6960 §2.2.
    """
    response = build.response(by=build.responder, status=build.UNKNOWN)
    return build.verify(unknown(), response)


@case("V13", MEDIUM)
def issuer_with_a_renewed_certificate(build: Builder) -> Scenario:
    """
    The CA has a new certificate for the same key and name; the response has the former
    one, which has expired.

    Expected: good; the key is that of the CA. RFC 6960 §4.2.2.2.
    """
    former = build.authority(serial=2, end=NOW - DAY)
    response = build.response(by=former)
    return build.verify(good(authorized_by="issuer"), response)


@case("V13", HIGH)
def delegate_after_a_change_of_the_key(build: Builder) -> Scenario:
    """
    The CA has a new key under the same name; the new key signed the delegate's
    certificate, and the former key signed the certificate in question.

    Expected: no evidence. RFC 6960 §4.2.2.2: both must be signed by the same key.
    """
    renewed = build.authority(key="ca-2")
    by = build.delegate(issuer=renewed)
    response = build.response(by=by)
    return build.verify(refused("V13"), response)


@case("V7", LOW, Feature.MANY_ENTRIES)
def same_number_of_two_issuers(build: Builder) -> Scenario:
    """
    Two entries with the same serial number, of two issuers; the other one is unknown.

    Expected: good; the whole CertID identifies the certificate. RFC 6960 §4.1.1.
    """
    other = build.cert_id(issuer=build.authority("Other CA", key="ca-2"))
    response = build.response(build.entry(build.UNKNOWN, cert_id=other), build.entry())
    return build.verify(good(), response)
