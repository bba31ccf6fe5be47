"""
Stapling: a TLS server sends the status of its certificate along (RFC 6066 §8).

::

    with Stapler([Site(Path("/etc/haproxy/site.pem"))]) as stapler:
        reports = stapler.step()

keeps the file of a staple fresh, for nginx, HAProxy, Apache and servers in Python; as
``ocsp staple`` does from the command line. :mod:`ocsp.stapling.pyopenssl` has the
callbacks for servers and clients in Python.
"""

from __future__ import annotations

from ocsp.stapling.hook import CommandHook
from ocsp.stapling.loop import Wait, WakeReason, run_forever, signals
from ocsp.stapling.report import (
    StapleEvent,
    StapleReport,
    StapleState,
    compatibility_warnings,
)
from ocsp.stapling.site import CertificateAndIssuer, Site, read_pair
from ocsp.stapling.staple_file import StapleFile
from ocsp.stapling.stapler import STAPLE_OPTIONS, Hook, Stapler

__all__ = [
    "STAPLE_OPTIONS",
    "CertificateAndIssuer",
    "CommandHook",
    "Hook",
    "Site",
    "StapleEvent",
    "StapleFile",
    "StapleReport",
    "StapleState",
    "Stapler",
    "Wait",
    "WakeReason",
    "compatibility_warnings",
    "read_pair",
    "run_forever",
    "signals",
]
