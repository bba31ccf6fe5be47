"""
Sockets and objects of ``ssl`` that can be used only after their peer was admitted.

OpenSSL shakes hands by itself at the first read or write, and a program can swallow the
error of a handshake and go on. So the gate stands before everything that moves data,
not only after ``do_handshake``.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any, ClassVar

from ocsp.tls.gate import Gate
from ocsp.tls.judge import Judge
from ocsp.tls.refusal import RevocationRefused

__all__ = ["GuardedObject", "GuardedSocket", "guarded_object", "guarded_socket"]


class _Guard:
    """What a guarded socket and a guarded object have in common."""

    _ocsp_judge: ClassVar[Judge]
    _ocsp_recheck: ClassVar[bool] = False
    _ocsp_gate: Gate | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "_sslobj" and value is not None:
            self._ocsp_gate = Gate(
                self._ocsp_judge,
                value.context,
                server_side=value.server_side,
                recheck=self._ocsp_recheck,
            )

    def _ocsp_refuse(self) -> None:
        """Raise the refusal of a peer that was refused."""
        if self._ocsp_gate is not None:
            self._ocsp_gate.raise_refusal()

    def verify_client_post_handshake(self) -> None:
        """
        Refuse.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "post-handshake authentication is refused, because the peer of a protected"
            " connection is checked after the handshake only: ask for the certificate"
            " in the handshake (verify_mode)"
        )


class GuardedSocket(_Guard, ssl.SSLSocket):
    """An ``SSLSocket`` with a gate."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, and admit the peer."""
        self._ocsp_refuse()
        gate = self._ocsp_gate
        super().do_handshake(block)
        if gate is not None and not gate.is_open:
            self._ocsp_admit(gate)

    def _ocsp_admit(self, gate: Gate) -> None:
        try:
            gate.admit(self)
        except RevocationRefused:
            self._ocsp_break()
            raise

    def _ocsp_break(self) -> None:
        """End the TCP connection. The socket stays a TLS socket, and refused."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self, socket.SHUT_RDWR)

    def _ocsp_pass(self) -> None:
        """Return if data may move; shake hands first where that is still to do."""
        gate = self._ocsp_gate
        if gate is None or gate.is_open:
            return  # without a gate it is not connected
        gate.raise_refusal()
        if self._sslobj is None:  # type: ignore[attr-defined]
            # A failed connect() leaves a socket that would speak plaintext.
            raise RevocationRefused("the TLS handshake of this connection has failed")
        self.do_handshake()

    def _ocsp_pass_to_write(self) -> None:
        self._ocsp_pass()
        gate = self._ocsp_gate
        if gate is not None:
            try:
                gate.check_again(self)
            except RevocationRefused:
                self._ocsp_break()
                raise

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Read, from an admitted peer."""
        self._ocsp_pass()
        return super().read(*args, **kwargs)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        """Receive, from an admitted peer."""
        self._ocsp_pass()
        return super().recv(*args, **kwargs)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive into a buffer, from an admitted peer."""
        self._ocsp_pass()
        return super().recv_into(*args, **kwargs)

    def recvfrom(self, *args: Any, **kwargs: Any) -> Any:
        """Receive, from an admitted peer."""
        self._ocsp_pass()
        return super().recvfrom(*args, **kwargs)

    def recvfrom_into(self, *args: Any, **kwargs: Any) -> Any:
        """Receive into a buffer, from an admitted peer."""
        self._ocsp_pass()
        return super().recvfrom_into(*args, **kwargs)

    def write(self, *args: Any, **kwargs: Any) -> int:
        """Write, to an admitted peer."""
        self._ocsp_pass_to_write()
        return super().write(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send, to an admitted peer."""
        self._ocsp_pass_to_write()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send all, to an admitted peer."""
        self._ocsp_pass_to_write()
        return super().sendall(*args, **kwargs)

    def sendto(self, *args: Any, **kwargs: Any) -> Any:
        """Send, to an admitted peer."""
        self._ocsp_pass_to_write()
        return super().sendto(*args, **kwargs)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        """Send a file, to an admitted peer."""
        self._ocsp_pass_to_write()
        return super().sendfile(*args, **kwargs)

    def unwrap(self) -> socket.socket:
        """End TLS, with a peer that was not refused."""
        self._ocsp_refuse()
        return super().unwrap()


class GuardedObject(_Guard, ssl.SSLObject):
    """An ``SSLObject`` with a gate."""

    def do_handshake(self) -> None:
        """Shake hands, and admit the peer."""
        self._ocsp_refuse()
        gate = self._ocsp_gate
        super().do_handshake()
        if gate is not None and not gate.is_open:
            gate.admit(self)

    def _ocsp_pass(self) -> None:
        """Return if data may move; shake hands first where that is still to do."""
        if self._ocsp_gate is not None and not self._ocsp_gate.is_open:
            self.do_handshake()

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Read, from an admitted peer."""
        self._ocsp_pass()
        return super().read(*args, **kwargs)

    def write(self, *args: Any, **kwargs: Any) -> int:
        """Write, to an admitted peer."""
        self._ocsp_pass()
        if self._ocsp_gate is not None:
            self._ocsp_gate.check_again(self)
        return super().write(*args, **kwargs)

    def unwrap(self) -> None:
        """End TLS, with a peer that was not refused."""
        self._ocsp_refuse()
        super().unwrap()


def guarded_socket(
    base: type[ssl.SSLSocket], judge: Judge, *, recheck: bool
) -> type[ssl.SSLSocket]:
    """Return a subclass of *base* whose peers *judge* admits."""
    bases = (GuardedSocket,) if base is ssl.SSLSocket else (GuardedSocket, base)
    return type(f"Protected{base.__name__}", bases, _members(judge, recheck=recheck))


def guarded_object(
    base: type[ssl.SSLObject], judge: Judge, *, recheck: bool
) -> type[ssl.SSLObject]:
    """Return a subclass of *base* whose peers *judge* admits."""
    bases = (GuardedObject,) if base is ssl.SSLObject else (GuardedObject, base)
    return type(f"Protected{base.__name__}", bases, _members(judge, recheck=recheck))


def _members(judge: Judge, *, recheck: bool) -> dict[str, Any]:
    return {"_ocsp_judge": judge, "_ocsp_recheck": recheck}
