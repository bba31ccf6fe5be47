"""Define a request that a client of the native server has sent."""

from __future__ import annotations

from ocsp.http import Conditions

__all__ = ["HTTPRequest"]


class HTTPRequest:
    """
    A request that was read in full.

    Attributes:
        method: The method.

        target: The target, as the client sent it.

        body: The body, without transfer coding.

        conditions: The conditional headers, or ``None`` if there are none.

        keep_alive: Whether the client wants to keep the connection.

        is_http_1_0: Whether the version is HTTP/1.0.
    """

    __slots__ = ("body", "conditions", "is_http_1_0", "keep_alive", "method", "target")

    def __init__(
        self,
        method: str,
        target: bytes,
        body: bytes,
        conditions: Conditions | None,
        keep_alive: bool,
        is_http_1_0: bool,
    ) -> None:
        self.method = method
        self.target = target
        self.body = body
        self.conditions = conditions
        self.keep_alive = keep_alive
        self.is_http_1_0 = is_http_1_0
