"""
The image of ``Containerfile``: Podman builds it, and runs it as the documentation says.

Its base comes from a registry, which is not asked: Debian 13 stands in for it, with the
same release of Python. The build installs packages from PyPI.
"""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocsp
from tests.ca_folder import CAFolder
from tests.docs.examples import ROOT, blocks, commands
from tests.integration import openssl
from tests.integration.services import SECONDS, ask, request_for
from tests.integration.web_servers import until

PROGRAMS = ("podman", "runc", "mmdebstrap", "/usr/lib/podman/netavark", "iptables")
MISSING = [each for each in PROGRAMS if shutil.which(each) is None]

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="only root can run containers with networks",
    ),
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed, by `make soak`: {', '.join(MISSING)}"
    ),
]

CONTAINER = ROOT / "packaging" / "container"
USER = 10080
LIMITS = ("--ulimit=nofile=1024:4096", "--ulimit=nproc=1024:1024")
"""Podman raises the limits of processes by default, which a machine may forbid."""
NO_TIMER = "--no-healthcheck"
"""For commands that end at once: a timer of systemd would check their health."""
PROXY = "--env=http_proxy=http://127.0.0.1:9"
"""A proxy that does not exist, as Podman hands on that of the machine."""
LARGEST = 200_000_000
"""Octets that the image may add to its base."""


class Podman:
    """
    Podman, with images and containers in a folder of their own.

    Its runtime is runc: crun refuses machines with both versions of control groups.
    """

    def __init__(self, folder: Path) -> None:
        self._command = (
            "podman", f"--root={folder / 'images'}", f"--runroot={folder / 'state'}",
            "--runtime=runc",
        )  # fmt: skip

    def __call__(self, *words: object, folder: Path | None = None) -> str:
        """Run one command in *folder*, and return what it prints."""
        done = self.attempt(*words, folder=folder)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def attempt(
        self, *words: object, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command, which may fail."""
        return subprocess.run(
            [*self._command, *map(str, words)],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def shell(self, image: str, script: str) -> str:
        """Run a script of the shell in a new container of *image*."""
        once = ("run", "--rm", NO_TIMER, *LIMITS, "--entrypoint=/bin/sh")
        return self(*once, image, "-c", script)

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """Start one command."""
        return subprocess.Popen(
            [*self._command, *map(str, words)], stderr=subprocess.DEVNULL
        )


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """Make an engine with the base of the image."""
    folder = tmp_path_factory.mktemp("podman")
    podman = Podman(folder)
    archive = folder / "debian.tar"
    _unpack_debian(archive)
    bases = set(re.findall(r"^FROM (\S+)", _containerfile(), re.MULTILINE))
    (base,) = bases
    podman("import", archive, base)
    archive.unlink()
    try:
        yield podman
    finally:
        podman("rm", "--all", "--force", "--time=0")
        podman("rmi", "--all", "--force")


def _containerfile() -> str:
    return (CONTAINER / "Containerfile").read_text()


def _unpack_debian(archive: Path) -> None:
    """
    Put Debian with Python, as the image of Python has it, into *archive*.

    The settings of this machine for apt, pip and certificate authorities apply inside.
    """
    hooks = ['ln -s python3 "$1/usr/bin/python"', 'mkdir -p "$1/etc/xdg/pip"']
    for file, folder in (
        (Path("/etc/pip.conf"), "/etc"),
        (Path.home() / ".config/pip/pip.conf", "/etc/xdg/pip"),
        (Path("/usr/local/share/ca-certificates"), "/usr/local/share"),
    ):
        if file.exists():
            hooks.append(f"copy-in {shlex.quote(str(file))} {folder}")
    hooks.append('chroot "$1" update-ca-certificates')
    settings = subprocess.run(
        ["apt-config", "dump"], capture_output=True, text=True, check=True
    ).stdout
    options = [
        f"--aptopt={line}"
        for line in settings.splitlines()
        if re.match("Acquire::(http|https|ForceIPv4|Check|Retries)", line)
    ]
    made = subprocess.run(
        [
            "mmdebstrap", "--quiet", "--variant=minbase",
            "--include=python3-venv,ca-certificates", *options,
            *(f"--customize-hook={hook}" for hook in hooks), "trixie", archive,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the sources; each file and folder that an image must not have is there."""
    folder = tmp_path_factory.mktemp("checkout") / "ocsp"
    ignored = (CONTAINER / "Containerfile.dockerignore").read_text().split()
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*ignored))
    for name in ignored:
        left_out = folder / name.replace("*", "")
        left_out.mkdir()
        (left_out / "left-out").touch()
    return folder


@pytest.fixture(scope="module")
def image(podman: Podman, checkout: Path) -> str:
    """Build the image, with the command of the documentation; return its name."""
    words = _documented("build")
    podman(*words, "--isolation=chroot", "--network=host", folder=checkout)
    return words[words.index("--tag") + 1]


def _documented(command: str) -> list[str]:
    """Return the words of a command of Podman in the documentation."""
    (found,) = [
        shlex.split(shown.replace("\\\n", ""))[1:]
        for block in blocks("docs/operations.md", "console")
        for shown, _ in commands(block.text)
        if shown.startswith(f"podman {command} ")
    ]
    return found


