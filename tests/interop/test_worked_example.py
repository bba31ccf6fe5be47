"""The worked example of RFC 9919 Appendix B, read, verified and built again."""

from __future__ import annotations

import datetime
from base64 import b64decode

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding
from tests.interop.rebuild import Recorded, rebuilt_request, rebuilt_response
from tests.vectors import RFC9919

REQUEST = b64decode((RFC9919 / "request.b64").read_text())
RESPONSE = b64decode((RFC9919 / "response.b64").read_text())
PRODUCED_AT = datetime.datetime(2024, 4, 2, 12, 37, 47, tzinfo=datetime.UTC)
THIS_UPDATE = PRODUCED_AT + datetime.timedelta(days=1)
NEXT_UPDATE = PRODUCED_AT + datetime.timedelta(days=8)
NAME_HASH = bytes.fromhex(
    "3a994677568073a707bfde50186345e4cd6134db085ebaa1d10425f03b6f08ea"
)
KEY_HASH = bytes.fromhex(
    "474a6ca301f23dc9f7f7078704e1c7f5fc96e71675f6ed882e7ab65c3f584543"
)
SERIAL = 0x1AAF00D
RESPONDER_KEY_HASH = bytes.fromhex("0ae3a0fe9dd4257698b5eb72ebca0ce7bf3df5f1")


def _certificate(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((RFC9919 / f"{name}.pem").read_bytes())


ROOT, END_ENTITY, RESPONDER = map(_certificate, ("root", "end-entity", "responder"))


def _is_the_end_entity(cert_id: CertID) -> None:
    assert cert_id.hash_algorithm.name == "sha256"
    assert cert_id.issuer_name_hash == NAME_HASH
    assert cert_id.issuer_key_hash == KEY_HASH
    assert cert_id.serial_number == SERIAL == END_ENTITY.serial_number
    assert cert_id.matches(END_ENTITY, ROOT)
    assert not cert_id.matches(RESPONDER, ROOT)


def test_the_request_is_read() -> None:
    """It names the end entity, and has no extension."""
    request = ocsp.load_der_ocsp_request(REQUEST)
    (entry,) = request.requests
    _is_the_end_entity(entry.cert_id)
    assert list(entry.extensions) == list(request.extensions) == []
    assert request.requestor_name is None
    assert request.signature is None
    assert request.certificates == []


def test_the_response_is_read() -> None:
    """Every field, as the appendix prints it."""
    response = ocsp.load_der_ocsp_response(RESPONSE)
    assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert response.produced_at_utc == PRODUCED_AT
    assert response.responder_key_hash == RESPONDER_KEY_HASH
    assert response.responder_name is None
    assert response.certificates == [RESPONDER]
    assert response.signature_algorithm_oid.dotted_string == "1.2.840.10045.4.3.3"
    assert isinstance(response.signature_hash_algorithm, hashes.SHA384)
    assert list(response.extensions) == []
    (entry,) = response.responses
    _is_the_end_entity(entry.cert_id)
    assert entry.certificate_status is OCSPCertStatus.GOOD
    assert entry.this_update_utc == THIS_UPDATE
    assert entry.next_update_utc == NEXT_UPDATE
    assert entry.revocation_time_utc is None
    assert entry.revocation_reason is None
    assert list(entry.single_extensions) == []


def test_the_delegate_has_signed_the_response() -> None:
    """With its P-384 key, as the response states."""
    response = ocsp.load_der_ocsp_response(RESPONSE)
    key = RESPONDER.public_key()
    chosen = response.signature_algorithm_parameters
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(chosen, ec.ECDSA)
    assert isinstance(key.curve, ec.SECP384R1)
    key.verify(response.signature, response.tbs_response_bytes, chosen)


@pytest.mark.parametrize("certificate", [ROOT, END_ENTITY, RESPONDER])
def test_the_root_has_signed_the_certificates(certificate: x509.Certificate) -> None:
    """Its own, the end entity's and the delegate's."""
    certificate.verify_directly_issued_by(ROOT)


def test_the_request_is_built_octet_for_octet() -> None:
    """From the two certificates, and from the hashes."""
    sha256 = hashes.SHA256()
    empty = ocsp.OCSPRequestBuilder()
    for builder in (
        empty.add_certificate(END_ENTITY, ROOT, sha256),
        empty.add_certificate_by_hash(NAME_HASH, KEY_HASH, SERIAL, sha256),
    ):
        assert builder.build().public_bytes(Encoding.DER) == REQUEST


def test_the_response_is_built_octet_for_octet() -> None:
    """
    What is to be signed, and then all of it.

    ECDSA is random, so the signer gives the signature that is printed.
    """
    basic = asn1.OCSPResponse.load(RESPONSE).basic_ocsp_response
    signer = Recorded(
        RESPONDER,
        basic["signature_algorithm"].dump(),
        basic["signature"].native,
    )
    builder = (
        ocsp.OCSPResponseBuilder()
        .responder_id(OCSPResponderEncoding.HASH, RESPONDER)
        .certificates([RESPONDER])
        .produced_at(PRODUCED_AT)
    )
    times = (THIS_UPDATE, NEXT_UPDATE)
    one = builder.add_response(
        END_ENTITY, ROOT, hashes.SHA256(), OCSPCertStatus.GOOD, *times, None, None
    )
    assert one.sign_with(signer).public_bytes(Encoding.DER) == RESPONSE
    assert signer.signed == basic["tbs_response_data"].dump()
    cert_id = CertID.for_certificate(END_ENTITY, ROOT, hashes.SHA256())
    batch = builder.batch(signer)
    assert batch.sign(cert_id, OCSPCertStatus.GOOD, *times) == RESPONSE


def test_what_was_read_is_built_again() -> None:
    """From the attributes of both messages only."""
    assert rebuilt_request(ocsp.load_der_ocsp_request(REQUEST)) == REQUEST
    response = ocsp.load_der_ocsp_response(RESPONSE)
    assert rebuilt_response(response, RESPONDER) == RESPONSE
