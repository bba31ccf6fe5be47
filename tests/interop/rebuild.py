"""
Building a message again from its attributes: the octets must be the same.

The signature is the one that was read, because another key cannot make it again.
"""

from __future__ import annotations

from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPResponderEncoding

__all__ = ["Recorded", "rebuilt_request", "rebuilt_response"]


class Recorded:
    """A signer that returns a recorded signature, and keeps the data to sign."""

    def __init__(
        self,
        certificate: x509.Certificate,
        algorithm_identifier: bytes,
        signature: bytes,
    ) -> None:
        self.certificate = certificate
        self.algorithm_identifier = algorithm_identifier
        self.signature = signature
        self.signed: bytes | None = None

    def sign(self, data: bytes) -> bytes:
        """Return the recorded signature for any data."""
        self.signed = data
        return self.signature


def _request_builder(request: ocsp.OCSPRequest) -> ocsp.OCSPRequestBuilder:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for entry in request.requests:
        builder = builder.add_certificate_by_id(
            entry.cert_id, single_extensions=entry.extensions
        )
    for each in request.extensions:
        builder = builder.add_extension(each.value, each.critical)
    if request.requestor_name is None:
        return builder
    return builder.requestor_name(request.requestor_name)


def rebuilt_request(request: ocsp.OCSPRequest) -> bytes:
    """Return the octets of *request*, built again from its attributes."""
    builder = _request_builder(request)
    if request.signature is None:
        return builder.build().public_bytes(Encoding.DER)
    der = request.public_bytes(Encoding.DER)
    identifier = asn1.OCSPRequest.load(der)["optional_signature"]["signature_algorithm"]
    if not request.certificates:  # ``sign_with`` would add a certificate
        signed = builder._signed(
            builder._named_tbs(), identifier.dump(), request.signature, ()
        )
        return signed.public_bytes(Encoding.DER)
    first, *chain = request.certificates
    signer = Recorded(first, identifier.dump(), request.signature)
    signed = builder.sign_with(signer, chain)
    assert signer.signed == request.tbs_request_bytes
    return signed.public_bytes(Encoding.DER)


def rebuilt_response(response: ocsp.OCSPResponse, responder: x509.Certificate) -> bytes:
    """
    Return the octets of *response*, built again of all that it says.

    Args:
        response: The response; a successful one.

        responder: The certificate of the key that has signed it.
    """
    by_name = response.responder_key_hash is None
    builder = ocsp.OCSPResponseBuilder(allow_multiple=True)
    builder = builder.produced_at(response.produced_at_utc).responder_id(
        OCSPResponderEncoding.NAME if by_name else OCSPResponderEncoding.HASH, responder
    )
    for entry in response.responses:
        builder = builder.add_response_by_id(
            entry.cert_id,
            entry.certificate_status,
            entry.this_update_utc,
            entry.next_update_utc,
            entry.revocation_time_utc,
            entry.revocation_reason,
            single_extensions=entry.single_extensions,
        )
    if response.certificates:
        builder = builder.certificates(response.certificates)
    for each in response.extensions:
        builder = builder.add_extension(each.value, each.critical)
    outside = asn1.OCSPResponse.load(response.public_bytes(Encoding.DER))
    identifier = outside.basic_ocsp_response["signature_algorithm"].dump()
    signer = Recorded(responder, identifier, response.signature)
    signed = builder.sign_with(signer)
    assert signer.signed == response.tbs_response_bytes
    return signed.public_bytes(Encoding.DER)
