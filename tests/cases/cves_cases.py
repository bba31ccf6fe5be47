"""
Vulnerabilities and bugs of other implementations, one case for each.

Some of them concern HTTP, caches or callers, which a message alone cannot show.
:data:`ELSEWHERE` lists them and the part of the package that has to handle them.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from ocsp.asn1 import oids
from ocsp.asn1.der import encode
from tests.cases.builder import (
    CA,
    CA_USAGE,
    DAY,
    NOCHECK,
    NOT_CA,
    OCSP_PLACE,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    extension,
    name,
)
from tests.cases.keys import public_key_info
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

CRITICAL, HIGH = Importance.CRITICAL, Importance.HIGH
MANY = Feature.MANY_ENTRIES

ELSEWHERE = {
    "CVE-2024-0853": "a session is reused after a failed check: client, sessions",
    "Botan 2026-08-12": "redirects from the responder's URL: client, H6",
    "CVE-2022-40617": "URLs of untrusted certificates are fetched: client, H7",
    "CVE-2025-24794": "a cache of pickled objects: client, C4",
    "CVE-2026-28755": "the result is not looked at: evidence or an error, by design",
    "OpenSSL #32367": "a stale response exits with 0: command line",
    "wolfSSL #11500": "no URL counts as success: client, V29",
    "CVE-2016-6304": "memory grows with every status_request: TLS server",
    "CVE-2017-15698": "AIA is parsed wrongly: client",
}
"""Mistakes of other floors, and where their tests belong."""


@case("V7", CRITICAL)
def cve_2020_8286(build: Builder) -> Scenario:
    """
    Curl with OpenSSL: the response was not compared with the certificate.

    A good response of the same CA for another certificate. Expected: no evidence. RFC
    6960 §3.2 (1).
    """
    return build.verify(
        refused("V7"), build.response(cert_id=build.cert_id(serial=b"\x05"))
    )


@case("V1", CRITICAL)
def cve_2024_8096(build: Builder) -> Scenario:
    """
    Curl with GnuTLS: everything except *revoked* was accepted, also OCSP errors.

    *unauthorized* is stapled. Expected: not verified. RFC 6960 §2.3.
    """
    return build.staple(refused("V1"), build.failed(6))


@case("V10", CRITICAL)
def curl_21677(build: Builder) -> Scenario:
    """
    Curl with GnuTLS: the signature was not verified.

    Only the key that signed is wrong. Expected: no evidence. RFC 6960 §3.2 (2).
    """
    return build.staple(refused("V10"), build.response(signed_by="mallory"))


@case("V13", CRITICAL)
def cve_2022_43705(build: Builder) -> Scenario:
    """
    Botan: a certificate from the response was accepted as signer, though the CA had not
    issued it.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    by = build.delegate("Mallory", key="mallory", issuer=None)
    return build.verify(refused("V13"), build.response(by=by))


@case("V10", CRITICAL)
def cve_2026_32883(build: Builder) -> Scenario:
    """
    Botan: the signature of the response was not verified.

    The delegate's certificate is right, but another key signed. Expected: no evidence.
    RFC 6960 §3.2 (2).
    """
    response = build.response(by=build.responder, signed_by="mallory")
    return build.verify(refused("V10"), response)


@case("V13", CRITICAL)
def cve_2026_32144(build: Builder) -> Scenario:
    """
    Erlang/OTP: a delegate was accepted for its issuer name and its purpose; the
    signature of its certificate was not verified.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    by = build.delegate(key="mallory", signed_by="mallory")
    return build.verify(refused("V13"), build.response(by=by))


@case("V15", HIGH)
def cve_2026_42791(build: Builder) -> Scenario:
    """
    Erlang/OTP: an expired delegate was accepted.

    Expected: no evidence. RFC 6960 §3.2 (4).
    """
    by = build.delegate(end=NOW - DAY)
    return build.verify(refused("V15"), build.response(by=by))


@case("V7", CRITICAL)
def cve_2021_37155(build: Builder) -> Scenario:
    """
    wolfSSL: a different serial number was not an error.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    response = build.response(cert_id=build.cert_id(serial=b"\x2e\x1f"))
    return build.verify(refused("V7"), response)


@case("V17", HIGH)
def cve_2021_38597(build: Builder) -> Scenario:
    """
    wolfSSL: nocheck in the extensions of the response switched verification off.

    The CA did not issue the signer's certificate. Expected: no evidence. RFC 6960
    §4.2.2.2.1.
    """
    misplaced = (extension(oids.OCSP_NOCHECK, b"\x05\x00"),)
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING, OCSP_PLACE))
    return build.verify(refused("V17"), build.response(by=by, extensions=misplaced))


