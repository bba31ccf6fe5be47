"""Test how the certificate, its issuer and the staple file are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import ConfigError, IssuerNotFound
from ocsp.stapling import Site, read_pair
from tests.pki import ca, key, leaf, make
from tests.unit.stapling.scripted_stapler import write_site

OTHER = ca("Other CA")
IMPOSTOR = make("Test CA", "Test CA", public=key("x"), signer=key("x"))


@pytest.mark.parametrize("chain", [(ca(),), (OTHER, ca()), (IMPOSTOR, ca(), OTHER)])
def test_the_issuer_is_the_one_that_signed(
    tmp_path: Path, chain: tuple[object]
) -> None:
    """The order in the file does not matter, and the name alone is not enough."""
    site = Site(write_site(tmp_path / "site.pem", leaf(), *chain))  # type: ignore[arg-type]
    assert read_pair(site) == (leaf(), ca())


def test_the_issuer_may_be_in_another_file(tmp_path: Path) -> None:
    """In ``.issuer``, as for HAProxy; or in a named file, in PEM or DER."""
    site = Site(write_site(tmp_path / "site.pem", leaf()))
    with pytest.raises(
        IssuerNotFound, match=r"site\.pem: does not contain .* CN=Test CA"
    ):
        read_pair(site)
    write_site(tmp_path / "site.pem.issuer", OTHER, ca())
    assert read_pair(site).issuer == ca()
    named = write_site(tmp_path / "ca.der", ca(), encoding=Encoding.DER)
    assert read_pair(Site(site.certificate, named)).issuer == ca()


@pytest.mark.parametrize("chain", [(), (OTHER,), (IMPOSTOR,)])
def test_a_certificate_that_did_not_sign_is_not_the_issuer(
    tmp_path: Path, chain: tuple[object]
) -> None:
    """Not even one with the right name and another key."""
    site = Site(write_site(tmp_path / "site.pem", leaf(), *chain))  # type: ignore[arg-type]
    with pytest.raises(IssuerNotFound):
        read_pair(site)


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"-----BEGIN CERTIFICATE-----"]
)
def test_a_file_without_certificate_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    """The file is missing, empty, or has another content."""
    file = tmp_path / "site.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_pair(Site(file))
    assert caught.value.key == str(file)


def test_the_default_staple_file_has_the_suffix_ocsp() -> None:
    """HAProxy reads this file."""
    assert Site(Path("/etc/x.pem")).staple_file == Path("/etc/x.pem.ocsp")
    assert Site(Path("/etc/x.pem"), staple=Path("/a")).staple_file == Path("/a")
