"""V1 to V5: the message by itself."""

from __future__ import annotations

from ocsp.asn1 import oids
from ocsp.asn1.der import encode, encode_integer, encode_oid
from tests.cases.builder import Builder, extension
from tests.cases.model import Feature, Importance, Scenario, case, good, refused

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM


@case("V1", HIGH)
def successful(build: Builder) -> Scenario:
    """
    The CA answers *successful* about the leaf: good, current, signed by itself.

    Expected: good. Every other case differs from this one in one thing.
    RFC 6960 §2.3, §4.2.1.
    """
    return build.verify(good(authorized_by="issuer"))


def _error(build: Builder, status: int) -> Scenario:
    return build.verify(
        refused("V1", error="UnsuccessfulResponse"), build.failed(status)
    )


@case("V1", CRITICAL)
def malformed_request(build: Builder) -> Scenario:
    """
    The responder answers *malformedRequest*.

    Expected: no evidence; an error is signed by nobody. RFC 6960 §2.3.
    """
    return _error(build, 1)


@case("V1", CRITICAL)
def internal_error(build: Builder) -> Scenario:
    """
    The responder answers *internalError*.

    Expected: no evidence; an error is signed by nobody. RFC 6960 §2.3.
    """
    return _error(build, 2)


@case("V1", CRITICAL)
def try_later(build: Builder) -> Scenario:
    """
    The responder answers *tryLater*, which anybody on the path could have written.

    Expected: no evidence. RFC 6960 §2.3, §5.
    """
    return _error(build, 3)


@case("V1", CRITICAL)
def sig_required(build: Builder) -> Scenario:
    """
    The responder answers *sigRequired*.

    Expected: no evidence. RFC 6960 §2.3.
    """
    return _error(build, 5)


@case("V1", CRITICAL)
def unauthorized(build: Builder) -> Scenario:
    """
    The responder answers *unauthorized*, as many do for what they have not prepared.

    Expected: no evidence. RFC 6960 §2.3, RFC 9919 §3.2.3.
    """
    return _error(build, 6)


@case("V1", CRITICAL)
def error_with_a_good_body(build: Builder) -> Scenario:
    """
    An error comes with the responseBytes of a good response.

    An attacker who holds an old response could put it there. Expected: no evidence;
    what comes with an error is nobody's answer. RFC 6960 §4.2.1.
    """
    good_one = build.response()
    return build.verify(
        refused("V1"), good_one.replace(b"\x0a\x01\x00", b"\x0a\x01\x06", 1)
    )


@case("V2", HIGH)
def status_4(build: Builder) -> Scenario:
    """
    The responseStatus is 4, which is not used.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.failed(4))


@case("V2", HIGH)
def status_7(build: Builder) -> Scenario:
    """
    The responseStatus is 7, which is none.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.failed(7))


@case("V2", HIGH)
def successful_without_body(build: Builder) -> Scenario:
    """
    *successful*, and nothing else.

    Expected: malformed. RFC 6960 §4.2.1: successful responses have responseBytes.
    """
    return build.verify(refused("V2"), build.failed(0))


@case("V2", MEDIUM)
def no_octets(build: Builder) -> Scenario:
    """
    The answer is empty.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), b"")


@case("V2", MEDIUM)
def html_page(build: Builder) -> Scenario:
    """
    The answer is a web page that says that something went wrong.

    Expected: malformed, and no crash. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), b"<!DOCTYPE html><title>502</title>\r\n")


@case("V2", MEDIUM)
def strict_der(build: Builder) -> Scenario:
    """
    A response with everything that is optional, in strict DER.

    Expected: good. X.690 §10.
    """
    others = (extension("1.2.3.4", b"\x05\x00"),)
    response = build.response(
        build.entry(extensions=others),
        by=build.responder,
        extensions=(build.nonce(b"n" * 32), *others),
    )
    return build.verify(good(), response, nonce=b"n" * 32)


@case("V2", MEDIUM)
def trailing_octet(build: Builder) -> Scenario:
    """
    One octet follows the response.

    Expected: malformed; DER has one encoding. X.690 §10.
    """
    return build.verify(refused("V2"), build.response() + b"\x00")


