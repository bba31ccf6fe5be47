"""Test that the examples in the how-to pages and in docs/responder.md run."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding
from ocsp.client.transport import addresses
from ocsp.store import SQLiteStore
from ocsp.testing import PKI, Fault, LoopbackResponder
from tests.docs.examples import ROOT, run, session
from tests.docs.test_stories import RECIPES
from tests.pki import DELEGATION, ca, key, leaf, make
from tests.unit.pyhanko.documents import empty_document, time_stamper
from tests.vectors import RFC9919

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
HSM = "docs/howto/sign-with-an-hsm.md"
"""tests/integration/test_pkcs11.py runs this page, with a token."""
SERVERS = "docs/howto/check-a-server.md"
"""tests/integration/test_starttls.py runs this page, with a server."""

TLS = {
    f"docs/howto/tls-{page}.md"
    for page in ("http-clients", "other-clients", "servers", "behind-a-proxy")
}
"""tests/integration/tls_recipes runs these pages, with servers."""


@pytest.fixture
def responder(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackResponder]:
    """Run a responder on loopback, and accept loopback as a public address."""
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    with LoopbackResponder() as running:
        yield running


def _named(pki: PKI, **settings: Any) -> dict[str, Any]:
    leaf = pki.issue(**settings)
    return {"cert": leaf.certificate, "issuer": leaf.issuer}


def _crl(responder: LoopbackResponder) -> dict[str, Any]:
    responder.fail(Fault.TRY_LATER)
    urls = [responder.pki.crl_url]
    other = responder.pki.issue(ocsp_urls=[], crl_urls=urls)
    names = _named(responder.pki, crl_urls=urls)
    return names | {"cert_without_responder": other.certificate}


def _response(
    responder: LoopbackResponder, *extensions: x509.ExtensionType
) -> dict[str, Any]:
    cert = make(
        "leaf", "Test CA", begin=NOW - DAY, end=NOW + DAY, extensions=extensions
    )
    return {
        "cert": cert,
        "another_cert": leaf(),
        "issuer": ca(),
        "response": _signed([cert]),
    }


def _must_staple(responder: LoopbackResponder) -> dict[str, Any]:
    return _response(responder, x509.TLSFeature([x509.TLSFeatureType.status_request]))


def _many(responder: LoopbackResponder) -> dict[str, Any]:
    found = [leaf(serial) for serial in (1, 2, 3)]
    return {"certificates": found, "issuer": ca(), "response_to_all": _signed(found)}


def _signed(certificates: list[x509.Certificate]) -> bytes:
    builder = ocsp.OCSPResponseBuilder(allow_multiple=True)
    for each in certificates:
        cert_id = CertID.for_certificate(each, ca(), hashes.SHA256())
        builder = builder.add_response_by_id(
            cert_id, OCSPCertStatus.GOOD, NOW, NOW + DAY, None, None
        )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    response = builder.sign(key("Test CA"), hashes.SHA256())
    return response.public_bytes(Encoding.DER)


def _delegate(responder: LoopbackResponder) -> dict[str, Any]:
    with SQLiteStore("status.db", create=True) as source:
        source.add(ca(), leaf().serial_number)
    names: dict[str, Any] = {
        "cert": leaf(),
        "issuer": ca(),
        "ca_certificate": ca(),
        "serial_numbers": [1, 2, 3],
    }
    for prefix in ("", "old_", "new_"):
        names[f"{prefix}key"] = key(f"{prefix}responder")
        names[f"{prefix}certificate"] = make(
            f"{prefix}responder",
            "Test CA",
            begin=NOW - DAY,
            end=NOW + DAY,
            extensions=DELEGATION,
        )
    return names | {"responder_certificate": names["certificate"]}


def _documents(responder: LoopbackResponder) -> dict[str, Any]:
    """Write a document and the files of its signer."""
    responder.pki.add_intermediate()
    signer = responder.pki.issue()
    files = {
        "root.pem": responder.pki.root.public_bytes(Encoding.PEM),
        "intermediate.pem": responder.pki.issuer.public_bytes(Encoding.PEM),
        "signer.pem": signer.certificate_pem,
        "signer.key": signer.key_pem,
        "contract.pdf": empty_document().getvalue(),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
    return {"timestamper": time_stamper(responder.pki)}


def _charging(responder: LoopbackResponder) -> dict[str, Any]:
    responder.pki.add_intermediate()
    return {
        "issuers": [each.certificate for each in responder.pki.cas],
        "chain": responder.pki.issue(serial_number=0x1F2E).chain,
    }


PAGES: dict[str, Callable[[LoopbackResponder], dict[str, Any]]] = {
    "docs/howto/charging-stations.md": _charging,
    "docs/howto/crl-fallback.md": _crl,
    "docs/howto/fresh-answer.md": lambda responder: _named(responder.pki),
    "docs/howto/look-at-a-response.md": _response,
    "docs/howto/many-certificates.md": _many,
    "docs/howto/mount-the-responder.md": _delegate,
    "docs/howto/must-staple.md": _must_staple,
    "docs/howto/offline.md": _response,
    "docs/howto/replace-a-delegate.md": _delegate,
    "docs/howto/share-a-cache.md": lambda responder: _named(responder.pki),
    "docs/howto/sign-documents.md": _documents,
    "docs/howto/sign-in-bulk.md": _delegate,
    "docs/howto/use-your-http-client.md": lambda responder: _named(responder.pki),
    "docs/responder.md": _delegate,
}
"""The pages, and the names that their examples use."""


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run_with_the_results_shown(
    page: str,
    responder: LoopbackResponder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one namespace, as a reader tries them."""
    monkeypatch.chdir(tmp_path)
    assert run(page, PAGES[page](responder)) > 0


