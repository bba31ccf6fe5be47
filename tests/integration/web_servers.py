"""
TLS servers from Debian, each with a configuration of its own.

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
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.staples import HOST, Scene

__all__ = ["PROGRAMS", "Server", "free_port", "serving", "until"]

_PATIENCE = 20.0
_MODULES = Path("/usr/lib/apache2/modules")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that runs."""

    name: str
    port: int
    reload_command: str
    log: Callable[[], str]


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _nginx(scene: Scene, home: Path, port: int) -> tuple[list[str], str]:
    """Use ``ssl_stapling_file``, which is read again on a reload."""
    user = "user root;" if os.getuid() == 0 else ""
    (home / "nginx.conf").write_text(
        f"""
        {user}
        daemon off;
        pid {home}/nginx.pid;
        error_log {home}/log info;
        events {{ }}
        http {{
            access_log off;
            client_body_temp_path {home}/body;
            proxy_temp_path {home}/proxy;
            fastcgi_temp_path {home}/fastcgi;
            uwsgi_temp_path {home}/uwsgi;
            scgi_temp_path {home}/scgi;
            server {{
                listen 127.0.0.1:{port} ssl;
                server_name {HOST};
                ssl_certificate {scene.site};
                ssl_certificate_key {scene.site};
                ssl_stapling on;
                ssl_stapling_file {scene.staple};
                location / {{ return 200 "hello"; }}
            }}
        }}
        """
    )
    command = [_program("nginx"), "-p", str(home), "-c", "nginx.conf"]
    return command, shlex.join([*command, "-s", "reload"])


def _apache(scene: Scene, home: Path, port: int) -> tuple[list[str], str]:
    """Let it ask a loopback port of its own, which hands out the file."""
    endpoint = free_port()
    script = home / "staple.cgi"
    script.write_text(
        '#!/bin/sh\nprintf "Content-Type: application/ocsp-response\\r\\n\\r\\n"\n'
        'exec cat "$STAPLE_FILE"\n'
    )
    script.chmod(0o755)
    modules = [
        "mpm_event", "authz_core", "ssl", "socache_shmcb", "alias", "env", "cgi", "unixd",
    ]  # fmt: skip
    load = "\n".join(
        f"LoadModule {name}_module {_MODULES}/mod_{name}.so"
        for name in modules
        if (_MODULES / f"mod_{name}.so").exists()
    )
    as_root = "User daemon\nGroup daemon" if os.getuid() == 0 else ""
    (home / "apache.conf").write_text(
        f"""
        {load}
        {as_root}
        ServerRoot {home}
        ServerName {HOST}
        PidFile {home}/apache.pid
        DefaultRuntimeDir {home}
        ErrorLog {home}/log
        LogLevel info
        DocumentRoot {home}/htdocs
        Listen 127.0.0.1:{port}
        Listen 127.0.0.1:{endpoint}
        SSLStaplingCache shmcb:{home}/stapling(65536)
        <VirtualHost 127.0.0.1:{port}>
            SSLEngine on
            SSLCertificateFile {scene.site}
            SSLUseStapling on
            SSLStaplingReturnResponderErrors off
            SSLStaplingFakeTryLater off
            SSLStaplingForceURL http://127.0.0.1:{endpoint}/site
        </VirtualHost>
        <VirtualHost 127.0.0.1:{endpoint}>
            ScriptAlias /site {script}
            SetEnv STAPLE_FILE {scene.staple}
        </VirtualHost>
        """
    )
    (home / "htdocs").mkdir()
    (home / "htdocs" / "index.html").write_text("hello")
    command = [_program("apache2"), "-d", str(home), "-f", str(home / "apache.conf")]
    return [*command, "-DFOREGROUND"], shlex.join([*command, "-k", "graceful"])


def _haproxy(scene: Scene, home: Path, port: int) -> tuple[list[str], str]:
    """Read a directory of certificates; new staples go in by the runtime API."""
    admin = home / "admin.sock"
    (home / "haproxy.cfg").write_text(
        f"""
global
    stats socket {admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend site
    bind 127.0.0.1:{port} ssl crt {scene.sites}/
    http-request return status 200 content-type text/plain string hello
"""
    )
    tell = home / "tell.py"
    tell.write_text(
        "import base64, os, socket, sys\n"
        "staple = open(os.environ['OCSP_STAPLE_FILE'], 'rb').read()\n"
        "line = b'set ssl ocsp-response ' + base64.b64encode(staple) + b'\\n'\n"
        "with socket.socket(socket.AF_UNIX) as admin:\n"
        f"    admin.connect({str(admin)!r})\n"
        "    admin.sendall(line)\n"
        "    said = admin.makefile().read()\n"
        "sys.exit(0 if 'updated' in said else said)\n"
    )
    command = [_program("haproxy"), "-db", "-f", str(home / "haproxy.cfg")]
    return command, shlex.join([sys.executable, str(tell)])


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
            _await(port, process, log)
            yield Server(name=name, port=port, reload_command=reload_command, log=log)
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _await(port: int, process: subprocess.Popen[bytes], log: Callable[[], str]) -> None:
    def listens() -> bool:
        assert process.poll() is None, log()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return False

    until(listens, log)


def until(happened: Callable[[], bool], log: Callable[[], str]) -> None:
    """Look again and again until it has *happened*, or tell what was logged."""
    end = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < end, log()
        time.sleep(0.02)
