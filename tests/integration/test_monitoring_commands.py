"""``ocsp probe`` and ``ocsp conformance``: exit codes, text, JSON, Nagios, Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client.parser import text_string_to_metric_families

from ocsp.cli import main
from ocsp.conformance import CHECKS
from ocsp.conformance import examination as examination_module
from ocsp.testing import Fault, Identity, LoopbackResponder

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="responder", scope="module")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as running:
        yield running


@pytest.fixture(name="leaf", scope="module")
def _leaf(responder: LoopbackResponder) -> Identity:
    return responder.pki.issue()


@pytest.fixture(name="run")
def _run(
    responder: LoopbackResponder,
    leaf: Identity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Run a command about a certificate, with the faults switched off afterwards."""
    monkeypatch.chdir(tmp_path)
    for name, cert in (("leaf", leaf.certificate), ("ca", leaf.issuer)):
        Path(f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))

    def run(
        command: str, *options: str, cert: str = "leaf.pem"
    ) -> tuple[int, str, str]:
        about = ["--issuer", "ca.pem", "--cert", cert]
        code = main([command, responder.url, *about, *options])
        out, err = capfd.readouterr()
        return code, out, err

    yield run
    responder.heal()


ONE = ("--method", "post", "--hash", "sha256", "--without-nonce")
"""Options that leave one question."""

# --- probe ----------------------------------------------------------------------------


def test_a_probe_is_a_table(run: Run) -> None:
    """A line for each question."""
    code, out, err = run("probe")
    assert (code, err) == (0, "")
    head, *lines = out.splitlines()
    assert head.split() == [
        "question", "status", "age", "valid", "for", "nonce", "time", "octets",
    ]  # fmt: skip
    assert len(lines) == 8
    assert all("good" in line and re.search("[78] hours", line) for line in lines)
    assert sum("repeated" in line for line in lines) == 4


def test_questions_can_be_left_out(run: Run) -> None:
    """By method, hash and nonce."""
    code, out, _ = run("probe", *ONE, "--json")
    (answer,) = json.loads(out)["answers"]
    assert (code, answer["method"], answer["hash"], answer["nonce"]) == (
        0, "POST", "sha256", "not-sent",
    )  # fmt: skip
    assert answer["verified"]
    assert answer["status"] == "good"
    assert 0 < answer["remaining_seconds"] <= 8 * 3600
    assert {"name": "content-length", "value": str(answer["octets"])} in answer[
        "headers"
    ]


def test_an_answer_that_is_not_verified_is_a_problem(
    run: Run, responder: LoopbackResponder
) -> None:
    """It has no status; if none is verified, the exit code is another one."""
    responder.fail(Fault.BAD_SIGNATURE, method="GET")
    code, out, _ = run("probe", "--json")
    document = json.loads(out)
    assert (code, document["level"]) == (1, "critical")
    by_get = [each for each in document["answers"] if each["method"] == "GET"]
    for answer in by_get:
        assert (answer["verified"], answer["status"]) == (False, None)
        assert (answer["failure"], answer["rules"]) == ("not-verified", ["V10"])
        assert answer["next_update"] is answer["signed_by"] is None
    responder.heal()
    responder.fail(Fault.HTTP_500)
    code, out, _ = run("probe", *ONE)
    assert code == 3
    assert "answered HTTP 500" in out


def test_findings_are_shown_once(run: Run, responder: LoopbackResponder) -> None:
    """With the number of answers that have them."""
    responder.fail(Fault.LONG_MAX_AGE)
    code, out, _ = run("probe")
    assert code == 0
    (line,) = [line for line in out.splitlines() if " C9 " in line]
    assert "RFC 9919 §7.2" in line
    assert "(1 answer)" in line or "(2 answers)" in line


@pytest.mark.parametrize(
    ("options", "code", "level"),
    [
        ((), 0, "OK"),
        (("--warn-remaining", "9h"), 1, "WARNING"),
        (("--warn-remaining", "9h", "--crit-remaining", "8h30m"), 2, "CRITICAL"),
        (("--crit-latency", "0s"), 2, "CRITICAL"),
        (("--expect", "good"), 0, "OK"),
        (("--expect", "revoked"), 2, "CRITICAL"),
    ],
)
def test_nagios_has_the_level_as_exit_code(
    run: Run, options: tuple[str, ...], code: int, level: str
) -> None:
    """And performance data in the form of monitoring plugins."""
    got, out, err = run("probe", *ONE, "--nagios", *options)
    assert (got, err) == (code, "")
    (line,) = out.splitlines()
    text, data = line.split(" | ")
    assert text.startswith(f"OCSP {level}: ")
    for each in data.split():
        assert re.fullmatch(r"[a-z]+=[\d.]+s?(?:;[\d.]*:?){0,4}", each), each
    assert run("probe", *ONE, *options)[0] == min(code, 1)


