"""V1 to V5: the message by itself."""

from __future__ import annotations

from ocsp.asn1 import oids
from ocsp.asn1.der import encode, encode_integer, encode_oid
from tests.cases.builder import DAY, Builder, extension
from tests.cases.model import NOW, Feature, Importance, Scenario, case, good, refused

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM


@case("V1", HIGH)
def successful(build: Builder) -> Scenario:
    """
    The CA returns a *successful* response for the leaf: good, current, signed by the
    CA.

    Expected: good. Every other case differs from this one in one thing. RFC 6960 §2.3,
    §4.2.1.
    """
    return build.verify(good(authorized_by="issuer"))


def _error(build: Builder, status: int) -> Scenario:
    return build.verify(
        refused("V1", error="UnsuccessfulResponse"), build.failed(status)
    )


@case("V1", CRITICAL)
def malformed_request(build: Builder) -> Scenario:
    """
    The responder returns *malformedRequest*.

    Expected: no evidence; an OCSP error is not signed. RFC 6960 §2.3.
    """
    return _error(build, 1)


@case("V1", CRITICAL)
def internal_error(build: Builder) -> Scenario:
    """
    The responder returns *internalError*.

    Expected: no evidence; an OCSP error is not signed. RFC 6960 §2.3.
    """
    return _error(build, 2)


@case("V1", CRITICAL)
def try_later(build: Builder) -> Scenario:
    """
    The responder returns *tryLater*, which an attacker on the path could have sent.

    Expected: no evidence. RFC 6960 §2.3, §5.
    """
    return _error(build, 3)


@case("V1", CRITICAL)
def sig_required(build: Builder) -> Scenario:
    """
    The responder returns *sigRequired*.

    Expected: no evidence. RFC 6960 §2.3.
    """
    return _error(build, 5)


@case("V1", CRITICAL)
def unauthorized(build: Builder) -> Scenario:
    """
    The responder returns *unauthorized*, as many do for certificates without a prepared
    response.

    Expected: no evidence. RFC 6960 §2.3, RFC 9919 §3.2.3.
    """
    return _error(build, 6)


@case("V1", CRITICAL)
def error_with_a_good_body(build: Builder) -> Scenario:
    """
    An OCSP error has the responseBytes of a good response.

    An attacker who has an old response could add it. Expected: no evidence; the
    responseBytes of an error are ignored. RFC 6960 §4.2.1.
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
    The responseStatus is 7, which is not defined.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), build.failed(7))


@case("V2", HIGH)
def successful_without_body(build: Builder) -> Scenario:
    """
    *successful*, without responseBytes.

    Expected: malformed. RFC 6960 §4.2.1: successful responses have responseBytes.
    """
    return build.verify(refused("V2"), build.failed(0))


@case("V2", MEDIUM)
def no_octets(build: Builder) -> Scenario:
    """
    The response is empty.

    Expected: malformed. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), b"")


@case("V2", MEDIUM)
def html_page(build: Builder) -> Scenario:
    """
    The response is an HTML error page.

    Expected: malformed, and no crash. RFC 6960 §4.2.1.
    """
    return build.verify(refused("V2"), b"<!DOCTYPE html><title>502</title>\r\n")


@case("V2", MEDIUM)
def strict_der(build: Builder) -> Scenario:
    """
    A response with every optional field, in strict DER.

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
    The length of the responseStatus has two octets where one is enough.

    Expected: malformed. X.690 §10.1.
    """
    response = build.response()
    _, _, rest = response.partition(b"\x0a\x01\x00")
    return build.verify(refused("V2"), encode(0x30, b"\x0a\x81\x01\x00", rest))


@case("V2", MEDIUM)
def default_version_is_written(build: Builder) -> Scenario:
    """
    The version v1 is encoded, though it is the default.

    Expected: malformed; DER omits defaults. X.690 §11.5.
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
    The nonce has no OCTET STRING around it, which RFC 2560 allowed; the request had
    none.

    Expected: good, with a warning about the unrequested nonce. RFC 6960 §4.4.1.
    """
    response = build.response(extensions=(build.nonce(b"raw nonce", raw=True),))
    return build.verify(good("V22"), response)


