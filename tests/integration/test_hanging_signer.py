"""
A token that does not return, seen by the clients of a real ``ocsp serve``.

Its clients get the stored answers, otherwise *tryLater*, and none of them waits for
longer than the responder waits for a signature.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import limits
from ocsp.service.building import START_SECONDS
from tests.ca_folder import CAFolder
from tests.integration.remote_token import RemoteToken
from tests.integration.services import PROGRAM, SECONDS, Service, ask, running
from tests.integration.softhsm import SoftHSM, softhsm

pytestmark = pytest.mark.programs

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
TRY_LATER = ocsp.OCSPResponseStatus.TRY_LATER
SUCCESSFUL = ocsp.OCSPResponseStatus.SUCCESSFUL

BOUND = limits.MAX_SIGNING_SECONDS + 3.0
"""Seconds within which each client has its answer, on a busy machine."""

STOP_BOUND = 15.0
"""Seconds within which the service stops; less than it takes to kill a process."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SoftHSM:
    """Return the tokens of this process."""
    return softhsm(tmp_path_factory)


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


@pytest.fixture
def scene(store: SoftHSM, tmp_path: Path) -> Iterator[Scene]:
    """Run a responder with two workers and an admin port."""
    token = store.token()
    files = CAFolder(tmp_path)
    own = files.ca.delegate("responder", files.validity, token.ec("ocsp"))
    (tmp_path / "responder.pem").write_bytes(own.certificate_pem)
    with RemoteToken(token, tmp_path) as remote:
        files.write(
            "ocsp.toml",
            'database = "sqlite:status.db"\nlisten = ["127.0.0.1:0"]\nworkers = 2\n'
            'admin = { listen = "127.0.0.1:0" }\n'
            '[[issuer]]\ncertificate = "ca.pem"\nsigners = ['
            f"{remote.settings(tmp_path / 'responder.pem', 'ocsp')}]\n",
        )
        command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
        environment = remote.environment
        with running(command, tmp_path, environment=environment) as service:
            service.read_url()
            service.read_url()
            service.wait_for("the responder is ready")
            yield Scene(files, remote, service)


def _ask_all(
    scene: Scene,
    expected: dict[x509.Certificate, ocsp.OCSPResponseStatus],
    *,
    within: float = BOUND,
) -> None:
    """Ask by many clients at once, so that each worker is asked."""
    asked = [(each, nonce) for each in expected for nonce in (False, True)] * 5
    with ThreadPoolExecutor(len(asked)) as clients:
        answers = clients.map(
            lambda each: scene.ask(each[0], nonce=each[1], within=within), asked
        )
    for (certificate, _), answer in zip(asked, answers, strict=True):
        assert answer.response_status is expected[certificate]


def test_clients_of_a_token_that_hangs(scene: Scene) -> None:
    """They get stored answers, otherwise tryLater, also of a worker that begins then."""
    files, service = scene.files, scene.service
    stored, changed = files.web, files.issue("changed.example.org")
    for certificate in (stored, changed):
        assert scene.ask(certificate).certificate_status is GOOD
    with scene.remote.frozen():
        new = files.issue("new.example.org")
        files.revoke(changed)
        expected = {stored: SUCCESSFUL, changed: TRY_LATER, new: TRY_LATER}
        _ask_all(scene, expected)
        _ask_all(scene, expected, within=1.0)  # that it hangs is known by then
        os.kill(service.children()["worker-1"], signal.SIGKILL)
        service.wait_for("ended with signal 9")
        # The kernel has given some connections to it.
        _ask_all(scene, expected, within=START_SECONDS + BOUND)
        service.wait_for("begins without its key")
    for certificate, status in ((stored, GOOD), (changed, REVOKED), (new, GOOD)):
        until(lambda each=certificate: _is_signed(scene, each))
        answer = scene.ask(certificate)
        assert answer.certificate_status is status
        scene.verify(answer, certificate)
    with scene.remote.frozen():
        begin = time.monotonic()
        assert service.stop() == 0  # it does not wait to log out
        assert time.monotonic() - begin < STOP_BOUND


def _is_signed(scene: Scene, certificate: x509.Certificate) -> bool:
    """Tell whether new answers are signed, by each of the workers that are asked."""
    answers = [scene.ask(certificate, nonce=True) for _ in range(8)]
    return all(
        each.response_status is SUCCESSFUL and each.extensions for each in answers
    )
