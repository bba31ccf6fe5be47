"""
Hostile CRLs of 56 KB, which the CA of :mod:`tests.hostile` has signed.

Each makes one part of reading or verifying a CRL costly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from ocsp.asn1.der import encode, encode_integer
from tests.cases.builder import HOUR, SERIAL, extension, time
from tests.cases.keys import SCHEMES, sign
from tests.cases.model import NOW
from tests.hostile import BUILD, combining, name_of

__all__ = ["KINDS", "ordinary"]

_ALGORITHM = SCHEMES[BUILD.ca.scheme].identifier
_REASON = extension("2.5.29.21", b"\x0a\x01\x01")
_INDIRECT = extension("2.5.29.28", encode(0x30, b"\x84\x01\xff"), critical=True)


def _crl(
    entries: Iterable[bytes] = (),
    extensions: Sequence[bytes] = (),
    issuer: bytes = BUILD.ca.subject,
) -> bytes:
    listed = b"".join(entries)
    tbs = encode(
        0x30,
        encode_integer(1),
        _ALGORITHM,
        issuer,
        time(NOW - HOUR),
        time(NOW + HOUR),
        encode(0x30, listed) if listed else b"",
        encode(0xA0, encode(0x30, *extensions)) if extensions else b"",
    )
    signature = encode(0x03, b"\x00", sign(BUILD.ca.key, BUILD.ca.scheme, tbs))
    return encode(0x30, tbs, _ALGORITHM, signature)


def _entry(serial: int, *extensions: bytes) -> bytes:
    listed = encode(0x30, *extensions) if extensions else b""
    return encode(0x30, encode_integer(serial), time(NOW - HOUR), listed)


def _issuer(*names: bytes) -> bytes:
    each = [encode(0xA4, name) for name in names]
    return extension("2.5.29.29", encode(0x30, *each), critical=True)


def ordinary() -> bytes:
    """Return a CRL of 56 KB: 1,400 entries, of other certificates."""
    return _crl(_entry(0x100000 + number, _REASON) for number in range(1400))


def _different_extensions() -> bytes:
    return _crl(
        _entry(0x100000 + number, extension(f"1.2.{number}", b""))
        for number in range(1400)
    )


def _many_extensions() -> bytes:
    return _crl(
        _entry(number, *(extension(f"1.2.{n}.{number}", b"") for n in range(60)))
        for number in range(1, 90)
    )


def _one_serial_number() -> bytes:
    return _crl(_entry(SERIAL, _REASON) for _ in range(1400))


def _many_issuers() -> bytes:
    entries = (
        _entry(SERIAL, _issuer(name_of(f"{combining(30)}{number}")))
        for number in range(450)
    )
    return _crl(entries, [_INDIRECT])


def _one_issuer_with_many_names() -> bytes:
    names = (name_of(f"{combining(30) * 10}{number}") for number in range(60))
    first = _entry(1, _issuer(*names))
    return _crl([first, *(_entry(SERIAL) for _ in range(700))], [_INDIRECT])


def _many_names_of_the_point() -> bytes:
    names = [
        encode(0xA4, name_of(f"{combining(30) * 12}{number}")) for number in range(64)
    ]
    point = encode(0x30, encode(0xA0, encode(0xA0, *names)))
    return _crl(extensions=[extension("2.5.29.28", point, critical=True)])


def _long_issuer() -> bytes:
    return _crl(issuer=name_of(combining(27_000)))


def _long_number() -> bytes:
    number = encode(0x02, b"\x7f" * 55_000)
    return _crl(extensions=[extension("2.5.29.20", number)])


KINDS: dict[str, Callable[[], bytes]] = {
    make.__name__.strip("_").replace("_", " "): cache(make)
    for make in (
        _different_extensions,
        _many_extensions,
        _one_serial_number,
        _many_issuers,
        _one_issuer_with_many_names,
        _many_names_of_the_point,
        _long_issuer,
        _long_number,
    )
}
"""The CRLs, each by what it has too much of."""
