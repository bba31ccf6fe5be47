"""
Every kind of message that we build, read by other programs and libraries.

Values are compared field by field with what went in. A reader leaves out what it cannot
read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.x509 import ocsp as original

import ocsp
from tests.interop import (
    by_asn1crypto,
    by_attributes,
    by_bouncycastle,
    by_openssl,
    kinds,
)
from tests.interop.facts import assert_found
from tests.interop.kinds import ERRORS, REQUESTS, RESPONSES, SCHEMES, Message
from tests.interop.plans import CertificateFacts

Reader = Callable[[bytes], CertificateFacts]


def _our_request(der: bytes) -> CertificateFacts:
    request = ocsp.load_der_ocsp_request(der, allow_multiple=True)
    return by_attributes.request_facts(request)


def _our_response(der: bytes) -> CertificateFacts:
    return by_attributes.response_facts(ocsp.load_der_ocsp_response(der))


def _original_request(der: bytes) -> CertificateFacts:
    return by_attributes.request_facts(original.load_der_ocsp_request(der))


def _original_response(der: bytes) -> CertificateFacts:
    return by_attributes.response_facts(original.load_der_ocsp_response(der))


REQUEST_READERS: dict[str, Reader] = {
    "ours": _our_request,
    "cryptography": _original_request,
    "asn1crypto": by_asn1crypto.request_facts,
    "openssl": by_openssl.request_facts,
}
RESPONSE_READERS: dict[str, Reader] = {
    "ours": _our_response,
    "cryptography": _original_response,
    "asn1crypto": by_asn1crypto.response_facts,
    "openssl": by_openssl.response_facts,
}
SINGLE_ONLY = {"many", "both-hashes", "some-entries-extended", "signed-many"}
"""Requests that ``cryptography`` refuses, because they have several entries."""


@pytest.mark.parametrize("reader", REQUEST_READERS)
@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_is_read_correctly(kind: str, reader: str) -> None:
    """Entries, extensions with their values, requestor, signature, certificates."""
    message = kinds.request(kind)
    if reader == "cryptography" and kind in SINGLE_ONLY:
        with pytest.raises(NotImplementedError, match="more than one"):
            REQUEST_READERS[reader](message.der)
        return
    assert_found(REQUEST_READERS[reader](message.der), message.facts)


@pytest.mark.parametrize("reader", RESPONSE_READERS)
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_is_read_correctly(kind: str, reader: str) -> None:
    """Entries, extensions with their values, responder, signature, certificates."""
    message = kinds.response(kind)
    assert_found(RESPONSE_READERS[reader](message.der), message.facts)


@pytest.mark.parametrize("reader", RESPONSE_READERS)
@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_read_correctly(kind: str, reader: str) -> None:
    """Its number, and nothing more."""
    message = kinds.error(kind)
    assert RESPONSE_READERS[reader](message.der) == message.facts


# --- single readers --------------------------------------------------------------

UNWRITABLE = {
    **{f"signed-{each}": "has no ML-DSA" for each in ("mldsa44", "mldsa65", "mldsa87")},
    **dict.fromkeys(
        ("locator-bare", "some-entries-extended"),
        "requires the locator that RFC 6960 §4.4.6 has as optional",
    ),
}
"""What asn1crypto reads but cannot write, and why."""


@pytest.mark.parametrize("kind", [kind for kind in REQUESTS if kind not in UNWRITABLE])
def test_asn1crypto_writes_a_request_again_octet_for_octet(kind: str) -> None:
    """So it has read everything, and everything is in DER."""
    der = kinds.request(kind).der
    assert by_asn1crypto.written_again(der, of_request=True) == der


@pytest.mark.parametrize("kind", [kind for kind in RESPONSES if kind not in UNWRITABLE])
def test_asn1crypto_writes_a_response_again_octet_for_octet(kind: str) -> None:
    """So it has read everything, and everything is in DER."""
    der = kinds.response(kind).der
    assert by_asn1crypto.written_again(der, of_request=False) == der


def _verify(scheme: str, signature: bytes, signed: bytes) -> None:
    signing = SCHEMES[scheme]
    public: Any = signing.certificate.public_key()
    algorithm: Any = signing.algorithm
    if isinstance(public, rsa.RSAPublicKey):
        chosen = signing.rsa_padding or padding.PKCS1v15()
        public.verify(signature, signed, chosen, algorithm)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, signed, ec.ECDSA(algorithm))
    elif isinstance(public, dsa.DSAPublicKey):
        public.verify(signature, signed, algorithm)
    else:
        public.verify(signature, signed)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_signatures_cover_the_part_that_asn1crypto_finds(scheme: str) -> None:
    """In requests and in responses, with each kind of signature."""
    request = kinds.request(f"signed-{scheme}").der
    signed, signature = by_asn1crypto.signed_part(request, of_request=True)
    _verify(scheme, signature, signed)
    response = kinds.response(f"signed-{scheme}").der
    signed, signature = by_asn1crypto.signed_part(response, of_request=False)
    _verify(scheme, signature, signed)


REQUESTORS = {
    "mail": "email:asker@example.com",
    "dns": "DNS:asker.example.com",
    "uri": "URI:http://asker.example.com/ocsp",
    "directory": "DirName:CN = Asker",
    "ip4": "IP Address:192.0.2.7",
    "ip6": "IP Address:2001:DB8:0:0:0:0:0:7",
    "registered": "Registered ID:OCSP",
    "other": "othername:<unsupported>",
}


@pytest.mark.parametrize("kind", kinds.GENERAL_NAMES)
def test_openssl_prints_the_requestor_name(kind: str) -> None:
    """Every kind of GeneralName."""
    text = by_openssl.printed(kinds.request(f"asked-by-{kind}").der, of_request=True)
    assert f"\n    Requestor Name: {REQUESTORS[kind]}\n" in text


def test_openssl_prints_the_responder_name() -> None:
    """A name, if it is not the hash of a key."""
    text = by_openssl.printed(kinds.response("by-name").der, of_request=False)
    assert "\n    Responder Id: CN = signer-p256\n" in text


# --- Bouncy Castle ---------------------------------------------------------------

UNVERIFIED = {
    **{f"signed-{each}": "has no ML-DSA" for each in ("mldsa44", "mldsa65", "mldsa87")},
    "signed-pss-sha512-mask-sha256": "takes no mask with another hash",
}
"""Signatures that some versions of Bouncy Castle cannot verify, and why."""


@cache
def _corpus() -> dict[str, Message]:
    return {
        **{f"{kind}.request": kinds.request(kind) for kind in REQUESTS},
        **{f"{kind}.response": kinds.response(kind) for kind in RESPONSES},
        **{f"{kind}-error.response": kinds.error(kind) for kind in ERRORS},
        "forged.request": _forged(kinds.request("signed-rsa-sha256")),
        "forged.response": _forged(kinds.response("good")),
    }


def _forged(message: Message) -> Message:
    """Return the message with one bit of its nonce or producedAt changed."""
    at = message.der.index(b"\x1e\x1f" if b"\x1e\x1f" in message.der else b"20260701")
    changed = bytearray(message.der)
    changed[at + 1] ^= 1
    return dataclasses.replace(message, der=bytes(changed))


@cache
def _read_by_bouncycastle() -> dict[str, CertificateFacts]:
    return by_bouncycastle.read_all(_corpus())


@pytest.mark.parametrize(
    "name",
    [
        *(f"{kind}.request" for kind in REQUESTS),
        *(f"{kind}.response" for kind in RESPONSES),
        *(f"{kind}-error.response" for kind in ERRORS),
    ],
)
def test_bouncy_castle_reads_every_message_correctly(name: str) -> None:
    """Fields, extension values, signature, and the octets again."""
    message, found = _corpus()[name], dict(_read_by_bouncycastle()[name])
    assert "error" not in found
    assert found.pop("written") == message.der.hex()
    signed = message.signer is not None
    assert ("verified" in found) == signed
    verified = found.pop("verified", True)
    assert verified or (verified is None and name.rpartition(".")[0] in UNVERIFIED)
    assert_found(found, message.facts)


@pytest.mark.parametrize("name", ["forged.request", "forged.response"])
def test_bouncy_castle_detects_a_changed_bit(name: str) -> None:
    """After one changed bit, the signature is not valid."""
    assert _read_by_bouncycastle()[name]["verified"] is False