FIRST_PAGES = ("docs/index.md", "docs/installation.md")


@pytest.mark.parametrize("page", FIRST_PAGES)
def test_the_examples_of_the_first_pages_run(page: str, tmp_path: Path) -> None:
    """In an empty directory, without any other set-up."""
    with session(tmp_path) as shell:
        assert shell.run(page, {}) > 0


CLI = "docs/cli.md"


def test_the_examples_of_the_command_line_print_the_output_shown(
    tmp_path: Path,
) -> None:
    """The files are the example of RFC 9919, and a response with two faults."""
    for name in ("end-entity.pem", "root.pem", "response.b64"):
        shutil.copy(RFC9919 / name, tmp_path)
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf(),
        ca(),
        hashes.SHA256(),
        OCSPCertStatus.REVOKED,
        NOW,
        None,
        NOW - DAY,
        x509.ReasonFlags.unspecified,
    )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    response = builder.sign(key("Test CA"), hashes.SHA256())
    (tmp_path / "response.der").write_bytes(response.public_bytes(Encoding.DER))
    with session(tmp_path) as shell:
        assert shell.run(CLI, {}) == 2


ELSEWHERE = frozenset(
    {
        "docs/howto/ansible.md",  # tests/docs/test_ansible.py
        "docs/howto/django-ca.md",  # tests/integration/test_django_ca.py
        "docs/howto/edge-nodes.md",  # tests/unit/service/copies/test_configuration.py
        "docs/howto/postgresql.md",  # tests/unit/store/test_postgresql_roles.py
        "docs/howto/publish.md",  # tests/docs/test_operations.py
    }
)
"""The pages that other tests run."""


def test_every_howto_is_run() -> None:
    """In this file, or in the test that a comment above names."""
    found = {str(path.relative_to(ROOT)) for path in (ROOT / "docs/howto").glob("*.md")}
    assert found - {"docs/howto/index.md"} == {
        page
        for page in (*PAGES, *TLS, HSM, SERVERS, RECIPES, *ELSEWHERE)
        if page.startswith("docs/howto/")
    }
