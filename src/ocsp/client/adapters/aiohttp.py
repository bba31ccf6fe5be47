"""Send requests with a session of aiohttp (extra ``aiohttp``)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ocsp.client.adapters.sending import READ_BYTES, Sending
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchError, MissingExtraError

try:
    import aiohttp
    import yarl
except ModuleNotFoundError as error:
    raise MissingExtraError("the transport of aiohttp", "aiohttp") from error

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["AiohttpTransport"]


class AiohttpTransport:
    """A :class:`ocsp.client.AsyncTransport` over an ``aiohttp.ClientSession``."""

    def __init__(self, session: ClientSession) -> None:
        """
        Use *session*, in its event loop.

        Args:
            session: The session. The caller closes it. With
                ``auto_decompress=False`` compressed content is bounded while it is
                decoded; otherwise aiohttp decodes what it reads at a time, and the
                limit holds for the result.

        Raises:
            TypeError: If it is something else.
        """
        if not isinstance(session, aiohttp.ClientSession):
            raise TypeError(
                f"session must be a ClientSession, not {type(session).__name__}"
            )
        self._session = session

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Not enforced: that the session connects to the address that was checked.

        Raises:
            FetchError: As :meth:`Transport.send`.
        """
        sending = Sending(request)
        try:
            async with asyncio.timeout(request.timeout):
                if sending.needs_look_up:
                    await asyncio.to_thread(sending.check)
                else:
                    sending.check()
                return await self._exchange(sending)
        except FetchError:
            raise
        except TimeoutError as error:  # aiohttp.ServerTimeoutError is one too
            raise sending.late() from error
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
            raise sending.broken(error) from error
        except (aiohttp.ClientResponseError, aiohttp.ClientOSError) as error:
            is_late = isinstance(error, aiohttp.ClientConnectorError)
            raise (sending.failed if is_late else sending.broken)(error) from error
        except Exception as error:
            raise sending.failed(error) from error

    async def _exchange(self, sending: Sending) -> HTTPReply:
        request, seconds = sending.request, sending.left()
        async with self._session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            data=request.body or None,
            headers=sending.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_connect=seconds, sock_read=seconds),
        ) as response:
            headers = [*response.headers.items()]
            if self._session.auto_decompress:  # what is read is decoded
                headers = [each for each in headers if each[0].lower() not in _CODED]
            if sending.begin_reply(response.status, headers):
                async for part in response.content.iter_chunked(READ_BYTES):
                    sending.add(part)
            else:
                response.close()
        return sending.reply()

    async def aclose(self) -> None:
        """Do nothing: the session belongs to the caller."""


_CODED = frozenset({"content-encoding", "content-length"})
"""Headers about the content before it was decoded."""
