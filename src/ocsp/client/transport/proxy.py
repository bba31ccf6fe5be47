"""
HTTP proxies: which one a request goes through.

The option names a proxy, or leaves the choice to the variables ``http_proxy``,
``https_proxy``, ``all_proxy`` and ``no_proxy``.
"""

from __future__ import annotations

import re

from ocsp.client.options import Proxy
from ocsp.errors import SchemaError
from ocsp.guarded.addresses import address_of, read_network

__all__ = ["ProxyTable"]


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
    address = address_of(host)
    if address is not None:
        try:
            return address in read_network(name)
        except SchemaError:
            pass
    domain = name.removeprefix("*").strip(".")
    return f".{host.rstrip('.')}".endswith(f".{domain}") and bool(domain)


_ENTRY = re.compile(r"(?P<host>\[.*\]|[^:]*)(:(?P<port>\d+))?|(?P<bare>.*:.*:.*)")
"""
A host and a port. An IPv6 address has at least two colons, and takes a port only in
brackets.
"""
