"""
Provide a throw-away PKI and a responder with faults on demand, for test suites.

::

    with LoopbackResponder() as responder:
        leaf = responder.pki.issue(status=OCSPCertStatus.REVOKED)
        responder.fail(Fault.WRONG_SERIAL)
        ...  # check leaf.certificate at responder.url

With pytest, the fixtures ``ocsp_pki`` and ``ocsp_responder`` are available without
set-up; see ``docs/testing.md``.

The real :class:`ocsp.responder.Responder` makes every correct answer; a fault takes
that answer and changes one thing. The package works without pytest. The responder over
HTTP needs h11, which the extra ``testing`` installs.
"""

from __future__ import annotations

from ocsp.responder.authority import UnknownSerialPolicy
from ocsp.testing.answers import build_answer
from ocsp.testing.faults import ExpectedOutcome, Fault
from ocsp.testing.loopback import LoopbackResponder
from ocsp.testing.pki import PKI
from ocsp.testing.requests import ReceivedRequest
from ocsp.testing.throwaway_ca import Identity

__all__ = [
    "PKI",
    "ExpectedOutcome",
    "Fault",
    "Identity",
    "LoopbackResponder",
    "ReceivedRequest",
    "UnknownSerialPolicy",
    "build_answer",
]
