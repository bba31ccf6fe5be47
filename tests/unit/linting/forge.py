"""
Responses encoded by hand: a clean one, and one deviation at a time.

The builders reject most faults that a lint has to find, so they are not used here.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp import CertID, OCSPRequest, OCSPRequestBuilder
from ocsp.asn1.certificates import parts_of
from ocsp.asn1.der import (
    BIT_STRING,
    ENUMERATED,
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    content,
    encode,
    encode_oid,
)
from ocsp.asn1.oids import OCSP_BASIC
from ocsp.asn1.times import encode_time
from tests.pki import NOW, key, name

Extension = tuple[x509.ExtensionType, bool]

HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
SERIAL = 0x1F2E

DIGITAL_SIGNATURE = x509.KeyUsage(
    True, False, False, False, False, False, False, False, False
)
CERT_SIGN = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
BOTH = x509.KeyUsage(True, False, False, False, False, True, True, False, False)

ECDSA_SHA256 = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))
ECDSA_SHA1 = encode(SEQUENCE, encode_oid("1.2.840.10045.4.1"))


def certificate(
    subject: str,
    issuer: str = "Lint CA",
    *,
    extensions: Sequence[Extension] = (),
    public: Any = None,
    serial: int | None = None,
    begin: datetime.datetime = NOW - DAY,
    end: datetime.datetime = NOW + 30 * DAY,
    issuer_name: x509.Name | None = None,
    signer: str = "",
) -> x509.Certificate:
    """Return a certificate with these extensions."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(issuer_name or name(issuer))
        .public_key((public or key(subject)).public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(key(signer or issuer), hashes.SHA256())


@cache
def authority(usage: x509.KeyUsage = BOTH) -> x509.Certificate:
    """Return the issuer's certificate."""
    return certificate(
        "Lint CA",
        extensions=[
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (usage, True),
        ],
    )


@cache
def subject(
    *, ca: bool = False, end: datetime.datetime = NOW + 30 * DAY
) -> x509.Certificate:
    """Return the certificate in question."""
    return certificate(
        "leaf.test",
        serial=SERIAL,
        begin=NOW - 400 * DAY,
        end=end,
        extensions=[(x509.BasicConstraints(ca=ca, path_length=None), True)],
    )


def extensions(*more: Extension, without: type | None = None) -> list[Extension]:
    """Return the extensions of a right delegate, without *without*, with *more*."""
    right: list[Extension] = [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        (DIGITAL_SIGNATURE, True),
        (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                key("Lint CA").public_key()
            ),
            False,
        ),
    ]
    added = {type(value) for value, _ in more}
    return [
        each
        for each in right
        if type(each[0]) is not without and type(each[0]) not in added
    ] + list(more)


def delegate(**changes: Any) -> x509.Certificate:
    """Return the delegate's certificate."""
    return certificate("Lint Responder", **({"extensions": extensions()} | changes))


def sha1_delegate() -> x509.Certificate:
    """Return a delegate signed with SHA-1, which the builder rejects."""
    return _signed_anew(ECDSA_SHA1, ECDSA_SHA1, hashes.SHA1())


def delegate_of_two_algorithms() -> x509.Certificate:
    """Return a delegate whose outer signature algorithm differs from the inner."""
    return _signed_anew(ECDSA_SHA1, ECDSA_SHA256, hashes.SHA256())


def delegate_of_no_algorithm() -> x509.Certificate:
    """Return a delegate with an unknown signature algorithm."""
    unknown = encode(SEQUENCE, encode_oid("1.3.6.1.4.1.55555.1"))
    return _signed_anew(unknown, unknown, hashes.SHA256())


def _signed_anew(
    inner: bytes, outer: bytes, algorithm: hashes.HashAlgorithm
) -> x509.Certificate:
    """Return the right delegate, with these algorithms inside and outside."""
    tbs = right_delegate().tbs_certificate_bytes
    position, end = content(tbs, 0, len(tbs), SEQUENCE, "")
    fields = tbs[position:end].replace(ECDSA_SHA256, inner, 1)
    changed = encode(SEQUENCE, fields)
    made = key("Lint CA").sign(changed, ec.ECDSA(algorithm))
    return x509.load_der_x509_certificate(
        encode(SEQUENCE, changed, outer, encode(BIT_STRING, b"\0" + made))
    )


