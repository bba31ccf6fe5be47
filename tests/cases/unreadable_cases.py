"""Names, extensions and certificates that few libraries can read."""

from __future__ import annotations

import hashlib

from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp.asn1.der import encode, encode_oid
from tests.cases.builder import (
    NOCHECK,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    access,
    extension,
    name,
)
from tests.cases.model import Importance, Scenario, case, good, refused

CRITICAL, HIGH, MEDIUM, LOW = (
    Importance.CRITICAL,
    Importance.HIGH,
    Importance.MEDIUM,
    Importance.LOW,
)


# --- names -------------------------------------------------------------------------


def _odd_name(tag: int, octets: bytes) -> bytes:
    attribute = encode(0x30, encode_oid("2.5.4.3"), encode(tag, octets))
    return encode(0x30, encode(0x31, attribute))


TELETEX = _odd_name(0x14, b"Z\xfcrich CA")
"""A TeletexString (T61String) in Latin-1."""


def _under(build: Builder, subject: bytes, named: bytes) -> tuple[Identity, Identity]:
    """Return a CA with *subject*, and a certificate of it with the issuer *named*."""
    ca = build.certificate(subject, key="ca", issuer=None, serial=1)
    leaf = build.certificate("leaf", issuer=ca, issuer_name=named)
    return ca, leaf


def _by_name(build: Builder, ca: Identity, leaf: Identity, **hashed: bytes) -> bytes:
    cert_id = build.cert_id(leaf, ca, **hashed)
    responder_id = build.by_name(ca.subject)
    entry = build.entry(cert_id=cert_id)
    return build.response(entry, by=ca, responder_id=responder_id, certs=())


@case("V11", MEDIUM)
def teletex_name(build: Builder) -> Scenario:
    """
    The CA's name is a TeletexString in Latin-1, and responderID has the same octets.

    Expected: good; names with the same octets are equal. RFC 5280 §7.1.
    """
    ca, leaf = _under(build, TELETEX, TELETEX)
    return build.verify(good(), _by_name(build, ca, leaf), issuer=ca, cert=leaf)


@case("V11", MEDIUM)
def invalid_utf_8_name(build: Builder) -> Scenario:
    """
    The CA's name is a UTF8String in Latin-1, and responderID has the same octets.

    Expected: good; names with the same octets are equal. RFC 5280 §7.1.
    """
    odd = _odd_name(0x0C, b"Z\xfcrich CA")
    ca, leaf = _under(build, odd, odd)
    return build.verify(good(), _by_name(build, ca, leaf), issuer=ca, cert=leaf)


@case("V11", HIGH)
def another_teletex_name(build: Builder) -> Scenario:
    """
    The CA's name and the name in responderID are TeletexStrings that differ.

    Expected: no evidence. RFC 6960 §4.2.1.
    """
    ca, leaf = _under(build, TELETEX, TELETEX)
    other = build.by_name(_odd_name(0x14, b"Z\xf6rich CA"))
    response = build.response(
        build.entry(cert_id=build.cert_id(leaf, ca)),
        by=ca,
        responder_id=other,
        certs=(),
    )
    return build.verify(refused("V11"), response, issuer=ca, cert=leaf)


@case("V7", MEDIUM)
def issuer_in_another_string_type(build: Builder) -> Scenario:
    """
    The certificate names its issuer as a UTF8String, and the CA has its name as a
    TeletexString. The CertID has the hash of the name in the certificate.

    Expected: good. RFC 6960 §4.1.1, RFC 5280 §7.1.
    """
    named = name("Z\xfcRICH  ca")
    ca, leaf = _under(build, TELETEX, named)
    hashed = hashlib.sha1(named).digest()
    response = _by_name(build, ca, leaf, name_hash=hashed)
    return build.verify(good(), response, issuer=ca, cert=leaf)


@case("V7", MEDIUM)
def hash_of_the_name_in_the_certificate_of_the_ca(build: Builder) -> Scenario:
    """
    The certificate names its issuer in another string type, and the CertID has the hash
    of the name in the CA's own certificate.

    Expected: good; the names are equal, and the key is that of the issuer. RFC 5280
    §7.1.
    """
    ca, leaf = _under(build, TELETEX, name("Z\xfcrich CA"))
    return build.verify(good(), _by_name(build, ca, leaf), issuer=ca, cert=leaf)


