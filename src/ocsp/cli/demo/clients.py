"""
The clients of ``ocsp demo``: this package over HTTP, and the ``openssl`` program.

A client asks one question and returns one :class:`Answer`. A failure is an answer too,
because the table shows it. No client uses a proxy, because the responder runs on this
machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.client import AddressPolicy, HTTPRequest, Proxy
from ocsp.errors import (
    FetchError,
    MissingExtraError,
    UnsuccessfulResponse,
    VerificationError,
)
from ocsp.http import REQUEST_TYPE, get_url
from ocsp.inspection.documents import response_status_name
from ocsp.inspection.vocabulary import common_name
from ocsp.messages.certid import CertID
from ocsp.messages.reasons import reason_name
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification import VerifiedResponse, verify

__all__ = [
    "Answer",
    "OpenSSLClient",
    "PackageClient",
    "find_openssl",
    "openssl_command",
]

UNSIGNED = "not signed"
"""An OCSP error response has no signature that could be verified."""

_TIMEOUT = 10.0
"""Seconds. The responder is on this machine, where an answer takes milliseconds."""

_BOUNDS: dict[str, Any] = {
    "address_policy": AddressPolicy.PRIVATE_TOO,
    "max_bytes": limits.MAX_VERIFIED_BYTES,
    "timeout": _TIMEOUT,
    "io_timeout": _TIMEOUT,
}
"""What every exchange of the demo has in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    The answer to one question, as one client understood it.

    Attributes:
        says: ``good``, ``revoked (keyCompromise)``, ``unauthorized``, or the failure.

        verified_by: The program that verified the signature, and its trusted CA.

        milliseconds: The time from sending the request to the end of verification.
    """

    says: str
    verified_by: str
    milliseconds: float = 0.0


def _timed(ask: Callable[[], Answer]) -> Answer:
    start = time.perf_counter()
    answer = ask()
    return replace(answer, milliseconds=(time.perf_counter() - start) * 1000)


class PackageClient:
    """A client that sends this package's messages with this package's transport."""

    def __init__(self, url: str, issuer: x509.Certificate) -> None:
        try:
            from ocsp.client.transport.threads import HTTPTransport
        except ModuleNotFoundError as error:
            raise MissingExtraError("ocsp demo", "client") from error
        self._url = url
        self._issuer = issuer
        self._transport = HTTPTransport(proxy=Proxy.NONE)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def fetch(self, url: str) -> bytes:
        """
        Return the body of a GET of *url*.

        Raises:
            FetchError: If there is no answer.
        """
        return self._send(HTTPRequest(method="GET", url=url, **_BOUNDS))

    def _send(self, request: HTTPRequest) -> bytes:
        return self._transport.send(request).body

    def get(self, certificate: x509.Certificate) -> Answer:
        """Ask by GET: cacheable, without a nonce (RFC 9919 §6)."""
        return _timed(lambda: self._ask(certificate, None))

    def post(self, certificate: x509.Certificate) -> Answer:
        """Ask by POST, with a nonce of 32 octets (RFC 9654 §2.1)."""
        return _timed(lambda: self._ask(certificate, os.urandom(32)))

    def _ask(self, certificate: x509.Certificate, nonce: bytes | None) -> Answer:
        cert_id = CertID.for_certificate(certificate, self._issuer, hashes.SHA256())
        try:
            body = self._fetch(cert_id, nonce)
        except FetchError as error:
            return Answer(says=f"no answer: {error}", verified_by="-")
        return self.judge(body, certificate, nonce)

    def _fetch(self, cert_id: CertID, nonce: bytes | None) -> bytes:
        builder = OCSPRequestBuilder().add_certificate_by_id(cert_id)
        if nonce is None:
            der = builder.build().public_bytes(Encoding.DER)
            return self.fetch(get_url(self._url, der))
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return self._send(
            HTTPRequest(
                method="POST",
                url=self._url,
                headers=(("content-type", REQUEST_TYPE),),
                body=builder.build().public_bytes(Encoding.DER),
                **_BOUNDS,
            )
        )

    def judge(
        self, body: bytes, certificate: x509.Certificate, nonce: bytes | None
    ) -> Answer:
        """Verify *body*, and return its answer about *certificate*."""
        try:
            verified = verify(body, certificate, self._issuer, nonce=nonce)
        except UnsuccessfulResponse as error:
            status = OCSPResponseStatus(error.status)
            return Answer(says=response_status_name(status), verified_by=UNSIGNED)
        except VerificationError as error:
            return Answer(says=f"rejected: {error}", verified_by="-")
        trusted = common_name(self._issuer)
        return Answer(says=_says(verified), verified_by=f"ocsp: {trusted}")


def _says(verified: VerifiedResponse) -> str:
    status, reason = verified.status.name.lower(), verified.revocation_reason
    return status if reason is None else f"{status} ({reason_name(reason)})"


def find_openssl() -> str | None:
    """Return the path of the ``openssl`` program, or ``None``."""
    return shutil.which("openssl")


def openssl_command(
    program: str, ca_file: Path, certificate: Path, *options: str
) -> list[str]:
    """Return an ``openssl ocsp`` command line for the file *certificate*."""
    return [
        program,
        "ocsp",
        *("-issuer", str(ca_file)),
        *("-cert", str(certificate)),
        *("-CAfile", str(ca_file)),
        *options,
    ]


class OpenSSLClient:
    """
    A client that runs the independent program ``openssl ocsp``.

    The program itself sends only POST. For a GET it writes the request to a file,
    *fetch* sends it, and the program verifies the response.
    """

    def __init__(
        self, program: str, url: str, ca_file: Path, fetch: Callable[[str], bytes]
    ) -> None:
        self._program = program
        self._url = url
        self._ca_file = ca_file
        self._fetch = fetch

    def _command(self, certificate: Path, *options: str) -> list[str]:
        return openssl_command(self._program, self._ca_file, certificate, *options)

    def post(self, certificate: Path) -> Answer:
        """Ask by POST, with the defaults of openssl: a nonce and a SHA-1 CertID."""
        return _timed(lambda: self._run(self._command(certificate, "-url", self._url)))

    def get(self, certificate: Path) -> Answer:
        """Ask by GET, without a nonce."""
        return _timed(lambda: self._by_get(certificate))

    def _by_get(self, certificate: Path) -> Answer:
        with tempfile.TemporaryDirectory(prefix="ocsp-demo-") as directory:
            request, response = Path(directory, "request"), Path(directory, "response")
            self._run(self._command(certificate, "-no_nonce", "-reqout", str(request)))
            response.write_bytes(self._fetch(get_url(self._url, request.read_bytes())))
            return self._run(
                self._command(certificate, "-no_nonce", "-respin", str(response))
            )

    def _run(self, command: list[str]) -> Answer:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy")
        }
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                env=environment,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Answer(says=f"no answer: {error}", verified_by="-")
        return read_openssl(done.stdout + done.stderr)


_STATUS_LINE = re.compile(r"^\S.*: (?P<status>good|revoked|unknown)$", re.MULTILINE)
_REASON_LINE = re.compile(r"^\s*Reason: (?P<reason>\S+)$", re.MULTILINE)
_ERROR_LINE = re.compile(r"Responder Error: (?P<status>\w+)")


def read_openssl(printed: str) -> Answer:
    """Return the answer in *printed*, the output of ``openssl ocsp``."""
    error = _ERROR_LINE.search(printed)
    if error:
        return Answer(says=error["status"].lower(), verified_by=UNSIGNED)
    status = _STATUS_LINE.search(printed)
    if status is None or "Response verify OK" not in printed:
        last = (printed.strip().splitlines() or ["nothing printed"])[-1]
        return Answer(says=f"rejected: {last}", verified_by="-")
    reason = _REASON_LINE.search(printed)
    says = status["status"] + (f" ({reason['reason']})" if reason else "")
    nonce = "" if "no nonce in response" not in printed else ", no nonce"
    return Answer(says=says, verified_by=f"openssl: verify OK{nonce}")
