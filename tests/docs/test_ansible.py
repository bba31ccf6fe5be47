"""docs/howto/ansible.md: its expressions, with documents that the commands wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus
from ocsp.cli import main
from ocsp.testing import Fault, LoopbackResponder, build_answer
from tests.docs.examples import blocks
from tests.unit.cli.json_schemas import validate

PAGE = "docs/howto/ansible.md"

EXPRESSIONS = {"that", "until", "failed_when", "loop"}
"""The keys whose values are expressions without braces."""


def _flatten(lists: Iterable[list[Any]]) -> list[Any]:
    return [each for inner in lists for each in inner]


def _unique(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for each in values:
        if each not in found:
            found.append(each)
    return found


def _ansible() -> jinja2.Environment:
    """Return an environment with the filters of Ansible that the page uses."""
    found = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    found.filters |= {
        "from_json": json.loads,
        "flatten": _flatten,
        "unique": _unique,
    }
    return found


class Playbook:
    """A playbook of the page, whose expressions can be evaluated."""

    def __init__(self, name: str) -> None:
        (self._play,) = next(
            found
            for block in blocks(PAGE, None)
            if (found := yaml.safe_load(block.text))[0]["name"] == name
        )
        self._tasks = {task["name"]: task for task in self._play["tasks"]}
        self.names: dict[str, Any] = dict(self._play.get("vars", {}))

    def value(self, task: str, *path: str) -> Any:
        """Return the value at *path* in the task *task*, evaluated."""
        found: Any = self._tasks[task]
        for key in path:
            found = found[key]
        return self._evaluated(found, path[-1])

    def _evaluated(self, value: Any, key: str) -> Any:
        if isinstance(value, list):
            return [self._evaluated(each, key) for each in value]
        text = str(value).strip()
        whole = text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1
        if whole:
            text = text[2:-2]
        if whole or key in EXPRESSIONS:
            return _ansible().compile_expression(text, undefined_to_none=False)(
                **self.names
            )
        return _ansible().from_string(text).render(**self.names)


Run = Callable[..., SimpleNamespace]


@pytest.fixture(name="responder", scope="module")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as running:
        yield running


@pytest.fixture(name="run")
def _run(
    responder: LoopbackResponder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Run a command as Ansible does; the document is valid by its schema."""
    monkeypatch.chdir(tmp_path)
    good = responder.pki.issue("good.test")
    revoked = responder.pki.issue("bad.test", status=OCSPCertStatus.REVOKED)
    for name, cert in (("good", good.certificate), ("bad", revoked.certificate)):
        Path(f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    Path("ca.pem").write_bytes(good.issuer.public_bytes(Encoding.PEM))

    def run(*arguments: str) -> SimpleNamespace:
        capfd.readouterr()
        code = main([*arguments, "--issuer", "ca.pem", "--json"])
        out = capfd.readouterr().out
        validate(json.loads(out))
        return SimpleNamespace(rc=code, stdout=out)

    return run


def test_the_playbook_of_a_check(run: Run, responder: LoopbackResponder) -> None:
    """A revoked certificate stops it; one without a status is named, with a hint."""
    play = Playbook("Check the certificates of the web servers")
    assert play.value("Ask the responders", "ansible.builtin.command", "argv") == [
        "ocsp", "check", "--json", "www.example.org", "mail.example.org",
    ]  # fmt: skip
    url = ["--url", responder.url]

    def check(*files: str) -> None:
        play.names["checked"] = run("check", *files, *url)
        assert play.value("Ask the responders", "failed_when") is False
        play.names["certificates"] = play.value(
            "Read the answers", "ansible.builtin.set_fact", "certificates"
        )

    stop = ("Stop at a revoked certificate", "ansible.builtin.assert")
    check("good.pem")
    assert play.value(*stop, "that") is True
    check("good.pem", "bad.pem")
    assert play.value(*stop, "that") is False
    assert play.value(*stop, "fail_msg") == "revoked: CN=bad.test"
    responder.fail(Fault.UNAUTHORIZED)
    check("good.pem")
    responder.heal()
    name = "Name what could not be determined"
    (play.names["item"],) = play.value(name, "loop")
    text = play.value(name, "ansible.builtin.debug", "msg")
    assert text.startswith("CN=good.test: ")
    assert "None" not in text


def test_the_playbook_of_a_probe(run: Run, responder: LoopbackResponder) -> None:
    """It waits until the level is ok, and shows findings once."""
    play = Playbook("Change a responder")
    play.names["inventory_hostname"] = "ocsp.example.org"
    ask = "Ask it as clients do"
    assert play.value(ask, "ansible.builtin.command", "argv")[:3] == [
        "ocsp", "probe", "http://ocsp.example.org/",
    ]  # fmt: skip
    responder.fail(Fault.TRY_LATER)
    play.names["probed"] = run("probe", responder.url, "--cert", "good.pem")
    responder.heal()
    assert play.value(ask, "failed_when") is False
    assert play.value(ask, "until") is False
    responder.fail(Fault.NO_STORE)
    play.names["probed"] = run("probe", responder.url, "--cert", "good.pem")
    responder.heal()
    assert play.value(ask, "until") is True
    show = "Show what deviates from the standards"
    found = play.value(show, "loop")
    assert [each["rule"] for each in found] == ["C9", "C10"]
    play.names["item"] = found[1]
    assert play.value(show, "ansible.builtin.debug", "msg").startswith("C10 Cache-C")
    keep = "Keep answers that are valid for two hours at least"
    assert play.value(keep, "ansible.builtin.assert", "that") is True


def test_the_playbook_of_a_response(run: Run, responder: LoopbackResponder) -> None:
    """A good staple passes; another one fails with the reason."""
    play = Playbook("Look at a staple")
    asked = ocsp.OCSPRequestBuilder()
    for name in ("good", "bad"):
        cert = x509.load_pem_x509_certificate(Path(f"{name}.pem").read_bytes())
        request = asked.add_certificate(
            cert, responder.pki.issuer, hashes.SHA256()
        ).build()
        answer = build_answer(responder.pki, request.public_bytes(Encoding.DER))
        Path(f"{name}.ocsp").write_bytes(answer.der)
    outcomes = {}
    for name in ("good", "bad"):
        staple = f"{name}.ocsp"
        play.names["verified"] = run(
            "verify", "--cert", "good.pem", "--response", staple
        )
        play.names["linted"] = run("lint", staple)
        for task in ("Verify it", "Lint it"):
            assert play.value(task, "failed_when") is False
        say = ("Say what is wrong", "ansible.builtin.assert")
        outcomes[name] = play.value(*say, "that"), play.value(*say, "fail_msg")
    assert outcomes["good"] == ([True, True], "")
    assert outcomes["bad"][0] == [False, True]
    assert outcomes["bad"][1]
