"""
The newest CRL of each scope, by its times and number, without its content.

RFC 5280 §5.2.3 and §5.2.5: CRLs with the same issuer and the same scope replace each
other, and their numbers increase. A CRL is used for all certificates in its scope, so
an older CRL is refused also for a certificate that was never checked before. A complete
CRL is older than a later delta CRL of its scope, which it then needs to prove *good*.
"""

from __future__ import annotations

import datetime
from collections import OrderedDict
from hashlib import sha256

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.certificates import parts_of
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.verification.crl.reader import ReadCRL

__all__ = ["NewestCRLs"]


_MOST_NUMBER = (1 << 160) - 1
"""
The largest number of a CRL (RFC 5280 §5.2.3: 20 octets). Larger ones count as this one,
so that an entry has a fixed size.
"""


class NewestCRLs:
    """For each key that signed CRLs, and each scope: which CRL is the newest."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._newest: OrderedDict[bytes, tuple[datetime.datetime, int]] = OrderedDict()

    def newer_than(self, crl: ReadCRL) -> datetime.datetime | None:
        """
        Remember *crl*, or return thisUpdate of a newer CRL that is known.

        The CRL with the later thisUpdate is newer, and then that with the larger
        number. Nothing is remembered of a CRL without a verified signature.
        """
        age = crl.this_update, min(crl.number or 0, _MOST_NUMBER)
        with self._lock:
            for key in _keys(crl, _COMPLETE if crl.base_number is None else _DELTA):
                newest = self._newest.get(key)
                if newest is not None and newest > age:
                    return newest[0]
                self._newest[key] = age
                self._newest.move_to_end(key)
            while len(self._newest) > limits.MAX_REMEMBERED_CRLS:
                self._newest.popitem(last=False)
        return None

    def newer_delta(self, crl: ReadCRL) -> datetime.datetime | None:
        """
        Return thisUpdate of a known delta CRL that is newer than the complete *crl*.

        The delta CRL can list certificates that *crl* does not, also if it has ended.
        """
        newest = crl.this_update
        with self._lock:
            for key in _keys(crl, _DELTA):
                if key in self._newest:
                    newest = max(newest, self._newest[key][0])
                    self._newest.move_to_end(key)
        return newest if newest > crl.this_update else None


_COMPLETE, _DELTA = b"complete", b"delta"


def _keys(crl: ReadCRL, kind: bytes) -> set[bytes]:
    """
    Return a key for each public key that signed *crl*, with its issuer and scope.

    Args:
        crl: The CRL.

        kind: Whether the key is for complete or for delta CRLs.
    """
    scope = crl.value(oids.ISSUING_DISTRIBUTION_POINT) or b""
    found = set()
    for certificate, _ in crl.signers:
        digest = sha256(kind)
        for part in (crl.issuer, scope, parts_of(certificate).key_bits):
            digest.update(sha256(part).digest())
        found.add(digest.digest())
    return found