@cache
def right_delegate() -> x509.Certificate:
    """Return the right delegate; each call returns the same object."""
    return delegate()


def cert_id(
    serial: int = SERIAL,
    issuer: x509.Certificate | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """Return a CertID."""
    found = CertID.for_serial(
        issuer or authority(), serial, algorithm or hashes.SHA256()
    )
    return found.der


GOOD = encode(0x80)
UNKNOWN = encode(0x82)


def revoked(reason: int | None = 1, since: datetime.datetime = NOW - DAY) -> bytes:
    """Return the certStatus *revoked*."""
    code = b"" if reason is None else encode(0xA0, encode(ENUMERATED, bytes((reason,))))
    return encode(0xA1, encode_time(since), code)


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """Return an Extension."""
    flag = b"\x01\x01\xff" if critical else b""
    return encode(SEQUENCE, encode_oid(oid), flag, encode(OCTET_STRING, value))


def entry(
    *,
    about: bytes | None = None,
    status: bytes = GOOD,
    this_update: datetime.datetime | bytes = NOW - HOUR,
    next_update: datetime.datetime | None = NOW + 3 * DAY,
    extensions: Sequence[bytes] | None = None,
) -> bytes:
    """Return a SingleResponse."""
    parts = [about or cert_id(), status, _time(this_update)]
    if next_update is not None:
        parts.append(encode(0xA0, encode_time(next_update)))
    if extensions is not None:
        parts.append(encode(0xA1, encode(SEQUENCE, *extensions)))
    return encode(SEQUENCE, *parts)


def _time(when: datetime.datetime | bytes) -> bytes:
    return when if isinstance(when, bytes) else encode_time(when)


def by_key(signer: x509.Certificate) -> bytes:
    """Return the responderID byKey of *signer*."""
    return encode(0xA2, encode(OCTET_STRING, parts_of(signer).key_hash))


def by_name(signer: x509.Certificate) -> bytes:
    """Return the responderID byName of *signer*."""
    return encode(0xA1, parts_of(signer).subject)


def response(
    *,
    status: int = 0,
    body: bool = True,
    type_oid: str = OCSP_BASIC,
    version: bytes = b"",
    entries: Sequence[bytes] | None = None,
    responder: bytes | None = None,
    produced_at: datetime.datetime | bytes = NOW - HOUR,
    extensions: Sequence[bytes] | None = None,
    signer: x509.Certificate | None = None,
    signing: ec.EllipticCurvePrivateKey | None = None,
    algorithm: bytes = ECDSA_SHA256,
    hash_algorithm: hashes.HashAlgorithm | None = None,
    certs: Sequence[x509.Certificate] | None = (),
) -> bytes:
    """
    Return an OCSPResponse.

    By default *certs* has the signer's certificate. ``None`` omits the field, and an
    empty list makes an empty field.
    """
    signer = signer or right_delegate()
    tbs = encode(
        SEQUENCE,
        version,
        responder or by_key(signer),
        _time(produced_at),
        encode(SEQUENCE, *([entry()] if entries is None else entries)),
        b"" if extensions is None else encode(0xA1, encode(SEQUENCE, *extensions)),
    )
    made = (signing or key("Lint Responder")).sign(
        tbs, ec.ECDSA(hash_algorithm or hashes.SHA256())
    )
    came = [signer] if certs == () else certs
    ders = [each.public_bytes(Encoding.DER) for each in came or ()]
    basic = encode(
        SEQUENCE,
        tbs,
        algorithm,
        encode(BIT_STRING, b"\0" + made),
        b"" if came is None else encode(0xA0, encode(SEQUENCE, *ders)),
    )
    typed = encode(SEQUENCE, encode_oid(type_oid), encode(OCTET_STRING, basic))
    return encode(
        SEQUENCE,
        encode(ENUMERATED, bytes((status,))),
        encode(0xA0, typed) if body else b"",
    )


def request(*serials: int, nonce: bytes | None = None) -> OCSPRequest:
    """Return a request for *serials*."""
    builder = OCSPRequestBuilder(allow_multiple=True)
    for serial in serials:
        builder = builder.add_certificate_by_id(
            CertID.for_serial(authority(), serial, hashes.SHA1())
        )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build()


NULL = NULL_DER
