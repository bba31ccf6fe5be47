"""
HTTP proxies: which one a request goes through.

The caller chooses a proxy with :class:`Proxy`, or leaves the choice to the variables
``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``. The password of a proxy
appears in no text of this package.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import ClassVar, final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from ocsp.errors import ConfigError

__all__ = ["Proxy", "ProxyTable"]

_DEFAULT_PORT = 80


@final
class Proxy:
    """
    An HTTP proxy, or the rule by which the client finds one.

    ::

        Options(proxy=Proxy("http://user:password@proxy.example:3128"))

    Only proxies with the scheme ``http`` are supported. They also carry https URLs
    (CONNECT, RFC 9110 §9.3.6).

    Attributes:
        ENVIRONMENT: The proxy that the environment names when the client sends its
            first request. If REQUEST_METHOD is set, the program is a CGI script, and
            ``HTTP_PROXY`` in upper case is ignored: it may be a header of the request
            that the script serves (CVE-2016-5385).

        NONE: No proxy, whatever the environment says.

        address: The host and the port, or the name of the rule.
    """

    __slots__ = ("address", "authorization", "host", "port")

    ENVIRONMENT: ClassVar[Proxy]
    NONE: ClassVar[Proxy]

    def __init__(self, url: str) -> None:
        """
        Create a proxy.

        Args:
            url: ``http://HOST:PORT``, with ``USER:PASSWORD@`` before the host if the
                proxy requires them (RFC 7617). Special characters in them are
                percent-encoded.

        Raises:
            ConfigError: If *url* is not such a URL.
        """
        if not isinstance(url, str):
            raise TypeError("url must be a str")
        parts, port = _split(url)
        self.host = parts.hostname or ""
        self.port = port
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.address = f"{name}:{port}"
        self.authorization = _authorization(parts)

    @classmethod
    def _rule(cls, name: str) -> Proxy:
        rule = cls.__new__(cls)
        rule.host, rule.port, rule.authorization = "", 0, ""
        rule.address = name
        return rule

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxy) and (self.address, self.authorization) == (
            other.address,
            other.authorization,
        )

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        if not self.host:
            return f"Proxy.{self.address}"
        user = "***@" if self.authorization else ""
        return f"Proxy('http://{user}{self.address}')"


Proxy.ENVIRONMENT = Proxy._rule("ENVIRONMENT")
Proxy.NONE = Proxy._rule("NONE")


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = _DEFAULT_PORT if parts.port is None else parts.port
        host = parts.hostname or ""
    except ValueError:
        host = ""
    # The message does not quote the URL, because it may contain a password.
    if not host or not host.isascii() or not host.isprintable() or " " in host:
        raise ConfigError("proxy", "must be a URL like http://proxy.example:3128")
    if parts.scheme != "http":
        raise ConfigError(
            "proxy",
            f"has the scheme {parts.scheme}; only http proxies are supported",
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigError("proxy", "must have nothing after the host and the port")
    return parts, port


def _authorization(parts: SplitResult) -> str:
    """Return the value of Proxy-Authorization, or empty (RFC 7617 §2)."""
    if parts.username is None:
        return ""
    pair = [unquote_to_bytes(each or "") for each in (parts.username, parts.password)]
    return f"Basic {base64.b64encode(b':'.join(pair)).decode()}"


class ProxyTable:
    """Which proxy each URL goes through."""

    def __init__(self, proxy: Proxy) -> None:
        """Read the environment, if *proxy* is ``Proxy.ENVIRONMENT``."""
        self._fixed = None if proxy in {Proxy.ENVIRONMENT, Proxy.NONE} else proxy
        self._named: dict[str, str] = {}
        if proxy == Proxy.ENVIRONMENT:
            # Imported here: it imports http.client and more.
            from urllib.request import getproxies_environment

            self._named = getproxies_environment()

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """
        Return the proxy for the URLs of this origin, or ``None``.

        Raises:
            ConfigError: If the environment names a proxy that is not supported.
        """
        if self._fixed is not None or not self._named:
            return self._fixed
        url = self._named.get(scheme) or self._named.get("all")
        if not url or self._is_excluded(host, port):
            return None
        return Proxy(url)

    def _is_excluded(self, host: str, port: int) -> bool:
        excluded = self._named.get("no", "").lower().replace(",", " ").split()
        return any(_covers(entry, host, port) for entry in excluded)


def _covers(entry: str, host: str, port: int) -> bool:
    """
    Return whether *entry* of ``no_proxy`` names *host*.

    An entry is ``*``, a host name, which stands for its subdomains too, an IP address
    or a network (``10.0.0.0/8``). A port can follow.
    """
    if entry == "*":
        return True
    found = _ENTRY.fullmatch(entry)
    if found is None or found["port"] not in {None, str(port)}:
        return False
    name = (found["host"] or found["bare"]).strip("[]")
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        domain = name.removeprefix("*").strip(".")
        return f".{host.rstrip('.')}".endswith(f".{domain}") and bool(domain)


_ENTRY = re.compile(r"(?P<host>\[.*\]|[^:]*)(:(?P<port>\d+))?|(?P<bare>.*:.*:.*)")
"""
A host and a port. An IPv6 address has at least two colons, and takes a port only in
brackets.
"""
