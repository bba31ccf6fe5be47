"""Sign certificates and responses with real keys."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from functools import cache, cached_property

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.corpora import certificates, der
from bench.corpora.authorities import SHA1
from bench.corpora.certificates import Certificate
from bench.corpora.keys import PrivateKey, sign
from bench.corpora.responses import Entry, cert_id, response, tail

__all__ = ["RESPONDER", "Issuer", "public_key"]

RESPONDER = "http://ocsp.example/"
"""The URL in all certificates."""

_ECDSA = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_PKCS1 = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())


@dataclass(frozen=True)
class Issuer:
    """
    A CA or a delegate.

    Attributes:
        name: The DER of its name.

        key: Its key.
    """

    name: bytes
    key: PrivateKey

    @cached_property
    def algorithm(self) -> bytes:
        """The DER of the AlgorithmIdentifier of its signatures."""
        return _ECDSA if isinstance(self.key, ec.EllipticCurvePrivateKey) else _PKCS1

    @cached_property
    def public_key(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        return public_key(self.key)

    @cached_property
    def key_hash(self) -> bytes:
        """The hash of its key without the header, as a ResponderID has it."""
        public = self.key.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            form = Encoding.X962, PublicFormat.UncompressedPoint
        else:
            form = Encoding.DER, PublicFormat.PKCS1
        return hashlib.sha1(public.public_bytes(*form)).digest()

    def certify(
        self,
        subject: bytes,
        public: bytes,
        serial: int,
        extensions: tuple[bytes, ...],
    ) -> bytes:
        """Return the DER of a certificate of *subject* with the key *public*."""
        said = certificates.tbs(
            Certificate(
                serial=serial,
                issuer=self.name,
                subject=subject,
                public_key=public,
                extensions=extensions,
                algorithm=self.algorithm,
            )
        )
        return der.sequence(said, self.algorithm, der.bits(sign(self.key, said)))

    def certify_ca(self, subject: Issuer, serial: int) -> bytes:
        """Return the certificate of another CA, or of itself."""
        extensions = certificates.ca_extensions(subject.public_key, self.public_key)
        return self.certify(subject.name, subject.public_key, serial, extensions)

    def certify_leaf(self, host: str, public: bytes, serial: int) -> bytes:
        """Return the certificate of a server that is called *host*."""
        extensions = certificates.leaf_extensions(
            public, self.public_key, host, RESPONDER
        )
        subject = certificates.name(host, "Bench")
        return self.certify(subject, public, serial, extensions)

    def certify_delegate(self, delegate: Issuer, serial: int) -> bytes:
        """Return the certificate of a delegate."""
        extensions = certificates.delegate_extensions(
            delegate.public_key, self.public_key
        )
        return self.certify(delegate.name, delegate.public_key, serial, extensions)

    def entry(
        self,
        serial: int,
        this_update: datetime.datetime,
        revoked: datetime.datetime | None = None,
    ) -> Entry:
        """Return what this CA says about a certificate; the status holds for a week."""
        names = hashlib.sha1(self.name).digest()
        return Entry(
            cert_id=cert_id(SHA1, names, self.key_hash, serial),
            this_update=this_update,
            next_update=this_update + datetime.timedelta(days=7),
            revoked=revoked,
            reason=1,
        )

    def respond(self, entries: list[Entry], certs: tuple[bytes, ...] = ()) -> bytes:
        """Return a response with *entries* and *certs* that this signer signs."""
        responder = der.explicit(2, der.octets(self.key_hash))
        said = der.sequence(responder, tail(entries[0].this_update, entries))
        return response(said, self.algorithm, sign(self.key, said), certs)


@cache
def public_key(key: PrivateKey) -> bytes:
    """Return the DER of SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
