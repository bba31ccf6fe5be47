"""
Fetch revocation information for pyHanko: OCSP responses, CRLs and issuers.

::

    backend = ClientFetcherBackend(issuers=[root, intermediate])
    context = ValidationContext(
        trust_roots=[root], fetcher_backend=backend, allow_fetching=True
    )

pyHanko signs and validates PDF documents and CMS messages. It asks a *fetcher backend*
for the responses and CRLs that it embeds for long-term validation (PAdES B-LT). This
one asks an :class:`ocsp.AsyncClient`, which verifies each answer, caches it, and
remembers the newest one. The packages are in the extra ``pyhanko``.
"""

from __future__ import annotations

from ocsp.errors import MissingExtraError

try:
    from ocsp.pyhanko.backend import ClientFetcherBackend
    from ocsp.pyhanko.errors import CRLNotFetched, ResponseNotFetched, RevokedNotProven
except ModuleNotFoundError as error:
    raise MissingExtraError("fetching for pyHanko", "pyhanko") from error

__all__ = [
    "CRLNotFetched",
    "ClientFetcherBackend",
    "ResponseNotFetched",
    "RevokedNotProven",
]
