"""
The keys of a responder: load, check and replace them, and sign in bounded time.

::

    spec = SignerSpec(certificate=Path("responder.pem"), key=Path("responder.key"))
    authority = Authority(ca_certificate, load_signer(spec))
    print(self_test(authority, datetime.datetime.now(datetime.UTC)).failures)
"""

from __future__ import annotations

from ocsp.signers.expiry import DEFAULT_ALARM
from ocsp.signers.health import SignerHealth, SignerState
from ocsp.signers.loaded_signer import LoadedSigner
from ocsp.signers.loading import load_signer
from ocsp.signers.self_test import Check, CheckResult, SelfTest, self_test
from ocsp.signers.signer_set import SignerSet
from ocsp.signers.signer_watch import SignerWatch
from ocsp.signers.slots import SigningSlots
from ocsp.signers.spec import SignerSpec
from ocsp.signers.tester import SignerTester

__all__ = [
    "DEFAULT_ALARM",
    "Check",
    "CheckResult",
    "LoadedSigner",
    "SelfTest",
    "SignerHealth",
    "SignerSet",
    "SignerSpec",
    "SignerState",
    "SignerTester",
    "SignerWatch",
    "SigningSlots",
    "load_signer",
    "self_test",
]
