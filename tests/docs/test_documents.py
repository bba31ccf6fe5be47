"""Test that the examples in the documents run, in order, with the results shown."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import ocsp as by_asn1crypto
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding
from ocsp.store import SQLiteStore
from tests.crls import crl, scope
from tests.docs.examples import ROOT, blocks, run, runs, session
from tests.docs.test_howto import CLI, FIRST_PAGES, HSM, SERVERS
from tests.docs.test_howto import PAGES as HOWTO
from tests.docs.test_stories import PAGES, RECIPES
from tests.keys import certificate_of, key_of
from tests.pki import NOW, ca, delegate, key, leaf, make, name

FOR_OPERATORS = {
    "docs/howto/publish.md",
    "docs/operations.md",
    "docs/tutorials/service.md",
}
"""tests/docs/test_operations.py runs these pages, with a service."""

ELSEWHERE = {
    "docs/client.md": "tests/integration/test_client_docs.py, which has a responder",
    "docs/pkcs11.md": "tests/integration/test_pkcs11.py, which has a token",
    "docs/probing.md": "tests/docs/test_probing.py, which has a responder",
    "docs/sources.md": "tests/unit/status/test_sources_docs.py, which has the files",
    "docs/stapling.md": "tests/integration/test_staple_servers.py, which has a server",
    "docs/testing.md": "tests/integration/test_pytest_plugin.py, in a fresh project",
}
"""Documents whose examples need a special set-up, and the tests that run them."""


def _messages() -> dict[str, Any]:
    """Return the names that the examples in docs/messages.md use."""
    responder = delegate("Test CA", "Responder")
    return {
        "cert": leaf(),
        "issuer": ca(),
        "key": key("Responder"),
        "responder": responder,
        "rsa_key": key_of("rsa"),
        "rsa_certificate": certificate_of("rsa"),
        "request_der": _request_der(),
        "response_der": _response_der(),
        "basic": by_asn1crypto.OCSPResponse.load(_response_der())["response_bytes"][
            "response"
        ].contents,
    }


def _readme() -> dict[str, Any]:
    """Return the names that the examples in README.md use."""
    SQLiteStore("status.db", create=True).close()
    return {
        "Encoding": Encoding,
        "data": _request_der(),
        "response": _response_der(datetime.datetime.now(datetime.UTC)),
        "nonce": bytes(32),
        "cert": leaf(),
        "issuer": ca(),
        "key": key("Responder"),
        "ca_certificate": ca(),
        "responder_certificate": delegate("Test CA", "Responder"),
    }


def _cache() -> dict[str, Any]:
    """Return the names for docs/cache.md and docs/lint.md: a current response."""
    now = datetime.datetime.now(datetime.UTC)
    return {"response": _response_der(now), "cert": leaf(), "issuer": ca()}


def _mixing() -> dict[str, Any]:
    """Return what docs/mixing.md has: a certificate that is revoked."""
    now = datetime.datetime.now(datetime.UTC)
    response_der = _response_der(now, revoked_at=now)
    return {"response_der": response_der, "cert": leaf(), "issuer": ca()}


def _verification() -> dict[str, Any]:
    """Return the names for docs/verification.md: current responses."""
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    signer = make(
        "Responder", "Test CA", begin=now - day, end=now + day, extensions=[usage]
    )
    return {
        "response": _response_der(now),
        "cert": leaf(),
        "issuer": ca(),
        "delegate": signer,
        "response_about_delegate": _response_der(now, signer),
        "response_by_delegate": _response_der(now, signer=signer),
        **_indirect_crl(now),
    }


def _indirect_crl(now: datetime.datetime) -> dict[str, Any]:
    """Return a certificate with the indirect CRL that it names, and its issuer."""
    hour = datetime.timedelta(hours=1)
    point = x509.DistributionPoint(
        None, None, None, [x509.DirectoryName(name("CRL Issuer"))]
    )
    times = {"begin": now - hour, "end": now + hour}
    points = x509.CRLDistributionPoints([point])
    return {
        "cert_of_indirect_crl": make("leaf", "Test CA", extensions=[points]),
        "crl_issuer": make("CRL Issuer", "Test CA", **times),
        "indirect_crl": crl(
            issuer="CRL Issuer", critical=[scope(indirect=True)], **times
        ),
    }


def _request_der() -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf(), ca(), hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def _response_der(
    this_update: datetime.datetime = NOW,
    about: x509.Certificate | None = None,
    signer: x509.Certificate | None = None,
    revoked_at: datetime.datetime | None = None,
) -> bytes:
    cert_id = CertID.for_certificate(about or leaf(), ca(), hashes.SHA256())
    status = OCSPCertStatus.REVOKED if revoked_at else OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response_by_id(
        cert_id, status, this_update, None, revoked_at, None
    )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, signer or ca())
    if signer is not None:
        builder = builder.certificates([signer])
    private = key("Test CA" if signer is None else "Responder")
    signed = builder.sign(private, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


PREPARED: dict[str, Callable[[], dict[str, Any]]] = {
    "README.md": _readme,
    "docs/cache.md": _cache,
    "docs/lint.md": _cache,
    "docs/messages.md": _messages,
    "docs/mixing.md": _mixing,
    "docs/verification.md": _verification,
}
"""The documents, and the names that their examples use."""


@pytest.mark.parametrize("document", PREPARED)
def test_the_examples_run_with_the_results_shown(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one namespace, as a reader tries them."""
    monkeypatch.chdir(tmp_path)
    assert run(document, PREPARED[document]()) > 0