@case("V5", MEDIUM)
def malformed_archive_cutoff(build: Builder) -> Scenario:
    """
    The content of archiveCutoff is not a GeneralizedTime.

    Expected: good, with a warning: the extension is not critical, and it is not needed
    for a certificate that has not expired. RFC 6960 §4.4.
    """
    cutoff = extension(oids.ARCHIVE_CUTOFF, b"\x05\x00")
    return build.verify(good("V5"), build.response(build.entry(extensions=(cutoff,))))


@case("V5", MEDIUM)
def malformed_timestamps(build: Builder) -> Scenario:
    """
    The list of signed certificate timestamps is malformed.

    Expected: good, with a warning. RFC 6962 §3.3, RFC 6960 §4.4.
    """
    timestamps = extension(oids.SCT_LIST, b"\x04\x02\xff\xff")
    entry = build.entry(extensions=(timestamps,))
    return build.verify(good("V5"), build.response(entry))


@case("V5", MEDIUM)
def malformed_crl_reference(build: Builder) -> Scenario:
    """
    The content of the CRL reference is not a SEQUENCE.

    Expected: good, with a warning. RFC 6960 §4.4.2.
    """
    entry = build.entry(extensions=(extension(oids.CRL, b"\x05\x00"),))
    return build.verify(good("V5"), build.response(entry))


@case("V5", MEDIUM)
def malformed_reason_among_the_extensions(build: Builder) -> Scenario:
    """
    The CRL entry extension reasonCode in the entry has an unknown code.

    Expected: good, with a warning. RFC 6960 §4.4.5.
    """
    entry = build.entry(extensions=(extension(oids.CRL_REASON, b"\x0a\x01\x07"),))
    return build.verify(good("V5"), build.response(entry))


@case("V5", MEDIUM)
def malformed_extended_revoke(build: Builder) -> Scenario:
    """
    The extension extended-revoke of the response is not NULL.

    Expected: good, with a warning. RFC 6960 §4.4.8.
    """
    odd = extension(oids.EXTENDED_REVOKE, b"\x30\x00")
    return build.verify(good("V5"), build.response(extensions=(odd,)))


@case("V5", HIGH)
def malformed_and_critical(build: Builder) -> Scenario:
    """
    The archiveCutoff of the entry is critical and malformed.

    Expected: no evidence: a critical extension must be understood. RFC 6960 §4.4.
    """
    cutoff = extension(oids.ARCHIVE_CUTOFF, b"\x05\x00", critical=True)
    return build.verify(
        refused("V5"), build.response(build.entry(extensions=(cutoff,)))
    )


@case("V5", CRITICAL)
def malformed_before_an_unknown_critical_one(build: Builder) -> Scenario:
    """
    The entry has malformed timestamps, and then a critical extension that is not known.

    Expected: no evidence: a malformed extension must not hide another one. RFC 6960
    §4.4.
    """
    both = (
        extension(oids.SCT_LIST, b"\x05\x00"),
        extension("1.2.3.4", b"\x05\x00", critical=True),
    )
    return build.verify(refused("V5"), build.response(build.entry(extensions=both)))


@case("V22", CRITICAL)
def malformed_before_another_nonce(build: Builder) -> Scenario:
    """
    The response has a malformed extended-revoke, and then the nonce of another request.

    Expected: no evidence: a malformed extension must not hide the nonce. RFC 9654.
    """
    both = (extension(oids.EXTENDED_REVOKE, b"\x30\x00"), build.nonce(bytes(32)))
    response = build.response(extensions=both)
    return build.verify(refused("V22"), response, nonce=bytes(31) + b"\x01")


