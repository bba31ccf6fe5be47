"""
A token of SoftHSM2 in another process, as a network HSM is, which a test can freeze.

``p11-kit server`` has the token. A responder reaches it through ``p11-kit-client.so``,
over a Unix socket. While the processes of the server are stopped, each call of the
module waits, as with an HSM that is overloaded or behind a broken network.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.integration.softhsm import PIN, Token

__all__ = ["RemoteToken"]

_MISSING = (
    "p11-kit is not installed, and the tests of a token in another process need it: "
    "apt-get install p11-kit p11-kit-modules"
)


class RemoteToken:
    """
    A token, the server that has it, and how a responder reaches it.

    Attributes:
        environment: The variables that the processes of the responder need.
    """

    def __init__(self, token: Token, folder: Path) -> None:
        """
        Prepare the server of *token*; the ``with`` block runs it.

        Args:
            token: The token.

            folder: Where its socket and the file with its PIN are.
        """
        found = next(Path("/usr/lib").glob("*/pkcs11/p11-kit-client.so"), None)
        if found is None or shutil.which("p11-kit") is None:
            pytest.fail(_MISSING, pytrace=False)
        self._module = found
        self._token = token
        self._socket = folder / "p11-kit"
        self._pin = folder / "pin"
        self._pin.write_text(PIN)
        self.environment = {"P11_KIT_SERVER_ADDRESS": f"unix:path={self._socket}"}
        self._server: subprocess.Popen[str] | None = None

    def settings(self, certificate: Path, label: str) -> str:
        """Return the configuration of a signer with the key *label*, in TOML."""
        uri = f"pkcs11:token={self._token.label};object={label}"
        return (
            f'{{ certificate = "{certificate}", pin_file = "{self._pin}",'
            f' pkcs11 = "{uri}?module-path={self._module}" }}'
        )

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let no call of the module return during the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        """Send a signal to the server, and to its processes for each connection."""
        assert self._server is not None
        os.killpg(self._server.pid, number)

    def __enter__(self) -> Self:
        module = str(self._token.home.module)
        self._server = subprocess.Popen(
            [
                *("p11-kit", "server", "--foreground", "--name", str(self._socket)),
                *("--provider", module, f"pkcs11:token={self._token.label}"),
            ],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline()  # its address: it listens
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        with contextlib.suppress(ProcessLookupError):
            self._signal(signal.SIGKILL)
        self._server.wait()
        assert self._server.stdout is not None
        self._server.stdout.close()
