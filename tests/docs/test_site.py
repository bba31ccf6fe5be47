"""Test that the documentation site builds, and describes every public name."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import ocsp
from tools.check_links import faults

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "_extensions"))

from public_names import MODULES, qualified_names  # noqa: E402 - the path comes first

INTERNAL = {
    "ocsp.asn1",
    "ocsp.cli",
    "ocsp.guarded",
    "ocsp.inspection",
    "ocsp.messages",
    "ocsp.signing",
}
"""Packages whose names are internal, or public as names of ``ocsp``."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as ``make site`` does, and return its directory."""
    directory = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    built = subprocess.run(
        [*command, "-d", directory / "doctrees", ROOT / "docs", directory / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.stdout + built.stderr == ""
    assert built.returncode == 0
    return directory / "html"


def test_every_link_of_the_site_works(site: Path) -> None:
    """Pages, files and anchors exist; URLs of other sites are well-formed."""
    assert faults(site) == []


def test_every_public_name_is_in_the_api_reference(site: Path) -> None:
    """Each name of each ``__all__``."""
    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    described = {
        name
        for kind, names in inventory.items()
        if kind.startswith("py:")
        for name in names
    }
    assert [name for name in qualified_names() if name not in described] == []


def test_every_package_is_public_or_internal() -> None:
    """A new package is added to the API reference, or is named as internal here."""
    found = {
        f"ocsp.{module.name}"
        for module in pkgutil.iter_modules(ocsp.__path__)
        if module.ispkg
    }
    assert found - INTERNAL <= set(MODULES)
    assert not INTERNAL & set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_of_the_reference_has_its_page(module: str) -> None:
    """The page uses the directive that takes the names from ``__all__``."""
    importlib.import_module(module)
    pages = "\n".join(page.read_text() for page in (ROOT / "docs/api").glob("*.rst"))
    assert f".. public-names:: {module}\n" in pages


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("missing.html", "the file does not exist"),
        ("#missing", "has no anchor"),
        ("other.html#missing", "has no anchor"),
        ("ftp://example.org/", "is not http or https"),
        ("https:///path", "no complete host name"),
        ("https://example", "no complete host name"),
    ],
)
def test_a_wrong_link_is_found(tmp_path: Path, link: str, fault: str) -> None:
    """A correct link is not reported."""
    (tmp_path / "other.html").write_text('<p id="there">')
    (tmp_path / "page.html").write_text(
        f'<p id="here"><a href="{link}"><a href="other.html#there"><a href="#here">'
        '<a href="https://example.org/x?y=1">'
    )
    (found,) = faults(tmp_path)
    assert fault in found
