"""
Hostile responses of 56 KB: each makes one part of reading or verifying costly.

They are for the leaf of :class:`tests.cases.builder.Builder`. None has a signature that
verifies, so anyone on the network can send them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from itertools import cycle, islice

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.asn1.der import NULL_DER, encode, encode_integer, encode_oid
from tests.cases.builder import Builder, algorithm, extension

__all__ = ["BUILD", "KINDS", "SIZE", "combining", "name_of", "ordinary"]

SIZE = 56 * 1024
"""Octets of a hostile response. The limit for verification is 64 KiB."""

BUILD = Builder()


def combining(count: int) -> str:
    """Return *count* combining characters in the order that takes longest to sort."""
    return "\u0300" * (count // 2) + "\u0316" * (count - count // 2)


@cache
def ordinary() -> bytes:
    """Return a batch response of :data:`SIZE`: 540 entries, signed by another key."""
    return _of_size(lambda count: _response(*_entries(count)), 540)


def _entries(count: int, **changes: Sequence[bytes]) -> list[bytes]:
    return [
        BUILD.entry(cert_id=BUILD.cert_id(serial=number.to_bytes(3)), **changes)
        for number in range(0x100000, 0x100000 + count)
    ]


def _response(*entries: bytes, **changes: object) -> bytes:
    return BUILD.response(*entries, signature=b"not a signature", **changes)  # type: ignore[arg-type]


def _of_size(make: Callable[[int], bytes], most: int) -> bytes:
    """Return the largest response that *make* makes of at most *most* parts and SIZE."""
    while len(data := make(most)) > SIZE:
        most -= max(1, most // 50)
    return data


def name_of(*values: str, together: bool = False) -> bytes:
    """Return a Name with organizational units *values*, or with one set of them."""
    units = [
        encode(0x30, encode_oid("2.5.4.11"), encode(0x0C, each.encode()))
        for each in values
    ]
    if together:
        return encode(0x30, encode(0x31, *sorted(units)))
    return encode(0x30, *(encode(0x31, each) for each in units))


def _decoys(count: int, subject: bytes | None = None) -> list[bytes]:
    """Return delegates of the CA, all with the key of the delegate."""
    return [
        BUILD.delegate(subject or f"Decoy {number}", serial=number + 2).der
        for number in range(count)
    ]


def _named(subject: bytes, certs: Sequence[bytes] = ()) -> bytes:
    return _response(responder_id=BUILD.by_name(subject), certs=certs)


def _by_delegate(*certs: bytes) -> bytes:
    return _response(responder_id=BUILD.by_key(BUILD.responder), certs=certs)


# --- names -------------------------------------------------------------------------


def _one_long_value() -> bytes:
    return _of_size(lambda count: _named(name_of(combining(count))), SIZE // 2)


def _many_values() -> bytes:
    return _of_size(lambda count: _named(name_of(*[combining(1024)] * count)), 28)


def _many_values_and_certificates() -> bytes:
    decoys = _decoys(16)
    return _of_size(
        lambda count: _named(name_of(*[combining(1024)] * count), decoys), 28
    )


def _short_sequences() -> bytes:
    value = f"A{combining(30)}"
    decoys = [
        BUILD.delegate(name_of(value * 28, str(number)), serial=number + 2).der
        for number in range(14)
    ]
    return _named(name_of(value * 32), decoys)


def _characters_that_become_combining() -> bytes:
    """Each counts as none, but becomes two in normalised text."""
    decoys = [
        BUILD.delegate(name_of("\u0f73" * 550, str(number)), serial=number + 2).der
        for number in range(14)
    ]
    return _named(name_of("\u0f73\uff9e" * 650), decoys)


def _characters_that_grow() -> bytes:
    decoys = [
        BUILD.delegate(name_of("\ufdfa" * 1000, str(number)), serial=number + 2).der
        for number in range(14)
    ]
    return _named(name_of("\ufdfa" * 1300), decoys)


def _one_large_set() -> bytes:
    values = [f"{number:0>420}" for number in range(128)]
    return _named(name_of(*values, together=True))


def _names_of_issuers() -> bytes:
    subject = name_of("A")
    certs = [
        BUILD.delegate(
            subject,
            serial=number + 2,
            issuer_name=name_of(combining(1500), str(number)),
        ).der
        for number in range(16)
    ]
    return _named(subject, certs)


# --- certificates --------------------------------------------------------------------


def _same_key() -> bytes:
    return _of_size(lambda count: _by_delegate(*_decoys(count)), 64)


def _same_name() -> bytes:
    subject = name_of("A" * 3000)
    return _of_size(lambda count: _named(subject, _decoys(count, subject)), 64)


def _rsa(modulus_bits: int, exponent: int) -> bytes:
    modulus = random.Random(1).getrandbits(modulus_bits) | 1 << modulus_bits - 1 | 1
    key = encode(0x30, encode_integer(modulus), encode_integer(exponent))
    identifier = encode(0x30, encode_oid("1.2.840.113549.1.1.1"), NULL_DER)
    return encode(0x30, identifier, encode(0x03, b"\x00", key))


def _dsa(bits: int) -> bytes:
    values = random.Random(2)
    p, g, y = (values.getrandbits(bits) | 1 << bits - 1 | 1 for _ in range(3))
    q = values.getrandbits(256) | 1 << 255 | 1
    parameters = encode(0x30, *map(encode_integer, (p, q, g % p)))
    identifier = encode(0x30, encode_oid("1.2.840.10040.4.1"), parameters)
    return encode(0x30, identifier, encode(0x03, b"\x00", encode_integer(y % p)))


_SHA256_WITH_RSA = encode(0x30, encode_oid("1.2.840.113549.1.1.11"), NULL_DER)
_SHA256_WITH_DSA = encode(0x30, encode_oid("2.16.840.1.101.3.4.3.2"))


def _slow_keys(info: bytes, identifier: bytes, signature: bytes) -> bytes:
    subject = name_of("A")

    def make(count: int) -> bytes:
        certs = [
            BUILD.delegate(subject, serial=number + 2, key_info=info).der
            for number in range(count)
        ]
        return BUILD.response(
            responder_id=BUILD.by_name(subject),
            certs=certs,
            identifier=identifier,
            signature=signature,
        )

    return _of_size(make, 64)


def _rsa_with_long_exponent() -> bytes:
    info = _rsa(3072, (1 << 3071) - 1)
    return _slow_keys(info, _SHA256_WITH_RSA, bytes(383) + b"\x02")


def _rsa_with_long_modulus() -> bytes:
    info = _rsa(16_384, (1 << 64) - 1)
    return _slow_keys(info, _SHA256_WITH_RSA, bytes(2047) + b"\x02")


def _dsa_with_long_modulus() -> bytes:
    info = _dsa(10_000)
    signature = encode(0x30, *map(encode_integer, (1 << 200, 1 << 201)))
    return _slow_keys(info, _SHA256_WITH_DSA, signature)


def _many_extensions() -> bytes:
    def make(count: int) -> bytes:
        each = [extension(f"1.2.{number}", b"") for number in range(count)]
        return _by_delegate(BUILD.delegate(extensions=each).der)

    return _of_size(make, 6000)


def _many_purposes() -> bytes:
    def make(count: int) -> bytes:
        purposes = [x509.ObjectIdentifier(f"1.2.{number}") for number in range(count)]
        usage = x509.ExtendedKeyUsage(purposes)
        return _by_delegate(BUILD.delegate(extensions=[usage]).der)

    return _of_size(make, 12_000)


def _many_places() -> bytes:
    def make(count: int) -> bytes:
        place = encode(0x30, encode_oid(oids.OCSP_BASIC[:-2]), encode(0x86, b"h:"))
        access = extension(
            oids.AUTHORITY_INFORMATION_ACCESS, encode(0x30, *[place] * count)
        )
        return _by_delegate(BUILD.delegate(extensions=[access]).der)

    return _of_size(make, 4000)


def _no_certificates() -> bytes:
    return _by_delegate(*[encode(0x30, b"\x30\x00" * 420)] * 64)


def _deep_certificates() -> bytes:
    deep = b""
    while len(deep) < 840:
        deep = encode(0x30, deep)
    return _by_delegate(*[deep] * 64)


# --- entries and numbers ---------------------------------------------------------------


def _small_entry(number: int, extensions: Sequence[bytes] = ()) -> bytes:
    cert_id = encode(
        0x30, algorithm("sha1"), b"\x04\x00\x04\x00", encode_integer(number)
    )
    return BUILD.entry(cert_id=cert_id, next_update=None, extensions=extensions)


def _small_entries() -> bytes:
    return _of_size(lambda count: _response(*map(_small_entry, range(count))), 1400)


def _entries_with_colliding_numbers() -> bytes:
    """Python's hash of an integer is its remainder by this prime."""
    prime = (1 << 61) - 1
    return _of_size(
        lambda count: _response(
            *(
                BUILD.entry(cert_id=BUILD.cert_id(serial=encode_integer(k * prime)[2:]))
                for k in range(1, count)
            )
        ),
        540,
    )