def test_a_responder_adds_no_line_and_no_data(
    run: Run, responder: LoopbackResponder
) -> None:
    """The name of a media type is chosen by the responder."""
    responder.fail(Fault.HTML_PAGE)
    code, out, _ = run("probe", "--nagios")
    assert code == 2
    assert len(out.splitlines()) == 8
    assert out.count("|") == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--warn-remaining", "1h", "--crit-remaining", "2h"),
        ("--warn-latency", "2s", "--crit-latency", "1s"),
        ("--timeout", "soon"),
        ("--proxy", "ftp://a"),
        ("--serial", "1"),
    ],
)
def test_a_wrong_option_is_unknown_for_nagios(
    run: Run, options: tuple[str, ...]
) -> None:
    """And an input error otherwise."""
    code, out, err = run("probe", "--nagios", *options)
    assert (code, err) == (3, "")
    assert out.startswith("OCSP UNKNOWN: ")
    code, out, err = run("probe", *options)
    assert (code, out) == (4, "")
    assert err.startswith("error: ")


def test_a_missing_file_is_unknown_for_nagios(run: Run) -> None:
    """In one line on standard output."""
    code, out, _ = run("probe", "--nagios", cert="missing.pem")
    assert code == 3
    assert out == "OCSP UNKNOWN: missing.pem: No such file or directory\n"


def test_prometheus_gets_metrics(run: Run, responder: LoopbackResponder) -> None:
    """The target is the URL."""
    code, out, _ = run("probe", "--prometheus")
    assert code == 0
    families = {each.name: each for each in text_string_to_metric_families(out)}
    (level,) = families["ocsp_probe_level"].samples
    assert (level.labels, level.value) == ({"target": responder.url}, 0.0)


def test_one_form_at_a_time(run: Run) -> None:
    """Two of them are an error."""
    code, _, err = run("probe", "--json", "--nagios")
    assert code == 4
    assert "give one of" in err


# --- conformance ----------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination_module.Examination, "pause", lambda _: None)


def test_conformance_is_a_table_of_all_checks(run: Run) -> None:
    """With the sums at the end."""
    code, out, err = run("conformance")
    assert (code, err) == (0, "")
    head, *lines, last = out.splitlines()
    assert head.split() == ["outcome", "check", "clause", "seen"]
    assert [line for line in lines if line.startswith("failed")] == []
    assert len(lines) == len(CHECKS)
    assert re.fullmatch(r"0 violations of what .*: \d+ passed, .*", last)


def test_a_failed_check_is_shown_with_its_demand(
    run: Run, responder: LoopbackResponder
) -> None:
    """And the exit code is that of findings."""
    responder.fail(Fault.LONG_MAX_AGE)
    only = ("--only", "max-age", "--only", "cacheable")
    code, out, _ = run("conformance", *only)
    assert code == 1
    (line,) = [line for line in out.splitlines() if line.startswith("failed")]
    assert "max-age is present, and ends before nextUpdate. Seen: GET" in line
    code, out, _ = run("conformance", *only, "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["violations"]) == (1, 1)
    assert document["counts"] == {
        "passed": 1, "failed": 1, "not_applicable": 0, "could_not_tell": 0,
    }  # fmt: skip
    assert [each["id"] for each in document["results"]] == ["max-age", "cacheable"]
    assert document["results"][0]["requirements"] == ["R9919-9", "R9919-10", "R9919-11"]


def test_a_responder_without_answers_is_not_verified(
    run: Run, responder: LoopbackResponder
) -> None:
    """The exit code says so; nothing odd was sent."""
    responder.fail(Fault.CONNECTION_RESET)
    code, out, _ = run("conformance")
    assert code == 3
    assert out.count("could not tell") == len(CHECKS) - 1


def test_an_unknown_check_is_an_input_error(run: Run) -> None:
    """Before anything is sent."""
    code, _, err = run("conformance", "--only", "max-ago")
    assert code == 4
    assert "'max-ago' is no check" in err
