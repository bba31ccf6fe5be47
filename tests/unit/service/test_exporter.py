"""The exporter: its configuration, its rounds, and what it serves."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import ConfigurationError, FetchTimeout
from ocsp.probing import (
    HashName,
    Method,
    ProbeAnswer,
    ProbeReport,
    ProbeSettings,
    Question,
    Thresholds,
)
from ocsp.service.exporter import read_exporter_configuration
from ocsp.service.exporter.application import exporter_application
from ocsp.service.exporter.rounds import Rounds
from ocsp.service.exporter.targets import Target
from ocsp.testing import PKI

PKI_ = PKI()
LEAF = PKI_.issue()
OTHER = PKI(name="Other").issue()
PATIENCE = 30.0

SMALLEST = """\
[[target]]
name = "one"
url = "http://ocsp.example.test"
issuer = "ca.pem"
certificate = "leaf.pem"
"""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, cert in (
        ("leaf", LEAF.certificate),
        ("ca", LEAF.issuer),
        ("other", OTHER.certificate),
    ):
        Path(f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))


def _read(text: str) -> object:
    Path("exporter.toml").write_text(text)
    return read_exporter_configuration("exporter.toml")


# --- the configuration ----------------------------------------------------------------


def test_the_smallest_configuration_has_defaults() -> None:
    """It listens on this machine only."""
    Path("exporter.toml").write_text(SMALLEST)
    file = read_exporter_configuration("exporter.toml")
    configuration = file.configuration
    assert str(configuration.admin.listen) == "127.0.0.1:9081"
    assert configuration.interval == datetime.timedelta(minutes=1)
    assert file.token is None
    (target,) = file.targets
    assert target.cert == LEAF.certificate
    assert len(target.settings.questions) == 8
    assert target.thresholds == Thresholds()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "target: is missing; add it"),
        ("target = []", "exporter.toml:1: target: is empty; give at least one"),
        (
            SMALLEST.replace("ca.pem", "nowhere.pem"),
            "nowhere.pem: No such file",
        ),
        (
            SMALLEST.replace("leaf.pem", "other.pem"),
            "other.pem was not issued by",
        ),
        (SMALLEST + 'serial = "1"', "give either certificate or serial"),
        (
            SMALLEST.replace('certificate = "leaf.pem"', 'serial = "one"'),
            "exporter.toml:5: target.serial: 'one' is not a number",
        ),
        (SMALLEST.replace('"one"', '""'), "has 0 characters"),
        (SMALLEST * 2, "has two targets with the name 'one'"),
        (SMALLEST + "intervall = 3", "is not a setting"),
        (SMALLEST + 'methods = ["PUT"]', "write one of 'GET' or 'POST'"),
        (SMALLEST + "nonces = []", "is empty; give at least one"),
        (
            SMALLEST.replace("http://ocsp", "http://user@ocsp"),
            "has a user name or a fragment",
        ),
        (
            SMALLEST + 'warn_remaining = "1h"\ncrit_remaining = "2h"',
            "exporter.toml:6: target.warn_remaining: must not be shorter",
        ),
        (
            SMALLEST + 'warn_latency = "2s"\ncrit_latency = "1s"',
            "exporter.toml:6: target.warn_latency: must not be longer",
        ),
        ('interval = "0s"\n' + SMALLEST, "must be more than 0 seconds"),
        ('[admin]\nlisten = "0.0.0.0:1"\n' + SMALLEST, "set token_file"),
        (
            '[admin]\ntoken_file = "ca.key"\n' + SMALLEST,
            "exporter.toml:2: admin.token_file: ",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(
    text: str, problem: str
) -> None:
    """Before anything is asked."""
    with pytest.raises(ConfigurationError) as caught:
        _read(text)
    assert problem in str(caught.value)


def test_all_problems_of_targets_are_reported() -> None:
    """In one error."""
    wrong = SMALLEST.replace("ca.pem", "none.pem")
    with pytest.raises(ConfigurationError) as caught:
        _read(wrong + wrong.replace('"one"', '"two"'))
    assert [each.line for each in caught.value.problems] == [4, 9]


def test_the_number_of_targets_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the number of time series is."""
    two = SMALLEST + SMALLEST.replace('"one"', '"two"')
    _read(two)
    monkeypatch.setattr(limits, "MAX_PROBE_TARGETS", 1)
    with pytest.raises(ConfigurationError, match="MAX_PROBE_TARGETS = 1"):
        _read(two)


# --- rounds ---------------------------------------------------------------------------


def _target(name: str) -> Target:
    return Target(
        name,
        "http://a.test",
        LEAF.certificate,
        LEAF.issuer,
        ProbeSettings(),
        Thresholds(),
    )


