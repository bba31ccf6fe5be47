"""Published documents: ``cryptography-vectors`` by name, and the folders here."""

from __future__ import annotations

from pathlib import Path

import cryptography_vectors

__all__ = ["REQUESTS", "RESPONSES", "RFC9919", "vector"]

_FOLDER = Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"

RFC9919 = Path(__file__).parent / "rfc9919"
"""The worked example of RFC 9919 Appendix B; its README describes the files."""


def vector(name: str) -> bytes:
    """Return the document *name*, without ``.der``."""
    return (_FOLDER / f"{name}.der").read_bytes()


def _named(part: str) -> dict[str, bytes]:
    paths = sorted(_FOLDER.glob(f"*{part}*.der"))
    return {path.stem: path.read_bytes() for path in paths}


REQUESTS = {n: d for n, d in _named("req").items() if "resp" not in n.split("-")}
"""The requests among them."""

RESPONSES = {n: d for n, d in _named("resp").items() if n not in REQUESTS}
"""The responses among them."""
