"""Send requests with a pool of urllib3 (extra ``urllib3``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocsp.client.adapters.sending import Sending
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchError, MissingExtraError

try:
    import urllib3
    from urllib3 import exceptions
except ModuleNotFoundError as error:
    raise MissingExtraError("the transport of urllib3", "urllib3") from error

if TYPE_CHECKING:
    from urllib3 import PoolManager

__all__ = ["Urllib3Transport"]


class Urllib3Transport:
    """A :class:`ocsp.client.Transport` over an ``urllib3.PoolManager``."""

    def __init__(self, pool: PoolManager) -> None:
        """
        Use *pool*.

        Args:
            pool: A ``PoolManager`` or ``ProxyManager``. The caller closes it.

        Raises:
            TypeError: If it is something else.
        """
        if not isinstance(pool, urllib3.PoolManager):
            raise TypeError(f"pool must be a PoolManager, not {type(pool).__name__}")
        self._pool = pool

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Not enforced: that the pool connects to the address that was checked; and the
        time for the head of the reply, of which each read has ``io_timeout``.

        Raises:
            FetchError: As :meth:`Transport.send`.
        """
        sending = Sending(request)
        sending.check()
        try:
            response = self._pool.request(
                request.method,
                request.url,
                body=request.body or None,
                headers=sending.headers,
                redirect=False,
                retries=False,
                timeout=sending.left(),
                preload_content=False,
                decode_content=False,
            )
            try:
                if sending.begin_reply(response.status, response.headers.items()):
                    sending.add_all(response)
                    response.release_conn()
                return sending.reply()
            finally:
                response.close()
        except FetchError:
            raise
        except exceptions.NewConnectionError as error:  # a TimeoutError of urllib3
            raise sending.failed(error) from error
        except exceptions.TimeoutError as error:
            raise sending.late() from error
        except exceptions.ProtocolError as error:
            raise sending.broken(error) from error
        except Exception as error:
            raise sending.failed(error) from error

    def close(self) -> None:
        """Do nothing: the pool belongs to the caller."""
