"""
Measure TLS handshakes with a protected context, with answers remembered.

Both sides run in this process, without a network: 2,000 handshakes with 20 servers.
"""

from __future__ import annotations

import contextlib
import itertools
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import ocsp
from bench.measure import Pair, Row, side_by_side
from ocsp.testing import Identity, LoopbackResponder
from ocsp.tls import protect

__all__ = ["rows"]

PEERS = 20
HANDSHAKES = 2000
NAME = "server.example"


def _server(identity: Identity, folder: Path) -> ssl.SSLContext:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{identity.serial_number:x}.pem"
    path.write_bytes(identity.chain_pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname=NAME),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(2):
        for side in sides:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    sides[0].write(b"x")
    sides[1].read(1)


def _protected(rounds: int) -> Pair:
    with (
        LoopbackResponder() as responder,
        tempfile.TemporaryDirectory() as name,
        ocsp.Client(
            ocsp.Options(address_policy=ocsp.AddressPolicy.PRIVATE_TOO)
        ) as client,
    ):
        pki = responder.pki
        servers = [_server(pki.issue(NAME), Path(name)) for _ in range(PEERS)]
        root = pki.root.public_bytes(Encoding.PEM).decode()
        plain = ssl.create_default_context(cadata=root)
        checked = ssl.create_default_context(cadata=root)
        protect(checked, client)
        for server in servers:  # asks the responder
            _handshake(checked, server)
        batch = max(PEERS, HANDSHAKES // rounds)
        return side_by_side(
            _in_turn(checked, servers), _in_turn(plain, servers), rounds, batch=batch
        )


def _in_turn(
    client: ssl.SSLContext, servers: list[ssl.SSLContext]
) -> Callable[[], None]:
    following = itertools.cycle(servers)
    return lambda: _handshake(client, next(following))


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        Row(
            group="check",
            what=f"{HANDSHAKES:,} TLS handshakes with {PEERS} servers, both sides",
            repeated=f"the {PEERS} certificates; the answers are remembered",
            peer="ssl without a check",
            measure=_protected,
            target=1.1,
        )
    ]
