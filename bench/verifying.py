"""Measure verifying a response, compared with checking its signatures alone."""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as upstream
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import ocsp
from bench.measure import Action, Pair, Row, side_by_side
from bench.messages import MOMENT, ca, key, leaf

__all__ = ["rows"]

_AT = MOMENT + datetime.timedelta(hours=1)
_SHA256 = hashes.SHA256()
_ECDSA = ec.ECDSA(_SHA256)


@cache
def _delegate() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return the key and certificate of a delegated responder, with P-256."""
    private = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(
        issuer_name=ca().subject,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Delegate")]),
        public_key=private.public_key(),
        serial_number=2,
        not_valid_before=MOMENT - datetime.timedelta(days=1),
        not_valid_after=MOMENT + datetime.timedelta(days=90),
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    builder = builder.add_extension(usage, critical=False)
    builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return private, builder.sign(key(), _SHA256)


def _response(delegated: bool) -> bytes:
    private, signer = _delegate() if delegated else (key(), ca())
    builder = ocsp.OCSPResponseBuilder().produced_at(MOMENT)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer)
    if delegated:
        builder = builder.certificates([signer])
    until = MOMENT + datetime.timedelta(days=7)
    good = ocsp.OCSPCertStatus.GOOD
    builder = builder.add_response(
        leaf(), ca(), hashes.SHA1(), good, MOMENT, until, None, None
    )
    return builder.sign(private, _SHA256).public_bytes(Encoding.DER)


def _read(der: bytes) -> upstream.OCSPResponse:
    """Read with ``cryptography`` the fields that verification needs."""
    response = upstream.load_der_ocsp_response(der)
    _ = (
        response.certificate_status,
        response.this_update_utc,
        response.next_update_utc,
        response.produced_at_utc,
        response.serial_number,
        response.issuer_name_hash,
        response.issuer_key_hash,
        response.responder_key_hash,
    )
    return response


def _bare(der: bytes) -> Action:
    """Read the response and check its signature by the issuer."""
    public = ca().public_key()

    def check() -> None:
        response = _read(der)
        public.verify(response.signature, response.tbs_response_bytes, _ECDSA)

    return check


def _bare_twice(der: bytes) -> Action:
    """Read the response; check the signatures of the issuer and of the delegate."""
    issuer = ca().public_key()

    def check() -> None:
        response = _read(der)
        signer = response.certificates[0]
        issuer.verify(signer.signature, signer.tbs_certificate_bytes, _ECDSA)
        public = signer.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(response.signature, response.tbs_response_bytes, _ECDSA)

    return check


def rows() -> list[Row]:
    """Return the rows of this group."""

    def row(what: str, delegated: bool) -> Row:
        def measure(rounds: int) -> Pair:
            der = _response(delegated)
            peer = (_bare_twice if delegated else _bare)(der)
            # Alternate after each call, so that both find the CPU caches alike.
            return side_by_side(
                lambda: ocsp.verify(der, leaf(), ca(), at=_AT),
                peer,
                rounds * 20,
                batch=1,
            )

        peer = "parse, two key.verify" if delegated else "parse, key.verify"
        return Row(group="verify", what=what, peer=peer, measure=measure, target=1.15)

    return [
        row("signed by the CA, P-256", False),
        row("signed by a delegate, P-256", True),
    ]
