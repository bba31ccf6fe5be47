"""Measure signing: building a response, compared with the signature alone."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count, cycle
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp as upstream

import ocsp
from bench.measure import Action, Pair, Row, side_by_side
from bench.messages import MOMENT, STREAM, ca, key, leaf, rsa_key

__all__ = ["rows"]

_SHA1, _SHA256 = hashes.SHA1(), hashes.SHA256()
_UNTIL = MOMENT + datetime.timedelta(days=7)

RSA_SIGNATURES = 32
"""
RSA signatures in a batch.

OpenSSL renews the blinding of an RSA key at every 32nd signature, which then takes
twice as long. A batch of 32 has one renewal; with another number, one side can have
all renewals.
"""


def _build_and_sign(
    module: Any, cert: x509.Certificate, issuer: x509.Certificate, private: Any
) -> Any:
    """Build and sign a response as in the documentation of ``cryptography``."""
    builder = module.OCSPResponseBuilder()
    builder = builder.add_response(
        cert=cert,
        issuer=issuer,
        algorithm=_SHA1,
        cert_status=module.OCSPCertStatus.GOOD,
        this_update=MOMENT,
        next_update=_UNTIL,
        revocation_time=None,
        revocation_reason=None,
    ).responder_id(module.OCSPResponderEncoding.HASH, issuer)
    return builder.sign(private, _SHA256)


def _building(module: Any) -> Callable[[], Any]:
    """Return an action that builds and signs with *module*."""
    return partial(_build_and_sign, module, leaf(), ca(), key())


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        _bulk_row("P-256", "ec", 1 / 0.85),
        _bulk_row("RSA-2048", "rsa", 1 / 0.97),
        Row(
            group="sign",
            what="build and sign, P-256",
            peer="bare key.sign",
            measure=partial(_beside_bare, ocsp),
            target=1.4,
        ),
        Row(
            group="sign",
            what="the same by cryptography",
            peer="bare key.sign",
            measure=partial(_beside_bare, upstream),
        ),
        Row(
            group="sign",
            what="build and sign, P-256",
            peer="cryptography",
            measure=lambda rounds: side_by_side(
                _building(ocsp), _building(upstream), rounds
            ),
        ),
    ]


def _bulk_row(name: str, kind: str, target: float) -> Row:
    """Sign responses with one entry in bulk, each with another serial number."""

    def measure(rounds: int) -> Pair:
        private = rsa_key() if kind == "rsa" else key()
        signer = ocsp.KeySigner(private, ca(kind))
        builder = ocsp.OCSPResponseBuilder().produced_at(MOMENT)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ca(kind))
        batch = builder.batch(signer)
        issuer, good = ca(kind), ocsp.OCSPCertStatus.GOOD
        serials = count(0x10 << 120)

        def bulk() -> bytes:
            cert_id = ocsp.CertID.for_serial(issuer, next(serials), _SHA1)
            return batch.sign(cert_id, good, MOMENT, _UNTIL)

        # The key alone signs the same data as in the responses.
        signed = (ocsp.load_der_ocsp_response(bulk()) for _ in range(STREAM))
        bare = _bare(private, [response.tbs_response_bytes for response in signed])
        size = RSA_SIGNATURES if kind == "rsa" else 0
        return side_by_side(bulk, bare, rounds, batch=size)

    return Row(
        group="sign",
        what=f"in bulk, {name}",
        peer="bare key.sign",
        measure=measure,
        target=target,
    )


def _bare(private: Any, messages: Iterable[bytes]) -> Action:
    """Return an action that signs *messages* in turn with the key alone."""
    stream = cycle(messages)
    if isinstance(private, rsa.RSAPrivateKey):
        pkcs1 = padding.PKCS1v15()
        return lambda: private.sign(next(stream), pkcs1, _SHA256)
    scheme = ec.ECDSA(_SHA256)
    return lambda: private.sign(next(stream), scheme)


def _beside_bare(module: Any, rounds: int) -> Pair:
    """Alternate after each call, so that both find the CPU caches in the same state."""
    bare = _bare(key(), [_building(ocsp)().tbs_response_bytes])
    return side_by_side(_building(module), bare, rounds * 20, batch=1)
