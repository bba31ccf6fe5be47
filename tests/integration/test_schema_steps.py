"""A step of the schema while nodes of the release before serve and sign."""

from __future__ import annotations

import functools
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from ocsp import OCSPCertStatus
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.store import upgrade_store
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.postgresql.database import schema
from tests.ca_folder import CAFolder
from tests.integration.services import Load, Service, ask, request_for, serving
from tests.integration.web_servers import until

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="it runs `ocsp serve` of Linux"),
]

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED


class Scene:
    """A database of this release, and a node of this release that serves and signs."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.files = CAFolder(folder)
        self.leaves = [self.files.web]
        self.leaves += [self.files.issue(f"host{n}.example.org") for n in range(5)]
        self.store = PostgreSQLStore(url, create=True, program="the release before")
        for leaf in self.leaves:
            self.store.add(self.issuer, leaf.serial_number)
        text = self.files.configuration.read_text()
        self.files.write("ocsp.toml", text.replace("sqlite:status.db", url))

    @property
    def issuer(self) -> x509.Certificate:
        """The CA."""
        return self.files.ca.certificate

    def status(self, node: Service, leaf: x509.Certificate) -> object:
        """Ask a node."""
        return ask(node.url, request_for(leaf, self.issuer)).certificate_status

    def is_revoked(self, node: Service, leaf: x509.Certificate) -> bool:
        """Return whether a node says so."""
        return self.status(node, leaf) is REVOKED

    def await_signed(self, version: int, leaves: list[x509.Certificate]) -> None:
        """Wait until the updater of the node has signed this version of each."""
        issuer = IssuerKey.of(self.issuer)

        def are_signed() -> bool:
            found = [
                self.store.look_up_with_answer(
                    StatusQuery(issuer, leaf.serial_number), CertIDForm.SHA256
                )
                for leaf in leaves
            ]
            return all(
                each is not None and each.stored and each.version == version
                for each in found
            )

        until(are_signed, lambda: "they are not signed")

    def is_waiting(self) -> bool:
        """Return whether a transaction waits for a lock."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode LIKE 'Access%'"
            ).fetchone()
        return row != (0,)


def test_a_step_is_made_while_nodes_serve_and_sign(
    postgresql_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    It gives way to an open claim, and no client notices it.

    Then nodes of the release before see, sign and make changes, and so does the next.
    """
    monkeypatch.setattr(schema, "_PAUSE_SECONDS", 0.01)
    scene = Scene(postgresql_url, tmp_path)
    first, *others = scene.leaves
    with scene.store, serving(tmp_path) as node:
        scene.await_signed(1, scene.leaves)
        request.getfixturevalue("next_release")  # in this process only
        asked = request_for(first, scene.issuer)
        converted: list[bool] = []
        converting = threading.Thread(
            target=lambda: converted.append(upgrade_store(postgresql_url))
        )
        with Load(node.url, asked, 1) as load:
            with scene.store.claim_due(IssuerKey.of(scene.issuer), 2**40, 3) as claim:
                assert len(claim.answers) == 3
                converting.start()
                for leaf in others[:2]:  # which are not in memory
                    until(scene.is_waiting, lambda: "the step does not wait")
                    assert scene.status(node, leaf) is GOOD
                    scene.store.revoke(scene.issuer, leaf.serial_number)
            converting.join(20)
            assert converted == [True]
            with PostgreSQLStore(postgresql_url) as new:
                new.revoke(scene.issuer, others[2].serial_number)
            scene.await_signed(2, others[:3])
            for leaf in others[:3]:
                until(
                    functools.partial(scene.is_revoked, node, leaf),
                    lambda: "it is not followed",
                )
            assert scene.status(node, others[3]) is GOOD
            load.wait_for_more()
        assert load.failures == []
        with psycopg.connect(postgresql_url) as connection:
            rows = connection.execute("SELECT count(colour) FROM certificate")
            assert rows.fetchone() == (len(scene.leaves),)
        assert node.stop() == 0