@case("V7", CRITICAL)
def equal_name_of_another_key(build: Builder) -> Scenario:
    """
    The CertID has the hash of an equal name in another string type, and of another key.

    Expected: no evidence. RFC 6960 §4.1.1.
    """
    ca, leaf = _under(build, TELETEX, name("Z\xfcrich CA"))
    key_hash = hashlib.sha1(build.responder.key_bits).digest()
    response = _by_name(build, ca, leaf, key_hash=key_hash)
    return build.verify(refused("V7"), response, issuer=ca, cert=leaf)


# --- extensions --------------------------------------------------------------------

LATIN_1_NOTICE = extension(
    "2.5.29.32",
    encode(
        0x30,
        encode(
            0x30,
            encode_oid("1.2.3.4"),
            encode(
                0x30,
                encode(
                    0x30,
                    encode_oid("1.3.6.1.5.5.7.2.2"),
                    encode(0x30, encode(0x0C, b"Z\xfc")),
                ),
            ),
        ),
    ),
)
"""certificatePolicies with an explicitText in Latin-1."""

UNRELATED = {
    "a notice in Latin-1": LATIN_1_NOTICE,
    "an empty distribution point": extension("2.5.29.46", bytes.fromhex("30023000")),
    "a serial number without an issuer": extension(
        "2.5.29.35", bytes.fromhex("3003820101")
    ),
    "an x400Address": extension("2.5.29.17", bytes.fromhex("3004a3023000")),
    "an address of 5 octets": extension(
        "2.5.29.30", bytes.fromhex("300ba00930078705") + b"12345"
    ),
    "policies twice": LATIN_1_NOTICE + LATIN_1_NOTICE,
}
"""Extensions that are malformed, and that nothing in OCSP needs."""


@case("V16", HIGH)
def delegate_with_unrelated_extensions(build: Builder) -> Scenario:
    """
    The delegate's certificate has several malformed extensions that are not critical
    and not needed.

    Expected: good. RFC 5280 §4.2: a system may ignore such an extension.
    """
    by = build.delegate(extensions=(*UNRELATED.values(), SIGNS, OCSP_SIGNING, NOCHECK))
    return build.verify(good(), build.response(by=by))


@case("V16", HIGH)
def delegate_with_a_malformed_critical_extension(build: Builder) -> Scenario:
    """
    The delegate's certificate has a malformed critical subjectAltName.

    Expected: no evidence; it cannot be processed. RFC 5280 §4.2.
    """
    odd = extension("2.5.29.17", bytes.fromhex("3004a3023000"), critical=True)
    by = build.delegate(extensions=(odd, SIGNS, OCSP_SIGNING, NOCHECK))
    return build.verify(refused("V16"), build.response(by=by))


@case("V16", HIGH)
def delegate_with_a_malformed_key_usage(build: Builder) -> Scenario:
    """
    The keyUsage of the delegate's certificate is malformed.

    Expected: no evidence; whether the key may sign is not known. RFC 5280 §4.2.1.3.
    """
    odd = extension("2.5.29.15", b"\x03\x02")
    by = build.delegate(extensions=(odd, OCSP_SIGNING, NOCHECK))
    return build.verify(refused("V16"), build.response(by=by))


@case("V14", CRITICAL)
def delegate_with_a_malformed_purpose(build: Builder) -> Scenario:
    """
    The extendedKeyUsage of the delegate's certificate is empty.

    Expected: no evidence. RFC 5280 §4.2.1.12, RFC 6960 §4.2.2.2.
    """
    odd = extension("2.5.29.37", b"\x30\x00")
    by = build.delegate(extensions=(SIGNS, odd, NOCHECK))
    return build.verify(refused("V14"), build.response(by=by))


@case("V16", MEDIUM)
def delegate_that_is_no_ca_explicitly(build: Builder) -> Scenario:
    """
    The basicConstraints of the delegate's certificate encode the default cA FALSE, and
    DER forbids that.

    Expected: good; the certificate is none of a CA, in either encoding. RFC 5280
    §4.2.1.9.
    """
    odd = extension("2.5.29.19", bytes.fromhex("3003010100"))
    by = build.delegate(extensions=(odd, SIGNS, OCSP_SIGNING, NOCHECK))
    return build.verify(good(), build.response(by=by))


