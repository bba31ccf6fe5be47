"""Certificates with odd fields, of which each public function must make something."""

from __future__ import annotations

import os
from typing import Any

from ocsp.asn1.der import NULL_DER, encode, encode_integer, encode_oid
from tests.cases.builder import (
    NOCHECK,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    extension,
)
from tests.cases.keys import public_key_info

__all__ = ["ODD"]

_BUILD = Builder()
_EC, _P256 = encode_oid("1.2.840.10045.2.1"), encode_oid("1.2.840.10045.3.1.7")
_RSA = encode_oid("1.2.840.113549.1.1.1")
_DSA = encode_oid("1.2.840.10040.4.1")
_POINT = public_key_info("leaf")[-65:]


def _sequence(*parts: bytes) -> bytes:
    return encode(0x30, *parts)


def _key(algorithm: bytes, bits: bytes, unused: int = 0) -> bytes:
    return _sequence(algorithm, encode(0x03, bytes((unused,)), bits))


def _rsa(modulus: int, exponent: int) -> bytes:
    numbers = _sequence(encode_integer(modulus), encode_integer(exponent))
    return _key(_sequence(_RSA, NULL_DER), numbers)


def _ec(parameters: bytes, point: bytes = _POINT) -> bytes:
    return _key(_sequence(_EC, parameters), point)


def _dsa(*parameters: int) -> bytes:
    numbers = _sequence(*map(encode_integer, parameters))
    return _key(_sequence(_DSA, numbers), encode_integer(3))


def _other(oid: str, octets: int, parameters: bytes = b"") -> bytes:
    return _key(_sequence(encode_oid(oid), parameters), os.urandom(octets))


_EXPLICIT = _sequence(
    encode_integer(1),
    _sequence(encode_oid("1.2.840.10045.1.1"), encode_integer((1 << 256) - 189)),
    _sequence(encode(4, bytes(32)), encode(4, bytes(32))),
    encode(4, _POINT),
    encode_integer((1 << 256) - 1),
)

_KEYS: dict[str, bytes] = {
    **{f"rsa-exponent-{e}": _rsa((1 << 2048) - 11, e) for e in (-1, 0, 1, 2, 3, 4)},
    "rsa-exponent-huge": _rsa((1 << 2048) - 11, (1 << 2000) + 1),
    **{f"rsa-modulus-{n}": _rsa(n, 65537) for n in (-5, 0, 1, 255)},
    "rsa-512-bits": _rsa((1 << 512) - 569, 65537),
    "rsa-20000-bits": _rsa((1 << 20_000) + 1, 65537),
    "rsa-even": _rsa(1 << 2048, 65537),
    "rsa-no-numbers": _key(_sequence(_RSA, NULL_DER), b""),
    "rsa-garbage": _key(_sequence(_RSA, NULL_DER), b"\x30\x80"),
    "rsa-odd-parameters": _key(_sequence(_RSA, encode_integer(1)), b"\x30\x00"),
    "pss-without-parameters": _other("1.2.840.113549.1.1.10", 20),
    "pss-odd-parameters": _other("1.2.840.113549.1.1.10", 20, encode_integer(5)),
    "ec-no-point": _ec(_P256, b""),
    "ec-infinity": _ec(_P256, b"\x00"),
    "ec-not-on-curve": _ec(_P256, b"\x04" + b"\x01" * 64),
    "ec-hybrid": _ec(_P256, bytes((6 + (_POINT[-1] & 1),)) + _POINT[1:]),
    "ec-unknown-curve": _ec(encode_oid("1.2.3.4")),
    "ec-secp256k1": _ec(encode_oid("1.3.132.0.10")),
    "ec-binary-curve": _ec(encode_oid("1.3.132.0.39")),
    "ec-explicit-parameters": _ec(_EXPLICIT),
    "ec-no-parameters": _ec(b""),
    "ec-null-parameters": _ec(NULL_DER),
    "ec-unused-bits": _key(_sequence(_EC, _P256), _POINT, unused=3),
    "ec-nine-unused-bits": _key(_sequence(_EC, _P256), _POINT, unused=9),
    "dsa-tiny": _dsa(23, 11, 4),
    "dsa-zero": _dsa(0, 0, 0),
    "dsa-negative": _dsa(-1, -1, -1),
    "dsa-huge": _dsa((1 << 20_000) + 1, (1 << 256) + 1, 2),
    "dsa-no-parameters": _key(_sequence(_DSA), encode_integer(3)),
    "x25519": _other("1.3.101.110", 32),
    "x448": _other("1.3.101.111", 56),
    "ed25519": _other("1.3.101.112", 32),
    "ed25519-short": _other("1.3.101.112", 3),
    "ed448": _other("1.3.101.113", 57),
    "ed448-parameters": _other("1.3.101.113", 57, NULL_DER),
    "ml-dsa-44": _other("2.16.840.1.101.3.4.3.17", 1312),
    "ml-dsa-44-short": _other("2.16.840.1.101.3.4.3.17", 7),
    "slh-dsa": _other("2.16.840.1.101.3.4.3.20", 32),
    "dh": _other("1.2.840.113549.1.3.1", 8, _sequence(encode_integer(23))),
    "unknown-kind": _other("1.2.3", 8),
    "long-oid": _key(_sequence(b"\x06\x3f\x2a" + b"\x81" * 61 + b"\x01"), _POINT),
    "longer-oid": _key(_sequence(b"\x06\x7f\x2a" + b"\x81" * 125 + b"\x01"), _POINT),
    "no-algorithm": _sequence(),
}


def _algorithm(oid: str, parameters: bytes = b"") -> bytes:
    return _sequence(encode_oid(oid), parameters)


