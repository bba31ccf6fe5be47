"""Send requests with a session of requests (extra ``requests``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocsp.client.adapters.sending import Sending
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchError, MissingExtraError

try:
    import requests
    import urllib3.exceptions
except ModuleNotFoundError as error:
    raise MissingExtraError("the transport of requests", "requests") from error

if TYPE_CHECKING:
    from requests import Response, Session

__all__ = ["RequestsTransport"]


class RequestsTransport:
    """
    A :class:`ocsp.client.Transport` over a ``requests.Session``.

    The documentation of requests does not promise that threads can share a session:
    give a client with ``check_many`` a session without cookies, or ``concurrency=1``.
    """

    def __init__(self, session: Session) -> None:
        """
        Use *session*.

        Args:
            session: The session. The caller closes it.

        Raises:
            TypeError: If it is something else.
        """
        if not isinstance(session, requests.Session):
            raise TypeError(f"session must be a Session, not {type(session).__name__}")
        self._session = session

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply; see :meth:`Transport.send`.

        Not enforced: that the session connects to the address that was checked; and
        the time for the head of the reply, of which each read has ``io_timeout``.

        Raises:
            FetchError: As :meth:`Transport.send`.
        """
        sending = Sending(request)
        sending.check()
        try:
            with self._answer(sending) as response:
                headers = response.raw.headers.items()
                if sending.begin_reply(response.status_code, headers):
                    sending.add_all(response.raw)
            return sending.reply()
        except FetchError:
            raise
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise sending.late() from error
        except urllib3.exceptions.ProtocolError as error:
            raise sending.broken(error) from error
        except requests.ConnectionError as error:
            reply_broke = isinstance(
                error.args[0] if error.args else None, urllib3.exceptions.ProtocolError
            )
            raise (sending.broken if reply_broke else sending.failed)(error) from error
        except Exception as error:
            raise sending.failed(error) from error

    def _answer(self, sending: Sending) -> Response:
        """Send the request; the content of the answer is not read yet."""
        request = sending.request
        prepared = self._session.prepare_request(
            requests.Request(
                request.method,
                request.url,
                headers=sending.headers,
                data=request.body or None,
            )
        )
        prepared.url = request.url  # requests writes some characters in another way
        settings = self._session.merge_environment_settings(
            request.url, {}, True, None, None
        )
        return self._session.send(
            prepared, timeout=sending.left(), allow_redirects=False, **settings
        )

    def close(self) -> None:
        """Do nothing: the session belongs to the caller."""
