"""
Keep OCSP staples fresh for TLS servers (RFC 6066 §8).

A staple is an OCSP response that a TLS server sends in the handshake.

::

    with Stapler([Site(Path("/etc/haproxy/site.pem"))]) as stapler:
        reports = stapler.step()

renews the staple file of a certificate, for nginx, HAProxy, Apache and servers in
Python; ``ocsp staple`` does the same from the command line.
:mod:`ocsp.stapling.pyopenssl` has the callbacks for servers and clients in Python.
"""

from __future__ import annotations

from ocsp.stapling.hook import CommandHook
from ocsp.stapling.loop import Wait, WakeReason, run_forever, signals
from ocsp.stapling.need import NotNeeded
from ocsp.stapling.report import (
    DroppedContent,
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
    "DroppedContent",
    "Hook",
    "NotNeeded",
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
