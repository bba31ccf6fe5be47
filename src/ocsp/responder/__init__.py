"""
Answer OCSP requests for the certificates of one or more CAs.

::

    authority = Authority(ca_certificate, [KeySigner(key, responder_certificate)])
    with ocsp.store.SQLiteStore("status.db") as source:
        handler = ocsp.server.RequestHandler(Responder([authority]), source)
        ocsp.server.serve(handler, ocsp.server.bind("127.0.0.1", 8080))

Data flows one way::

    socket → NativeServer → RequestHandler → Responder.receive → StatusSource
                                             Responder.finish → Signer → answer

:class:`Responder` does no I/O and reads no clock. A :class:`StatusSource` fetches the
status, an :class:`ocsp.Signer` signs, and only the request handler waits for them.
A status is looked up by issuer *and* serial number, never by the serial number alone.
"""

from __future__ import annotations

from ocsp.responder.answer import Answer, Lookup
from ocsp.responder.authority import Authority, SignerTrust, UnknownSerialPolicy
from ocsp.responder.canned import CannedAnswer, CannedAuthority
from ocsp.responder.core import NoncePolicy, Responder
from ocsp.responder.foreign import EdgeAuthority, ForeignAuthority, Forward
from ocsp.responder.requests.requestors import Requestors
from ocsp.responder.schedule import is_usable, usable_until
from ocsp.responder.source import (
    IssuerKey,
    LocalSource,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.responder.stored_answer import (
    AnswerStore,
    AnswerWriter,
    CertIDForm,
    ChangedStatus,
    Changes,
    CheckedAnswer,
    CurrentAnswer,
    DueAnswer,
    LookupResult,
    NewAnswer,
    RemoteAnswerStore,
    SharedAnswerReader,
    StoredAnswer,
)

__all__ = [
    "Answer",
    "AnswerStore",
    "AnswerWriter",
    "Authority",
    "CannedAnswer",
    "CannedAuthority",
    "CertIDForm",
    "ChangedStatus",
    "Changes",
    "CheckedAnswer",
    "CurrentAnswer",
    "DueAnswer",
    "EdgeAuthority",
    "ForeignAuthority",
    "Forward",
    "IssuerKey",
    "LocalSource",
    "Lookup",
    "LookupResult",
    "NewAnswer",
    "NoncePolicy",
    "RemoteAnswerStore",
    "Requestors",
    "Responder",
    "SharedAnswerReader",
    "SignerTrust",
    "StatusQuery",
    "StatusRecord",
    "StatusSource",
    "StoredAnswer",
    "UnknownSerialPolicy",
    "is_usable",
    "usable_until",
]
