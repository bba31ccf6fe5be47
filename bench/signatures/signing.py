"""
Measure signing: building a response, compared with the signature alone.

The signature alone signs the same octets with the same key.
"""

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
from bench.caches import empty_caches
from bench.corpora import Kind, issued
from bench.corpora.certificates import MOMENT
from bench.measure import Action, Pair, Row, in_passes, side_by_side
from bench.signatures.material import ca, cases

__all__ = ["rows"]

_SHA1, _SHA256 = hashes.SHA1(), hashes.SHA256()
_UNTIL = MOMENT + datetime.timedelta(days=7)

SIGNED = 400
"""Messages that the key alone signs in turn."""

PART = 100
"""Signatures of one side before the other's turn."""

RSA_SIGNATURES = 32
"""
RSA signatures in a batch.

OpenSSL renews the blinding of an RSA key at every 32nd signature, which then takes
twice as long. A batch of 32 has one renewal; with another number, one side can have
all renewals.
"""


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        _distinct_row("build and sign, P-256", ocsp, 1.6),
        _distinct_row("the same by cryptography", upstream),
        _one_row("one, build and sign, P-256", ocsp, 1.4),
        _one_row("one, the same by cryptography", upstream),
        _bulk_row("P-256", Kind.P256, 1 / 0.85),
        _bulk_row("RSA-2048", Kind.RSA, 1 / 0.97),
    ]


def _build_and_sign(module: Any, cert: x509.Certificate) -> Any:
    """Build and sign a response as in the documentation of ``cryptography``."""
    builder = module.OCSPResponseBuilder()
    builder = builder.add_response(
        cert=cert,
        issuer=ca(),
        algorithm=_SHA1,
        cert_status=module.OCSPCertStatus.GOOD,
        this_update=MOMENT,
        next_update=_UNTIL,
        revocation_time=None,
        revocation_reason=None,
    ).responder_id(module.OCSPResponderEncoding.HASH, ca())
    return builder.sign(_key(Kind.P256), _SHA256)


def _key(kind: Kind) -> Any:
    return issued(kind, 1).key


def _bare(private: Any, messages: Iterable[bytes]) -> Action:
    """Return an action that signs *messages* in turn with the key alone."""
    stream = cycle(messages)
    if isinstance(private, rsa.RSAPrivateKey):
        pkcs1 = padding.PKCS1v15()
        return lambda: private.sign(next(stream), pkcs1, _SHA256)
    scheme = ec.ECDSA(_SHA256)
    return lambda: private.sign(next(stream), scheme)


def _signed(count: int) -> list[bytes]:
    """Return the octets that :func:`_build_and_sign` signs for *count* certificates."""
    return [
        _build_and_sign(upstream, case.certificate).tbs_response_bytes
        for case in cases(count=count)
    ]


def _distinct_row(what: str, module: Any, target: float | None = None) -> Row:
    """Sign for another certificate each time, which no cache has met."""

    def prepare() -> list[x509.Certificate]:
        empty_caches()
        return [case.certificate for case in cases()]

    def measure(rounds: int) -> Pair:
        bare = _bare(_key(Kind.P256), _signed(SIGNED))
        return in_passes(
            prepare,
            partial(_build_and_sign, module),
            lambda _: bare(),
            max(1, rounds // 30),
            part=PART,
        )

    return Row(
        group="sign",
        what=what,
        repeated="no certificate; the CA and its key",
        peer="bare key.sign",
        measure=measure,
        target=target,
    )


def _one_row(what: str, module: Any, target: float | None = None) -> Row:
    """Sign for one certificate again and again."""

    def measure(rounds: int) -> Pair:
        build: Callable[[], Any] = partial(
            _build_and_sign, module, next(cases(count=1)).certificate
        )
        bare = _bare(_key(Kind.P256), _signed(1))
        # Alternate after each call, so that both find the CPU caches alike.
        return side_by_side(build, bare, rounds * 20, batch=1)

    return Row(
        group="sign",
        what=what,
        repeated="one certificate, again and again",
        peer="bare key.sign",
        measure=measure,
        target=target,
    )


def _bulk_row(name: str, kind: Kind, target: float) -> Row:
    """Sign responses with one entry in bulk, each with another serial number."""

    def measure(rounds: int) -> Pair:
        issuer, private = ca(kind), _key(kind)
        builder = ocsp.OCSPResponseBuilder().produced_at(MOMENT)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
        batch = builder.batch(ocsp.KeySigner(private, issuer))
        good, serials = ocsp.OCSPCertStatus.GOOD, count(0x10 << 120)

        def bulk() -> bytes:
            cert_id = ocsp.CertID.for_serial(issuer, next(serials), _SHA1)
            return batch.sign(cert_id, good, MOMENT, _UNTIL)

        # The key alone signs the same data as in the responses.
        signed = (ocsp.load_der_ocsp_response(bulk()) for _ in range(SIGNED))
        bare = _bare(private, [response.tbs_response_bytes for response in signed])
        size = RSA_SIGNATURES if kind is Kind.RSA else 0
        return side_by_side(bulk, bare, rounds, batch=size)

    return Row(
        group="sign",
        what=f"in bulk, {name}",
        repeated="no serial number; the CA and its key",
        peer="bare key.sign",
        measure=measure,
        target=target,
    )
