"""
The responder: answers requests for the certificates of its authorities.

::

    authority = Authority(ca_certificate, KeySigner(key, responder_certificate))
    with SQLiteSource("status.db") as source:
        application = Application(Responder([authority]), source)
        serve(application, listen("127.0.0.1", 8080))

Data flows one way::

    socket → uvicorn → Application → http → Responder.receive → StatusSource
                                                └── Lookup.finish → Signer → answer

Rules of this package: :class:`Responder` does no I/O and reads no clock; what fetches
status is a :class:`StatusSource`, what signs a :class:`ocsp.Signer`, and only the
application at the front waits for either. A status is looked up by issuer *and* serial
number, never by the number alone.
"""

from __future__ import annotations

from ocsp.responder.authority import Authority, UnknownSerialPolicy
from ocsp.responder.core import Answer, Lookup, NoncePolicy, Responder
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord, StatusSource

__all__ = [
    "Answer",
    "Authority",
    "IssuerKey",
    "Lookup",
    "NoncePolicy",
    "Responder",
    "StatusQuery",
    "StatusRecord",
    "StatusSource",
    "UnknownSerialPolicy",
]
