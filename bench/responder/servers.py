"""Start and stop the servers that are measured, and read what they use."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.responder.material import Material
from ocsp.server import bind, bind_balanced

__all__ = ["Server", "cfssl", "nginx", "openssl", "ours"]

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Server:
    """
    The running processes of one server.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, url: str, processes: list[int]) -> None:
        self.url = url
        self._processes = processes

    def cpu(self) -> float:
        """Return the CPU seconds that the processes have used."""
        return sum(_cpu(each) for each in self._all())

    def memory(self) -> float:
        """Return the resident memory of the processes, in MiB."""
        return sum(_resident(each) for each in self._all()) / (1 << 20)

    def _all(self) -> list[int]:
        found = list(self._processes)
        for each in found:  # children are appended while the list is read
            children = Path(f"/proc/{each}/task/{each}/children")
            found += map(int, children.read_text().split())
        return found


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE


@contextmanager
def _running(
    commands: list[list[str]],
    port: int,
    *,
    pass_fds: list[int] | None = None,
    environment: dict[str, str] | None = None,
    probe: bytes = b"GET / HTTP/1.0\r\n\r\n",
) -> Iterator[Server]:
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=pass_fds or [],
            env=environment,
        )
        for command in commands
    ]
    try:
        _wait_for(port, probe)
        yield Server(f"http://127.0.0.1:{port}", [each.pid for each in processes])
    finally:
        for each in processes:
            each.terminate()
        for each in processes:
            each.wait()


def _wait_for(port: int, probe: bytes) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(probe)
                # To the end: openssl ends if a client closes before.
                while connection.recv(65536):
                    pass
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")


def _free_port() -> int:
    with bind("127.0.0.1", 0) as bound:
        return int(bound.getsockname()[1])


def ours(
    material: Material, processes: int = 1, *, compiled: Path | None = None
) -> Iterator[Server]:
    """
    Run the responder of this package.

    The system has the whole status file in memory, as it has that of nginx: some
    kernels drop pages of files that nothing has read for some minutes.

    Args:
        material: What it serves.

        processes: In how many processes.

        compiled: The folder with the compiled package, which is used if it is given.
    """
    sockets = bind_balanced("127.0.0.1", 0, processes)
    port = sockets[0].getsockname()[1]
    commands = [
        [sys.executable, "-m", "bench.responder.ours", str(material.folder), str(each)]
        for each in [bound.fileno() for bound in sockets]
    ]
    paths = [os.environ.get("PYTHONPATH", "")]
    if compiled is not None:
        paths.insert(0, str(compiled))
    search = os.pathsep.join(each for each in paths if each)
    with _running(
        commands,
        port,
        pass_fds=[each.fileno() for each in sockets],
        environment=os.environ | {"PYTHONPATH": search},
    ) as server:
        for each in sockets:
            each.close()
        _read_all(material / "status.db")
        yield server


def _read_all(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


def nginx(material: Material) -> Iterator[Server]:
    """Run nginx with a static file of the size of an answer, in one process."""
    port = _free_port()
    configuration = material / "nginx.conf"
    # As root, nginx would read the file as another user, who may not.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        f"""
{user}
daemon off; worker_processes 1; pid {material / "nginx.pid"}; error_log /dev/null;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; sendfile on; tcp_nodelay on;
    open_file_cache max=16; client_body_temp_path {material / "body"};
    proxy_temp_path {material / "proxy"}; fastcgi_temp_path {material / "fastcgi"};
    uwsgi_temp_path {material / "uwsgi"}; scgi_temp_path {material / "scgi"};
    default_type application/ocsp-response;
    server {{
        listen 127.0.0.1:{port};
        location / {{ root {material / "static"}; expires 1h; try_files /answer =404; }}
    }}
}}
"""
    )
    command = ["/usr/sbin/nginx", "-e", "/dev/null", "-c", str(configuration)]
    with _running([command], port) as server:
        yield server


def openssl(material: Material) -> Iterator[Server]:
    """Run ``openssl ocsp``, which signs each answer and closes each connection."""
    port = _free_port()
    command = (
        f"openssl ocsp -port {port} -index {material / 'index.txt'}"
        f" -CA {material / 'ca.pem'} -rsigner {material / 'delegate.pem'}"
        f" -rkey {material / 'delegate.key'} -ndays 1"
    )
    body = (material / "nonce.post").read_bytes()  # it ends at any other request
    head = f"POST / HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    probe = head.encode() + body
    with _running([command.split()], port, probe=probe) as server:
        yield server


def cfssl(material: Material) -> Iterator[Server]:
    """Run ``cfssl ocspserve``, which answers with signed answers from its memory."""
    port = _free_port()
    command = (
        f"cfssl ocspserve -port {port} -loglevel 5"
        f" -responses {material / 'responses.txt'}"
    )
    with _running([command.split()], port) as server:
        yield server


Start = Callable[[Material], Iterator[Server]]
