"""
Test the commands that install the service, in ``docs/operations.md``, as they are.

They need root, and change the machine: they run in a mount namespace, in which a layer
over each folder takes what they write. ``systemctl`` works without systemd there.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

import ocsp
from tests.docs.examples import ROOT, blocks, commands, free_port, runs, session
from tests.docs.tutorial import configure, write_ca
from tests.integration.services import ask, request_for

pytestmark = pytest.mark.programs

PAGE = "docs/operations.md"
CHANGED = (Path("/etc"), Path("/opt"), Path("/var/lib"), ROOT)
"""The folders in which the commands write."""

PACKAGES = Path(sysconfig.get_path("purelib"))
"""Where pip finds what builds the package, and what it depends on."""

TRY_LATER = ocsp.OCSPResponseStatus.TRY_LATER

SECONDS = 300.0
"""How long the installation may take; some ten seconds if the machine is idle."""

NEEDED = f"""
which useradd systemctl systemd-socket-activate
setpriv --reuid nobody --clear-groups env {shlex.quote(sys.executable)} -c 'import click'
"""
"""What the machine must have; another user must be able to run its Python."""

USED = """
setting() { sed --quiet "s/^$1=//p" "/etc/systemd/system/ocsp.$2"; }
/opt/ocsp/bin/python -P -c 'import ocsp; assert ocsp.__file__.startswith("/opt/ocsp")'
cd tutorial
setpriv --reuid nobody --regid ocsp --clear-groups /opt/ocsp/bin/ocsp status revoke \
    --db /var/lib/ocsp/status.db --issuer ca.pem --cert issued/web.pem
exec systemd-socket-activate --listen "127.0.0.1:$PORT" --setenv PYTHONPATH \
    --fdname "$(setting FileDescriptorName socket)" \
    setpriv --reuid "$(setting User service)" --regid "$(setting Group service)" \
    --clear-groups $(setting ExecStart service)
"""
"""
What the installation is for: a tool of the CA, in the group, revokes a certificate, and
the service starts when a client connects, as systemd starts it.
"""


def _in_layers(script: str) -> list[str]:
    """Return a command that runs *script* as root, and what it writes is never seen."""
    lines = ["set -e", "mount --types tmpfs tmpfs /mnt"]
    closed = _closed_folders()
    for number, folder in enumerate((*closed, *CHANGED)):
        upper, work = f"/mnt/{number}/upper", f"/mnt/{number}/work"
        options = f"lowerdir={folder},upperdir={upper},workdir={work}"
        quoted = shlex.quote(str(folder)), shlex.quote(options)
        lines.append(f"mkdir --parents {upper} {work}")
        lines.append("mount --types overlay overlay {} --options {}".format(*quoted))
    lines += [f"chmod o+x {shlex.quote(str(folder))}" for folder in closed]
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return [*root, "unshare", "--mount", "bash", "-c", "\n".join([*lines, script])]


def _closed_folders() -> list[Path]:
    """Return the folders above Python that others cannot enter, such as a home."""
    above = {*Path(sys.base_prefix).parents, *PACKAGES.parents}
    return sorted(each for each in above if not each.stat().st_mode & stat.S_IXOTH)


def _can_install() -> bool:
    with contextlib.suppress(OSError):
        done = subprocess.run(_in_layers(NEEDED), capture_output=True, check=False)
        return done.returncode == 0
    return False


def _script(tutorial: Path, port: str) -> str:
    """Return the commands of the page, without the network."""
    block, _ = (each for each in blocks(PAGE, "console") if not runs(each))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PACKAGES),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # the value that pip gives to the isolation
        "SYSTEMD_OFFLINE": "1",
        "PORT": port,
    }
    return "\n".join(
        [
            *(f"export {name}={shlex.quote(v)}" for name, v in environment.items()),
            f"cd {shlex.quote(str(ROOT))}",
            f"cp --recursive {shlex.quote(str(tutorial))} tutorial",
            # One that fails ends the script, whatever part of it failed.
            *(f"{{ {command}\n}} || exit" for command, _ in commands(block.text)),
            USED,
        ]
    )


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[None]:
    """Run *command* during the ``with`` block, which begins when it listens."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        printed = []
        try:
            for line in process.stdout:
                printed.append(line)
                if line.startswith("Listening on"):
                    break
            else:
                raise AssertionError("".join(printed))
            yield
        finally:
            timer.cancel()
            process.terminate()
            print(*printed, process.communicate()[0], sep="")


def _status(folder: Path, name: str, url: str) -> ocsp.OCSPCertStatus:
    """Return what the first verified answer says about a certificate."""
    issuer, certificate = (
        x509.load_pem_x509_certificate((folder / each).read_bytes())
        for each in ("ca.pem", f"issued/{name}.pem")
    )
    request = request_for(certificate, issuer)
    # The database is locked for a moment while the first process opens it.
    while (response := ask(url, request)).response_status is TRY_LATER:
        time.sleep(0.05)  # until the installation has taken too long
    return ocsp.verify(response, certificate, issuer).status


@pytest.mark.skipif(sys.platform != "linux", reason="the page is for Linux")
def test_the_installation_works(tmp_path: Path) -> None:
    """It makes a service that answers as its own user, and whose group revokes."""
    if not _can_install():
        pytest.skip("needs root, layers over folders, and the programs of systemd")
    folder = tmp_path / "tutorial"
    write_ca(folder)
    with session(folder) as shell:
        configure(shell)
    port = free_port()
    with _running(_in_layers(_script(folder, port))):
        url = f"http://127.0.0.1:{port}"
        assert _status(folder, "mail", url) is ocsp.OCSPCertStatus.GOOD
        assert _status(folder, "web", url) is ocsp.OCSPCertStatus.REVOKED
