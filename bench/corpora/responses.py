"""Write responses: entries, and the message around them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from bench.corpora import der

__all__ = ["HASHES", "Entry", "cert_id", "response", "single_response", "tail"]

HASHES = {
    "1.3.14.3.2.26": 20,
    "2.16.840.1.101.3.4.2.1": 32,
    "2.16.840.1.101.3.4.2.2": 48,
    "2.16.840.1.101.3.4.2.3": 64,
}
"""The sizes of the hashes of a CertID in octets, by the identifier of the algorithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    What one SingleResponse says.

    Attributes:
        cert_id: The DER of the CertID.

        this_update: The time of the status.

        next_update: The time of the next status, or ``None``.

        revoked: The time of the revocation; ``None`` for a good certificate.

        reason: The number of the reason, or ``None``.

        extensions: The DER of the extensions of the entry.
    """

    cert_id: bytes
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    revoked: datetime.datetime | None = None
    reason: int | None = None
    extensions: tuple[bytes, ...] = ()


def cert_id(algorithm: str, name_hash: bytes, key_hash: bytes, serial: int) -> bytes:
    """Return the DER of a CertID; *algorithm* is an object identifier."""
    return der.sequence(
        der.sequence(der.oid(algorithm), der.null()),
        der.octets(name_hash),
        der.octets(key_hash),
        der.integer(serial),
    )


def single_response(entry: Entry) -> bytes:
    """Return the DER of SingleResponse."""
    parts = [entry.cert_id, _status(entry), der.time(entry.this_update)]
    if entry.next_update is not None:
        parts.append(der.explicit(0, der.time(entry.next_update)))
    if entry.extensions:
        parts.append(der.explicit(1, der.sequence(*entry.extensions)))
    return der.sequence(*parts)


def _status(entry: Entry) -> bytes:
    if entry.revoked is None:
        return b"\x80\x00"
    if entry.reason is None:
        return der.explicit(1, der.time(entry.revoked))
    reason = der.explicit(0, der.tlv(0x0A, bytes((entry.reason,))))
    return der.explicit(1, der.time(entry.revoked), reason)


def tail(
    produced: datetime.datetime,
    entries: list[Entry],
    extensions: tuple[bytes, ...] = (),
) -> bytes:
    """Return the content of ResponseData after the ResponderID."""
    listed = der.sequence(*map(single_response, entries))
    after = der.explicit(1, der.sequence(*extensions)) if extensions else b""
    return der.time(produced) + listed + after


def response(
    signed: bytes, algorithm: bytes, signature: bytes, certificates: tuple[bytes, ...]
) -> bytes:
    """Return the DER of OCSPResponse, with the status successful."""
    parts = [signed, algorithm, der.bits(signature)]
    if certificates:
        parts.append(der.explicit(0, der.sequence(*certificates)))
    basic = der.octets(der.sequence(*parts))
    kind = der.oid("1.3.6.1.5.5.7.48.1.1")
    return der.sequence(b"\x0a\x01\x00", der.explicit(0, der.sequence(kind, basic)))
