"""V7 and V30: whether an entry is for the certificate."""

from __future__ import annotations

import hashlib
from typing import Any

from ocsp.asn1 import oids
from ocsp.asn1.der import encode, encode_oid
from tests.cases.builder import (
    Builder,
    Identity,
    algorithm,
    extension,
    name,
)
from tests.cases.model import (
    Importance,
    Scenario,
    case,
    good,
    refused,
)

CRITICAL, HIGH, MEDIUM, LOW = (
    Importance.CRITICAL,
    Importance.HIGH,
    Importance.MEDIUM,
    Importance.LOW,
)


def _with(build: Builder, **changes: Any) -> bytes:
    """Return a good response whose CertID has changes."""
    return build.response(cert_id=build.cert_id(**changes))


@case("V7", HIGH)
def sha1(build: Builder) -> Scenario:
    """
    The CertID uses SHA-1, which only identifies the issuer here.

    Expected: good. RFC 6960 §4.3, RFC 9919 §3.1.1.
    """
    return build.verify(good(), _with(build, hashed="sha1"))


@case("V7", HIGH)
def sha256(build: Builder) -> Scenario:
    """
    The CertID uses SHA-256.

    Expected: good. RFC 9919 §3.1.1.
    """
    return build.verify(good(), _with(build, hashed="sha256"))


@case("V7", MEDIUM)
def sha384(build: Builder) -> Scenario:
    """
    The CertID uses SHA-384.

    Expected: good. RFC 6960 §4.1.1.
    """
    return build.verify(good(), _with(build, hashed="sha384"))


@case("V7", MEDIUM)
def sha512(build: Builder) -> Scenario:
    """
    The CertID uses SHA-512.

    Expected: good. RFC 6960 §4.1.1.
    """
    return build.verify(good(), _with(build, hashed="sha512"))


@case("V7", MEDIUM)
def absent_hash_parameters(build: Builder) -> Scenario:
    """
    The hash algorithm has no parameters instead of NULL.

    Expected: good; both forms are equivalent. RFC 5754 §2.
    """
    return build.verify(good(), _with(build, identifier=algorithm("sha1", b"")))


@case("V7", MEDIUM)
def absent_hash_parameters_of_sha256(build: Builder) -> Scenario:
    """
    The hash algorithm is SHA-256, without parameters instead of NULL.

    Expected: good; both forms are equivalent. RFC 5754 §2.
    """
    absent = algorithm("sha256", b"")
    return build.verify(good(), _with(build, hashed="sha256", identifier=absent))


@case("V7", HIGH)
def md5(build: Builder) -> Scenario:
    """
    The CertID uses MD5, and the hashes are right.

    Expected: no evidence; MD5 is not accepted. RFC 6151 §2.
    """
    return build.verify(refused("V7"), _with(build, hashed="md5"))


@case("V7", HIGH)
def unknown_hash(build: Builder) -> Scenario:
    """
    The CertID has the right hashes, but its hash algorithm is not known.

    Expected: no evidence. RFC 6960 §4.1.1.
    """
    strange = encode(0x30, encode_oid("1.2.3.4"))
    return build.verify(refused("V7"), _with(build, identifier=strange))


@case("V7", HIGH)
def hash_named_wrongly(build: Builder) -> Scenario:
    """
    The CertID states SHA-512, and its hashes are made with SHA-1.

    Expected: no evidence; the hashes are computed with the stated algorithm. RFC 6960
    §4.1.1.
    """
    return build.verify(refused("V7"), _with(build, identifier=algorithm("sha512")))


@case("V7", LOW)
def sha1_by_policy(build: Builder) -> Scenario:
    """
    The CertID uses SHA-1, and the relying party does not accept SHA-1.

    Expected: no evidence.
    """
    policy = {"cert_id_hashes": "sha2"}
    return build.verify(refused("V7"), _with(build, hashed="sha1"), policy=policy)


@case("V7", LOW)
def sha256_by_policy(build: Builder) -> Scenario:
    """
    The CertID uses SHA-256, and the relying party accepts SHA-2 only.

    Expected: good.
    """
    policy = {"cert_id_hashes": "sha2"}
    return build.verify(good(), _with(build, hashed="sha256"), policy=policy)


