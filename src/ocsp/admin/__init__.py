"""
The port for operators: health, metrics, and pages for people.

::

    await serve(application(state, totals, checks), [socket], stop)
"""

from __future__ import annotations

from ocsp.admin.application import application
from ocsp.admin.checks import responder_checks
from ocsp.admin.live_state import (
    ConfiguredIssuer,
    IssuerElsewhere,
    LiveState,
    PresentConfiguration,
)
from ocsp.admin.readiness import Check, CheckResult, Level
from ocsp.admin.serving import serve
from ocsp.admin.state import (
    CertificateView,
    IssuerView,
    KeptAnswer,
    ResponderState,
    SignerView,
    StatusChange,
    StoreView,
)

__all__ = [
    "CertificateView",
    "Check",
    "CheckResult",
    "ConfiguredIssuer",
    "IssuerElsewhere",
    "IssuerView",
    "KeptAnswer",
    "Level",
    "LiveState",
    "PresentConfiguration",
    "ResponderState",
    "SignerView",
    "StatusChange",
    "StoreView",
    "application",
    "responder_checks",
    "serve",
]
