"""V2: messages in BER, and with deviations from DER, where the policy accepts them."""

from __future__ import annotations

from ocsp import load_der_ocsp_response
from ocsp.asn1 import oids
from ocsp.asn1.der import encode, encode_integer, encode_oid
from tests.cases.builder import Builder
from tests.cases.model import Importance, Scenario, case, good, refused, revoked

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM
TOLERANT = {"encoding": "tolerant"}
VERSION_1 = encode(0xA0, encode_integer(0))
UNKNOWN = encode_oid("1.2.3.4")


def _indefinite(der: bytes) -> bytes:
    """Return the value *der*, of less than 65,536 octets, with an indefinite length."""
    start = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
    return der[:1] + b"\x80" + der[start:] + b"\x00\x00"


def _basic(response: bytes) -> bytes:
    """Return the BasicOCSPResponse of *response*, of 128 to 255 octets."""
    _, _, octets = response.partition(encode_oid(oids.OCSP_BASIC))
    assert octets[:2] == b"\x04\x81"
    return octets[3:]


@case("V2", HIGH)
def version_1_is_encoded(build: Builder) -> Scenario:
    """
    The default version v1 is encoded, as old responders do; the policy accepts that.

    Expected: good, with a warning. X.690 §11.5.
    """
    response = build.response(version=VERSION_1)
    return build.verify(good("V2"), response, policy=TOLERANT)


@case("V2", HIGH)
def version_1_for_old_responders(build: Builder) -> Scenario:
    """
    The default version v1 is encoded; the profile for old responders accepts that.

    Expected: good, with a warning. X.690 §11.5.
    """
    response = build.response(version=VERSION_1)
    return build.verify(good("V2"), response, policy="unsafe-legacy")


@case("V2", MEDIUM)
def version_1_is_encoded_twice(build: Builder) -> Scenario:
    """
    The version occurs twice; the policy accepts deviations from DER.

    Expected: malformed; a field has one value. X.690 §8.9.
    """
    response = build.response(version=VERSION_1 * 2)
    return build.verify(refused("V2"), response, policy=TOLERANT)


@case("V2", HIGH)
def fractions_are_accepted(build: Builder) -> Scenario:
    """
    All times have a fraction of a second; the policy accepts that.

    Expected: revoked, with a warning. RFC 5280 §4.1.2.5.2.
    """
    entry = build.entry(
        build.revoked(b"20260630120000.25Z"),
        this_update=b"20260701110000.5Z",
        next_update=b"20260702110000.125Z",
    )
    response = build.response(entry, produced_at=b"20260701110000.999Z")
    return build.verify(revoked("V2"), response, policy=TOLERANT)


@case("V2", HIGH)
def offset_is_refused(build: Builder) -> Scenario:
    """
    ThisUpdate has an offset from UTC.

    Expected: malformed. RFC 5280 §4.1.2.5.2.
    """
    response = build.response(this_update=b"20260701130000+0200")
    return build.verify(refused("V2"), response)


@case("V2", HIGH)
def offset_is_accepted(build: Builder) -> Scenario:
    """
    ThisUpdate has an offset from UTC, so it only seems to be in the future; the policy
    accepts that.

    Expected: good, with a warning. RFC 5280 §4.1.2.5.2.
    """
    response = build.response(this_update=b"20260701130000+0200")
    return build.verify(good("V2"), response, policy=TOLERANT)


@case("V2", CRITICAL)
def offset_hides_the_end(build: Builder) -> Scenario:
    """
    NextUpdate has an offset from UTC, so it only seems to be in the future; the policy
    accepts offsets.

    Expected: expired. RFC 6960 §4.2.2.1.
    """
    response = build.response(
        this_update=b"20260630110000Z", next_update=b"20260701130000+0200"
    )
    return build.verify(refused("V19"), response, policy=TOLERANT)


@case("V2", MEDIUM)
def seconds_are_missing(build: Builder) -> Scenario:
    """
    ProducedAt has no seconds; the policy accepts that.

    Expected: good, with a warning. RFC 5280 §4.1.2.5.2.
    """
    response = build.response(produced_at=b"202607011100Z")
    return build.verify(good("V2"), response, policy=TOLERANT)


@case("V2", MEDIUM)
def local_time_stays_refused(build: Builder) -> Scenario:
    """
    ThisUpdate has no time zone; the policy accepts deviations from DER.

    Expected: malformed; the moment is not known. RFC 5280 §4.1.2.5.2.
    """
    response = build.response(this_update=b"20260701110000")
    return build.verify(refused("V2"), response, policy=TOLERANT)


def _with_critical(build: Builder, flag: bytes) -> bytes:
    unknown = encode(0x30, UNKNOWN, flag, encode(0x04, b"\x05\x00"))
    return build.response(build.entry(extensions=(unknown,)))


