"""The files of ``docs/tutorials/service.md``, which the pages for operators begin with."""

from __future__ import annotations

from pathlib import Path

from ocsp.testing.throwaway_ca import Pointers, new_ec_key
from tests.ca_folder import CAFolder
from tests.docs.examples import Session, blocks

__all__ = ["TUTORIAL", "configure", "write_ca"]

TUTORIAL = "docs/tutorials/service.md"


def write_ca(folder: Path) -> None:
    """Make a CA in *folder* that has issued two certificates."""
    ca = CAFolder.new_ca("Example CA")
    (folder / "issued").mkdir(parents=True)
    (folder / "ca.pem").write_bytes(ca.identity.certificate_pem)
    (folder / "ca.key").write_bytes(ca.identity.key_pem)
    (folder / "ca.key").chmod(0o600)
    for name in ("web", "mail"):
        leaf = ca.leaf(name, CAFolder.validity_now(), new_ec_key(), Pointers())
        (folder / "issued" / f"{name}.pem").write_bytes(leaf.certificate_pem)


def configure(shell: Session) -> None:
    """Run the commands that make the key, the database and the configuration."""
    shell.run_blocks(TUTORIAL, blocks(TUTORIAL, "console")[:3], {})
