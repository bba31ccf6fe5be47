"""Test which signed requests are answered."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPResponseStatus
from ocsp.responder import Answer, Authority, Requestors, Responder, StatusRecord
from tests.pki import NOW, ca, delegate_signer, key, make

HOUR = datetime.timedelta(hours=1)
UNAUTHORIZED = OCSPResponseStatus.UNAUTHORIZED
SUCCESSFUL = OCSPResponseStatus.SUCCESSFUL


def _usage(*, sign: bool = False, certify: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certify,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


CONSTRAINTS = x509.BasicConstraints(ca=True, path_length=None)
CLIENT = make("Client", "Client CA")
CLIENT_CA = make("Client CA", "Client CA", extensions=[CONSTRAINTS])
LIMITED_CA = make(
    "Client CA",
    "Client CA",
    extensions=[
        CONSTRAINTS,
        x509.NameConstraints([x509.DNSName("example.com")], None),
    ],
)


def _request(
    signed_by: x509.Certificate | None = CLIENT, *, included: bool = True
) -> bytes:
    cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    if signed_by is None:
        return builder.build().public_bytes(Encoding.DER)
    builder = builder.requestor_name(x509.RFC822Name("me@example.com"))
    if included:
        request = builder.sign_with(KeySigner(key("Client"), signed_by))
    else:
        request = builder.sign(key("Client"), hashes.SHA256())
    return request.public_bytes(Encoding.DER)


def _answer(requestors: Requestors | None, der: bytes) -> Answer:
    authority = Authority(ca(), [delegate_signer()])
    step = Responder([authority], requestors=requestors).receive(der, NOW)
    if isinstance(step, Answer):
        return step
    return Responder([authority]).finish(step, [StatusRecord()])


def _forged() -> bytes:
    """Return a signed request whose serial number was changed afterwards."""
    der = _request()
    place = der.index(b"\x02\x01\x07")
    return der[:place] + b"\x02\x01\x06" + der[place + 3 :]


@pytest.mark.requirement("R9919-1")
def test_signatures_are_ignored_by_default() -> None:
    """Also a wrong one, and any requestorName: nothing depends on them."""
    for der in (_request(), _forged(), _request(None)):
        assert _answer(None, der).status is SUCCESSFUL


@pytest.mark.requirement("R6960-3")
def test_a_signature_can_be_required() -> None:
    """An unsigned request gets *sigRequired*."""
    required = Requestors([CLIENT], required=True)
    assert _answer(required, _request(None)).status is OCSPResponseStatus.SIG_REQUIRED
    assert _answer(required, _request()).status is SUCCESSFUL
    assert _answer(Requestors([CLIENT]), _request(None)).status is SUCCESSFUL


@pytest.mark.parametrize("trusted", [CLIENT, CLIENT_CA], ids=["itself", "its CA"])
def test_a_trusted_requestor_is_answered(trusted: x509.Certificate) -> None:
    """By its own certificate, or by the CA that issued it."""
    assert _answer(Requestors([ca(), trusted]), _request()).status is SUCCESSFUL


def test_the_request_need_not_include_the_certificate() -> None:
    """Then the certificates of the trusted requestors are tried."""
    bare = _request(included=False)
    assert _answer(Requestors([ca(), CLIENT]), bare).status is SUCCESSFUL
    assert _answer(Requestors([ca()]), bare).status is UNAUTHORIZED


@pytest.mark.requirement("R6960-3")
@pytest.mark.parametrize(
    ("trusted", "certificate"),
    [
        (ca(), CLIENT),
        (make("Client CA", "Client CA"), CLIENT),
        (LIMITED_CA, CLIENT),
        (
            make("Client CA", "Client CA", extensions=[CONSTRAINTS, _usage(sign=True)]),
            CLIENT,
        ),
        (
            make(
                "Client CA",
                "Client CA",
                extensions=[CONSTRAINTS],
                begin=NOW - 2 * HOUR,
                end=NOW - HOUR,
            ),
            CLIENT,
        ),
        (CLIENT_CA, make("Client", "Client CA", end=NOW - HOUR)),
        (CLIENT_CA, make("Client", "Client CA", signer=key("another CA"))),
        (CLIENT_CA, make("Client", "Client CA", extensions=[_usage(certify=True)])),
    ],
    ids=[
        "another CA",
        "no CA",
        "name constraints",
        "CA without keyCertSign",
        "CA has ended",
        "certificate has ended",
        "not signed by the CA",
        "not for signing",
    ],
)
def test_a_requestor_that_is_not_trusted_is_unauthorized(
    trusted: x509.Certificate, certificate: x509.Certificate
) -> None:
    """The check of the CA is strict, because nothing else protects the answers."""
    answer = _answer(Requestors([trusted]), _request(certificate))
    assert answer.status is UNAUTHORIZED


@pytest.mark.requirement("R6960-3")
def test_a_wrong_signature_is_unauthorized() -> None:
    """The certificate alone proves nothing: everybody can copy it."""
    answer = _answer(Requestors([CLIENT]), _forged())
    assert answer.status is UNAUTHORIZED
    assert "signature" in answer.cause


def test_a_malformed_signature_is_malformed() -> None:
    """It is not ignored where signatures are checked."""
    der = _request()
    start = der.index(b"\xa0\x82", 40)  # optionalSignature, after tbsRequest
    broken = der[: start + 4] + b"\x31" + der[start + 5 :]
    malformed = OCSPResponseStatus.MALFORMED_REQUEST
    assert _answer(Requestors([CLIENT]), broken).status is malformed


def test_requestors_cannot_be_empty() -> None:
    """Nobody could send a signed request then."""
    with pytest.raises(ocsp.ConfigError, match="at least one"):
        Requestors([])
