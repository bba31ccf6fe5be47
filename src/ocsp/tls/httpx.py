"""
A transport of httpx that connects again when a check was pending (extra ``httpx``).

::

    transport = ConnectingTransport(httpx.AsyncHTTPTransport(verify=context))
    async with httpx.AsyncClient(transport=transport, verify=context) as http:
        await http.get(url)
"""

from __future__ import annotations

from ocsp.errors import MissingExtraError
from ocsp.tls.connecting import connecting

try:
    import httpx
except ModuleNotFoundError as error:
    raise MissingExtraError("the transport of httpx", "httpx") from error

__all__ = ["ConnectingTransport"]


class ConnectingTransport(httpx.AsyncBaseTransport):
    """
    Sends requests through another transport, as :func:`ocsp.tls.connecting` does.

    A request is sent again only if the handshake of its connection was refused because
    the check was pending. Nothing of it was sent then.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        """
        Wrap a transport.

        Args:
            transport: Sends the requests, with a protected context. It is closed with
                this one.
        """
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """
        Return the response to *request*.

        Raises:
            httpx.HTTPError: What the other transport raises.
        """
        return await connecting(lambda: self._transport.handle_async_request(request))

    async def aclose(self) -> None:
        """Close the other transport."""
        await self._transport.aclose()
