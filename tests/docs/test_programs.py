"""README names each Debian package that the set-up of the tests installs."""

from __future__ import annotations

import re

from tests.docs.examples import ROOT

WORD = re.compile(r"[a-z0-9][a-z0-9-]+")

UNNAMED = {
    "openssl",
    "default-jdk-headless",
    "npm",
    "p11-kit-modules",
    "varnish-modules",
}
"""Packages that README names by another word, or whose program it names."""


def test_readme_names_the_packages_of_the_set_up() -> None:
    """A new package of the set-up has to be named."""
    packages = _packages((ROOT / "tools/setup.sh").read_text())
    assert {"softhsm2", "varnish", "postgresql", "chromium"} < packages

    words = set(WORD.findall((ROOT / "README.md").read_text()))
    assert packages - words == UNNAMED - words


def _packages(script: str) -> set[str]:
    programs = script.partition("install_programs() {")[2].partition("\n}")[0]
    added = re.findall(r"missing\+=\(([^)]*)\)", programs)
    servers = re.findall(r"install_servers ((?:[^\n\\]|\\\n)+)", programs)
    return {
        name.rpartition(":")[2]
        for names in (*added, *servers)
        for name in names.replace("\\", " ").split()
    }