@case("V17", HIGH)
def delegate_with_a_malformed_nocheck(build: Builder) -> Scenario:
    """
    The id-pkix-ocsp-nocheck of the delegate's certificate is not NULL, and the
    certificate names a responder.

    Expected: no evidence; the extension states nothing. RFC 6960 §4.2.2.2.1.
    """
    odd = extension("1.3.6.1.5.5.7.48.1.5", b"\x30\x00")
    place = access(AuthorityInformationAccessOID.OCSP)
    by = build.delegate(extensions=(SIGNS, OCSP_SIGNING, odd, place))
    return build.verify(refused("V17"), build.response(by=by))


@case("V7", MEDIUM)
def leaf_with_malformed_extensions(build: Builder) -> Scenario:
    """
    The certificate in question has malformed extensions, one of them critical.

    Expected: good; the status does not depend on them. RFC 6960 §3.2.
    """
    critical = extension("2.5.29.17", bytes.fromhex("3004a3023000"), critical=True)
    no_ca = extension("2.5.29.19", bytes.fromhex("3003010100"))
    leaf = build.certificate("leaf", extensions=(*UNRELATED.values(), critical, no_ca))
    return build.verify(good(), cert=leaf)


# --- certificates in the response ---------------------------------------------------


def _with_decoy(build: Builder, decoy: bytes) -> bytes:
    by = build.responder
    return build.response(by=by, certs=(decoy, by.der))


@case("V2", HIGH)
def decoy_of_the_year_0(build: Builder) -> Scenario:
    """
    A useless certificate in the response is valid from the year 0 on.

    Expected: good; the signature does not cover certs. RFC 6960 §4.2.1.
    """
    decoy = build.certificate(build.responder.subject, begin=b"00000101000000Z")
    return build.verify(good(), _with_decoy(build, decoy.der))


@case("V15", HIGH)
def delegate_that_ended_in_the_year_0(build: Builder) -> Scenario:
    """
    The delegate's certificate was valid until the year 0.

    Expected: no evidence. RFC 5280 §4.1.2.5.
    """
    zero = b"00000101000000Z"
    by = build.delegate(begin=zero, end=zero)
    return build.verify(refused("V15"), build.response(by=by))


@case("V2", MEDIUM)
def decoy_of_an_unknown_version(build: Builder) -> Scenario:
    """
    A useless certificate in the response has version 7.

    Expected: good, with a warning; the signature does not cover certs. RFC 6960
    §4.2.1.
    """
    decoy = build.certificate("odd", version=6)
    return build.verify(good("V2"), _with_decoy(build, decoy.der))


@case("V2", MEDIUM)
def useless_certificate_beside_the_issuer(build: Builder) -> Scenario:
    """
    The CA signed, and the response has a useless certificate of version 7.

    Expected: good, with a warning; the signature does not cover certs. RFC 6960
    §4.2.1.
    """
    decoy = build.certificate("odd", version=6)
    return build.verify(good("V2"), build.response(certs=(decoy.der,)))


@case("V2", MEDIUM)
def decoy_with_a_fraction_of_a_second(build: Builder) -> Scenario:
    """
    The notAfter of a useless certificate in the response has a fraction of a second.

    Expected: good, with a warning; the signature does not cover certs. RFC 6960
    §4.2.1.
    """
    decoy = build.certificate("odd", end=b"20500101000000.5Z")
    return build.verify(good("V2"), _with_decoy(build, decoy.der))


@case("V12", CRITICAL)
def only_a_decoy_of_an_unknown_version(build: Builder) -> Scenario:
    """
    The only certificate in the response has version 7, and its key signed.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    by = build.delegate(version=6)
    return build.verify(refused("V12"), build.response(by=by))


@case("V26", LOW)
def leaf_that_ended_in_the_year_0(build: Builder) -> Scenario:
    """
    The certificate in question was valid until the year 0.

    Expected: good, with warnings: it has expired. RFC 5280 §4.1.2.5.
    """
    zero = b"00000101000000Z"
    leaf = build.certificate("leaf", begin=zero, end=zero)
    return build.verify(good("V25", "V26"), cert=leaf)
