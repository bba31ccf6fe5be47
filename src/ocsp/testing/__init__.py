"""
For test suites: a throw-away PKI, and a responder whose faults can be switched on.

::

    with LoopbackResponder() as responder:
        leaf = responder.pki.issue(status=OCSPCertStatus.REVOKED)
        responder.fail(Fault.WRONG_SERIAL)
        ...  # ask about leaf.certificate at responder.url

With pytest the fixtures ``ocsp_pki`` and ``ocsp_responder`` are there by themselves;
see ``docs/testing.md``.

Rules of this package: what is right is said by the real
:class:`ocsp.responder.Responder`; a fault takes that answer and makes one thing of it
wrong. Nothing here needs pytest; the responder over HTTP needs h11, which the extra
``testing`` brings.
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