def _entries_for_the_certificate() -> bytes:
    entries = [BUILD.entry(), BUILD.entry(BUILD.revoked()), BUILD.entry(BUILD.UNKNOWN)]
    return _of_size(lambda count: _response(*islice(cycle(entries), count)), 540)


def _entries_of_other_issuers() -> bytes:
    return _of_size(
        lambda count: _response(
            *(
                BUILD.entry(cert_id=BUILD.cert_id(key_hash=number.to_bytes(20)))
                for number in range(count)
            )
        ),
        540,
    )


def _entries_with_extensions() -> bytes:
    reasons = [extension(oids.CRL_REASON, b"\x0a\x01\x01")] * 5
    return _of_size(
        lambda count: _response(*(_small_entry(n, reasons) for n in range(count))), 512
    )


def _entry_with(dotted: str, value: bytes) -> bytes:
    return _response(BUILD.entry(extensions=[extension(dotted, value)]))


def _one_entry_with_names() -> bytes:
    one = encode(0xA4, name_of("A"))
    return _of_size(
        lambda count: _entry_with(oids.CERTIFICATE_ISSUER, encode(0x30, one * count)),
        3600,
    )


def _many_timestamps() -> bytes:
    timestamp = bytes(43) + b"\x04\x03\x00\x00"
    item = len(timestamp).to_bytes(2) + timestamp

    def make(count: int) -> bytes:
        items = item * count
        return _entry_with(oids.SCT_LIST, encode(0x04, len(items).to_bytes(2) + items))

    return _of_size(make, 1200)


