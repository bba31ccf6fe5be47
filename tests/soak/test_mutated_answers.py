"""Ten thousand mutated answers: none lets a revoked TLS server pass."""

from __future__ import annotations

from pathlib import Path

from ocsp.testing import LoopbackResponder
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_protection.test_mutated_answers import (
    refuse_mutated_answers,
)


def test_no_mutated_answer_lets_a_revoked_server_pass(tmp_path: Path) -> None:
    """Under hard fail, with a new client for each answer."""
    with LoopbackResponder() as responder:
        scene = Scene(responder, tmp_path)
        refuse_mutated_answers(scene, 10_000)
        scene.close()