_PSS = "1.2.840.113549.1.1.10"
_ALGORITHMS: dict[str, bytes] = {
    "unknown": _algorithm("1.2.3"),
    "md2": _algorithm("1.2.840.113549.1.1.2", NULL_DER),
    "md5": _algorithm("1.2.840.113549.1.1.4", NULL_DER),
    "ecdsa-null": _algorithm("1.2.840.10045.4.3.2", NULL_DER),
    "ecdsa-integer": _algorithm("1.2.840.10045.4.3.2", encode_integer(9)),
    "rsa-integer": _algorithm("1.2.840.113549.1.1.11", encode_integer(9)),
    "ed25519-null": _algorithm("1.3.101.112", NULL_DER),
    "ml-dsa-44": _algorithm("2.16.840.1.101.3.4.3.17"),
    "pss-absent": _algorithm(_PSS),
    "pss-integer": _algorithm(_PSS, encode_integer(5)),
    "pss-huge-salt": _algorithm(_PSS, _sequence(encode(0xA2, encode_integer(1 << 70)))),
    "pss-negative-salt": _algorithm(_PSS, _sequence(encode(0xA2, encode_integer(-5)))),
    "empty": _sequence(),
    "long-oid": _sequence(b"\x06\x3f\x2a" + b"\x81" * 61 + b"\x01"),
    "odd-oid": _sequence(b"\x06\x02\x80\x01"),
}


def _named(tag: int, value: bytes, oid: str = "2.5.4.3") -> bytes:
    return _sequence(encode(0x31, _sequence(encode_oid(oid), encode(tag, value))))


_NAMES: dict[str, bytes] = {
    "empty": _sequence(),
    "empty-set": _sequence(encode(0x31)),
    "no-set": _sequence(_sequence()),
    "half-a-character": _named(0x1E, b"\x00"),
    "surrogate": _named(0x1E, b"\xd8\x00"),
    "universal-out-of-range": _named(0x1C, b"\xff" * 4),
    "not-utf8": _named(0x0C, b"\xff\xfe"),
    "surrogate-utf8": _named(0x0C, b"\xed\xa0\x80"),
    "bit-string": _named(0x03, b"\x00x"),
    "integer": _named(0x02, b"\x05"),
    "sequence": _named(0x30, b"\x02\x01\x05"),
    "country-of-three-letters": _named(0x13, b"DEU", "2.5.4.6"),
    "no-value": _named(0x0C, b""),
    "escapes": _named(0x0C, b"a\x1b[2J\x07\r\n\xe2\x80\xaeb\x00"),
    "two-hundred": _sequence(*(_named(0x0C, b"%d" % each)[2:] for each in range(200))),
}

_EXTENSIONS: dict[str, tuple[bytes, ...]] = {
    "twice": (extension("2.5.29.17", b"\x30\x00"),) * 2,
    "no-octets": (extension("2.5.29.31", b""),),
    "garbage": (extension("1.3.6.1.5.5.7.1.1", b"\xff\xff"),),
    "url-not-ascii": (
        extension(
            "1.3.6.1.5.5.7.1.1",
            _sequence(
                _sequence(
                    encode_oid("1.3.6.1.5.5.7.48.1"), encode(0x86, b"http://\xff/")
                )
            ),
        ),
    ),
    "huge-path-length": (
        extension("2.5.29.19", _sequence(b"\x01\x01\xff", encode_integer(1 << 100))),
    ),
    "huge-policy-number": (extension("2.5.29.54", encode_integer(1 << 5000)),),
    "address-of-three-octets": (
        extension("2.5.29.17", _sequence(encode(0x87, b"abc"))),
    ),
    "unknown-critical": (extension("1.2.3.4", b"\x05\x00", critical=True),),
    "sixty": tuple(extension(f"1.2.3.{each}", b"") for each in range(60)),
}


def _make(**changes: Any) -> Identity:
    """Return the certificate of a delegate, signed by the CA, with *changes*."""
    return _BUILD.delegate(**changes)


def _odd() -> dict[str, Identity]:
    made = {f"key-{label}": _make(key_info=info) for label, info in _KEYS.items()}
    for label, identifier in _ALGORITHMS.items():
        made[f"signature-{label}"] = _make(inner=identifier, outer=identifier)
        made[f"outer-{label}"] = _make(outer=identifier)
    for label, subject in _NAMES.items():
        made[f"subject-{label}"] = _make(subject=subject)
        made[f"issuer-{label}"] = _make(issuer_name=subject)
        made[f"self-issued-{label}"] = _make(
            subject=subject, issuer_name=subject, key="ca"
        )
    for label, extensions in _EXTENSIONS.items():
        made[f"extension-{label}"] = _make(
            extensions=(*extensions, SIGNS, OCSP_SIGNING, NOCHECK)
        )
    for version in (-1, 0, 1, 3, 127, 1 << 70):
        made[f"version-{version}"] = _make(version=version)
    for serial in (0, -1, -(1 << 2000), 1 << 160, 1 << 2000):
        made[f"serial-{serial.bit_length()}-{serial < 0}"] = _make(serial=serial)
    made["serial-empty"] = _make(serial=b"")
    for moment in (b"00000101000000Z", b"00010101000000Z", b"99991231235959Z"):
        text = moment.decode()
        made[f"from-{text}"] = _make(begin=moment, end=moment)
        made[f"until-{text}"] = _make(end=moment)
    made["time-that-is-none"] = _make(begin=b"20261332000000Z")
    return made


ODD = _odd()
"""Certificates by what is odd about them. The CA of the builder has signed each."""
