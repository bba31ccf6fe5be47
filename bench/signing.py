"""Signing: what building costs beside the signature itself."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as original

import ocsp
from bench.measure import Pair, Row, side_by_side
from bench.messages import MOMENT, ca, key, leaf

__all__ = ["rows"]

_SHA1, _SHA256 = hashes.SHA1(), hashes.SHA256()
_UNTIL = MOMENT + datetime.timedelta(days=7)


def _build_and_sign(module: Any) -> Any:
    """Answer as the documentation shows it."""
    builder = module.OCSPResponseBuilder()
    builder = builder.add_response(
        cert=leaf(),
        issuer=ca(),
        algorithm=_SHA1,
        cert_status=module.OCSPCertStatus.GOOD,
        this_update=MOMENT,
        next_update=_UNTIL,
        revocation_time=None,
        revocation_reason=None,
    ).responder_id(module.OCSPResponderEncoding.HASH, ca())
    return builder.sign(key(), _SHA256)


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
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
            measure=partial(_beside_bare, original),
        ),
        Row(
            group="sign",
            what="build and sign, P-256",
            peer="cryptography",
            measure=lambda rounds: side_by_side(
                partial(_build_and_sign, ocsp),
                partial(_build_and_sign, original),
                rounds,
            ),
        ),
    ]


def _beside_bare(module: Any, rounds: int) -> Pair:
    """Alternate call by call, so that the signature finds the same caches."""
    data = _build_and_sign(ocsp).tbs_response_bytes
    private, scheme = key(), ec.ECDSA(_SHA256)
    return side_by_side(
        partial(_build_and_sign, module),
        lambda: private.sign(data, scheme),
        rounds * 20,
        batch=1,
    )