TUTORIALS = {
    "docs/signers.md": [],
    "docs/tutorials/checking.md": [],
    "docs/tutorials/responder.md": [],
    "docs/tutorials/stapling.md": ["docs/tutorials/responder.md"],
    "docs/tutorials/testing.md": [],
}
"""Documents that a reader follows from nothing, each with those that it builds on."""


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_the_tutorials_work(
    tutorial: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty directory, without any other set-up."""
    monkeypatch.chdir(tmp_path)
    with session(tmp_path) as shell:
        for document in (*TUTORIALS[tutorial], tutorial):
            assert shell.run(document, {}) > 0


STORIES = (*(f"docs/tutorials/{page}.md" for page in PAGES), RECIPES)
"""The pages that tests/docs/test_stories.py runs."""

DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
NOT_RUN = {
    "docs/benchmarks.md": 1,
    "docs/compiled.md": 1,
    "docs/releasing.md": 2,
    "README.md": 1,
    "docs/howto/must-staple.md": 1,
    "docs/howto/publish.md": 2,
    "docs/howto/postgresql.md": 2,
    "docs/installation.md": 3,
    "docs/pkcs11.md": 1,
    "docs/stapling.md": 1,
    "docs/tutorials/stapling.md": 1,
}
"""The number of blocks that no test runs; a comment above each has the reason."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_runs_or_has_a_reason(document: str) -> None:
    """It runs with its document, or in another test that a comment names."""
    without = [
        f"line {block.line}: {block.language}"
        for block in blocks(document, None)
        if runs(block)
        and block.language  # a block without a language is a drawing, or output
        and document not in {*TUTORIALS, *STORIES, *FIRST_PAGES, *FOR_OPERATORS, CLI}
        and not (
            block.language == "python"
            and document in {*PREPARED, *ELSEWHERE, *HOWTO, HSM, SERVERS}
        )
    ]
    assert without == []


def test_the_blocks_that_do_not_run_are_counted() -> None:
    """A new block that does not run needs a change of this table."""
    count = {
        document: sum(
            block.comment.startswith("not run: ") for block in blocks(document, None)
        )
        for document in DOCUMENTS
    }
    assert {document: n for document, n in count.items() if n} == NOT_RUN


def test_every_link_to_a_file_works() -> None:
    """From one document to another, within the repository."""
    broken = [
        f"{path.name}: {target}"
        for path in map(ROOT.joinpath, DOCUMENTS)
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text())
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_a_wrong_result_in_a_document_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the check would prove nothing."""
    monkeypatch.setattr("tests.docs.examples.ROOT", tmp_path)
    document = tmp_path / "wrong.md"
    document.write_text("text\n\n```python\nx = 1\nx + 1  # → 3\n```\n")
    with pytest.raises(AssertionError):
        run("wrong.md", {})
    document.write_text("```python\nx = 1\nx + 1  # → 2\n```\n")
    assert run("wrong.md", {}) == 1


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        ("$ printf 'one\\ntwo\\n'\none\ntwo\n", True),
        ("$ printf 'one\\ntwo\\n'\n...\ntwo\n", True),
        ("$ printf 'one   two\\n'\none ...\n", True),
        ("$ printf 'one\\ntwo\\n'\none\n", False),
        ("$ printf 'one\\n'\none ...\n", False),
        ("$ true\n", True),
        ("$ false\n", False),
        ("$ false\nnothing\n", False),
    ],
)
def test_wrong_output_of_a_command_is_found(
    shown: str, right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that fails and shows no output is found too."""
    monkeypatch.setattr("tests.docs.examples.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(f"```console\n{shown}```\n")
    expected = contextlib.nullcontext() if right else pytest.raises(AssertionError)
    with session(tmp_path) as shell, expected:
        shell.run("page.md", {})