@case("V7", CRITICAL)
def other_serial(build: Builder) -> Scenario:
    """
    The response is for the next serial number of the same CA.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    return build.verify(refused("V7"), _with(build, serial=b"\x1f\x2f"))


@case("V7", CRITICAL)
def serial_is_a_prefix(build: Builder) -> Scenario:
    """
    The serial number is the first octet of the right one.

    Expected: no evidence; serial numbers are compared in full. RFC 6960 §3.2 (1).
    """
    return build.verify(refused("V7"), _with(build, serial=b"\x1f"))


@case("V7", CRITICAL)
def serial_is_longer(build: Builder) -> Scenario:
    """
    The serial number is the right one followed by another octet.

    Expected: no evidence; serial numbers are compared in full. RFC 6960 §3.2 (1).
    """
    return build.verify(refused("V7"), _with(build, serial=b"\x1f\x2e\x00"))


@case("V7", HIGH)
def serial_has_another_sign(build: Builder) -> Scenario:
    """
    The certificate has the serial number 255 (octets 00 FF), and the response is for -1
    (FF).

    Expected: no evidence; the sign belongs to the number. RFC 5280 §4.1.2.2.
    """
    cert = build.certificate("leaf.example", serial=255)
    response = _with(build, serial=b"\xff")
    return build.verify(refused("V7"), response, cert=cert)


@case("V7", MEDIUM)
def negative_serial(build: Builder) -> Scenario:
    """
    The certificate, of an old CA, has the serial number -1, and so has the response.

    Expected: good; relying parties must handle such certificates. RFC 5280 §4.1.2.2.
    """
    cert = build.certificate("leaf.example", serial=b"\xff")
    return build.verify(good(), _with(build, serial=b"\xff"), cert=cert)


@case("V7", MEDIUM)
def longest_serial(build: Builder) -> Scenario:
    """
    The serial number has 20 octets.

    Expected: good. RFC 5280 §4.1.2.2.
    """
    number = bytes(range(0x70, 0x84))
    cert = build.certificate("leaf.example", serial=number)
    return build.verify(good(), _with(build, serial=number), cert=cert)


@case("V7", CRITICAL)
def other_name_hash(build: Builder) -> Scenario:
    """
    The issuerNameHash is that of another CA; the issuerKeyHash is right.

    Expected: no evidence; both have to be right. RFC 6960 §4.1.1.
    """
    other = build.certificate(name("Other CA"), key="ca")
    return build.verify(refused("V7"), _with(build, issuer=other))


@case("V7", CRITICAL)
def other_key_hash(build: Builder) -> Scenario:
    """
    The issuerKeyHash is that of a CA with the same name and another key.

    Expected: no evidence; both have to be right. RFC 6960 §4.1.1.
    """
    twin = build.authority(key="ca-2")
    return build.verify(refused("V7"), _with(build, issuer=twin))


@case("V7", CRITICAL)
def empty_hashes(build: Builder) -> Scenario:
    """
    Both hashes are empty; an empty octet string is a prefix of every hash.

    Expected: no evidence. RFC 6960 §4.1.1.
    """
    return build.verify(refused("V7"), _with(build, name_hash=b"", key_hash=b""))


@case("V7", HIGH)
def hashes_cut_short(build: Builder) -> Scenario:
    """
    The CertID states SHA-256, and has the first 20 octets of the right hashes.

    Expected: no evidence; hashes are compared in full. RFC 6960 §4.1.1.
    """
    whole = build.cert_id(hashed="sha256")
    start = whole.index(b"\x04\x20") + 2
    name_hash, key_hash = whole[start : start + 20], whole[start + 34 : start + 54]
    changes = {"name_hash": name_hash, "key_hash": key_hash}
    return build.verify(refused("V7"), _with(build, hashed="sha256", **changes))


@case("V7", CRITICAL)
def key_hash_over_the_whole_key_info(build: Builder) -> Scenario:
    """
    The issuerKeyHash is over the whole SubjectPublicKeyInfo, a common mistake.

    Expected: no evidence. RFC 6960 §4.1.1: over the BIT STRING without tag, length
    and number of unused bits.
    """
    key_hash = hashlib.sha1(build.ca.key_info).digest()
    return build.verify(refused("V7"), _with(build, key_hash=key_hash))


@case("V7", HIGH)
def certificate_of_another_issuer(build: Builder) -> Scenario:
    """
    The relying party gives a certificate and a CA that did not issue it; the response
    is that CA's, for the same serial number.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    other = build.authority("Other CA", key="ca-2")
    cert = build.certificate("leaf.example", issuer=other)
    return build.verify(refused("V7"), build.response(), cert=cert)


