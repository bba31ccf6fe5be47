"""
Signing many responses: what they have in common is encoded once (RFC 9919 §3.2).

::

    batch = (
        OCSPResponseBuilder()
        .responder_id(OCSPResponderEncoding.HASH, certificate)
        .certificates([certificate])
        .batch(signer)
    )
    for cert_id in cert_ids:
        store(batch.sign(cert_id, OCSPCertStatus.GOOD, this_update, next_update))

Rules of this file: it writes what :class:`ocsp.OCSPResponseBuilder` writes, and leaves
nothing to do for a response but its entry and its signature.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import final

from cryptography import x509

from ocsp.messages.certid import CertID
from ocsp.messages.extensions import SingleExtension
from ocsp.messages.responses.encoding import encode_response, tbs_prefix
from ocsp.messages.responses.single_response import single_response_content
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.signing.signer import Signer

__all__ = ["OCSPResponseBatch"]


@final
class OCSPResponseBatch:
    """
    Signs responses about one certificate each, which differ in nothing else.

    Immutable, and safe to use from several threads if the signer is. Comes from
    :meth:`OCSPResponseBuilder.batch`.
    """

    __slots__ = (
        "_certs",
        "_identifier",
        "_prefix",
        "_sign",
        "_signer",
        "_suffix",
        "_tbs_prefix",
    )

    def __init__(
        self, before: bytes, after: bytes, certs: bytes, signer: Signer
    ) -> None:
        """
        Keep what is constant.

        Args:
            before: What stands before the entries in tbsResponseData.

            after: What stands behind them.

            certs: certs in its tag, or nothing.

            signer: Who signs.
        """
        self._prefix = before
        self._suffix = after
        self._tbs_prefix = lru_cache(maxsize=256)(partial(tbs_prefix, before, after))
        self._certs = certs
        self._signer = signer
        self._identifier = signer.algorithm_identifier
        self._sign = signer.sign

    def sign(
        self,
        cert_id: CertID,
        cert_status: OCSPCertStatus,
        this_update: datetime.datetime,
        next_update: datetime.datetime | None,
        revocation_time: datetime.datetime | None = None,
        revocation_reason: x509.ReasonFlags | None = None,
        *,
        single_extensions: Iterable[SingleExtension] = (),
    ) -> bytes:
        """
        Return the DER of the signed response about one certificate.

        Args:
            cert_id: The certificate.

            cert_status: As for :meth:`OCSPResponseBuilder.add_response`, like all that
                follow.

            this_update: See there.

            next_update: See there.

            revocation_time: See there.

            revocation_reason: See there.

            single_extensions: See there.

        Raises:
            BuildError: If time or reason of a revocation are given for another status.
            TypeError: If an argument is of another type.
            SignerUnavailable: If the signer cannot sign now.
        """
        if not isinstance(cert_id, CertID):
            raise TypeError("cert_id must be a CertID")
        content = single_response_content(
            cert_id.der,
            cert_status,
            this_update,
            next_update,
            revocation_time,
            revocation_reason,
            single_extensions,
        )
        tbs = self._tbs_prefix(len(content)) + content + self._suffix
        return encode_response(tbs, self._identifier, self._sign(tbs), self._certs)

    def __reduce__(self) -> tuple[object, ...]:
        parts = (self._prefix, self._suffix, self._certs, self._signer)
        return OCSPResponseBatch, parts

    def __repr__(self) -> str:
        return f"<OCSPResponseBatch({self._signer!r})>"
