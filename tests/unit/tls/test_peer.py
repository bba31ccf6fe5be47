"""The paths of peers: what OpenSSL returns is checked again, and remembered."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import OCSPError
from ocsp.testing import PKI, Identity
from ocsp.tls import RevocationRefused
from ocsp.tls.peer import PeerPaths

REQUIRED = ssl.CERT_REQUIRED


class _Connection:
    """A connection with these certificates."""

    def __init__(
        self,
        leaf: bytes | None,
        path: Sequence[bytes],
        anchors: Sequence[bytes] = (),
        *,
        server_side: bool = False,
    ) -> None:
        self._leaf = leaf
        self._path = path
        self._anchors = list(anchors)
        self.server_side = server_side
        self.context = self

    def getpeercert(self, binary_form: bool) -> bytes | None:
        assert binary_form
        return self._leaf

    def get_verified_chain(self) -> list[bytes]:
        return list(self._path)

    def get_ca_certs(self, binary_form: bool) -> list[bytes]:
        assert binary_form
        return self._anchors


def _path(identity: Identity) -> list[bytes]:
    return [each.public_bytes(Encoding.DER) for each in identity.chain]


def _find(paths: PeerPaths, connection: _Connection) -> list[bytes]:
    found: Any = paths.path_of(connection, REQUIRED)  # type: ignore[arg-type]
    return [each.public_bytes(Encoding.DER) for each in found]


@pytest.fixture(name="paths", params=[False, True], ids=["leaf", "whole"])
def _paths(request: pytest.FixtureRequest) -> PeerPaths:
    return PeerPaths(whole=request.param)


def test_a_path_is_remembered_for_a_resumed_session(paths: PeerPaths) -> None:
    """By the certificate of the peer."""
    path = _path(PKI().issue())
    resumed = _Connection(path[0], [])
    with pytest.raises(RevocationRefused, match="is not known in this process"):
        _find(paths, resumed)
    assert _find(paths, _Connection(path[0], path)) == path
    assert _find(paths, resumed) == path


def test_a_path_of_another_certificate_is_refused(paths: PeerPaths) -> None:
    """OpenSSL returns none such."""
    pki = PKI()
    one, other = _path(pki.issue()), _path(pki.issue())
    with pytest.raises(RevocationRefused, match="another certificate"):
        _find(paths, _Connection(one[0], other))


def test_an_issuer_that_signed_nothing_is_refused(paths: PeerPaths) -> None:
    """Its name is right, and its key is not: anyone can make such a certificate."""
    pki = PKI()
    forged = pki.unrelated_pki().root.public_bytes(Encoding.DER)
    leaf = _path(pki.issue())[0]
    with pytest.raises(RevocationRefused, match="its issuer is not proven"):
        _find(paths, _Connection(leaf, [leaf, forged]))
    with pytest.raises(RevocationRefused, match="is not known in this process"):
        _find(paths, _Connection(leaf, [], [forged, b"broken"]))


def test_a_whole_path_that_changes_is_read_again() -> None:
    """One path of two intermediate CAs with the same key."""
    pki = PKI()
    pki.add_intermediate()
    path = _path(pki.issue())
    whole = PeerPaths(whole=True)
    assert _find(whole, _Connection(path[0], path)) == path
    assert _find(whole, _Connection(path[0], path[:2])) == path[:2]


def test_an_anchor_under_another_ca_ends_no_whole_path() -> None:
    """
    The path of a resumed session goes on above an intermediate CA in the context.

    A handshake would have checked that CA too. For the leaf alone its issuer is enough.
    """
    pki = PKI()
    pki.add_intermediate()
    leaf, intermediate, root = _path(pki.issue())
    anchors = [intermediate, root]
    resumed = _Connection(leaf, [], anchors)
    assert _find(PeerPaths(whole=False), resumed) == [leaf, intermediate]
    with pytest.raises(RevocationRefused, match="is not known in this process"):
        _find(PeerPaths(whole=True), resumed)
    below_root = _Connection(intermediate, [], anchors)
    assert _find(PeerPaths(whole=True), below_root) == [intermediate, root]


def test_a_path_of_one_certificate_is_not_remembered(paths: PeerPaths) -> None:
    """The issuer may be sent the next time."""
    path = _path(PKI().issue())
    assert _find(paths, _Connection(path[0], path[:1])) == path[:1]
    assert _find(paths, _Connection(path[0], path)) == path


def test_certificates_that_cannot_be_read_are_errors(paths: PeerPaths) -> None:
    """The caller refuses the connection then."""
    with pytest.raises(OCSPError):
        _find(paths, _Connection(b"\x30\x00", [b"\x30\x00"]))


@pytest.mark.parametrize(
    ("server_side", "mode"),
    [
        (False, ssl.CERT_OPTIONAL),
        (False, REQUIRED),
        (True, REQUIRED),
        (True, ssl.CERT_NONE),
    ],
)
def test_a_peer_without_a_certificate_is_refused(
    paths: PeerPaths, server_side: bool, mode: ssl.VerifyMode
) -> None:
    """Only a server may leave it to its clients."""
    connection: Any = _Connection(None, [], server_side=server_side)
    with pytest.raises(RevocationRefused, match="has sent no certificate"):
        paths.path_of(connection, mode)
    optional: Any = _Connection(None, [], server_side=True)
    assert paths.path_of(optional, ssl.CERT_OPTIONAL) == ()
