"""
Choose CAs as the Web has them, and let them answer.

What a CA chooses once is the same in all its responses: hash, name, form of the
responder's name, key, length of the serial numbers, whether a delegate signs. What
differs from one response to the next are serial number, times, status and signature.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from typing import NamedTuple

from bench.corpora import certificates, der
from bench.corpora.certificates import MOMENT, Certificate
from bench.corpora.keys import ec_key
from bench.corpora.responses import Entry, cert_id, response, tail

__all__ = ["Authority", "ResponseSigner", "authority", "ecdsa_signature"]

SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"

_RSA = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())
_P256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_P384 = der.sequence(der.oid("1.2.840.10045.4.3.3"))
_ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"

_WORDS = (
    "Trust",
    "Secure",
    "Global",
    "Digital",
    "Public",
    "Server",
    "Root",
    "Nordic",
    "Atlas",
    "Beacon",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Issuing",
    "Juniper",
    "Kestrel",
    "Lumen",
)


class ResponseSigner(NamedTuple):
    """
    Who signs a response.

    Attributes:
        responder: The DER of the ResponderID.

        certificates: The certificates in each response: the delegate's, or none.
    """

    responder: bytes
    certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """
    A CA, and what it does alike in all responses.

    Attributes:
        hash_algorithm: The object identifier of the hash in the CertIDs.

        name_hash: The hash of its name.

        key_hash: The hash of its key.

        algorithm: The DER of the AlgorithmIdentifier of the signatures.

        coordinate: The octets of a number in an ECDSA signature; 0 for RSA.

        signers: Who signs: the CA itself, or its delegates. One is chosen at random.

        serial_bits: The bits of the serial numbers.

        fixed_size: Whether all serial numbers have the same length in DER.

        reasons: Whether a revocation has a reason.

        next_update: The time from one status to the next, or ``None``.

        cutoff: Whether each entry has the extension archive cutoff.
    """

    hash_algorithm: str
    name_hash: bytes
    key_hash: bytes
    algorithm: bytes
    coordinate: int
    signers: tuple[ResponseSigner, ...]
    serial_bits: int
    fixed_size: bool
    reasons: bool
    next_update: datetime.timedelta | None
    cutoff: bool

    def entry(self, chosen: random.Random) -> Entry:
        """Return what the CA says about a random certificate."""
        serial = chosen.getrandbits(self.serial_bits)
        if self.fixed_size:  # the first octet is from 0x40 to 0x7f
            serial = serial & ~(3 << (self.serial_bits - 2)) | 1 << self.serial_bits - 2
        this_update = MOMENT - datetime.timedelta(seconds=chosen.randrange(1, 86_400))
        revoked = chosen.random() < 0.05
        cutoff = der.sequence(
            der.oid(_ARCHIVE_CUTOFF), der.octets(der.time(this_update))
        )
        return Entry(
            cert_id=cert_id(self.hash_algorithm, self.name_hash, self.key_hash, serial),
            this_update=this_update,
            next_update=self._after(this_update),
            revoked=this_update - datetime.timedelta(days=3) if revoked else None,
            reason=chosen.choice((1, 4, 5)) if self.reasons else None,
            extensions=(cutoff,) if self.cutoff else (),
        )

    def _after(self, this_update: datetime.datetime) -> datetime.datetime | None:
        return None if self.next_update is None else this_update + self.next_update

    def tail(
        self,
        chosen: random.Random,
        entries: int = 1,
        extensions: tuple[bytes, ...] = (),
    ) -> bytes:
        """Return what a response about *entries* random certificates says."""
        listed = [self.entry(chosen) for _ in range(entries)]
        return tail(listed[0].this_update, listed, extensions)

    def complete(self, chosen: random.Random, said: bytes) -> bytes:
        """Return the response that says *said*, with a random signature."""
        if self.coordinate:
            signature = ecdsa_signature(chosen, self.coordinate)
        else:
            signature = chosen.randbytes(256)
        signer = chosen.choice(self.signers)
        signed = der.sequence(signer.responder, said)
        return response(signed, self.algorithm, signature, signer.certificates)

    def respond(self, chosen: random.Random, entries: int = 1) -> bytes:
        """Return a response about *entries* random certificates."""
        return self.complete(chosen, self.tail(chosen, entries))


def ecdsa_signature(chosen: random.Random, size: int) -> bytes:
    """Return two random numbers of *size* octets in the form of an ECDSA signature."""
    r, s = (int.from_bytes(chosen.randbytes(size)) | 1 for _ in range(2))
    return der.sequence(der.integer(r), der.integer(s))


def authority(seed: str, *, delegates: int) -> Authority:
    """Return the CA of *seed*, which signs itself or has so many *delegates*."""
    chosen = random.Random(seed)
    common = " ".join(chosen.sample(_WORDS, chosen.randint(1, 4)))
    organization = " ".join(chosen.sample(_WORDS, chosen.randint(1, 3)))
    own = certificates.name(f"{common} CA {chosen.randrange(10)}", organization)
    algorithm, coordinate = chosen.choices(
        ((_RSA, 0), (_P256, 32), (_P384, 48)), (66, 26, 8)
    )[0]
    hash_algorithm, size = chosen.choices(((SHA1, 20), (SHA256, 32)), (92, 8))[0]
    key_hash = chosen.randbytes(size)
    by_key = chosen.random() < 0.65
    signers = [_signer(by_key, own, key_hash[:20])]
    if delegates:
        signers = []
        for number in range(delegates):
            subject = certificates.name(f"{common} OCSP {number}", organization)
            delegate = _delegate(chosen, own, subject, algorithm, coordinate)
            signers.append(_signer(by_key, subject, chosen.randbytes(20), delegate))
    days = chosen.choices((1, 4, 7, None), (20, 30, 47, 3))[0]
    return Authority(
        hash_algorithm=hash_algorithm,
        name_hash=chosen.randbytes(size),
        key_hash=key_hash,
        algorithm=algorithm,
        coordinate=coordinate,
        signers=tuple(signers),
        serial_bits=8 * chosen.choices((8, 9, 16, 18, 20), (4, 4, 55, 20, 17))[0],
        fixed_size=chosen.random() < 0.5,
        reasons=chosen.random() < 0.5,
        next_update=None if days is None else datetime.timedelta(days=days),
        cutoff=chosen.random() < 0.04,
    )


def _signer(
    by_key: bool, subject: bytes, key: bytes, *delegate: bytes
) -> ResponseSigner:
    """Return the signer with its name or the hash of its key."""
    number, value = (2, der.octets(key)) if by_key else (1, subject)
    return ResponseSigner(der.explicit(number, value), delegate)


def _delegate(
    chosen: random.Random,
    issuer: bytes,
    subject: bytes,
    algorithm: bytes,
    coordinate: int,
) -> bytes:
    """Return a certificate whose key is real and whose signature is random."""
    if coordinate:
        numbers = ec_key(f"delegate {chosen.random()}").public_key().public_numbers()
        point = b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
        public_key = certificates.ec_public_key(point)
        signature = ecdsa_signature(chosen, coordinate)
    else:
        modulus = chosen.getrandbits(2048) | 1 << 2047 | 1
        public_key = certificates.rsa_public_key(modulus)
        signature = chosen.randbytes(256)
    extensions = certificates.delegate_extensions(public_key, issuer)
    certificate = Certificate(
        serial=chosen.getrandbits(126) | 1 << 126,
        issuer=issuer,
        subject=subject,
        public_key=public_key,
        extensions=extensions,
        algorithm=algorithm,
    )
    return der.sequence(certificates.tbs(certificate), algorithm, der.bits(signature))
