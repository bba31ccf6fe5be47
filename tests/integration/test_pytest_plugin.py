"""Test the pytest plugin in a new project, as a user of the package has it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs.examples import ROOT, blocks

pytest_plugins = ["pytester"]


def _run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        "-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", *options
    )


def test_the_fixtures_are_available(pytester: pytest.Pytester) -> None:
    """No import or setting is needed; each test gets new objects."""
    pytester.makepyfile(
        """
        import httpx, ocsp
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding
        from ocsp.testing import Fault

        seen = []

        def ask(responder, leaf):
            builder = ocsp.OCSPRequestBuilder().add_certificate(
                leaf.certificate, leaf.issuer, hashes.SHA256()
            )
            der = builder.build().public_bytes(Encoding.DER)
            with httpx.Client(trust_env=False) as client:
                return client.post(responder.url, content=der)

        def test_good(ocsp_responder, ocsp_pki):
            assert ocsp_responder.pki is ocsp_pki
            leaf = ocsp_pki.issue()
            reply = ask(ocsp_responder, leaf)
            ocsp.verify(reply.content, leaf.certificate, leaf.issuer).require_good()
            ocsp_responder.wait_until_idle()
            seen.append(ocsp_pki)

        def test_fault(ocsp_responder):
            ocsp_responder.fail(Fault.HTTP_500)
            assert ask(ocsp_responder, ocsp_responder.pki.issue()).status_code == 500
            assert ocsp_responder.pki not in seen

        def test_pki_alone(ocsp_pki):
            assert ocsp_pki.url is None
        """
    )
    _run(pytester).assert_outcomes(passed=3)


def test_an_unused_plugin_imports_nothing(pytester: pytest.Pytester) -> None:
    """Neither this package nor its dependencies are imported."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("ocsp")
            assert "pytest_ocsp" in sys.modules
            assert not {"ocsp", "cryptography", "h11"} & set(sys.modules)
        """
    )
    _run(pytester).assert_outcomes(passed=1)


def test_the_fixtures_are_described(pytester: pytest.Pytester) -> None:
    """``pytest --fixtures`` shows their docstrings."""
    printed = _run(pytester, "--fixtures")
    printed.stdout.fnmatch_lines(["ocsp_pki*", "*throw-away PKI*"])
    printed.stdout.fnmatch_lines(["ocsp_responder*", "*loopback*"])


def test_the_examples_in_testing_md_pass(pytester: pytest.Pytester) -> None:
    """Each block is a test file; the number of blocks is fixed here."""
    examples = [block.text for block in blocks("docs/testing.md")]
    assert len(examples) == 5
    pytester.makepyfile(**{f"test_{n}": each for n, each in enumerate(examples)})
    outcomes = {each: n for each, n in _run(pytester).parseoutcomes().items() if n}
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] >= sum(each.count("def test_") for each in examples)


def test_testing_md_lists_every_fault() -> None:
    """With the outcome and the rule that the code has."""
    code = (
        "from ocsp.testing import Fault\n"
        "for each in Fault: print(f'| `{each.name}` | {each.outcome.name} '\n"
        "                         f'| {each.rule} |')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    text = (ROOT / "docs" / "testing.md").read_text()
    assert [line for line in done.stdout.splitlines() if line not in text] == []