@case("V2", MEDIUM)
def critical_false_is_refused(build: Builder) -> Scenario:
    """
    The default FALSE of critical is encoded.

    Expected: malformed; DER omits defaults. X.690 §11.5.
    """
    return build.verify(refused("V2"), _with_critical(build, b"\x01\x01\x00"))


@case("V2", MEDIUM)
def critical_false_is_accepted(build: Builder) -> Scenario:
    """
    The default FALSE of critical is encoded; the policy accepts that.

    Expected: good, with a warning. X.690 §11.5.
    """
    response = _with_critical(build, b"\x01\x01\x00")
    return build.verify(good("V2"), response, policy=TOLERANT)


@case("V2", CRITICAL)
def critical_with_another_octet(build: Builder) -> Scenario:
    """
    Critical is TRUE with the octet 01, for an unknown extension; the policy accepts
    deviations from DER.

    Expected: refused, as any unknown critical extension. RFC 6960 §4.4, X.690 §8.2.
    """
    response = _with_critical(build, b"\x01\x01\x01")
    return build.verify(refused("V5"), response, policy=TOLERANT)


@case("V2", MEDIUM)
def empty_list_of_extensions(build: Builder) -> Scenario:
    """
    The response and its entry have an empty list of extensions.

    Expected: good; nothing depends on the list. RFC 5280 §4.1 asks for an element.
    """
    empty = encode(0xA1, encode(0x30))
    entry = build.entry()[2:] + empty
    return build.verify(good(), build.response(encode(0x30, entry), tail=empty))


@case("V2", MEDIUM)
def indefinite_lengths_are_refused(build: Builder) -> Scenario:
    """
    The entry and the response have lengths of the indefinite form.

    Expected: malformed (CVE-2026-44378). X.690 §10.1.
    """
    response = build.response(_indefinite(build.entry()))
    return build.verify(refused("V2"), _indefinite(response))


@case("V2", MEDIUM)
def indefinite_lengths_are_accepted(build: Builder) -> Scenario:
    """
    The entry and the response have lengths of the indefinite form; the policy accepts
    that, and the signature covers the octets that were sent.

    Expected: good, with a warning. X.690 §10.1.
    """
    response = build.response(_indefinite(build.entry()))
    return build.verify(good("V2"), _indefinite(response), policy=TOLERANT)


@case("V2", MEDIUM)
def long_length_is_accepted(build: Builder) -> Scenario:
    """
    The length of the responseStatus has two octets; the policy accepts that.

    Expected: good, with a warning. X.690 §10.1.
    """
    _, _, rest = build.response().partition(b"\x0a\x01\x00")
    response = encode(0x30, b"\x0a\x81\x01\x00", rest)
    return build.verify(good("V2"), response, policy=TOLERANT)


@case("V2", MEDIUM)
def response_in_segments(build: Builder) -> Scenario:
    """
    The octets of the BasicOCSPResponse are in two segments; the policy accepts that.

    Expected: good, with a warning. X.690 §10.2.
    """
    basic = _basic(build.response())
    segments = encode(0x24, encode(0x04, basic[:99]), encode(0x04, basic[99:]))
    inner = encode(0xA0, encode(0x30, encode_oid(oids.OCSP_BASIC), segments))
    response = encode(0x30, b"\x0a\x01\x00", inner)
    return build.verify(good("V2"), response, policy=TOLERANT)


@case("V2", CRITICAL)
def signed_as_der_and_sent_as_ber(build: Builder) -> Scenario:
    """
    The CA has signed DER, and the entry was sent with an indefinite length; the policy
    accepts that encoding.

    Expected: refused; the signature is verified over the octets that were received.
    RFC 6960 §4.2.1.
    """
    signature = load_der_ocsp_response(build.response()).signature
    response = build.response(_indefinite(build.entry()), signature=signature)
    return build.verify(refused("V10"), response, policy=TOLERANT)


@case("V2", MEDIUM)
def octets_after_the_end(build: Builder) -> Scenario:
    """
    Two zeros follow the response, like the end of an indefinite length; the policy
    accepts deviations from DER.

    Expected: malformed. X.690 §8.1.5.
    """
    response = build.response() + b"\x00\x00"
    return build.verify(refused("V2"), response, policy=TOLERANT)


@case("V2", CRITICAL)
def forged_with_version_1(build: Builder) -> Scenario:
    """
    The signature is that of another key, and version v1 is encoded; the policy accepts
    deviations from DER.

    Expected: refused; no deviation weakens the signature. RFC 6960 §3.2.
    """
    response = build.response(version=VERSION_1, signed_by="mallory")
    return build.verify(refused("V10"), response, policy=TOLERANT)