@case("V7", CRITICAL)
def cve_2026_10098(build: Builder) -> Scenario:
    """
    wolfSSL: serial numbers were compared with the length of the shorter one.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    cert = build.certificate("leaf.example", serial=b"\x1f\x2e\x55\x66")
    return build.verify(refused("V7"), build.response(), cert=cert)


@case("V13", CRITICAL)
def wolfssl_11195(build: Builder) -> Scenario:
    """
    wolfSSL: in one build configuration the signature of the delegate's certificate was
    not verified.

    One bit of the delegate's certificate is changed. Expected: no evidence. RFC 6960
    §4.2.2.2.
    """
    by = build.responder
    at = by.der.index(b"Test Responder")
    changed = by.der[:at] + b"t" + by.der[at + 1 :]
    response = build.response(by=by, certs=(changed,))
    return build.verify(refused("V13"), response)


@case("V14", CRITICAL)
def wolfssl_731(build: Builder) -> Scenario:
    """
    wolfSSL: the delegate's extendedKeyUsage was not checked.

    A server certificate of the same CA signs. Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    server = x509.ExtendedKeyUsage([Usage.SERVER_AUTH])
    by = build.delegate(extensions=(NOT_CA, SIGNS, server, NOCHECK))
    return build.verify(refused("V14"), build.response(by=by))


@case("V7", CRITICAL)
def cve_2016_7444(build: Builder) -> Scenario:
    """
    GnuTLS: the length of serial numbers was not compared.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    response = build.response(cert_id=build.cert_id(serial=b"\x1f\x2e" + bytes(8)))
    return build.verify(refused("V7"), response)


@case("V8", CRITICAL, MANY)
def cve_2026_3832(build: Builder) -> Scenario:
    """
    GnuTLS: the status of the first entry was used, not that of the entry for the
    certificate.

    Expected: revoked. RFC 6960 §4.2.2.3.
    """
    other = build.entry(cert_id=build.cert_id(serial=b"\x05"))
    response = build.response(other, build.entry(build.revoked()))
    return build.verify(revoked(), response)


@case("V14", CRITICAL)
def gnutls_1810(build: Builder) -> Scenario:
    """
    GnuTLS: the OID in extendedKeyUsage was compared as a prefix.

    id-kp-OCSPSigning with one more arc. Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    longer = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.9.0")])
    by = build.delegate(extensions=(NOT_CA, SIGNS, longer, NOCHECK))
    return build.verify(refused("V14"), build.response(by=by))


@case("V13", CRITICAL)
def cve_2022_1343(build: Builder) -> Scenario:
    """
    OpenSSL: with OCSP_NOCHECKS, a signer that could not be verified was accepted.

    The most lenient profile, and a self-signed signer. Expected: no evidence. RFC 6960
    §4.2.2.2.
    """
    by = build.delegate(key="mallory", issuer=None)
    return build.verify(refused("V13"), build.response(by=by), policy="unsafe-legacy")


@case("V6", HIGH)
def cve_2013_0166(build: Builder) -> Scenario:
    """
    OpenSSL: a key that cannot be used led to a crash.

    The point of the delegate's key is not on the curve. Expected: no evidence, and no
    crash.
    """
    info = bytearray(public_key_info("responder"))
    info[-1] ^= 1
    by = build.delegate(key_info=bytes(info))
    return build.verify(refused("V6"), build.response(by=by))


@case("V13", CRITICAL)
def openssl_30323(build: Builder) -> Scenario:
    """
    OpenSSL 3.6: a staple was verified with the peer's certificates as trust anchors.

    The server signs with its own certificate, which the CA issued. Expected: not
    verified. RFC 6960 §4.2.2.2.
    """
    response = build.response(by=build.leaf, certs=(build.leaf.der, build.ca.der))
    return build.staple(refused("V14"), response)


@case("V19", HIGH)
def cve_2026_24734(build: Builder) -> Scenario:
    """
    Tomcat Native: neither the signature nor the times of a response were checked.

    An old response with a wrong signature. Expected: no evidence, for both reasons. RFC
    6960 §3.2.
    """
    response = build.response(
        signed_by="mallory",
        this_update=NOW - 9 * DAY,
        next_update=NOW - 2 * DAY,
        produced_at=NOW - 9 * DAY,
    )
    return build.verify(refused("V10", "V19"), response)


@case("V2", HIGH)
def cve_2018_8019(build: Builder) -> Scenario:
    """
    Tomcat Native: malformed responses were accepted.

    Octets in the middle are missing. Expected: no evidence.
    """
    response = build.response()
    return build.verify(refused("V2"), response[:60] + response[64:])


@case("V8", CRITICAL, MANY)
def cve_2018_8020(build: Builder) -> Scenario:
    """
    Tomcat Native: in responses for several certificates, the first entry was used.

    Five entries; the fourth is for the certificate, and states *revoked*. Expected:
    revoked. RFC 6960 §4.2.2.3.
    """
    serials = (b"\x01", b"\x02", b"\x03", b"\x1f\x2e", b"\x05")
    entries = (
        build.entry(
            build.revoked() if serial == b"\x1f\x2e" else b"\x80\x00",
            cert_id=build.cert_id(serial=serial),
        )
        for serial in serials
    )
    return build.verify(revoked(), build.response(*entries, by=build.responder))


