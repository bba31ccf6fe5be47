"""Changed octets at every entry: a result, or an error that the entry documents."""

from __future__ import annotations

import contextlib
from base64 import encodebytes
from collections.abc import Callable
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import EncodingRules, Policy
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.loading import unwrap
from ocsp.client.certificate_files import load_certificates, readable_certificates
from ocsp.errors import (
    DecodeError,
    MultipleRequestsError,
    SchemaError,
    VerificationError,
)
from ocsp.guarded import certificates as guarded
from ocsp.guarded.key_files import load_private_key, load_public_key
from ocsp.inspection.file_kinds import kind_of
from ocsp.linting import lint_response
from tests.cases.builder import CRL_PLACE, Builder
from tests.crls import crl, entry, scope
from tests.nested import nested_pkcs7, nested_request
from tests.pki import NOW, ca, key, leaf

BUILD = Builder()
ISSUER = x509.load_der_x509_certificate(BUILD.ca.der)
LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)
TOLERANT = Policy(encoding=EncodingRules.TOLERANT)

pytestmark = pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning",
    "ignore:PKCS#7",
)


def _pem(label: str, der: bytes) -> bytes:
    body = encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


RESPONSES = (
    BUILD.response(),
    BUILD.response(by=BUILD.responder),
    BUILD.response(by=BUILD.responder, extensions=[BUILD.nonce(bytes(32))]),
    BUILD.failed(3),
)
REQUESTS = (
    BUILD.request(BUILD.cert_id()),
    BUILD.request(
        BUILD.cert_id(), BUILD.cert_id(), extensions=[BUILD.nonce(bytes(32))]
    ),
)
_REASON = x509.CRLReason(x509.ReasonFlags.key_compromise)
CRLS = (
    crl(),
    crl(entry(0x1F2E, _REASON), critical=[scope(users=True)]),
    crl(entry(1), base=3),
    _pem("X509 CRL", crl(entry(0x1F2E))),
)
CERTIFICATES = (
    BUILD.leaf.der,
    BUILD.responder.der,
    BUILD.certificate("leaf", extensions=[CRL_PLACE]).der,
    nested_pkcs7(BUILD.leaf.der),
    nested_pkcs7(BUILD.leaf.der, definite=True),
    _pem("CERTIFICATE", BUILD.leaf.der) + _pem("CERTIFICATE", BUILD.ca.der),
)
KEYS = (
    key("a").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    key("a").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    key("a").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
)
ALL = (*RESPONSES, *REQUESTS, *CRLS, *CERTIFICATES, *KEYS, nested_request(1))


class Entry(NamedTuple):
    """
    A function that takes octets from outside.

    Attributes:
        call: The function.

        seeds: What is changed.

        documented: The errors that it documents.
    """

    call: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    documented: tuple[type[Exception], ...] = ()


ENTRIES = {
    "load-response": Entry(ocsp.load_der_ocsp_response, RESPONSES, (DecodeError,)),
    "load-response-tolerantly": Entry(
        lambda data: ocsp.load_der_ocsp_response(data, encoding=EncodingRules.TOLERANT),
        RESPONSES,
        (DecodeError,),
    ),
    "load-request": Entry(
        ocsp.load_der_ocsp_request, REQUESTS, (DecodeError, MultipleRequestsError)
    ),
    "load-request-tolerantly": Entry(
        lambda data: ocsp.load_der_ocsp_request(
            data, allow_multiple=True, encoding=EncodingRules.TOLERANT
        ),
        REQUESTS,
        (DecodeError,),
    ),
    "verify": Entry(
        lambda data: ocsp.verify(data, LEAF, ISSUER, at=NOW),
        RESPONSES,
        (VerificationError,),
    ),
    "verify-tolerantly": Entry(
        lambda data: ocsp.verify(data, LEAF, ISSUER, at=NOW, policy=TOLERANT),
        RESPONSES,
        (VerificationError,),
    ),
    "verify-staple": Entry(
        lambda data: ocsp.verify_staple(data, LEAF, ISSUER, at=NOW),
        RESPONSES,
        (VerificationError,),
    ),
    "verify-chain": Entry(
        lambda data: ocsp.verify_chain([LEAF, ISSUER], [data], at=NOW),
        RESPONSES,
        (VerificationError,),
    ),
    "verify-crl": Entry(
        lambda data: ocsp.verify_crl(data, leaf(), ca(), at=NOW),
        CRLS,
        (VerificationError,),
    ),
    "verify-delta-crl": Entry(
        lambda data: ocsp.verify_crl(crl(), leaf(), ca(), delta=data, at=NOW),
        CRLS,
        (VerificationError,),
    ),
    "lint": Entry(lint_response, RESPONSES),
    "lint-with-certificates": Entry(
        lambda data: lint_response(data, cert=LEAF, issuer=ISSUER, at=NOW), RESPONSES
    ),
    "kind-of-file": Entry(kind_of, ALL),
    "unwrap": Entry(lambda data: unwrap(data, "file"), ALL, (CommandError,)),
    "certificates": Entry(load_certificates, CERTIFICATES, (SchemaError,)),
    "fetched-certificates": Entry(readable_certificates, CERTIFICATES),
    "certificate": Entry(guarded.load_certificate, CERTIFICATES, (DecodeError,)),
    "crl": Entry(guarded.load_crl, CRLS, (DecodeError,)),
    "pkcs7": Entry(guarded.load_pkcs7, CERTIFICATES, (DecodeError,)),
    "request-for-a-certificate": Entry(guarded.load_request, ALL, (DecodeError,)),
    "private-key": Entry(
        lambda data: load_private_key(data, None),
        KEYS,
        (DecodeError, TypeError, UnsupportedAlgorithm),
    ),
    "public-key": Entry(load_public_key, KEYS, (DecodeError, UnsupportedAlgorithm)),
}


class Change(NamedTuple):
    """Replace *length* octets at *position* by *octets*."""

    position: int
    length: int
    octets: bytes


CHANGES = st.lists(
    st.builds(
        Change,
        st.integers(0, 4000),
        st.integers(0, 3),
        st.one_of(
            st.binary(max_size=3),
            st.sampled_from((b"\x80", b"\x00\x00", b"\x30\x80", b"\xff" * 4)),
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("name", ENTRIES)
@given(seed=st.integers(0, 99), changes=CHANGES)
def test_changed_octets_raise_only_documented_errors(
    name: str, seed: int, changes: list[Change]
) -> None:
    """Also what a result or an error shows of itself raises nothing."""
    tried = ENTRIES[name]
    data = bytearray(tried.seeds[seed % len(tried.seeds)])
    for position, length, octets in changes:
        start = position % (len(data) + 1)
        data[start : start + length] = octets
    try:
        shown = tried.call(bytes(data))
    except tried.documented as error:
        shown = error
    if type(shown).__module__.startswith("ocsp"):
        str(shown)
        repr(shown)


@pytest.mark.parametrize("name", ENTRIES)
@given(data=st.binary(max_size=64))
def test_any_octets_raise_only_documented_errors(name: str, data: bytes) -> None:
    """Octets without any structure."""
    tried = ENTRIES[name]
    with contextlib.suppress(tried.documented):
        tried.call(data)