@case("V2", MEDIUM)
def cut_off(build: Builder) -> Scenario:
    """
    The last octet of the response is missing.

    Expected: malformed. X.690 §8.1.3.
    """
    return build.verify(refused("V2"), build.response()[:-1])


@case("V2", MEDIUM)
def long_form_of_a_short_length(build: Builder) -> Scenario:
    """
    The length of the responseStatus is written in two octets where one is enough.

    Expected: malformed. X.690 §10.1.
    """
    response = build.response()
    _, _, rest = response.partition(b"\x0a\x01\x00")
    return build.verify(refused("V2"), encode(0x30, b"\x0a\x81\x01\x00", rest))


@case("V2", MEDIUM)
def default_version_is_written(build: Builder) -> Scenario:
    """
    The version is v1, and it is written, though it is the default.

    Expected: malformed; DER leaves defaults out. X.690 §11.5.
    """
    version = encode(0xA0, encode_integer(0))
    return build.verify(refused("V2"), build.response(version=version))


@case("V2", MEDIUM)
def time_with_fractions(build: Builder) -> Scenario:
    """
    ThisUpdate has fractions of a second.

    Expected: malformed. RFC 5280 §4.1.2.5.2, to which RFC 6960 §4.2.2.1 refers.
    """
    response = build.response(this_update=b"20260701110000.5Z")
    return build.verify(refused("V2"), response)


@case("V2", MEDIUM)
def time_that_is_none(build: Builder) -> Scenario:
    """
    NextUpdate is the 30th of February.

    Expected: malformed. X.680 §46.
    """
    return build.verify(refused("V2"), build.response(next_update=b"20270230110000Z"))


@case("V2", MEDIUM)
def malformed_nonce_is_no_reason(build: Builder) -> Scenario:
    """
    The nonce is not wrapped in an OCTET STRING, as RFC 2560 could be read; none was sent.

    Expected: good, with a warning about a nonce that nobody has asked for.
    RFC 6960 §4.4.1.
    """
    response = build.response(extensions=(build.nonce(b"raw nonce", raw=True),))
    return build.verify(good("V22"), response)


@case("V2", MEDIUM)
def malformed_archive_cutoff(build: Builder) -> Scenario:
    """
    The content of archiveCutoff is no GeneralizedTime.

    Expected: malformed, and no crash. RFC 6960 §4.4.4.
    """
    cutoff = extension(oids.ARCHIVE_CUTOFF, b"\x05\x00")
    return build.verify(
        refused("V2"), build.response(build.entry(extensions=(cutoff,)))
    )


@case("V3", HIGH)
def basic(build: Builder) -> Scenario:
    """
    The responseType is id-pkix-ocsp-basic, and the version is left out.

    Expected: good. RFC 6960 §4.2.1.
    """
    return build.verify(good(), build.response(by=build.responder))


@case("V3", HIGH)
def other_response_type(build: Builder) -> Scenario:
    """
    The responseType is not id-pkix-ocsp-basic, around the octets of a good response.

    Expected: no evidence. RFC 6960 §4.2.1.
    """
    basic_type = encode_oid(oids.OCSP_BASIC)
    response = build.response().replace(basic_type, encode_oid(oids.NONCE), 1)
    return build.verify(refused("V3"), response)


@case("V3", HIGH)
def version_2(build: Builder) -> Scenario:
    """
    The version of the response is v2.

    Expected: no evidence; there is only v1. RFC 6960 §4.2.2.3.
    """
    version = encode(0xA0, encode_integer(1))
    return build.verify(refused("V3"), build.response(version=version))


@case("V4", HIGH)
def no_entries(build: Builder) -> Scenario:
    """
    A signed response says nothing about any certificate.

    Expected: no evidence. RFC 6960 §4.2.2.3: a response has an entry for each
    certificate.
    """
    return build.verify(refused("V4"), build.response(empty=True))


@case("V4", MEDIUM)
def different_extensions(build: Builder) -> Scenario:
    """
    Two different extensions in the response, and the same two in its entry.

    Expected: good. RFC 5280 §4.2.
    """
    two = extension("1.2.3.4", b"\x05\x00"), extension("1.2.3.5", b"\x05\x00")
    response = build.response(build.entry(extensions=two), extensions=two)
    return build.verify(good(), response)


