"""Certificates, CRLs and requests of attackers, before a parser reads them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.der import encode
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.guarded import certificates as guarded
from tests.nested import (
    nested_certificate,
    nested_crl,
    nested_pkcs7,
    nested_request,
)
from tests.pki import leaf, name

LEAF = leaf().public_bytes(Encoding.DER)
NAME = name("Test CA").public_bytes()

Load = Callable[[bytes], object]

NESTED: list[tuple[Load, bytes]] = [
    (guarded.load_certificate, nested_certificate()),
    (guarded.decode_in_certificate, nested_certificate()),
    (guarded.load_crl, nested_crl(NAME)),
    (guarded.decode_in_crl, nested_crl(NAME)),
    (guarded.decode_in_crl_entry, nested_crl(NAME)),
    (guarded.load_request, nested_request()),
    (guarded.load_pkcs7, nested_pkcs7(nested_certificate())),
    (guarded.load_pkcs7, nested_pkcs7(nested_certificate(), definite=True)),
]


@pytest.mark.parametrize(("load", "data"), NESTED)
def test_deep_nesting_is_refused(load: Load, data: bytes) -> None:
    """Each of these ends the process if the parser sees it."""
    with pytest.raises(LimitExceeded) as refused:
        load(data)
    assert refused.value.limit == "MAX_DEPTH"


@pytest.mark.filterwarnings("ignore:PKCS#7")
@pytest.mark.parametrize(
    ("load", "data"),
    [
        (guarded.load_certificate, nested_certificate(1)),
        (guarded.load_crl, nested_crl(NAME, 1)),
        (guarded.load_request, nested_request(1)),
        (guarded.load_pkcs7, nested_pkcs7(LEAF)),
        (guarded.load_pkcs7, nested_pkcs7(LEAF, definite=True)),
    ],
)
def test_the_same_value_with_few_levels_is_read(load: Load, data: bytes) -> None:
    """So the nesting is what is refused."""
    load(data)


@pytest.mark.parametrize(("load", "data"), NESTED)
def test_size_is_bounded(
    load: Load, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all that a parser gets."""
    monkeypatch.setattr(limits, "MAX_PARSED_BYTES", len(data) - 1)
    with pytest.raises(LimitExceeded) as refused:
        load(data)
    assert refused.value.limit == "MAX_PARSED_BYTES"


@pytest.mark.parametrize("load", [load for load, _ in NESTED])
@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80", b"\x30\x00", LEAF[:-1]])
def test_garbage_is_an_error(load: Load, data: bytes) -> None:
    """One of this package."""
    with pytest.raises(DecodeError):
        load(data)


def test_the_place_is_in_the_error() -> None:
    """As the caller has named it."""
    with pytest.raises(SchemaError) as raised:
        guarded.load_certificate(b"\x30\x00", path="certs[2]", offset=9)
    assert str(raised.value) == "certs[2] at offset 9: not a certificate"


def test_a_year_that_datetime_lacks_is_year_zero() -> None:
    """``cryptography`` decodes the times late, and then raises an error."""
    years = encode(0x18, b"00000101000000Z")
    der = nested_certificate(1, times=(years, years))
    certificate = guarded.load_certificate(der)
    assert guarded.validity(certificate) == (guarded.YEAR_ZERO, guarded.YEAR_ZERO)
    begin, end = guarded.validity(leaf())
    assert guarded.YEAR_ZERO < begin < end