def _long_serial_number() -> bytes:
    return _of_size(
        lambda size: _response(cert_id=BUILD.cert_id(serial=b"\x7f" * size)), SIZE
    )


def _long_nonce() -> bytes:
    return _of_size(lambda size: _response(extensions=[BUILD.nonce(bytes(size))]), SIZE)


def _long_algorithm() -> bytes:
    return _of_size(
        lambda size: _response(
            identifier=encode(0x30, encode_oid("1.2.3"), encode(0x04, bytes(size)))
        ),
        SIZE,
    )


def _one_list_of_extensions() -> bytes:
    each = [extension(f"1.2.{number}", bytes(840)) for number in range(64)]
    return _of_size(lambda count: _response(extensions=each[:count]), 64)


# --- encodings that are not DER ----------------------------------------------------------


def _in_segments(string: bytes) -> bytes:
    """Return a response whose BasicOCSPResponse is in a constructed OCTET STRING."""
    inner = encode(0x30, encode_oid(oids.OCSP_BASIC), string)
    return encode(0x30, encode(0x0A, b"\x00"), encode(0xA0, inner))


def _nested_segments() -> bytes:
    string = encode(0x04, b"")
    for _ in range(13):  # each string is in two segments (X.690 §8.7.3)
        string = encode(0x24, string, string)
    return _in_segments(string)


def _many_segments() -> bytes:
    return _in_segments(encode(0x24, encode(0x04, b"\x30") * (SIZE // 3)))


KINDS: dict[str, Callable[[], bytes]] = {
    make.__name__.strip("_").replace("_", " "): cache(make)
    for make in (
        _one_long_value,
        _many_values,
        _many_values_and_certificates,
        _short_sequences,
        _characters_that_become_combining,
        _characters_that_grow,
        _one_large_set,
        _names_of_issuers,
        _same_key,
        _same_name,
        _rsa_with_long_exponent,
        _rsa_with_long_modulus,
        _dsa_with_long_modulus,
        _many_extensions,
        _many_purposes,
        _many_places,
        _no_certificates,
        _deep_certificates,
        _small_entries,
        _entries_with_colliding_numbers,
        _entries_for_the_certificate,
        _entries_of_other_issuers,
        _entries_with_extensions,
        _one_entry_with_names,
        _many_timestamps,
        _long_serial_number,
        _long_nonce,
        _long_algorithm,
        _one_list_of_extensions,
        _nested_segments,
        _many_segments,
    )
}
"""The responses, each by what it has too much of."""
