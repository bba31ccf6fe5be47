"""
Measure verifying a response, compared with checking its signatures alone.

In the rows about distinct certificates each certificate is a new object that no cache
has met, as in a program that checks the certificates of its peers. The peer's work is
what each verification needs: it parses the response, reads the fields that are judged,
and checks each signature.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp as upstream

import ocsp
from bench.caches import empty_caches
from bench.corpora import Kind
from bench.corpora.certificates import MOMENT
from bench.measure import Pair, Row, in_passes, side_by_side
from bench.signatures.material import Case, ca, cases

__all__ = ["rows"]

PART = 100
"""Verifications of one side before the other's turn."""

_SHA256 = hashes.SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_PKCS1 = padding.PKCS1v15()

_ONE_KEY, _TWO_KEYS = "parse, key.verify", "parse, two key.verify"


def rows() -> list[Row]:
    """Return the rows of this group."""
    none = "no certificate or response; the CA"
    delegates = "no certificate, response or delegate; the CA"
    return [
        _distinct("by the CA, P-256", none, Kind.P256, 1.15),
        _distinct("by the CA, RSA-2048", none, Kind.RSA, 1.25),
        _distinct("revoked, P-256", none, Kind.REVOKED, 1.2),
        _distinct("by delegates never met, P-256", delegates, Kind.DELEGATED, 1.3),
        _repeated("one, by the CA, P-256", Kind.P256),
        _repeated("one, by a delegate, P-256", Kind.DELEGATED),
    ]


def _distinct(what: str, repeated: str, kind: Kind, target: float) -> Row:
    def prepare() -> list[Case]:
        empty_caches()
        return list(cases(kind))

    def measure(rounds: int) -> Pair:
        issuer = ca(kind)
        passes = max(1, rounds // 30)
        return in_passes(prepare, _verify(issuer), _bare(kind), passes, part=PART)

    return Row(
        group="verify",
        what=what,
        repeated=repeated,
        peer=_TWO_KEYS if kind is Kind.DELEGATED else _ONE_KEY,
        measure=measure,
        target=target,
    )


def _repeated(what: str, kind: Kind) -> Row:
    def measure(rounds: int) -> Pair:
        case = next(cases(kind, 1))
        ours, peer = _verify(ca(kind)), _bare(kind)
        # Alternate after each call, so that both find the CPU caches alike.
        return side_by_side(
            partial(ours, case), partial(peer, case), rounds * 20, batch=1
        )

    return Row(
        group="verify",
        what=what,
        repeated="one certificate and its response, again and again",
        peer=_TWO_KEYS if kind is Kind.DELEGATED else _ONE_KEY,
        measure=measure,
        target=1.15,
    )


def _verify(issuer: x509.Certificate) -> Callable[[Case], object]:
    return lambda case: ocsp.verify(case.response, case.certificate, issuer, at=MOMENT)


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


def _bare(kind: Kind) -> Callable[[Case], object]:
    """Return an action that reads a response and checks its signatures."""
    public = ca(kind).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return partial(_bare_rsa, public)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    return partial(_bare_delegated if kind is Kind.DELEGATED else _bare_ec, public)


def _bare_ec(public: ec.EllipticCurvePublicKey, case: Case) -> None:
    response = _read(case.response)
    public.verify(response.signature, response.tbs_response_bytes, _ECDSA)


def _bare_rsa(public: rsa.RSAPublicKey, case: Case) -> None:
    response = _read(case.response)
    public.verify(response.signature, response.tbs_response_bytes, _PKCS1, _SHA256)


def _bare_delegated(issuer: ec.EllipticCurvePublicKey, case: Case) -> None:
    response = _read(case.response)
    signer = response.certificates[0]
    issuer.verify(signer.signature, signer.tbs_certificate_bytes, _ECDSA)
    public = signer.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(response.signature, response.tbs_response_bytes, _ECDSA)
