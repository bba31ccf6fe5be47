"""
Clients of other projects get answers from the responder, verify them, and agree.

Each asks about a good and a revoked certificate, by the methods that it can use.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real_clients.scene import Scene, scene

pytestmark = pytest.mark.programs

_HERE = Path(__file__).parent
_NODE_MODULES = Path(__file__).parents[3] / ".cache" / "pkijs"


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("clients")) as made:
        yield made


@pytest.fixture(name="methods", autouse=True)
def _methods(site: Scene) -> list[str]:
    site.relay.methods.clear()
    return site.relay.methods


def _run(*command: object, expect: int | None = 0, **more: str) -> str:
    """Run a program, and return what it prints."""
    done = subprocess.run(
        [str(each) for each in command],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
        env={**os.environ, "no_proxy": "*", **more},
    )
    printed = done.stdout + done.stderr
    assert expect is None or done.returncode == expect, printed
    return printed


def test_openssl(site: Scene, methods: list[str]) -> None:
    """``openssl ocsp`` asks by POST, and finds no fault in the response."""
    for leaf, status in zip(site.leaves, ("good", "revoked"), strict=True):
        printed = _run(
            *("openssl", "ocsp", "-issuer", site.ca, "-CAfile", site.ca),
            *("-cert", leaf, "-url", site.relay.url),
        )
        assert "Response verify OK" in printed
        assert f"{leaf}: {status}" in printed
    assert methods == ["POST", "POST"]


def test_gnutls(site: Scene, methods: list[str]) -> None:
    """``ocsptool`` asks by POST with a nonce, and verifies the response."""
    for leaf, status in zip(site.leaves, ("Good", "Revoked"), strict=True):
        printed = _run(
            *("ocsptool", f"--ask={site.relay.url}", "--nonce"),
            *("--load-cert", leaf, "--load-issuer", site.ca, "--load-trust", site.ca),
            expect=None,
        )
        assert "Verifying OCSP Response: Success" in printed
        assert f"Certificate Status: {status.lower()}" in printed
    assert methods == ["POST", "POST"]


@pytest.mark.parametrize("use_get", ["true", "false"])
def test_java(site: Scene, methods: list[str], use_get: str) -> None:
    """PKIX of Java asks the responder that the certificate names."""
    printed = _run(
        *(
            "java",
            "-XX:TieredStopAtLevel=1",
            f"-Dcom.sun.security.ocsp.useget={use_get}",
        ),
        *(_HERE / "Pkix.java", site.ca, *site.leaves),
    )
    assert printed.split() == ["good", "REVOKED"]
    assert methods == ["GET" if use_get == "true" else "POST"] * 2


def test_go(site: Scene, methods: list[str], tmp_path: Path) -> None:
    """golang.org/x/crypto/ocsp verifies answers to GET and POST, by SHA-1 and SHA-256."""
    printed = _run(
        *(
            "go",
            "run",
            _HERE / "asker" / "main.go",
            site.relay.url,
            site.ca,
            *site.leaves,
        ),
        GO111MODULE="off",
        GOPATH="/usr/share/gocode",
        GOCACHE=str(tmp_path),
        GOFLAGS="",
    )
    assert printed.split() == ["good"] * 4 + ["revoked"] * 4
    assert methods == ["GET", "POST"] * 4


def test_nss(site: Scene, methods: list[str], tmp_path: Path) -> None:
    """``ocspclnt`` of NSS asks by GET, and verifies the response."""
    database = f"sql:{tmp_path}"
    _run("certutil", "-N", "-d", database, "--empty-password")
    _run(
        "certutil",
        "-A",
        "-d",
        database,
        "-n",
        "ca",
        "-t",
        "CT,C,C",
        "-a",
        "-i",
        site.ca,
    )
    for leaf, status in zip(site.leaves, ("succeeded", "revoked"), strict=True):
        _run(
            *("certutil", "-A", "-d", database, "-n", leaf.stem, "-t", ",,"),
            *("-a", "-i", leaf),
        )
        printed = _run("ocspclnt", "-S", leaf.stem, "-d", database, expect=None)
        assert status in printed.lower()
    assert methods == ["GET", "GET"]


def test_pkijs(site: Scene, methods: list[str]) -> None:
    """PKI.js verifies answers to GET and POST."""
    assert shutil.which("node"), "Node.js is not installed: run `make setup`"
    printed = _run(
        *(
            "node",
            _HERE / "ask.mjs",
            _NODE_MODULES,
            site.relay.url,
            site.ca,
            *site.leaves,
        )
    )
    assert printed.split() == ["good", "good", "revoked", "revoked"]
    assert methods == ["GET", "POST", "GET", "POST"]