@case("V7", HIGH)
def asked_by_cert_id(build: Builder) -> Scenario:
    """
    The relying party has only the CertID.

    Expected: good. RFC 6960 §4.1.1.
    """
    return build.verify(good(), cert_id=build.cert_id())


@case("V7", HIGH)
def asked_by_cert_id_with_another_hash(build: Builder) -> Scenario:
    """
    The relying party gives a CertID with SHA-256, and the responder answers with SHA-1.

    Expected: good; the CertID is computed again with the algorithm of the response. RFC
    6960 §4.1.1.
    """
    asked = build.cert_id(hashed="sha256")
    return build.verify(good(), _with(build, hashed="sha1"), cert_id=asked)


@case("V7", CRITICAL)
def asked_by_cert_id_of_another_issuer(build: Builder) -> Scenario:
    """
    The relying party gives a CertID that does not match the issuer that it gives.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    other = build.cert_id(issuer=build.authority("Other CA", key="ca-2"))
    return build.verify(refused("V7"), cert_id=other)


@case("V7", CRITICAL)
def asked_by_cert_id_of_another_serial(build: Builder) -> Scenario:
    """
    The relying party gives a CertID with another serial number.

    Expected: no evidence. RFC 6960 §3.2 (1).
    """
    return build.verify(refused("V7"), cert_id=build.cert_id(serial=b"\x1f\x2f"))


@case("V7", HIGH)
def asked_by_cert_id_with_md5(build: Builder) -> Scenario:
    """
    The CertID that the relying party gives, and that of the response, use MD5.

    Expected: no evidence. RFC 6151 §2.
    """
    weak = build.cert_id(hashed="md5")
    return build.verify(refused("V7"), build.response(cert_id=weak), cert_id=weak)


@case("V7", MEDIUM)
def issuer_name_in_another_string_type(build: Builder) -> Scenario:
    """
    The certificate has the CA's name as PrintableString, the CA's own certificate has
    it as UTF8String; the CertID is made from the name in the certificate.

    Expected: good; the names are equal. RFC 6960 §4.1.1, RFC 5280 §7.1.
    """
    issuer_name = name("Test CA", tag=0x13)
    cert = build.certificate("leaf.example", issuer_name=issuer_name)
    name_hash = hashlib.sha1(issuer_name).digest()
    return build.verify(good(), _with(build, name_hash=name_hash), cert=cert)


@case("V7", HIGH)
def asked_by_cert_id_and_answered_with_md5(build: Builder) -> Scenario:
    """
    The relying party gives a CertID with SHA-256, and the response uses MD5.

    Expected: no evidence. RFC 6151 §2.
    """
    asked = build.cert_id(hashed="sha256")
    return build.verify(refused("V7"), _with(build, hashed="md5"), cert_id=asked)


def _hashed(build: Builder, of: Identity, hashed: str = "sha256", **how: Any) -> bytes:
    """Return a good response with the CertHash of a certificate."""
    digest = encode(0x04, hashlib.new(hashed, of.der).digest())
    return _with_cert_hash(build, encode(0x30, algorithm(hashed), digest), **how)


def _with_cert_hash(build: Builder, value: bytes, **how: Any) -> bytes:
    cert_hash = extension(oids.CERT_HASH, value, **how)
    return build.response(build.entry(extensions=(cert_hash,)))


@case("V30", MEDIUM)
def cert_hash(build: Builder) -> Scenario:
    """
    The entry has the SHA-256 hash of the certificate (CertHash).

    Expected: good. Common PKI 2.0 Part 4 §3.1.2.
    """
    return build.verify(good(), _hashed(build, build.leaf))


@case("V30", LOW)
def cert_hash_with_sha1_and_critical(build: Builder) -> Scenario:
    """
    The entry has the SHA-1 hash of the certificate (CertHash), critical.

    Expected: good: the extension is known. Common PKI 2.0 Part 4 §3.1.2.
    """
    return build.verify(good(), _hashed(build, build.leaf, "sha1", critical=True))


@case("V30", CRITICAL)
def cert_hash_of_another(build: Builder) -> Scenario:
    """
    The entry has the hash of another certificate (CertHash).

    Expected: no evidence: the responder speaks about another certificate with this
    serial number. Common PKI 2.0 Part 4 §3.1.2.
    """
    return build.verify(refused("V30"), _hashed(build, build.responder))


@case("V30", HIGH)
def cert_hash_cut_off(build: Builder) -> Scenario:
    """
    The CertHash has the first 20 octets of the SHA-256 hash of the certificate.

    Expected: no evidence. Common PKI 2.0 Part 4 §3.1.2.
    """
    digest = hashlib.sha256(build.leaf.der).digest()[:20]
    value = encode(0x30, algorithm("sha256"), encode(0x04, digest))
    return build.verify(refused("V30"), _with_cert_hash(build, value))


@case("V30", MEDIUM)
def cert_hash_malformed(build: Builder) -> Scenario:
    """
    The CertHash is not a SEQUENCE.

    Expected: no evidence: the statement cannot be checked. Common PKI 2.0 Part 4
    §3.1.2.
    """
    return build.verify(refused("V30"), _with_cert_hash(build, b"\x05\x00"))


def _unknown_hash(build: Builder, **how: Any) -> bytes:
    unknown = encode(0x30, encode_oid("1.2.3.4"), b"\x05\x00")
    value = encode(0x30, unknown, encode(0x04, bytes(32)))
    return _with_cert_hash(build, value, **how)


@case("V30", LOW)
def cert_hash_with_an_unknown_algorithm(build: Builder) -> Scenario:
    """
    The CertHash has a hash algorithm that is not known.

    Expected: good, with a warning: it cannot be compared. Common PKI 2.0 Part 4 §3.1.2.
    """
    return build.verify(good("V30"), _unknown_hash(build))


@case("V30", MEDIUM)
def critical_cert_hash_with_an_unknown_algorithm(build: Builder) -> Scenario:
    """
    The CertHash is critical, and its hash algorithm is not known.

    Expected: no evidence: a critical extension must be processed. RFC 6960 §4.4.
    """
    return build.verify(refused("V30"), _unknown_hash(build, critical=True))


@case("V30", LOW)
def cert_hash_and_only_a_cert_id(build: Builder) -> Scenario:
    """
    The entry has a CertHash, and the relying party has only the CertID.

    Expected: good, with a warning: it cannot be compared. Common PKI 2.0 Part 4 §3.1.2.
    """
    response = _hashed(build, build.leaf)
    return build.verify(good("V30"), response, cert_id=build.cert_id())


@case("V30", MEDIUM)
def without_cert_hash_by_policy(build: Builder) -> Scenario:
    """
    The relying party requires CertHash, and the response has none.

    Expected: no evidence. Common PKI 2.0 Part 4 §3.1.2.
    """
    return build.verify(refused("V30"), policy={"cert_hash": "required"})


@case("V30", MEDIUM)
def cert_hash_by_policy(build: Builder) -> Scenario:
    """
    The relying party requires CertHash, and the response has it.

    Expected: good. Common PKI 2.0 Part 4 §3.1.2.
    """
    response = _hashed(build, build.leaf, "sha512")
    return build.verify(good(), response, policy={"cert_hash": "required"})


@case("V30", MEDIUM)
def cert_hash_that_cannot_be_compared_by_policy(build: Builder) -> Scenario:
    """
    The relying party requires CertHash, and its hash algorithm is not known.

    Expected: no evidence. Common PKI 2.0 Part 4 §3.1.2.
    """
    return build.verify(
        refused("V30"), _unknown_hash(build), policy={"cert_hash": "required"}
    )
