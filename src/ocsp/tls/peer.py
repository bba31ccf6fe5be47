"""
The certificates of a peer that ``ssl`` has verified, in the order of the path.

A resumed session has no path: OpenSSL keeps the certificate of the peer only. So the
path of each certificate is remembered, and used again for a resumed session.
"""

from __future__ import annotations

import _ssl
import ssl
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from cryptography import x509

from ocsp import limits
from ocsp.client.memory.sized_map import SizedMap
from ocsp.client.memory.sizes import octets_of
from ocsp.errors import OCSPError
from ocsp.guarded.certificates import load_certificate
from ocsp.signing.issued import is_issued_by
from ocsp.tls.refusal import RevocationRefused

__all__ = ["Connection", "Path", "PeerPaths"]

Connection: TypeAlias = ssl.SSLSocket | ssl.SSLObject

Path: TypeAlias = tuple[x509.Certificate, ...]
"""The certificate of the peer, then that of each issuer up to the trust anchor."""


class _Known(NamedTuple):
    """A path: as OpenSSL returned it, and loaded."""

    ders: tuple[bytes, ...]
    path: Path


class PeerPaths:
    """The paths of the peers of one context, remembered by the peer's certificate."""

    def __init__(self, *, whole: bool) -> None:
        """
        Remember nothing yet.

        Args:
            whole: Whether the callers use whole paths. If not, the path of an earlier
                handshake counts: its issuer has signed the same certificate.
        """
        self._whole = whole
        self._paths: SizedMap[bytes, _Known] = SizedMap(
            lambda: (limits.MAX_TLS_PATHS, limits.MAX_TLS_PATH_BYTES)
        )

    def path_of(self, connection: Connection, mode: ssl.VerifyMode) -> Path:
        """
        Return the verified path of a connection whose handshake is over.

        Args:
            connection: The connection.

            mode: The verify mode that the connection was made with.

        Returns:
            The path; empty if a server has asked for a certificate that its client may
            leave out, and the client has none.

        Raises:
            RevocationRefused: If the peer has no certificate, or none that was
                verified, or the path of a resumed session is not known.
            OCSPError: If a certificate cannot be read.
        """
        leaf = connection.getpeercert(binary_form=True)
        if leaf is None:
            if connection.server_side and mode is ssl.CERT_OPTIONAL:
                return ()
            raise RevocationRefused("the peer has sent no certificate")
        if mode is ssl.CERT_NONE:
            raise RevocationRefused(
                "the connection was made with CERT_NONE, so no issuer of the peer's"
                " certificate is proven: set verify_mode to CERT_REQUIRED"
            )
        known = self._paths.get(leaf)
        if known is not None and not self._whole:
            return known.path
        ders = _verified(connection)
        if known is not None and (not ders or ders == known.ders):
            return known.path
        path = _load(leaf, ders) if ders else self._from_anchors(connection, leaf)
        if len(path) > 1:
            self._paths.put(leaf, _Known(ders, path), octets_of(leaf, *ders, *path))
        return path

    def _from_anchors(self, connection: Connection, leaf: bytes) -> Path:
        """Return the path of a resumed session whose issuer is in the context."""
        cert = load_certificate(leaf)
        for der in connection.context.get_ca_certs(binary_form=True):
            try:
                anchor = load_certificate(der)
            except OCSPError:
                continue  # an anchor that cannot be read has issued nothing
            # Above an intermediate CA the path would go on, and that CA be checked.
            is_end = not self._whole or is_issued_by(anchor, anchor)
            if is_end and is_issued_by(cert, anchor):
                return cert, anchor
        raise RevocationRefused(
            "the session was resumed, and the path of its certificate is not known in"
            " this process: connect without a session"
        )


def _verified(connection: Any) -> tuple[bytes, ...]:
    """Return the path that OpenSSL has verified; empty for a resumed session."""
    if hasattr(connection, "get_verified_chain"):  # from Python 3.13 on
        return tuple(bytes(each) for each in connection.get_verified_chain())
    chain = connection._sslobj.get_verified_chain() or ()
    return tuple(each.public_bytes(_ssl.ENCODING_DER) for each in chain)


def _load(leaf: bytes, ders: tuple[bytes, ...]) -> Path:
    """Return the certificates of a path, after checking that each issued the last."""
    if ders[0] != leaf:
        raise RevocationRefused("the verified path is that of another certificate")
    path = tuple(load_certificate(each) for each in ders)
    if not all(is_issued_by(cert, issuer) for cert, issuer in pairwise(path)):
        raise RevocationRefused(
            "a certificate in the path of the peer is trusted itself, and its issuer is"
            " not proven"
        )
    return path
