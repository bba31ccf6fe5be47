"""
Encode what a Valkey server keeps: answers, tombstones, and the certificates of signers.

Every key contains a mark of the epoch of the database, so that nothing is read that was
written before a restore or a fail-over. The key ``ocsp:epoch`` has the present mark. A
cluster has copies of it, and what more than half of them say is right, so that neither
a node that is away nor one that comes back with an old mark decides.
A tombstone is a value without an answer: the status has changed, and the new answer is
not there yet.

What is read is not trusted: a value that is not exactly of this form counts as missing.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

from ocsp import limits
from ocsp.asn1.der import SEQUENCE, content, integer_octets
from ocsp.errors import DecodeError
from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import CertIDForm, StoredAnswer

__all__ = [
    "EPOCH_KEY",
    "HEADER_BYTES",
    "SHARE",
    "SharedSigner",
    "answer_key",
    "begun_key",
    "decode_answer",
    "decode_signer",
    "encode_answer",
    "encode_signer",
    "encode_tombstone",
    "epoch_mark",
    "is_mark",
    "signer_key",
    "tally_key",
]

EPOCH_KEY = b"ocsp:epoch"
"""The key with the mark of the present epoch."""

_MAGIC = b"OSA1"
_HEADER = struct.Struct(">4sQQQQ32sI")
HEADER_BYTES = _HEADER.size

_MARK_DIGITS = 16
_LATEST = 1 << 53
"""Numbers below it are exact in the scripts of the server, which has floating point."""

SHARE = f"""
local old = redis.call('GETRANGE', KEYS[1], 0, {HEADER_BYTES - 1})
if #old == {HEADER_BYTES} and string.sub(old, 1, 4) == '{_MAGIC.decode()}' then
    local version, since = tonumber(ARGV[1]), tonumber(ARGV[2])
    local _, v, _, t = struct.unpack('>c4I8I8I8', old)
    if v > version or (v == version and t >= since and t <= tonumber(ARGV[3])) then
        return 0
    end
    if v < version then redis.call('DEL', KEYS[1]) end
end
redis.call('SET', KEYS[1], ARGV[5], 'EX', ARGV[4])
return 1
"""
"""
The script that writes a value, unless the value that is there is newer.

Its arguments: version, thisUpdate, the latest thisUpdate that is not in the future, the
time to live in seconds, and the value. An older version is deleted first: after that
the server writes also if its memory is full.
"""


def epoch_mark(epoch: str) -> bytes:
    """Return the mark of *epoch* in keys: 16 digits."""
    return hashlib.sha256(epoch.encode()).hexdigest()[:_MARK_DIGITS].encode()


def is_mark(value: bytes | None) -> bool:
    """Return whether *value* is the mark of an epoch."""
    return value is not None and len(value) == _MARK_DIGITS and value.isalnum()


def answer_key(mark: bytes, query: StatusQuery, form: CertIDForm) -> bytes:
    """Return the key of an answer: the issuer, the form and the serial number."""
    issuer = hashlib.sha256(b"".join(query.issuer)).hexdigest()[:_MARK_DIGITS]
    serial = integer_octets(query.serial_number).hex()
    return b"ocsp:%s:%s:%d:%s" % (mark, issuer.encode(), form, serial.encode())


def signer_key(mark: bytes, identifier: bytes) -> bytes:
    """Return the key of the certificate with the SHA-256 *identifier*."""
    return b"ocsp:%s:signer:%s" % (mark, identifier.hex().encode())


def begun_key(mark: bytes, place: bytes) -> bytes:
    """Return the key that says that the node of *place* was begun to be filled."""
    return b"ocsp:%s:begun:%s" % (mark, place)


def tally_key(writer: bytes, place: bytes) -> bytes:
    """Return the key of the count that *writer* keeps on the node of *place*."""
    return b"ocsp:tally:%s:%s" % (writer, place)


def encode_answer(answer: StoredAnswer) -> bytes:
    """Return the value for *answer*."""
    header = _HEADER.pack(
        _MAGIC,
        answer.version,
        max(0, answer.due),
        answer.this_update,
        answer.next_update,
        answer.signer,
        len(answer.tbs),
    )
    return b"".join((header, answer.tbs, answer.signature))


def encode_tombstone(version: int) -> bytes:
    """Return the value that says that the status is now of *version*."""
    return _HEADER.pack(_MAGIC, version, 0, 0, 0, bytes(32), 0)


def decode_answer(value: bytes | None) -> StoredAnswer | None:
    """
    Return the answer in *value*; ``None`` if it has another form.

    A tombstone is an answer without octets. Not checked: the signature, and whether it
    is about the certificate that was asked for.
    """
    if value is None or not HEADER_BYTES <= len(value) <= limits.MAX_SHARED_BYTES:
        return None
    magic, version, due, this_update, next_update, signer, size = _HEADER.unpack_from(
        value
    )
    tbs = value[HEADER_BYTES : HEADER_BYTES + size]
    signature = value[HEADER_BYTES + size :]
    if magic != _MAGIC or len(tbs) != size or max(version, next_update) >= _LATEST:
        return None
    is_answer = bool(tbs and signature and this_update < next_update)
    if not is_answer and (tbs or signature or next_update):
        return None
    return StoredAnswer(version, signer, due, this_update, next_update, tbs, signature)


class SharedSigner(NamedTuple):
    """
    The public half of a signer.

    Attributes:
        certificate: The DER of its certificate.

        algorithm: The DER of the AlgorithmIdentifier of its signatures.
    """

    certificate: bytes
    algorithm: bytes

    @property
    def identifier(self) -> bytes:
        """SHA-256 of the certificate, by which answers name their signer."""
        return hashlib.sha256(self.certificate).digest()


def encode_signer(signer: SharedSigner) -> bytes:
    """Return the value for *signer*."""
    return signer.algorithm + signer.certificate


def decode_signer(value: bytes | None, identifier: bytes) -> SharedSigner | None:
    """Return the signer in *value*; ``None`` if it is not the one of *identifier*."""
    if value is None or len(value) > limits.MAX_SHARED_BYTES:
        return None
    try:
        _, end = content(value, 0, len(value), SEQUENCE, "algorithm")
    except DecodeError:
        return None
    signer = SharedSigner(value[end:], value[:end])
    return signer if signer.identifier == identifier else None