@case("V7", CRITICAL)
def cve_2024_2660(build: Builder) -> Scenario:
    """
    Vault: the serial number of the response was not compared, and errors were ignored.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    response = build.response(
        by=build.responder, cert_id=build.cert_id(serial=b"\x1f\x2d")
    )
    return build.verify(refused("V7"), response)


@case("V10", CRITICAL)
def bouncy_castle_2254(build: Builder) -> Scenario:
    """
    Bouncy Castle: the signature was checked, and the result was ignored.

    Expected: no evidence. RFC 6960 §3.2 (2).
    """
    return build.verify(refused("V10"), build.response(by=build.responder, damage=3))


@case("V2", HIGH)
def cve_2026_44378(build: Builder) -> Scenario:
    """
    Botan: indefinite lengths were accepted, and decoding them took quadratic time.

    The response is wrapped with an indefinite length. Expected: malformed. X.690 §10.1.
    """
    response = build.response()
    inside = response[4:] if response[1] == 0x82 else response[3:]
    return build.verify(refused("V2"), b"\x30\x80" + inside + b"\x00\x00")


@case("V20", CRITICAL)
def libtls_unknown(build: Builder) -> Scenario:
    """
    LibreSSL's libtls: *unknown* was treated as *good*.

    Expected: unknown. RFC 6960 §2.2.
    """
    return build.staple(unknown(), build.response(status=build.UNKNOWN))


@case("V10", CRITICAL)
def niquests(build: Builder) -> Scenario:
    """
    niquests: the signature was not verified.

    Expected: no evidence. RFC 6960 §3.2 (2).
    """
    return build.verify(refused("V10"), build.response(signed_by="leaf"))


@case("V15", HIGH)
def go_43522(build: Builder) -> Scenario:
    """
    Go: neither the validity nor the extendedKeyUsage of a delegate was checked.

    An expired server certificate signs. Expected: no evidence, for both reasons. RFC
    6960 §4.2.2.2.
    """
    server = x509.ExtendedKeyUsage([Usage.SERVER_AUTH])
    by = build.delegate(extensions=(SIGNS, server), end=NOW - DAY)
    return build.verify(refused("V14", "V15"), build.response(by=by))


@case("V13", HIGH)
def netty_15829(build: Builder) -> Scenario:
    """
    Netty: responses of delegates were rejected, and then verified with the wrong key.

    A right delegate. Expected: good. RFC 6960 §4.2.2.2.
    """
    return build.verify(
        good(authorized_by="delegate"), build.response(by=build.responder)
    )


@case("V13", CRITICAL)
def netty_16079(build: Builder) -> Scenario:
    """
    Netty: it was not checked that the CA issued the certificate in the response.

    A delegate of another CA. Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    other = build.authority("Other CA", key="ca-2")
    return build.verify(refused("V13"), build.response(by=build.delegate(issuer=other)))


@case("V16", CRITICAL)
def intermediates_that_could_sign(build: Builder) -> Scenario:
    """
    July 2020: intermediate CAs of the public web had id-kp-OCSPSigning, so they could
    sign responses for the CA above them, and for themselves.

    Such an intermediate states that it is good itself. Expected: no evidence. Baseline
    Requirements §7.1.2.8.
    """
    sub = build.certificate(
        "Sub CA",
        key="sub-ca",
        serial=7,
        extensions=(CA, CA_USAGE, OCSP_SIGNING, NOCHECK),
    )
    response = build.response(by=sub, cert_id=build.cert_id(sub))
    return build.verify(refused("V16"), response, cert=sub)


@case("V18", HIGH)
def c2pa_952(build: Builder) -> Scenario:
    """
    c2pa-rs: the time of a response was not compared with the time of the claim.

    A response of today for a signature of last month. Expected: no evidence for that
    time. RFC 6960 §4.2.2.1.
    """
    return build.verify(refused("V18"), at=NOW - 30 * DAY)


@case("V13", CRITICAL)
def c2pa_1368(build: Builder) -> Scenario:
    """
    c2pa-rs: the responder's certificate was not verified.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    other = build.certificate(name("Anybody"), key="mallory", issuer=None)
    return build.verify(refused("V14", "V13"), build.response(by=other))


@case("V22", HIGH)
def nonce_removed(build: Builder) -> Scenario:
    """
    RFC 6960 §5: an attacker on the path removes the nonce from the request, and replays
    an old response.

    Expected: no evidence. RFC 6960 §4.4.1.
    """
    expected = refused("V22", error="NonceMissing")
    return build.verify(expected, build.response(by=build.responder), nonce=bytes(32))


@case("V1", CRITICAL)
def error_reply_injected(build: Builder) -> Scenario:
    """
    RFC 6960 §5: OCSP errors are not signed, so an attacker can send one.

    *tryLater*. Expected: no evidence.
    """
    status = encode(0x30, encode(0x0A, b"\x03"))
    return build.verify(refused("V1"), status)
