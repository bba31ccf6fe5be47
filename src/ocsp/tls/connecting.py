"""Connect again when a check was pending: for asyncio, trio and anyio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ocsp.tls.refusal import find_pending

__all__ = ["connecting"]

Result = TypeVar("Result")


async def connecting(connect: Callable[[], Awaitable[Result]]) -> Result:
    """
    Return the result of *connect*; wait and call it once more if a check was pending.

    ::

        reader, writer = await connecting(
            lambda: asyncio.open_connection(host, 443, ssl=context)
        )

    The loop goes on meanwhile. The error of a library counts too, if it was raised for
    a :class:`RevocationPending`.

    Args:
        connect: Connects, and returns an awaitable. It must do nothing that cannot be
            done twice before the handshake is over.

    Raises:
        Exception: What *connect* raises, the second time if there is one.
    """
    try:
        return await connect()
    except Exception as error:
        pending = find_pending(error)
        if pending is None:
            raise
    await pending.settled()
    return await connect()
