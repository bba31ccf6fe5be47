"""The gate of a connection: two threads that use one connection at the same time."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from ocsp.tls import RevocationRefused
from ocsp.tls.gate import Gate


class _Judge:
    """Admits every peer, after something that another thread does meanwhile."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None

    def require_good(self, connection: object, mode: ssl.VerifyMode) -> None:
        self.meanwhile()


def _gate(judge: _Judge) -> Gate:
    context = ssl.create_default_context()
    context.options |= ssl.OP_NO_RENEGOTIATION
    arguments: Any = judge
    return Gate(arguments, context, server_side=False, recheck=True)


@pytest.mark.parametrize("opened", [False, True])
def test_a_refusal_stays_when_another_thread_admits_the_peer(opened: bool) -> None:
    """Its check began before, and found the peer good: also when it checks again."""
    judge, connection = _Judge(), object()
    gate = _gate(judge)
    check: Any = gate.admit
    if opened:
        check(connection)
        check = gate.admit_again
    judge.meanwhile = lambda: gate.refuse(RevocationRefused("revoked", revoked=True))
    with pytest.raises(RevocationRefused, match="revoked"):
        check(connection)
    assert not gate.is_open
