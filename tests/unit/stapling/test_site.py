"""Sites: which certificate, whose, and where the staple goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import ConfigError, IssuerNotFound
from ocsp.stapling import Site, read_pair
from tests.pki import ca, key, leaf, make
from tests.unit.stapling.keeper import write_site

OTHER = ca("Other CA")
IMPOSTOR = make("Test CA", "Test CA", public=key("x"), signer=key("x"))


@pytest.mark.parametrize("chain", [(ca(),), (OTHER, ca()), (IMPOSTOR, ca(), OTHER)])
def test_the_issuer_is_whoever_has_signed(tmp_path: Path, chain: tuple[object]) -> None:
    """The order does not count, nor does the name alone."""
    site = Site(write_site(tmp_path / "site.pem", leaf(), *chain))  # type: ignore[arg-type]
    assert read_pair(site) == (leaf(), ca())


def test_the_issuer_may_be_beside_or_named(tmp_path: Path) -> None:
    """In ``.issuer``, as HAProxy has it; or in a file of any name, in DER too."""
    exclusive_lock = Site(write_site(tmp_path / "site.pem", leaf()))
    with pytest.raises(
        IssuerNotFound, match=r"site\.pem: no certificate of CN=Test CA"
    ):
        read_pair(exclusive_lock)
    write_site(tmp_path / "site.pem.issuer", OTHER, ca())
    assert read_pair(exclusive_lock).issuer == ca()
    named = write_site(tmp_path / "ca.der", ca(), encoding=Encoding.DER)
    assert read_pair(Site(exclusive_lock.certificate, named)).issuer == ca()


@pytest.mark.parametrize("chain", [(), (OTHER,), (IMPOSTOR,)])
def test_somebody_else_is_no_issuer(tmp_path: Path, chain: tuple[object]) -> None:
    """Not even one with the right name and another key."""
    site = Site(write_site(tmp_path / "site.pem", leaf(), *chain))  # type: ignore[arg-type]
    with pytest.raises(IssuerNotFound):
        read_pair(site)


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"-----BEGIN CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, or something else."""
    file = tmp_path / "site.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_pair(Site(file))
    assert caught.value.key == str(file)


def test_the_staple_goes_beside_unless_named() -> None:
    """As HAProxy has it."""
    assert Site(Path("/etc/x.pem")).staple_file == Path("/etc/x.pem.ocsp")
    assert Site(Path("/etc/x.pem"), staple=Path("/a")).staple_file == Path("/a")
