"""
Provide a stapler with scripted responses and a clock that the test sets.

It does not wait and opens no connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus, VerifiedResponse
from ocsp.client import Options
from ocsp.stapling import STAPLE_OPTIONS, Hook, Site, Stapler, StapleReport
from tests.pki import DELEGATION, NOW, ca, key, make
from tests.unit.client.scene import HOUR, A, Clock, Reply, Script, certificate, response

__all__ = ["ScriptedStapler", "delegate_until", "signed", "verified", "write_site"]

# With retries, the client would really wait between two attempts of a check.
OPTIONS = replace(STAPLE_OPTIONS, retries=0)


def signed(
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
    begin: float = -1,
    end: float = 23,
    serial: int = 0x1F2E,
    signer: ocsp.KeySigner | None = None,
) -> bytes:
    """Return a response with SHA-1, valid from *begin* to *end* hours after ``NOW``."""
    return response(
        status,
        serial=serial,
        begin=NOW + begin * HOUR,
        end=NOW + end * HOUR,
        algorithm=hashes.SHA1(),
        signer=signer,
    )


def delegate_until(hours: float) -> ocsp.KeySigner:
    """Return a delegate whose certificate ends *hours* after ``NOW``."""
    name, end = "Test Responder", NOW + hours * HOUR
    certificate = make(name, "Test CA", extensions=DELEGATION, end=end)
    return ocsp.KeySigner(key(name), certificate)


def verified(data: bytes, serial: int = 0x1F2E, hours: float = 0) -> VerifiedResponse:
    """Return the result of verifying *data*."""
    return ocsp.verify(data, certificate(A, serial=serial), ca(), at=NOW + hours * HOUR)


def write_site(
    path: Path, *certificates: x509.Certificate, encoding: Encoding = Encoding.PEM
) -> Path:
    """Write *certificates* to one file."""
    path.write_bytes(b"".join(each.public_bytes(encoding) for each in certificates))
    return path


class ScriptedStapler:
    """A stapler for one site, and its clock."""

    def __init__(
        self,
        directory: Path,
        replies: Sequence[Reply],
        *,
        hook: Hook | None = None,
        cert: x509.Certificate | None = None,
        options: Options = OPTIONS,
        url: str | None = None,
        sites: Callable[[Site], Sequence[Site]] = lambda site: [site],
    ) -> None:
        self.site = Site(
            write_site(directory / "site.pem", cert or certificate(A), ca())
        )
        self.clock = Clock()
        self.script = Script({A: list(replies)})
        self.stapler = Stapler(
            sites(self.site),
            url=url,
            options=options,
            hook=hook,
            transport=self.script,
            environment=self.clock.environment(),
        )

    @property
    def staple(self) -> Path:
        """The staple file."""
        return self.site.staple_file

    def step(self, hours: float | None = None, *, now: bool = False) -> StapleReport:
        """Take a step, *hours* after ``NOW``."""
        if hours is not None:
            self.clock.seconds = hours * 3600
        (report,) = self.stapler.step(now=now)
        return report

    def hours(self, report: StapleReport) -> float:
        """Return how many hours after ``NOW`` the next request is due."""
        return (report.next_at - NOW) / HOUR