def _report(target: Target) -> ProbeReport:
    answer = ProbeAnswer(
        question=Question(Method.GET, HashName.SHA256, nonce=False),
        at=datetime.datetime.now(datetime.UTC),
        seconds=0.1,
        error=FetchTimeout(target.url, "took too long"),
    )
    return ProbeReport(url=target.url, answers=(answer,))


class _Asked:
    """Counts who is asked, and how many at a time."""

    def __init__(self, report: Callable[[Target], ProbeReport] = _report) -> None:
        self.names: list[str] = []
        self.most = 0
        self._report = report
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, target: Target) -> ProbeReport:
        with self._lock:
            self.names.append(target.name)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self._report(target)
        finally:
            with self._lock:
                self._now -= 1


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.001)


def _run(rounds: Rounds, condition: Callable[[], bool]) -> None:
    """Run *rounds* until *condition* holds."""

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(rounds.run(stop))
        await _until(condition)
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await running

    asyncio.run(main())


def test_all_targets_are_probed_in_rounds_and_few_at_a_time() -> None:
    """The results are in the order of the targets."""
    asked = _Asked()
    targets = [_target(str(number)) for number in range(7)]
    rounds = Rounds(targets, 0.001, 2, asked)
    assert rounds.results() == []
    _run(rounds, lambda: rounds.completed >= 3)
    assert 1 <= asked.most <= 2
    assert sorted(asked.names[:7]) == [str(number) for number in range(7)]
    assert len(asked.names) >= 21
    assert [each.name for each in rounds.results()] == [each.name for each in targets]


def test_an_unexpected_error_costs_one_target_its_result(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and the next round asks again."""

    def report(target: Target) -> ProbeReport:
        if target.name == "bad":
            raise RuntimeError("surprise")
        return _report(target)

    rounds = Rounds([_target("bad"), _target("good")], 0.001, 1, _Asked(report))
    _run(rounds, lambda: rounds.completed >= 2)
    assert [each.name for each in rounds.results()] == ["good"]
    assert rounds.overdue(1e9) == ["bad"]
    assert "probing the target bad failed" in caplog.text


def test_a_stop_does_not_wait_for_those_that_were_not_asked() -> None:
    """Of a thousand targets only the first is asked."""
    reached, release = threading.Event(), threading.Event()

    def report(target: Target) -> ProbeReport:
        reached.set()
        assert release.wait(PATIENCE)
        return _report(target)

    asked = _Asked(report)
    rounds = Rounds([_target(str(each)) for each in range(1000)], 60.0, 1, asked)

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(rounds.run(stop))
        await asyncio.to_thread(reached.wait, PATIENCE)
        stop.set()
        await asyncio.sleep(0)
        await _until(rounds._scope.cancelled.is_set)
        release.set()
        async with asyncio.timeout(PATIENCE):
            await running

    asyncio.run(main())
    assert asked.names == ["0"]
    assert rounds.completed == 0


# --- the port -------------------------------------------------------------------------


Get = Callable[..., httpx.Response]


def _client(rounds: Rounds, token: str | None = None) -> Get:
    """Return a function that sends a request to the port."""
    gate: Any = exporter_application(rounds, token=token)

    def send(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def main() -> httpx.Response:
            transport = httpx.ASGITransport(gate)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(main())

    return send


def test_the_port_serves_results_and_health() -> None:
    """It is ready when every target has a result."""
    rounds = Rounds([_target("one")], 60.0, 1, _report)
    get = _client(rounds)
    assert get("/live").text == "live\n"
    before = get("/ready")
    assert (before.status_code, before.json()["overdue"]) == (503, ["one"])
    assert 'target="one"' not in get("/metrics").text
    _run(rounds, lambda: rounds.completed >= 1)
    after = get("/ready")
    assert (after.status_code, after.json()["rounds"]) == (200, 1)
    answered = get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'ocsp_probe_level{target="one"} 2.0' in answered.text
    assert get("/").status_code == 200
    assert get("/probe?target=http://10.0.0.1").status_code == 404


def test_the_port_is_guarded_as_the_admin_port() -> None:
    """By the name of the host, the method, and the token."""
    get = _client(Rounds([_target("one")], 60.0, 1, _report), "0123456789" * 2)
    assert get("/metrics", host="evil.test").status_code == 421
    assert get("/metrics", "DELETE").status_code == 405
    assert get("/metrics").status_code == 401
    assert get("/live").status_code == 200
    bearer = f"Bearer {'0123456789' * 2}"
    assert get("/metrics", authorization=bearer).status_code == 200
