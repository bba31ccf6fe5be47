"""
Sign an answer: encode what is signed, and put the rest around it (RFC 6960 §4.2.1).

The octets are those of :class:`ocsp.OCSPResponseBuilder`, which checks each argument.
Here all arguments come from the responder itself, so that a signature costs little more
than the signature of the key.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509

from ocsp.asn1.der import SEQUENCE, context, encode, sequence
from ocsp.asn1.times import encode_time
from ocsp.messages.extension_types import ExtendedRevoke
from ocsp.messages.extensions import Extensions, encode_extensions
from ocsp.messages.responses.encoding import encode_response, to_be_signed
from ocsp.responder.entries import Entry
from ocsp.responder.signers import AuthoritySigner

__all__ = ["encode_tbs", "wrap"]

_EXTENDED_REVOKE: Extensions = (
    x509.Extension(ExtendedRevoke.oid, False, ExtendedRevoke()),
)


def encode_tbs(
    signer: AuthoritySigner,
    produced_at: datetime.datetime,
    entries: Sequence[Entry],
    nonce: bytes | None,
) -> bytes:
    """
    Return the DER of ResponseData.

    Args:
        signer: The signer; responderID is the hash of its key (RFC 9919 §3.2.2).

        produced_at: producedAt, aware.

        entries: The entries.

        nonce: The nonce to echo, or ``None``.
    """
    before = signer.responder_id + encode_time(produced_at)
    content = b"".join([sequence(each.content) for each in entries])
    never_issued = any(each.never_issued for each in entries)
    return to_be_signed(before, content, _extensions(never_issued, nonce))


def _extensions(never_issued: bool, nonce: bytes | None) -> bytes:
    """Return responseExtensions in their tag; empty if there are none."""
    if nonce is None:
        return encode_extensions(1, _EXTENDED_REVOKE) if never_issued else b""
    return _before_nonce(never_issued, len(nonce)) + nonce


@lru_cache(maxsize=256)
def _before_nonce(never_issued: bool, size: int) -> bytes:
    """Return responseExtensions up to the content of the nonce, which is the last."""
    nonce = x509.OCSPNonce(bytes(size))
    extensions: Extensions = (x509.Extension(nonce.oid, False, nonce),)
    if never_issued:
        extensions = _EXTENDED_REVOKE + extensions
    return encode_extensions(1, extensions)[:-size]


def wrap(signers: Sequence[AuthoritySigner], tbs: bytes, signature: bytes) -> bytes:
    """
    Return the whole response.

    Args:
        signers: Who signed: one key, under the certificate of each authority.

        tbs: The DER of ResponseData.

        signature: The signature over it.

    Raises:
        BuildError: If the response exceeds ``MAX_MESSAGE_BYTES``.
    """
    first = signers[0]
    certs = first.certs if len(signers) == 1 else _encode_certs(signers)
    return encode_response(tbs, first.algorithm, signature, certs)


def _encode_certs(signers: Sequence[AuthoritySigner]) -> bytes:
    included = dict.fromkeys(each.included for each in signers if each.included)
    return encode(context(0), encode(SEQUENCE, *included)) if included else b""
