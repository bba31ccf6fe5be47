"""
Make clients for Valkey or Redis servers, with the package ``valkey``.

None of them tries anything again by itself: the callers decide that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from ocsp.errors import MissingExtraError, StoreError
from ocsp.sharing.address import Mode, ValkeyAddress

__all__ = ["connect", "connect_in_loop", "failures", "with_sentinels"]

SECONDS = 1.0
"""How long a connection or a command of a writer may take before it has failed."""

LOOP_SECONDS = 0.25
"""The same in an event loop, where look-ups of other keys may wait for it."""

MAX_CONNECTIONS = 4
"""Connections of one client to a server; one is used at a time."""


def connect(address: ValkeyAddress, node: tuple[str, int] | None = None) -> Any:
    """
    Return a client for threads, which connects at its first command.

    Args:
        address: The server. Of a cluster, the first host is used.

        node: Another host and port, of a node of the cluster.

    Raises:
        MissingExtraError: If the package ``valkey`` is not installed.
        StoreError: If the client cannot be made.
    """
    return _client("valkey", address, node, SECONDS)


def connect_in_loop(address: ValkeyAddress, node: tuple[str, int] | None = None) -> Any:
    """Return a client for the event loop that runs; see :func:`connect`."""
    return _client("valkey.asyncio", address, node, LOOP_SECONDS)


def _client(
    package: str,
    address: ValkeyAddress,
    node: tuple[str, int] | None,
    seconds: float,
) -> Any:
    try:
        module = import_module(package)
    except ImportError as error:
        raise MissingExtraError("sharing answers by Valkey", "valkey") from error
    options = _options(address, seconds)
    with failures(address):
        if address.mode is Mode.SENTINEL:
            sentinel = import_module(f"{package}.sentinel").Sentinel(
                list(address.hosts), sentinel_kwargs=_without_login(options)
            )
            return sentinel.master_for(address.service, db=address.database, **options)
        host, port = node or address.hosts[0]
        return module.Valkey(host=host, port=port, db=address.database, **options)


def _options(address: ValkeyAddress, seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "max_connections": MAX_CONNECTIONS,
        "protocol": 2,
        "username": address.user or None,
        "password": address.password or None,
    }
    if address.tls:
        options |= {
            "ssl": True,
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": True,
            "ssl_ca_certs": address.ca or None,
        }
    return options


def _without_login(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options for sentinels, which have no user of the servers."""
    return {
        key: value
        for key, value in options.items()
        if key not in {"username", "password"}
    }


def with_sentinels(client: Any) -> list[Any]:
    """Return *client*, and the clients that it asks for the primary: all to close."""
    manager = getattr(client.connection_pool, "sentinel_manager", None)
    return [client] if manager is None else [client, *manager.sentinels]


@contextlib.contextmanager
def failures(address: ValkeyAddress) -> Iterator[None]:
    """
    Turn every exception of the client into an error of this package.

    Raises:
        StoreError: If the block fails.
    """
    try:
        yield
    except StoreError:
        raise
    # It raises its own errors, those of sockets and TLS, and others of its own code.
    except Exception as error:
        text = str(error) or type(error).__name__
        if address.password:
            text = text.replace(address.password, "…")
        raise StoreError(f"{address}: {text}") from error