def test_the_sources_are_not_all_copied(
    podman: Podman, image: str, checkout: Path
) -> None:
    """Nothing that is ignored, as the keys of Compose, is in a layer."""
    assert list(checkout.rglob("left-out"))
    words = _documented("build")
    words[words.index(image)] = "stage"
    podman(*words, "--target=build", "--isolation=chroot", folder=checkout)
    assert podman.shell("stage", "ls -A /source/src") == "\n".join(
        sorted(path.name for path in (checkout / "src").iterdir())
    )
    assert podman.shell("stage", "find /source -name left-out") == ""


def test_the_user_cannot_change_the_image(podman: Podman, image: str) -> None:
    """All files are those of root; the folder of the state is the only one of its own."""
    found = podman.shell(
        image,
        f"""
        id --user; id --group
        find / -xdev -user {USER} -not -path '/proc/*'
        find /opt /usr /etc -xdev -writable -not -type l
        find / -xdev -path '/source*'
        exit 0  # find may not read each folder
        """,
    )
    assert found.split() == [str(USER), str(USER), "/var/lib/ocsp"]


def test_the_image_is_small(podman: Podman, image: str) -> None:
    """It has the program and what it needs: no sources, no cache of pip."""
    (base,) = set(re.findall(r"^FROM (\S+)", _containerfile(), re.MULTILINE))
    size, size_of_base = (
        int(podman("image", "inspect", "--format={{.Size}}", name))
        for name in (image, base)
    )
    assert 0 < size - size_of_base < LARGEST


@pytest.fixture
def files(tmp_path: Path, podman: Podman, image: str) -> CAFolder:
    """Make the folders of the container; the image itself writes its configuration."""
    files = CAFolder(tmp_path)
    settings, state = tmp_path / "etc", tmp_path / "state"
    for folder, names in (
        (settings, ("ca.pem", "responder.pem", "responder.key")),
        (state, ("status.db",)),
    ):
        folder.mkdir()
        for name in names:
            shutil.copy(tmp_path / name, folder)
    podman(
        "run", "--rm", NO_TIMER, *LIMITS, "--user=root", "--workdir=/etc/ocsp",
        f"--volume={settings}:/etc/ocsp",
        image, "config", "init", "--listen=0.0.0.0:8080", ".",
    )  # fmt: skip
    written = settings / "ocsp.toml"
    text = written.read_text()
    assert "sqlite:status.db" in text
    written.write_text(text.replace("sqlite:", "sqlite:/var/lib/ocsp/"))
    for path in (settings, *settings.iterdir()):
        os.chown(path, 0, USER)
        path.chmod(0o750 if path.is_dir() else 0o640)
    for path in (state, *state.iterdir()):
        os.chown(path, USER, USER)
        path.chmod(0o2770 if path.is_dir() else 0o660)
    return files


@pytest.fixture
def url(podman: Podman, image: str, files: CAFolder) -> str:
    """Start the container with the command of the documentation; return its URL."""
    words = _documented("run")
    assert words[-1] == image
    assert words[words.index("--name") + 1] == "ocsp"
    for old, new in (
        ("80:8080", "127.0.0.1::8080"),
        ("/etc/ocsp:/etc/ocsp:ro", f"{files.folder / 'etc'}:/etc/ocsp:ro"),
        ("/var/lib/ocsp:/var/lib/ocsp", f"{files.folder / 'state'}:/var/lib/ocsp"),
    ):
        words[words.index(old)] = new
    podman(*words[:-1], *LIMITS, PROXY, image)
    until(
        lambda: podman.attempt("healthcheck", "run", "ocsp").returncode == 0,
        lambda: _log(podman),
    )
    return f"http://{podman('port', 'ocsp', '8080')}/"


def _log(podman: Podman) -> str:
    read = podman.attempt("logs", "ocsp")
    return read.stdout + read.stderr


def test_a_container_serves_and_stops(
    podman: Podman, url: str, files: CAFolder
) -> None:
    """It answers, sees a revocation, and finishes a request when it is stopped."""
    ca, web = files.folder / "ca.pem", files.folder / "web.pem"
    printed = openssl.ask(url, ca, "-cert", web)
    assert "Response verify OK" in printed
    assert f"{web}: good" in printed
    assert "1 signer: usable" in podman(*_documented("exec"))

    podman(
        "exec", "ocsp", "/opt/ocsp/bin/ocsp", "status", "revoke",
        "--db=/var/lib/ocsp/status.db", "--issuer=/etc/ocsp/ca.pem",
        f"--serial={files.web.serial_number}",
    )  # fmt: skip
    assert f"{web}: revoked" in openssl.ask(url, ca, "-cert", web)

    request = request_for(files.web, files.ca.certificate)
    parts = urllib.parse.urlsplit(url)
    idle = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    with socket.create_connection((parts.hostname, parts.port), SECONDS) as client:
        head = f"POST / HTTP/1.1\r\nHost: ocsp\r\nContent-Length: {len(request)}\r\n"
        kind = "Content-Type: application/ocsp-request\r\n\r\n"
        client.sendall((head + kind).encode() + request[:10])
        ask(url, request, idle)
        with podman.start(*_documented("stop")) as stop:
            assert idle.sock.recv(1) == b""  # closed: the service ends
            client.sendall(request[10:])
            reply = http.client.HTTPResponse(client)
            reply.begin()
            response = ocsp.load_der_ocsp_response(reply.read())
    idle.close()
    assert response.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert stop.returncode == 0
    code = podman("inspect", "--format={{.State.ExitCode}}", "ocsp")
    assert code == "0", _log(podman)