@case("V4", MEDIUM)
def same_extension_twice(build: Builder) -> Scenario:
    """
    The nonce stands twice among the responseExtensions, the second time as sent.

    Expected: no evidence. RFC 5280 §4.2: no extension twice.
    """
    two = build.nonce(b"other"), build.nonce(b"mine")
    return build.verify(refused("V4"), build.response(extensions=two), nonce=b"mine")


@case("V4", MEDIUM)
def same_extension_twice_in_the_entry(build: Builder) -> Scenario:
    """
    An extension stands twice among the singleExtensions.

    Expected: no evidence. RFC 5280 §4.2.
    """
    two = (extension("1.2.3.4", b"\x05\x00"),) * 2
    return build.verify(refused("V4"), build.response(build.entry(extensions=two)))


@case("V4", MEDIUM, Feature.MANY_ENTRIES)
def same_extension_twice_in_another_entry(build: Builder) -> Scenario:
    """
    An extension stands twice in an entry about another certificate.

    Expected: no evidence; the response as a whole is not what the standard describes.
    RFC 5280 §4.2.
    """
    two = (extension("1.2.3.4", b"\x05\x00"),) * 2
    other = build.entry(cert_id=build.cert_id(serial=b"\x05"), extensions=two)
    return build.verify(refused("V4"), build.response(build.entry(), other))


@case("V5", HIGH)
def critical_extension(build: Builder) -> Scenario:
    """
    A critical responseExtension that nobody knows.

    Expected: no evidence. RFC 6960 §4.4, RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    return build.verify(refused("V5"), build.response(extensions=(unknown,)))


@case("V5", HIGH)
def critical_extension_in_the_entry(build: Builder) -> Scenario:
    """
    A critical singleExtension that nobody knows.

    Expected: no evidence. RFC 6960 §4.4, RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    response = build.response(build.entry(extensions=(unknown,)))
    return build.verify(refused("V5"), response)


@case("V5", MEDIUM, Feature.MANY_ENTRIES)
def critical_extension_in_another_entry(build: Builder) -> Scenario:
    """
    A critical singleExtension that nobody knows, of another certificate.

    Expected: good; that entry is not used. RFC 6960 §4.4.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    other = build.entry(cert_id=build.cert_id(serial=b"\x05"), extensions=(unknown,))
    return build.verify(good(), build.response(other, build.entry()))


@case("V5", MEDIUM)
def extension_that_is_not_critical(build: Builder) -> Scenario:
    """
    Extensions that nobody knows, and that are not critical.

    Expected: good. RFC 6960 §4.4.
    """
    unknown = (extension("1.2.3.4", b"\x05\x00"),)
    response = build.response(build.entry(extensions=unknown), extensions=unknown)
    return build.verify(good(), response)


@case("V5", MEDIUM)
def critical_nonce(build: Builder) -> Scenario:
    """
    The nonce is critical, and it is the one that was sent.

    Expected: good; it is known. RFC 6960 §4.4.1.
    """
    response = build.response(extensions=(build.nonce(b"n" * 32, critical=True),))
    return build.verify(good(nonce_matched=True), response, nonce=b"n" * 32)


@case("V5", MEDIUM)
def critical_known_extensions(build: Builder) -> Scenario:
    """
    archiveCutoff, CrlID and extended revoke are critical.

    Expected: good; all of them are known. RFC 6960 §4.4.2, §4.4.4, §4.4.8.
    """
    single = (
        extension(oids.ARCHIVE_CUTOFF, encode(0x18, b"20200101000000Z"), critical=True),
        extension(
            oids.CRL, encode(0x30, encode(0xA1, encode_integer(7))), critical=True
        ),
    )
    revoke = extension(oids.EXTENDED_REVOKE, b"\x05\x00", critical=True)
    response = build.response(build.entry(extensions=single), extensions=(revoke,))
    return build.verify(good(), response)


@case("V5", MEDIUM)
def critical_reason_of_the_crl_entry(build: Builder) -> Scenario:
    """
    A CRL entry extension (invalidityDate) stands in the entry, and is critical.

    Expected: good; RFC 6960 §4.4.5 lets CRL entry extensions be singleExtensions.
    """
    date = encode(0x18, b"20200101000000Z")
    single = extension(oids.INVALIDITY_DATE, date, critical=True)
    return build.verify(good(), build.response(build.entry(extensions=(single,))))
