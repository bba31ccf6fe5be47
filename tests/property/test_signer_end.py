"""
Evidence ends with its signer: for any times, any signer and any moment.

The verifier is the oracle: at each moment at which evidence holds, it accepts the same
response again; and nothing holds after the end of the signer's certificate.
"""

from __future__ import annotations

import datetime
import tempfile
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import CertID, VerifiedResponse
from ocsp.client import MemoryCache
from ocsp.errors import VerificationError
from ocsp.stapling import StapleFile, StapleState
from ocsp.stapling.schedule import SHORTEST
from tests.cases.builder import HOUR, Builder, Identity
from tests.pki import DELEGATION, NOW, ca, key, make
from tests.unit.client.scene import A, Play, certificate, reply, response
from tests.unit.stapling.scripted_stapler import ScriptedStapler

BUILD = Builder()
LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)
HOURS = st.integers(-30, 30)


@cache
def _signer(kind: str, begin: int, end: int) -> Identity:
    make_signer = BUILD.authority if kind == "issuer" else BUILD.delegate
    return make_signer(begin=NOW + begin * HOUR, end=NOW + end * HOUR)


@settings(max_examples=300)
@given(
    kind=st.sampled_from(["issuer", "delegate", "configured"]),
    begin=HOURS,
    end=HOURS,
    this_update=HOURS,
    next_update=HOURS | st.none(),
    at=HOURS,
    later=st.lists(HOURS, min_size=1, max_size=4),
)
def test_evidence_holds_only_while_the_verifier_accepts_it(
    kind: str,
    begin: int,
    end: int,
    this_update: int,
    next_update: int | None,
    at: int,
    later: list[int],
) -> None:
    """And never after the end of its signer."""
    by = _signer(kind, begin, end)
    signer = x509.load_der_x509_certificate(by.der)
    issuer = by if kind == "issuer" else BUILD.ca
    data = BUILD.response(
        by=by,
        this_update=NOW + this_update * HOUR,
        produced_at=NOW + this_update * HOUR,
        next_update=None if next_update is None else NOW + next_update * HOUR,
    )

    def judge(moment: datetime.datetime) -> VerifiedResponse:
        return ocsp.verify(
            data,
            LEAF,
            x509.load_der_x509_certificate(issuer.der),
            responders=[signer] if kind == "configured" else (),
            at=moment,
        )

    try:
        evidence = judge(NOW + at * HOUR)
    except VerificationError:
        return
    assert evidence.responder == signer
    for hour in later:
        moment = NOW + hour * HOUR
        if evidence.holds_at(moment):
            assert begin <= hour < end
            assert judge(moment).holds_until == evidence.holds_until


# --- what is made of evidence, with a moving clock ------------------------------------

DELEGATE_END = NOW + 2 * HOUR
KEY = CertID.for_certificate(certificate(A), ca(), hashes.SHA256())
MOVES = st.lists(st.floats(0, 1.5), min_size=1, max_size=8)
"""How many hours the clock moves before each step."""


@cache
def _answer() -> bytes:
    """Return a response whose nextUpdate is days after the end of its delegate."""
    signer = ocsp.KeySigner(
        key("Test Responder"),
        make("Test Responder", "Test CA", extensions=DELEGATION, end=DELEGATE_END),
    )
    return response(signer=signer, end=NOW + 96 * HOUR, algorithm=hashes.SHA1())


def _require_acceptable(
    evidence: VerifiedResponse | None, now: datetime.datetime
) -> None:
    """Require that the verifier accepts *evidence* at *now*, if there is any."""
    if evidence is not None:
        assert now < DELEGATE_END
        ocsp.verify(evidence.response, certificate(A), ca(), at=now)


@given(moves=MOVES)
def test_a_client_never_uses_an_answer_after_its_signer(moves: list[float]) -> None:
    """From the cache of the process, and after the responder is asked again."""
    held = MemoryCache()
    play = Play("threads", {A: [reply(_answer())]}, cache=held)
    for hours in moves:
        play.clock.seconds += hours * 3600
        evidence = play.check().evidence
        assert evidence is None or isinstance(evidence, VerifiedResponse)
        _require_acceptable(evidence, play.clock.now())
        found = held.get(KEY)
        assert found is None or found.expires <= DELEGATE_END


@given(moves=MOVES)
def test_a_stapler_drops_a_staple_with_its_signer(moves: list[float]) -> None:
    """And asks for a new one before that, although nextUpdate is days later."""
    with tempfile.TemporaryDirectory() as directory:
        scripted = ScriptedStapler(Path(directory), [reply(_answer())])
        served = StapleFile(scripted.staple, certificate(A), ca())
        scripted.step()
        for hours in moves:
            scripted.clock.seconds += hours * 3600
            now = scripted.clock.now()
            _require_acceptable(served.evidence(now), now)
            report = scripted.step()
            _require_acceptable(report.evidence, now)
            assert (report.state is StapleState.MISSING) is (now >= DELEGATE_END)
            if now < DELEGATE_END:
                assert report.next_at <= max(DELEGATE_END, now + SHORTEST)
        assert len(scripted.script.sent) > 1 or now < NOW + 1.4 * HOUR
