"""
Signing many responses: their common parts are encoded once (RFC 9919 §3.2).

::

    batch = (
        OCSPResponseBuilder()
        .responder_id(OCSPResponderEncoding.HASH, certificate)
        .certificates([certificate])
        .batch(signer)
    )
    for cert_id in cert_ids:
        store(batch.sign(cert_id, OCSPCertStatus.GOOD, this_update, next_update))

The responses have the same octets as those of :class:`ocsp.OCSPResponseBuilder`. For
each response, a batch encodes the entry and makes the signature; all else is prepared.
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
    Signs many responses with one entry each, which are equal otherwise.

    :meth:`OCSPResponseBuilder.batch` makes such objects. A batch is immutable, and
    thread-safe if its signer is.
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
        Make a batch from the common parts of its responses.

        Args:
            before: responderID and producedAt.

            after: responseExtensions in their tag, or empty.

            certs: certs in its tag, or empty.

            signer: The signer.
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
        Return the DER of the signed response for one certificate.

        The arguments after *cert_id* are those of
        :meth:`OCSPResponseBuilder.add_response`.

        Args:
            cert_id: The CertID of the certificate.

            cert_status: The status.

            this_update: When the status was known to be correct.

            next_update: When newer information will be available, or ``None``.

            revocation_time: When the certificate was revoked.

            revocation_reason: Why the certificate was revoked, or ``None``.

            single_extensions: The singleExtensions of the entry.

        Raises:
            BuildError: If a revocation time or reason is given for a status other than
                ``REVOKED``, or the response exceeds ``MAX_MESSAGE_BYTES``.
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
