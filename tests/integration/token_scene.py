"""A responder whose key is in a token that a test can freeze, and its clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import limits
from tests.ca_folder import CAFolder
from tests.integration.remote_token import RemoteToken
from tests.integration.services import PROGRAM, SECONDS, Service, ask, running
from tests.integration.softhsm import Token

__all__ = ["BOUND", "Scene", "serving_from_token", "until"]

BOUND = limits.MAX_SIGNING_SECONDS + 3.0
"""Seconds within which each client has its answer, on a busy machine."""


class Scene:
    """A responder whose key is in a token in another process."""

    def __init__(self, files: CAFolder, remote: RemoteToken, service: Service) -> None:
        self.files = files
        self.remote = remote
        self.service = service

    def request(self, certificate: x509.Certificate, *, nonce: bool = False) -> bytes:
        """Return a request for *certificate*."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            certificate, self.files.ca.certificate, hashes.SHA256()
        )
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(b"n" * 32), critical=False)
        return builder.build().public_bytes(Encoding.DER)

    def ask(
        self,
        certificate: x509.Certificate,
        *,
        nonce: bool = False,
        within: float = BOUND,
    ) -> ocsp.OCSPResponse:
        """Return the answer about *certificate*, which comes *within* some seconds."""
        begin = time.monotonic()
        answer = ask(self.service.url, self.request(certificate, nonce=nonce))
        assert time.monotonic() - begin < within
        return answer

    def verify(self, answer: ocsp.OCSPResponse, certificate: x509.Certificate) -> None:
        """Verify *answer* as clients do."""
        der = answer.public_bytes(Encoding.DER)
        ocsp.verify(der, certificate, self.files.ca.certificate)

    def ready(self) -> tuple[int, dict[str, str]]:
        """Return the code of ``GET /ready``, and what is wrong, by check."""
        netloc = urllib.parse.urlsplit(self.service.urls[1]).netloc
        connection = http.client.HTTPConnection(netloc, timeout=SECONDS)
        connection.request("GET", "/ready")
        reply = connection.getresponse()
        checks = json.loads(reply.read())["checks"]
        connection.close()
        return reply.status, {
            each["name"]: each["why"] for each in checks if each["level"] != "ok"
        }


def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until *condition* holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextlib.contextmanager
def serving_from_token(token: Token, folder: Path) -> Iterator[Scene]:
    """Run a responder with two workers and an admin port."""
    files = CAFolder(folder)
    own = files.ca.delegate("responder", files.validity, token.ec("ocsp"))
    (folder / "responder.pem").write_bytes(own.certificate_pem)
    with RemoteToken(token, folder) as remote:
        files.write(
            "ocsp.toml",
            'database = "sqlite:status.db"\nlisten = ["127.0.0.1:0"]\nworkers = 2\n'
            'admin = { listen = "127.0.0.1:0" }\n'
            '[[issuer]]\ncertificate = "ca.pem"\nsigners = ['
            f"{remote.settings(folder / 'responder.pem', 'ocsp')}]\n",
        )
        command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
        environment = remote.environment
        with running(command, folder, environment=environment) as service:
            service.read_url()
            service.read_url()
            service.wait_for("the responder is ready")
            yield Scene(files, remote, service)
