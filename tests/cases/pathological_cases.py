"""Messages that are made to break a decoder or verifier: sizes, numbers, depth."""

from __future__ import annotations

from ocsp.asn1.der import NULL_DER, encode, encode_integer, encode_oid
from tests.cases.builder import Builder, extension, name
from tests.cases.model import Feature, Importance, Scenario, case, good, refused

HIGH, MEDIUM = Importance.HIGH, Importance.MEDIUM
MANY = Feature.MANY_ENTRIES


@case("V12", HIGH, Feature.POLICY)
def many_decoys(build: Builder) -> Scenario:
    """
    Fifteen certificates with the delegate's name precede the delegate's own.

    Expected: no evidence. The work is limited, and an honest responder sends one
    certificate (RFC 9919 §3.2.2).
    """
    by = build.responder
    decoys = [build.delegate(key="mallory", serial=2 + each).der for each in range(15)]
    response = build.response(
        by=by, responder_id=build.by_name(by.subject), certs=(*decoys, by.der)
    )
    return build.verify(refused("V10", "V12"), response)


@case("V12", MEDIUM)
def a_few_decoys(build: Builder) -> Scenario:
    """
    Six certificates with the delegate's name precede the delegate's own.

    Expected: good. RFC 6960 §4.2.1.
    """
    by = build.responder
    decoys = [build.delegate(key="mallory", serial=2 + each).der for each in range(6)]
    response = build.response(
        by=by, responder_id=build.by_name(by.subject), certs=(*decoys, by.der)
    )
    return build.verify(good(), response)


_BITS = 0x03


@case("V11", HIGH)
def responder_named_in_bits(build: Builder) -> Scenario:
    """
    The common name in responderID is a BIT STRING.

    Expected: no evidence, and no crash; such a name matches no certificate. RFC 5280
    §4.1.2.4.
    """
    other = build.by_name(name("\0nobody", tag=_BITS))
    return build.verify(refused("V11"), build.response(responder_id=other))


@case("V12", HIGH)
def decoy_named_in_bits(build: Builder) -> Scenario:
    """
    Certificates with names in BIT STRINGs precede the delegate's certificate.

    Expected: good; additional certificates, which are not signed, must not invalidate a
    response. RFC 6960 §4.2.1.
    """
    by, bits = build.responder, name("\0nobody", tag=_BITS)
    directory = encode(0x30, encode(0xA4, bits))
    decoys = (
        build.delegate(bits, key="mallory"),
        build.delegate(key="mallory", issuer_name=bits),
        build.delegate(key="mallory", extensions=(extension("2.5.29.17", directory),)),
    )
    response = build.response(
        by=by,
        responder_id=build.by_name(by.subject),
        certs=(*(each.der for each in decoys), by.der),
    )
    return build.verify(good(), response)


@case("V2", MEDIUM)
def issuer_of_an_entry_named_in_bits(build: Builder) -> Scenario:
    """
    An entry has the extension certificateIssuer, with a name in a BIT STRING.

    Expected: good, with a warning, and no crash: it is not needed. RFC 6960 §4.4.5.
    """
    names = encode(0x30, encode(0xA4, name("\0nobody", tag=_BITS)))
    entry = build.entry(extensions=(extension("2.5.29.29", names),))
    return build.verify(good("V5"), build.response(entry))


@case("V2", HIGH)
def nested_a_thousand_times(build: Builder) -> Scenario:
    """
    A thousand nested SEQUENCEs.

    Expected: malformed, and no crash.
    """
    nested = b""
    for _ in range(1000):
        nested = encode(0x30, nested)
    return build.verify(refused("V2"), nested)


@case("V2", HIGH, Feature.POLICY)
def nested_in_a_certificate(build: Builder) -> Scenario:
    """
    The certificate in the response has two hundred nested values.

    Expected: malformed, and no crash.
    """
    nested = b"\x05\x00"
    for _ in range(200):
        nested = encode(0x30, nested)
    by = build.delegate(
        key_info=encode(
            0x30, encode(0x30, encode_oid("1.2.3.4"), nested), encode(3, b"\0")
        )
    )
    return build.verify(refused("V2"), build.response(by=build.ca, certs=(by.der,)))


@case("V2", HIGH)
def length_of_four_gigabytes(build: Builder) -> Scenario:
    """
    The outermost length is four gigabytes, and a hundred octets follow.

    Expected: malformed, and no allocation.
    """
    return build.verify(refused("V2"), b"\x30\x84\xff\xff\xff\xff" + bytes(100))


@case("V2", MEDIUM, Feature.POLICY)
def object_identifier_of_a_thousand_octets(build: Builder) -> Scenario:
    """
    The OID of an extension has an arc of a thousand octets.

    Expected: no evidence, or an unknown extension, which is not critical here; no crash
    in either case.
    """
    odd = encode(
        0x30, encode(0x06, b"\x2a" + b"\x81" * 999 + b"\x01"), encode(0x04, b"")
    )
    return build.verify(refused("V2"), build.response(extensions=(odd,)))


