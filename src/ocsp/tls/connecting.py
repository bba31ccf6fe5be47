"""Connect again when a check was pending: for asyncio, trio and anyio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ocsp.tls.refusal import find_pending

__all__ = ["connecting"]

Result = TypeVar("Result")

_MOST_CALLS = 10
"""A call can meet several servers, each with a pending check: libraries follow as many
redirects."""


async def connecting(connect: Callable[[], Awaitable[Result]]) -> Result:
    """
    Return the result of *connect*; wait and call it again while a check is pending.

    ::

        reader, writer = await connecting(
            lambda: asyncio.open_connection(host, 443, ssl=context)
        )

    The loop goes on meanwhile. The error of a library counts too, if it was raised for
    a :class:`RevocationPending`.

    Args:
        connect: Connects, and returns an awaitable. It must do nothing that cannot be
            done twice before its last handshake is over: where it follows redirects,
            the requests before them are sent again. It is called 10 times at most.

    Raises:
        Exception: What *connect* raises, if no check is pending or in the last call.
    """
    for _ in range(_MOST_CALLS - 1):
        try:
            return await connect()
        except Exception as error:
            pending = find_pending(error)
            if pending is None:
                raise
        await pending.settled()
    return await connect()
