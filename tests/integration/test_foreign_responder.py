"""A responder before the responder of another CA, over loopback, asked by openssl."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID
from ocsp.http import get_url
from ocsp.responder import ForeignAuthority, Responder
from ocsp.server import RequestHandler, bind, serve_in_thread
from ocsp.status import ForeignResponders, MemorySource
from tests.integration.live import CA, GOOD, REVOKED, living
from tests.integration.openssl import ask


@pytest.mark.programs
def test_openssl_verifies_what_the_responder_of_another_ca_signed(
    tmp_path: Path,
) -> None:
    """The octets are those of the other responder; then it may be away."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(CA.public_bytes(Encoding.PEM))
    cert_id = CertID.for_serial(CA, GOOD, hashes.SHA256())
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    der = request.public_bytes(Encoding.DER)
    with living() as other, httpx.Client(trust_env=False, timeout=10) as http:
        handler = RequestHandler(
            Responder([ForeignAuthority(CA, [other.url])]),
            MemorySource({}),
            foreign=ForeignResponders(ocsp.AsyncClient()),
        )
        with serve_in_thread(handler, bind("127.0.0.1", 0)) as url:
            for serial, status in ((GOOD, "good"), (REVOKED, "revoked")):
                printed = ask(url, ca_file, "-serial", serial, options=("-no_nonce",))
                assert "Response verify OK" in printed
                assert f"{serial}: {status}" in printed.replace("0x", "")
            first = http.get(get_url(url, der))
            second = http.get(get_url(url, der))
    assert first.content == second.content
    assert ocsp.verify(first.content, cert_id, CA).status is ocsp.OCSPCertStatus.GOOD
    assert "max-age" in first.headers["Cache-Control"]