@case("V7", MEDIUM)
def serial_of_a_thousand_octets(build: Builder) -> Scenario:
    """
    The serial number in the response has a thousand octets.

    Expected: no evidence, and no crash. RFC 5280 §4.1.2.2: at most twenty.
    """
    serial = b"\x1f\x2e" + bytes(998)
    response = build.response(cert_id=build.cert_id(serial=serial))
    return build.verify(refused("V7"), response)


@case("V12", MEDIUM)
def responder_name_that_is_no_text(build: Builder) -> Scenario:
    """
    The name in responderID is not valid UTF-8.

    Expected: no evidence, and no crash: such a name matches no certificate.
    """
    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    responder_id = build.by_name(encode(0x30, encode(0x31, bad)))
    response = build.response(responder_id=responder_id, signed_by="mallory")
    return build.verify(refused("V12"), response)


@case("V12", MEDIUM)
def subject_that_is_no_text(build: Builder) -> Scenario:
    """
    The first certificate in the response has a subject that is not valid UTF-8.

    Expected: good by the delegate's certificate after it, and no crash.
    """
    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    by = build.responder
    decoy = build.delegate(encode(0x30, encode(0x31, bad)), key="mallory")
    response = build.response(
        by=by, responder_id=build.by_name(by.subject), certs=(decoy.der, by.der)
    )
    return build.verify(good(), response)


@case("V6", MEDIUM)
def key_of_an_unknown_kind(build: Builder) -> Scenario:
    """
    The key of the delegate has an unknown algorithm.

    Expected: no evidence, and no crash.
    """
    info = encode(0x30, encode(0x30, encode_oid("1.2.3.4")), encode(0x03, b"\x00key"))
    by = build.delegate(key_info=info)
    return build.verify(refused("V6"), build.response(by=by))


@case("V6", MEDIUM, Feature.WEAK, Feature.POLICY)
def key_of_twenty_thousand_bits(build: Builder) -> Scenario:
    """
    The delegate has an RSA key of 20,000 bits, with which a signature check is slow.

    Expected: no evidence, and no long wait.
    """
    modulus = encode(0x02, b"\x00" + b"\xff" * 2500)
    key = encode(0x30, modulus, encode_integer(65537))
    rsa = encode(0x30, encode_oid("1.2.840.113549.1.1.1"), NULL_DER)
    by = build.delegate(
        key_info=encode(0x30, rsa, encode(0x03, b"\x00", key)), scheme="rsa-sha256"
    )
    response = build.response(by=by, signed_by="rsa-2048")
    return build.verify(refused("V6"), response)


@case("V10", MEDIUM)
def salt_of_thirty_thousand_octets(build: Builder) -> Scenario:
    """
    RSASSA-PSS with parameters that state 32,767 octets of salt.

    Expected: no evidence, and no crash. RFC 4055 §3.1.
    """
    sha256 = encode(0x30, encode_oid("2.16.840.1.101.3.4.2.1"), NULL_DER)
    mask = encode(0x30, encode_oid("1.2.840.113549.1.1.8"), sha256)
    parameters = encode(
        0x30,
        encode(0xA0, sha256),
        encode(0xA1, mask),
        encode(0xA2, encode_integer(32767)),
    )
    odd = encode(0x30, encode_oid("1.2.840.113549.1.1.10"), parameters)
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    response = build.response(
        by=ca, identifier=odd, cert_id=build.cert_id(leaf, ca), certs=()
    )
    return build.verify(refused("V10"), response, cert=leaf, issuer=ca)


@case("V2", MEDIUM, Feature.POLICY)
def sixty_five_extensions(build: Builder) -> Scenario:
    """
    Sixty-five extensions, each of them well-formed.

    Expected: refused as too many.
    """
    many = tuple(extension(f"1.2.3.{each}", b"") for each in range(65))
    return build.verify(refused("V2"), build.response(extensions=many))


@case("V2", HIGH, Feature.POLICY)
def larger_than_64_kib(build: Builder) -> Scenario:
    """
    A good response, with an extension that makes it larger than 64 KiB.

    Expected: refused as too large.
    """
    large = extension("1.2.3.4", bytes(1 << 16))
    return build.verify(refused("V2"), build.response(extensions=(large,)))


@case("V2", MEDIUM, MANY, Feature.POLICY)
def five_hundred_and_thirteen_entries(build: Builder) -> Scenario:
    """
    One entry for the certificate, and 512 for others, each of them well-formed.

    Expected: refused as too many, or as too large.
    """
    others = (
        build.entry(
            cert_id=build.cert_id(hashed="sha1", serial=encode_integer(each)[2:]),
            next_update=None,
        )
        for each in range(1, 513)
    )
    return build.verify(refused("V2"), build.response(build.entry(), *others))
