"""``ocsp signer``: get, renew and check the keys and certificates of a responder."""

from __future__ import annotations

__all__: list[str] = []
