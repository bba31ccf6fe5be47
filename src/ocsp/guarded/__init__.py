"""
The only room that gives untrusted data to the parsers of other libraries.

Each function limits size and nesting first, because a parser that recurses can end the
process. Whatever the parser then raises becomes an error of :mod:`ocsp.errors`.
"""

from __future__ import annotations

__all__: list[str] = []
