"""
Run TLS servers from Debian, configured as in ``docs/stapling.md``.

They run in the foreground, on a free port of loopback, with all their files in one
directory. ``reload_command`` is the hook for ``ocsp staple`` that makes them send a new
staple.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.staples import HOST, Scene

__all__ = [
    "DOCUMENT",
    "SITES",
    "Server",
    "await_port",
    "documented",
    "free_port",
    "serving",
    "until",
]

_PATIENCE = 90.0
"""How long to wait for what has to happen: a machine may be busy with other work."""

_MODULES = Path("/usr/lib/apache2/modules")

DOCUMENT = Path(__file__).parents[2] / "docs" / "stapling.md"
SITES = "/etc/ssl/site/"
"""The directory of the certificates in the documentation."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    name: str
    port: int
    reload_command: str
    log: Callable[[], str]


def free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def documented(name: str, *changes: tuple[str, str]) -> str:
    """Return the block *name* of the documentation, with *changes* for this machine."""
    _, _, rest = DOCUMENT.read_text().partition(f"<!-- tested: {name} -->\n```")
    block = rest.partition("```")[0].partition("\n")[2]
    assert block, f"no block called {name}"
    for old, new in changes:
        assert old in block, f"no {old} in the block called {name}"
        block = block.replace(old, new)
    return block


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _nginx(scene: Scene, home: Path, port: int) -> tuple[list[str], str]:
    """Use ``ssl_stapling_file``, which is read again on a reload."""
    block = documented(
        "nginx", ("listen 443", f"listen 127.0.0.1:{port}"), (SITES, f"{scene.sites}/")
    )
    (home / "html").mkdir()
    (home / "html" / "index.html").write_text("hello")
    (home / "nginx.conf").write_text(
        f"""
        {"user root;" if os.getuid() == 0 else ""}
        daemon off;
        pid {home}/nginx.pid;
        error_log {home}/log info;
        events {{ }}
        http {{
            root {home}/html;
            access_log off;
            client_body_temp_path {home}/body;
            proxy_temp_path {home}/proxy;
            fastcgi_temp_path {home}/fastcgi;
            uwsgi_temp_path {home}/uwsgi;
            scgi_temp_path {home}/scgi;
            {block}
        }}
        """
    )
    command = [_program("nginx"), "-p", str(home), "-c", "nginx.conf"]
    return command, shlex.join([*command, "-s", "reload"])


def _apache(scene: Scene, home: Path, port: int) -> tuple[list[str], str]:
    """Make Apache ask one of its own loopback ports, which returns the file."""
    script = _script(home / "staple.cgi", documented("apache2-cgi"))
    block = documented(
        "apache2",
        ("${APACHE_RUN_DIR}", str(home)),
        ("Listen 443", f"Listen 127.0.0.1:{port}"),
        ("*:443", f"127.0.0.1:{port}"),
        ("127.0.0.1:8008", f"127.0.0.1:{free_port()}"),
        ("/usr/local/lib/ocsp-staple.cgi", str(script)),
        (SITES, f"{scene.sites}/"),
    )
    modules = (
        "mpm_event",
        "authz_core",
        "ssl",
        "socache_shmcb",
        "alias",
        "env",
        "cgid",
    )
    load = "\n".join(
        f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in modules
    )
    (home / "apache.conf").write_text(
        f"""
        {load}
        {"User daemon" if os.getuid() == 0 else ""}
        {"Group daemon" if os.getuid() == 0 else ""}
        ServerRoot {home}
        ServerName {HOST}
        PidFile {home}/apache.pid
        DefaultRuntimeDir {home}
        ScriptSock {home}/cgid.sock
        ErrorLog {home}/log
        LogLevel info
        DocumentRoot {home}/html
        {block}
        """
    )
    (home / "html").mkdir()
    (home / "html" / "index.html").write_text("hello")
    command = [_program("apache2"), "-d", str(home), "-f", str(home / "apache.conf")]
    return [*command, "-DFOREGROUND"], shlex.join([*command, "-k", "graceful"])


def _haproxy(scene: Scene, home: Path, port: int) -> tuple[list[str], str]:
    """Read a directory of certificates; new staples go in by the runtime API."""
    admin = ("/run/haproxy/admin.sock", str(home / "admin.sock"))
    block = documented(
        "haproxy",
        admin,
        ("bind :443", f"bind 127.0.0.1:{port}"),
        (SITES, f"{scene.sites}/"),
    )
    (home / "haproxy.cfg").write_text(
        f"{block}    timeout client 5s\n"
        "    http-request return status 200 content-type text/plain string hello\n"
    )
    hook = _script(home / "hook", documented("haproxy-hook", admin))
    return [_program("haproxy"), "-db", "-f", str(home / "haproxy.cfg")], str(hook)


PROGRAMS: dict[str, Callable[[Scene, Path, int], tuple[list[str], str]]] = {
    "nginx": _nginx,
    "apache2": _apache,
    "haproxy": _haproxy,
}


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is missing: make setup installs it"
    return found


@contextmanager
def serving(name: str, scene: Scene) -> Iterator[Server]:
    """Run the server *name* while the block runs."""
    home = scene.directory / "home"
    home.mkdir()
    port = free_port()
    command, reload_command = PROGRAMS[name](scene, home, port)

    def log() -> str:
        return "".join(
            path.read_text(errors="replace")
            for path in (home / "log", home / "output")
            if path.exists()
        )

    with (home / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            await_port(port, process, log)
            yield Server(name=name, port=port, reload_command=reload_command, log=log)
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def await_port(
    port: int, process: subprocess.Popen[bytes], log: Callable[[], str]
) -> None:
    """Wait until the process listens on the port, or raise with its log."""

    def listens() -> bool:
        assert process.poll() is None, log()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return False

    until(listens, log)


def until(happened: Callable[[], bool], log: Callable[[], str]) -> None:
    """Poll until it has *happened*, or raise with the log."""
    end = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < end, log()
        time.sleep(0.02)
