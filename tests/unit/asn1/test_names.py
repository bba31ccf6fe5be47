"""Names as text, compared with ``cryptography`` where it can decode them."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ocsp.asn1.der import encode, encode_oid
from ocsp.asn1.names import name_text, parse_name

KEYWORDS = (
    NameOID.COMMON_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.DOMAIN_COMPONENT,
    NameOID.USER_ID,
)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda text: text != " "  # cryptography escapes it twice
)
ATTRIBUTES = st.builds(x509.NameAttribute, st.sampled_from(KEYWORDS), TEXTS)
RELATIVE = st.lists(
    ATTRIBUTES, min_size=1, max_size=3, unique_by=lambda each: each.oid
).map(x509.RelativeDistinguishedName)
NAMES = st.lists(RELATIVE, max_size=4).map(x509.Name)


@given(NAMES)
def test_text_is_that_of_cryptography(name: x509.Name) -> None:
    """For names that it can decode."""
    der = name.public_bytes()
    assert name_text(der) == parse_name(der).rfc4514_string()


@pytest.mark.parametrize(
    ("tag", "value", "shown"),
    [
        (0x14, b"Z\xfcrich", "CN=Z\xfcrich"),
        (0x0C, b"Z\xfcrich", "CN=Z\xfcrich"),
        (0x1B, b"Zurich", "CN=Zurich"),
        (0x1E, b"\x00a\x00", "CN=#1e03006100"),
        (0x02, b"\x01", "CN=#020101"),
        (0x0C, b" ", "CN=\\ "),
        (0x0C, b"", "CN="),
        (0x0C, b"#a, b\x00", "CN=\\#a\\, b\\00"),
    ],
)
def test_text_of_values_that_cryptography_cannot_decode(
    tag: int, value: bytes, shown: str
) -> None:
    """As text if possible, otherwise in hexadecimal (RFC 4514 §2.4)."""
    common = encode(0x30, encode_oid("2.5.4.3"), encode(tag, value))
    assert name_text(encode(0x30, encode(0x31, common))) == shown
