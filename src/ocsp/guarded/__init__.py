"""
The only room that opens files to read them, and calls parsers of other libraries.

Each function limits what it reads first, because a file can have no end, and a parser
that recurses can end the process. Whatever the parser then raises becomes an error of
:mod:`ocsp.errors`.
"""

from __future__ import annotations

__all__: list[str] = []
