"""
Serve a responder over HTTP/1.1, with the llhttp parser of httptools.

The server is for OCSP only: a connection keeps no more than one small request, and what
is not a valid request gets *malformedRequest*, after which the connection ends.
"""

from __future__ import annotations

from ocsp.server.native.server import NativeServer

__all__ = ["NativeServer"]
