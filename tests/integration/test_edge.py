"""
Edge nodes: real ``ocsp serve`` without a key and without a database.

Redis stands in for Valkey where that is not installed (:mod:`tests.servers.redis`).
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.asn1.der import integer_octets
from ocsp.cli import main
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.service.copies.edge import ASK_SECONDS
from ocsp.sharing.values import decode_answer
from ocsp.store import SQLiteStore
from ocsp.store.postgresql import PostgreSQLStore
from tests.ca_folder import CAFolder
from tests.integration.services import Service, ask, request_for, serving
from tests.integration.web_servers import until
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux", reason="processes are found in the /proc of Linux"
    ),
]

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
TRY_LATER = ocsp.OCSPResponseStatus.TRY_LATER
BOUND_SECONDS = 5.0
"""In which time an edge node says what was revoked: it asks again after a second."""


class Edge:
    """An edge node, and the CA whose certificates it answers for."""

    def __init__(self, files: CAFolder, folder: Path, top: str) -> None:
        """Write the configuration of an edge node."""
        self.files = files
        self.folder = folder
        folder.mkdir()
        (folder / "ca.pem").write_bytes((files.folder / "ca.pem").read_bytes())
        self.write(top)

    def write(self, top: str, issuer: str = "") -> None:
        """Write the configuration, with more lines at the top and for the issuer."""
        (self.folder / "ocsp.toml").write_text(
            f'role = "edge"\nlisten = ["127.0.0.1:0"]\n{top}\n'
            f'[[issuer]]\ncertificate = "ca.pem"\n{issuer}\n'
        )

    def ask(self, service: Service, leaf: x509.Certificate) -> ocsp.OCSPResponse:
        """Return the answer to a request."""
        return ask(service.url, request_for(leaf, self.files.ca.certificate))

    def status(self, service: Service, leaf: x509.Certificate) -> object:
        """Return the status in a verified answer, or the error."""
        given = self.ask(service, leaf)
        if given.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return given.response_status
        return ocsp.verify(given, leaf, self.files.ca.certificate).status


def _until(
    edge: Edge, service: Service, leaf: x509.Certificate, wanted: object
) -> None:
    until(
        lambda: edge.status(service, leaf) is wanted,
        lambda: str(edge.status(service, leaf)),
    )


def _copied(client: Any, store: PostgreSQLStore, query: StatusQuery) -> bool:
    """Return whether the server has the answers of the present status."""
    found = store.look_up_with_answer(query, CertIDForm.SHA256)
    assert found is not None
    serial = integer_octets(query.serial_number).hex()
    copies = [decode_answer(client.get(key)) for key in client.keys(f"*:{serial}")]
    return len(copies) == 2 and all(
        copy is not None and copy.tbs and copy.version == found.version
        for copy in copies
    )


def _metrics(url: str) -> str:
    with urllib.request.urlopen(f"{url.rstrip('/')}/metrics", timeout=5) as reply:
        return str(reply.read().decode())


@contextlib.contextmanager
def _scene(
    tmp_path: Path,
) -> Iterator[tuple[RedisServer, CAFolder, Service, Edge, Service]]:
    """Run a server, a node that signs for it, and an edge node that reads from it."""
    (tmp_path / "signer").mkdir()
    files = CAFolder(tmp_path / "signer")
    with RedisServer(tmp_path / "server") as server:
        line = f'valkey = "{server.url}"'
        files.write("ocsp.toml", files.settings(top=line))
        admin = 'admin = { listen = "127.0.0.1:0" }'
        edge = Edge(files, tmp_path / "edge", f"{line}\n{admin}")
        with serving(files.folder) as signer, serving(edge.folder, urls=2) as node:
            yield server, files, signer, edge, node


def test_an_edge_node_answers_from_valkey(tmp_path: Path) -> None:
    """The same octets; what is revoked; and on while the server is away."""
    with _scene(tmp_path) as (server, files, signer, edge, node):
        leaf = files.web
        _until(edge, node, leaf, GOOD)
        octets = edge.ask(node, leaf).public_bytes(Encoding.DER)
        assert octets == edge.ask(signer, leaf).public_bytes(Encoding.DER)

        with SQLiteStore(files.folder / "status.db") as store:
            store.revoke(files.ca.certificate, leaf.serial_number)
        begun = time.monotonic()
        _until(edge, node, leaf, REVOKED)
        assert time.monotonic() - begun < BOUND_SECONDS
        until(
            lambda: 'ocsp_store_up{store="valkey"} 1.0' in _metrics(node.urls[1]),
            lambda: _metrics(node.urls[1]),
        )
        assert 'ocsp_answers_total{from="valkey"}' in _metrics(node.urls[1])
        with urllib.request.urlopen(
            f"{node.urls[1].rstrip('/')}/ready", timeout=5
        ) as ready:
            assert ready.status == 200

        server.stop()
        for _ in range(30):
            assert edge.status(node, leaf) is REVOKED
        late = files.issue("late.example.org")
        assert edge.status(node, late) is TRY_LATER

        server.start()  # empty: all is copied again
        _until(edge, node, late, GOOD)
        assert edge.status(node, leaf) is REVOKED


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> CAFolder:
    """Return a CA with a good and a revoked certificate, in a folder of its own."""
    (tmp_path / "signer").mkdir()
    files = CAFolder(tmp_path / "signer")
    files.revoke(files.issue("revoked.example.org"))
    return files


def _revoked(files: CAFolder) -> x509.Certificate:
    return x509.load_pem_x509_certificate((files.folder / "revoked.pem").read_bytes())


def _publish(files: CAFolder, to: Path) -> None:
    assert main(["presign", str(files.configuration)]) == 0
    assert main(["publish", str(files.configuration), "--to", str(to)]) == 0


def test_an_edge_node_answers_from_published_files(
    files: CAFolder, tmp_path: Path
) -> None:
    """A revocation too, once it is published; and from memory when they are gone."""
    published = tmp_path / "published"
    _publish(files, published)
    edge = Edge(files, tmp_path / "edge", f'files = "{published}"')
    with serving(edge.folder) as node:
        assert edge.status(node, files.web) is GOOD
        assert edge.status(node, _revoked(files)) is REVOKED
        files.revoke(files.web)
        late = files.issue("late.example.org")
        assert edge.status(node, late) is TRY_LATER
        _publish(files, published)
        _until(edge, node, files.web, REVOKED)
        assert edge.status(node, late) is GOOD
        shutil.rmtree(published)
        end = time.monotonic() + ASK_SECONDS + 0.2  # it looks for them again
        while time.monotonic() < end:
            assert edge.status(node, late) is GOOD
        assert edge.status(node, files.web) is REVOKED


def test_an_edge_node_answers_from_its_upstream(
    files: CAFolder, tmp_path: Path
) -> None:
    """It asks a responder over HTTP, once for each certificate."""
    with serving(files.folder) as upstream:
        edge = Edge(files, tmp_path / "edge", f'upstream = ["{upstream.url}"]')
        with serving(edge.folder) as node:
            assert edge.status(node, files.web) is GOOD
            assert edge.status(node, _revoked(files)) is REVOKED
            late = files.issue("late.example.org")
            assert upstream.stop() == 0
            assert edge.status(node, files.web) is GOOD
            assert edge.status(node, _revoked(files)) is REVOKED
            assert edge.status(node, late) is TRY_LATER


def test_an_emptied_server_costs_no_answer_that_was_given(tmp_path: Path) -> None:
    """The edge node has it in memory, and the others as soon as they are copied."""
    with _scene(tmp_path) as (server, files, _, edge, node):
        late = files.issue("late.example.org")
        _until(edge, node, files.web, GOOD)
        with server.client() as client:
            before = client.dbsize()
            client.flushall()
            assert client.dbsize() < before
            while client.dbsize() < before:
                assert edge.status(node, files.web) is GOOD
        _until(edge, node, late, GOOD)


def test_a_machine_that_signs_answers_no_client(tmp_path: Path) -> None:
    """It copies its answers, and shows the password of the server in no line."""
    files = CAFolder(tmp_path)
    with RedisServer(tmp_path / "server", "--requirepass", "top-secret") as server:
        line = f'valkey = "valkey://:top-secret@127.0.0.1:{server.port}"'
        files.write("ocsp.toml", files.settings(top=f'role = "sign"\n{line}'))
        with serving(files.folder, urls=0) as service:
            assert set(service.children()) == {"updater"}
            with server.client(password="top-secret") as client:
                until(lambda: client.dbsize() == 6, lambda: "not copied")
            server.stop()
            service.wait_for("answers are not shared")
        assert "top-secret" not in "".join(service.rest())


def test_copies_while_the_database_is_away(tmp_path: Path) -> None:
    """No client gets an error for what was signed; nothing good after a revocation."""
    with contextlib.ExitStack() as stack:
        database = PostgreSQLServer(stack.enter_context(server_folder()) / "database")
        database.start()
        stack.callback(database.stop)
        server = stack.enter_context(RedisServer(tmp_path / "server"))
        url = database.url(database.new_database())
        files = CAFolder(tmp_path)
        leaves = [files.web, files.issue("revoked.example.org")]
        with PostgreSQLStore(url, create=True) as store:
            for leaf in leaves:
                store.add(files.ca.certificate, leaf.serial_number)
        settings = files.settings(top=f'valkey = "{server.url}"')
        files.write("ocsp.toml", settings.replace("sqlite:status.db", url))
        edge = Edge(files, tmp_path / "edge", f'valkey = "{server.url}"')
        node = stack.enter_context(serving(files.folder))
        revoked = StatusQuery(
            IssuerKey.of(files.ca.certificate), leaves[1].serial_number
        )
        with PostgreSQLStore(url) as store, server.client() as client:
            store.revoke(files.ca.certificate, revoked.serial_number)
            until(lambda: client.dbsize() == 8, lambda: str(client.keys()))
            until(lambda: _copied(client, store, revoked), lambda: "not copied")
        _until(edge, node, leaves[1], REVOKED)
        database.stop()
        found = [edge.status(node, leaves[1]) for _ in range(20)]
        assert GOOD not in found
        _until(edge, node, leaves[1], REVOKED)  # a busy machine can miss a deadline
        _until(edge, node, leaves[0], GOOD)  # it was never asked before
        late = files.issue("late.example.org")
        assert edge.status(node, late) is TRY_LATER
