"""
Transports that send requests with an HTTP client of another library.

::

    from ocsp.client.adapters.httpx import HTTPXTransport

    with httpx.Client() as http, ocsp.Client(transport=HTTPXTransport(http)) as client:
        client.check(cert, issuer).require_good()

The HTTP client then decides about proxies, TLS, headers and the number of connections.
The modules are imported by name: each needs the extra of its library.

Every adapter refuses redirects, bounds the content while it reads, and turns each
failure into an error of this package. Not enforced, because the HTTP client connects by
itself: that it connects to the address that was checked.
"""

from __future__ import annotations

__all__: list[str] = []