@case("V25", MEDIUM)
def malformed_archive_cutoff_that_is_needed(build: Builder) -> Scenario:
    """
    The certificate has expired, and the archiveCutoff of the response is malformed.

    Expected: good, with warnings, as without archiveCutoff. RFC 6960 §4.4.4.
    """
    leaf = build.certificate("leaf.example", end=NOW - DAY)
    cutoff = extension(oids.ARCHIVE_CUTOFF, b"\x05\x00")
    entry = build.entry(cert_id=build.cert_id(leaf), extensions=(cutoff,))
    return build.verify(good("V5", "V25", "V26"), build.response(entry), cert=leaf)


@case("V3", HIGH)
def basic(build: Builder) -> Scenario:
    """
    The responseType is id-pkix-ocsp-basic, and the version is absent.

    Expected: good. RFC 6960 §4.2.1.
    """
    return build.verify(good(), build.response(by=build.responder))


@case("V3", HIGH)
def other_response_type(build: Builder) -> Scenario:
    """
    The responseType is not id-pkix-ocsp-basic, but the content is a good response.

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
    A signed response has no entries.

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
    The responseExtensions have two nonces; the second one is that of the request.

    Expected: no evidence. RFC 5280 §4.2: no extension twice.
    """
    two = build.nonce(b"other"), build.nonce(b"mine")
    return build.verify(refused("V4"), build.response(extensions=two), nonce=b"mine")


@case("V4", MEDIUM)
def same_extension_twice_in_the_entry(build: Builder) -> Scenario:
    """
    The singleExtensions have an extension twice.

    Expected: no evidence. RFC 5280 §4.2.
    """
    two = (extension("1.2.3.4", b"\x05\x00"),) * 2
    return build.verify(refused("V4"), build.response(build.entry(extensions=two)))


@case("V4", MEDIUM, Feature.MANY_ENTRIES)
def same_extension_twice_in_another_entry(build: Builder) -> Scenario:
    """
    An entry for another certificate has an extension twice.

    Expected: no evidence; the response as a whole violates the standard. RFC 5280 §4.2.
    """
    two = (extension("1.2.3.4", b"\x05\x00"),) * 2
    other = build.entry(cert_id=build.cert_id(serial=b"\x05"), extensions=two)
    return build.verify(refused("V4"), build.response(build.entry(), other))


@case("V5", HIGH)
def critical_extension(build: Builder) -> Scenario:
    """
    A critical responseExtension that is not known.

    Expected: no evidence. RFC 6960 §4.4, RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    return build.verify(refused("V5"), build.response(extensions=(unknown,)))


@case("V5", HIGH)
def critical_extension_in_the_entry(build: Builder) -> Scenario:
    """
    A critical singleExtension that is not known.

    Expected: no evidence. RFC 6960 §4.4, RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    response = build.response(build.entry(extensions=(unknown,)))
    return build.verify(refused("V5"), response)


@case("V5", MEDIUM, Feature.MANY_ENTRIES)
def critical_extension_in_another_entry(build: Builder) -> Scenario:
    """
    A critical singleExtension that is not known, in the entry for another certificate.

    Expected: good; that entry is not used. RFC 6960 §4.4.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    other = build.entry(cert_id=build.cert_id(serial=b"\x05"), extensions=(unknown,))
    return build.verify(good(), build.response(other, build.entry()))


@case("V5", MEDIUM)
def extension_that_is_not_critical(build: Builder) -> Scenario:
    """
    Extensions that are neither known nor critical.

    Expected: good. RFC 6960 §4.4.
    """
    unknown = (extension("1.2.3.4", b"\x05\x00"),)
    response = build.response(build.entry(extensions=unknown), extensions=unknown)
    return build.verify(good(), response)


@case("V5", MEDIUM)
def critical_nonce(build: Builder) -> Scenario:
    """
    The nonce is critical, and equal to that of the request.

    Expected: good; the extension is known. RFC 6960 §4.4.1.
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
    The entry has a critical CRL entry extension (invalidityDate).

    Expected: good; RFC 6960 §4.4.5 lets CRL entry extensions be singleExtensions.
    """
    date = encode(0x18, b"20200101000000Z")
    single = extension(oids.INVALIDITY_DATE, date, critical=True)
    return build.verify(good(), build.response(build.entry(extensions=(single,))))
