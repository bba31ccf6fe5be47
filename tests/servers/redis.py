"""
Run Redis, which stands in for Valkey: Debian 12 has no package of Valkey.

Both speak the same protocol, have the same commands, and run the same scripts. A test
that finds ``valkey-server`` uses it.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest
import valkey

from tests.integration.web_servers import free_port, until

__all__ = ["RedisServer", "cluster", "join_cluster", "new_cluster_node", "sentinels"]

SERVICE = "ocsp-answers"
"""The name of the service that the sentinels watch."""


def program() -> str:
    """Return the server program: ``valkey-server`` or ``redis-server``."""
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        pytest.skip("neither Valkey nor Redis is installed; `make setup` installs it")
    return found


class RedisServer:
    """
    A server with its files in a folder, which keeps its data in memory only.

    Attributes:
        address: Its IPv4 address.

        port: Its port.

        process: The server, or ``None`` while it is stopped.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        tls: Sequence[str] = (),
        address: str = "127.0.0.1",
    ) -> None:
        """Prepare a server; *tls* is its certificate, its key, and the CA."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = address
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._options = options
        self._tls = tls

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program(), *self._arguments()], stdout=log, stderr=log, cwd=self.folder
            )
        until(self._answers, self._log)

    def _arguments(self) -> list[str]:
        ports = ["--port", str(self.port)]
        if self._tls:
            certificate, key, ca = self._tls
            ports = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no",
                     "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", ca]  # fmt: skip
        return [
            *ports,
            "--bind",
            self.address,
            "--protected-mode",
            "no",
            "--save",
            "",
            *self._options,
        ]

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log()
        try:
            with socket.create_connection((self.address, self.port), 1):
                return True
        except OSError:
            return False

    def _log(self) -> str:
        return (self.folder / "log").read_text()[-2000:]

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"valkey://{self.address}:{self.port}"

    def client(self, **options: object) -> valkey.Valkey[bytes]:
        """Return a client for commands of the test."""
        return valkey.Valkey(  # type: ignore[call-overload, no-any-return]
            self.address, self.port, socket_timeout=5, **options
        )

    def pause(self) -> None:
        """Let the server hang."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a server go on that hangs."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill the server."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextlib.contextmanager
def sentinels(folder: Path) -> Iterator[tuple[str, list[RedisServer]]]:
    """Run a primary with a replica, and three sentinels; return the address."""
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(RedisServer(folder / "primary"))
        replica = stack.enter_context(
            RedisServer(
                folder / "replica", "--replicaof", "127.0.0.1", str(primary.port),
                "--repl-diskless-sync-delay", "0",
            )
        )  # fmt: skip
        watching = [_sentinel(folder / f"sentinel{n}", primary.port) for n in range(3)]
        for each in watching:
            stack.enter_context(each)
        with replica.client() as client:
            until(
                lambda: client.info()["master_link_status"] == "up", lambda: "replica"
            )
        for each in watching:
            with each.client() as client:
                until(lambda c=client: _is_known(c), lambda: "sentinels")  # type: ignore[misc]
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in watching)
        yield f"valkey+sentinel://{hosts}/{SERVICE}", [primary, replica]


def _sentinel(folder: Path, port: int) -> RedisServer:
    server = RedisServer(folder, "--sentinel")
    configuration = folder / "sentinel.conf"
    configuration.write_text(
        f"sentinel monitor {SERVICE} 127.0.0.1 {port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} 300\n"
        f"sentinel failover-timeout {SERVICE} 2000\n"
    )
    server._arguments = lambda: [  # type: ignore[method-assign]
        str(configuration), "--port", str(server.port), "--bind", "127.0.0.1", "--sentinel",
    ]  # fmt: skip
    return server


def _is_known(client: valkey.Valkey[bytes]) -> bool:
    state = client.execute_command("SENTINEL", "MASTER", SERVICE)
    pairs = (
        state
        if isinstance(state, dict)
        else dict(zip(state[::2], state[1::2], strict=True))
    )
    text = {_text(key): _text(value) for key, value in pairs.items()}
    return text["num-slaves"] == "1" and text["num-other-sentinels"] == "2"


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[RedisServer]]]:
    """Run a cluster of three primaries; return its address."""
    nodes = [new_cluster_node(folder / f"node{number}") for number in range(3)]
    with contextlib.ExitStack() as stack:
        for each in nodes:
            stack.enter_context(each)
        yield join_cluster(nodes), nodes


def new_cluster_node(folder: Path, address: str = "127.0.0.1") -> RedisServer:
    """Prepare a primary of a cluster."""
    return RedisServer(
        folder, "--cluster-enabled", "yes", "--cluster-require-full-coverage", "no",
        "--cluster-node-timeout", "1000", "--cluster-port", str(free_port()),
        address=address,
    )  # fmt: skip


def join_cluster(nodes: Sequence[RedisServer]) -> str:
    """Make one cluster of three running primaries; return its address."""
    first, *others = nodes
    bounds = (0, 5461, 10923, 16384)
    for number, node in enumerate(nodes):
        with node.client() as client:
            client.execute_command(
                "CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1
            )
    with first.client() as client:
        for node in others:
            bus = node._options[node._options.index("--cluster-port") + 1]
            client.execute_command("CLUSTER", "MEET", node.address, node.port, bus)
    for node in nodes:
        with node.client() as client:
            until(lambda c=client: _is_whole(c), lambda: "cluster")  # type: ignore[misc]
    hosts = ",".join(f"{node.address}:{node.port}" for node in nodes)
    return f"valkey+cluster://{hosts}"


def _is_whole(client: valkey.Valkey[bytes]) -> bool:
    text = _text(client.execute_command("CLUSTER", "INFO"))
    lines = text.splitlines()
    return "cluster_state:ok" in lines and "cluster_known_nodes:3" in lines
