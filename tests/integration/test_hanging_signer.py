"""
A token that does not return, seen by the clients of a real ``ocsp serve``.

Its clients get the stored answers, otherwise *tryLater*, and none of them waits for
longer than the responder waits for a signature. What the checks of readiness say is in
``tests/soak``: they test a signer twice a minute.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

import ocsp
from ocsp.service.building import START_SECONDS
from tests.integration.softhsm import softhsm
from tests.integration.token_scene import BOUND, Scene, serving_from_token, until

pytestmark = pytest.mark.programs

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
TRY_LATER = ocsp.OCSPResponseStatus.TRY_LATER
SUCCESSFUL = ocsp.OCSPResponseStatus.SUCCESSFUL

STOP_BOUND = 15.0
"""Seconds within which the service stops; less than it takes to kill a process."""


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Scene]:
    """Run a responder."""
    with serving_from_token(softhsm(tmp_path_factory).token(), tmp_path) as made:
        yield made


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
    # On a busy machine a worker can begin before the token has given it its key.
    until(lambda: _is_signed(scene, stored))
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
