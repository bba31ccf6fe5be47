"""Requests as a responder meets them."""

from __future__ import annotations

import random
from functools import cache

from bench.corpora import der
from bench.corpora.authorities import SHA1, SHA256
from bench.corpora.responses import HASHES, cert_id

__all__ = ["REQUESTS", "nonce", "request", "requests"]

REQUESTS = 10_000
CLIENTS_WITH_NONCE = 0.3


def nonce(content: bytes) -> bytes:
    """Return the DER of the extension with *content* as the nonce."""
    value = der.octets(der.octets(content))
    return der.sequence(der.oid("1.3.6.1.5.5.7.48.1.2"), value)


def request(
    cert_ids: list[bytes], extensions: tuple[bytes, ...], requestor: bytes = b""
) -> bytes:
    """Return the DER of OCSPRequest; *requestor* is the DER of a directory name."""
    parts = [der.explicit(1, der.explicit(4, requestor))] if requestor else []
    parts.append(der.sequence(*map(der.sequence, cert_ids)))
    if extensions:
        parts.append(der.explicit(2, der.sequence(*extensions)))
    return der.sequence(der.sequence(*parts))


@cache
def requests(count: int = REQUESTS) -> tuple[bytes, ...]:
    """Return *count* requests about 50 CAs; 30 % have a nonce of 16 or 32 octets."""
    chosen = random.Random("requests")
    issuers = [_issuer(chosen) for _ in range(50)]
    weights = [1 / rank for rank in range(1, len(issuers) + 1)]
    made = []
    for algorithm, names, key, size in chosen.choices(issuers, weights, k=count):
        serial = chosen.getrandbits(8 * size - 2) | 1 << 8 * size - 2
        with_nonce = chosen.random() < CLIENTS_WITH_NONCE
        extensions = (nonce(chosen.randbytes(chosen.choice((16, 32)))),) * with_nonce
        made.append(request([cert_id(algorithm, names, key, serial)], extensions))
    return tuple(made)


def _issuer(chosen: random.Random) -> tuple[str, bytes, bytes, int]:
    algorithm = chosen.choices((SHA1, SHA256), (85, 15))[0]
    size = HASHES[algorithm]
    serial = chosen.choices((8, 16, 18, 20), (5, 55, 20, 20))[0]
    return algorithm, chosen.randbytes(size), chosen.randbytes(size), serial
