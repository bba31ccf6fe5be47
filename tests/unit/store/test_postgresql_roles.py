"""The users in docs/howto/postgresql.md: each can do its work, and nothing else."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ocsp.errors import StoreError
from ocsp.responder import StatusRecord
from ocsp.store import CertificateRow, partition_issuer
from ocsp.store.postgresql import PostgreSQLStore
from tests.pki import NOW, ca
from tests.servers.postgresql import PostgreSQLServer
from tests.unit.store.scene import BOTH, NOW_SECONDS, SHA1, query, signed

pytestmark = pytest.mark.programs

PAGE = Path(__file__).parents[3] / "docs/howto/postgresql.md"
ROLES = ("ocsp_node", "ocsp_ca")


@pytest.fixture(name="urls")
def _urls(postgresql_server: PostgreSQLServer) -> Iterator[list[str]]:
    """Yield the addresses of a database for the users of the page, and for the owner."""
    name = postgresql_server.new_database()
    owner = postgresql_server.url(name)
    PostgreSQLStore(owner, create=True).close()
    _, _, block = PAGE.read_text().partition("<!-- tested: roles -->\n```sql\n")
    with psycopg.connect(owner, autocommit=True) as connection:
        for statement in block.partition("```")[0].split(";"):
            if statement.strip():
                connection.execute(statement.encode())
        yield [*(postgresql_server.url(name, role) for role in ROLES), owner]
        for role in ROLES:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())


@pytest.mark.parametrize("parts", [0, 2])
def test_each_user_can_do_its_work(urls: list[str], parts: int) -> None:
    """The CA changes the status, and the nodes sign and answer."""
    for_node, for_ca, owner = urls
    if parts:
        partition_issuer(owner, ca(), parts)
    with PostgreSQLStore(for_ca) as authority, PostgreSQLStore(for_node) as node:
        node.poll_changes()
        node.poll_changes()
        authority.add(ca(), 1)
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
        authority.import_rows(
            ca(),
            [CertificateRow(serial_number=n, expires=past) for n in (2, 3)],
            digest=bytes(32), done=2,
        )  # fmt: skip
        node.sign_ahead(ca(), [SHA1])
        node.add_signer(ca())
        assert node.store_answers([signed(n, 1) for n in (1, 2)], NOW_SECONDS) == 2
        other = signed(1, 1, form=BOTH)
        assert node.store_answers([other], NOW_SECONDS) == 1
        event = authority.revoke(ca(), 1, NOW).event
        assert event is not None
        with node.claim_due(query(1).issuer, NOW_SECONDS, 9) as claim:
            assert claim is not None
            assert {each.query.serial_number for each in claim.answers} == {1, 3}
            revoked = StatusRecord.revoked(NOW)
            new = [signed(1, 2, form=form, record=revoked) for form in (SHA1, BOTH)]
            claim.store(new, NOW_SECONDS)
        node.postpone_answers([(query(3), SHA1)], NOW_SECONDS + 9)
        assert [each.serial_number for each in node.poll_changes().queries] == [1]
        node.poll_changes()
        assert authority.wait_until_seen(event, 0) == []
        assert authority.prune(expired_before=past + datetime.timedelta(1)) == (2, 0)


def test_a_node_cannot_change_a_status(urls: list[str]) -> None:
    """And a CA cannot sign."""
    for_node, for_ca, _ = urls
    with PostgreSQLStore(for_ca) as authority, PostgreSQLStore(for_node) as node:
        authority.add(ca(), 1)
        with pytest.raises(StoreError, match="permission denied for table certificate"):
            node.revoke(ca(), 1, NOW)
        with pytest.raises(StoreError, match="permission denied for table certificate"):
            node.add(ca(), 2)
        node.add_signer(ca())
        with pytest.raises(StoreError, match="permission denied for table answer"):
            authority.store_answers([signed(1, 1)], NOW_SECONDS)
