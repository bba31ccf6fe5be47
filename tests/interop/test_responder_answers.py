"""What the responder signs is verified by ``openssl`` and linted by pkilint."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as reference

import ocsp
from ocsp import CertID, KeySigner, OCSPCertStatus
from ocsp.responder import (
    Authority,
    CertIDForm,
    DueAnswer,
    IssuerKey,
    Lookup,
    LookupResult,
    Responder,
    StatusQuery,
    StatusRecord,
    UnknownSerialPolicy,
)
from tests.integration.openssl import openssl
from tests.interop.test_lint import _findings
from tests.pki import DELEGATION, key, make

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
"""The present, because ``openssl ocsp`` judges responses by its own clock."""

DAY = datetime.timedelta(days=1)
SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
NAMES = ("Test CA", "Other CA")


@cache
def _ca(name: str = "Test CA") -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key(name).public_key())
    return make(
        name,
        name,
        begin=NOW - 30 * DAY,
        end=NOW + 30 * DAY,
        extensions=[constraints, identifier],
    )


@cache
def _signer(issuer: str = "Test CA") -> KeySigner:
    """Return the signer with the key that all CAs have certified."""
    certificate = make(
        "Shared Responder",
        issuer,
        begin=NOW - DAY,
        end=NOW + 9 * DAY,
        extensions=DELEGATION,
    )
    return KeySigner(key("Shared Responder"), certificate)


class _Scene(NamedTuple):
    """A request, what the responder knows, and what ``openssl`` has to print."""

    says: str
    records: tuple[StatusRecord | None, ...] = (StatusRecord(),)
    algorithms: tuple[hashes.HashAlgorithm, ...] = (SHA1,)
    unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED
    retention: datetime.timedelta | None = None
    compromised: datetime.datetime | None = None
    nonce: bool = False
    both_hashes: bool = False
    stored: bool = False


REVOKED = StatusRecord(
    status=OCSPCertStatus.REVOKED,
    revocation_time=NOW - 2 * DAY,
    revocation_reason=x509.ReasonFlags.key_compromise,
    invalidity_date=NOW - 3 * DAY,
)
SCENES = {
    "good": _Scene("0x07: good"),
    "good, SHA-256": _Scene("0x07: good", algorithms=(SHA256,)),
    "nonce": _Scene("0x07: good", nonce=True),
    "revoked": _Scene("Reason: keyCompromise", (REVOKED,)),
    "of a CRL": _Scene(
        "0x07: good", (StatusRecord(this_update=NOW - DAY, next_update=NOW + DAY),)
    ),
    "never issued": _Scene(
        "Reason: certificateHold", (None,), unlisted=UnknownSerialPolicy.REVOKED
    ),
    "unknown": _Scene("0x07: unknown", (None,), unlisted=UnknownSerialPolicy.UNKNOWN),
    "compromised CA": _Scene("Reason: cACompromise", compromised=NOW - DAY),
    "retained": _Scene("0x07: good", retention=7 * DAY),
    "known certificate": _Scene("0x07: good", (StatusRecord(cert_hash=bytes(32)),)),
    "both hashes": _Scene("0x07: good", both_hashes=True),
    "several": _Scene(
        "0x07: good", (StatusRecord(), StatusRecord()), algorithms=(SHA1, SHA256)
    ),
    "stored": _Scene("0x07: good", stored=True),
}


def _lookup(responder: Responder, ids: Sequence[CertID], *, nonce: bool) -> Lookup:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for each in ids:
        builder = builder.add_certificate_by_id(each)
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(bytes(32)), critical=False)
    step = responder.receive(builder.build().public_bytes(Encoding.DER), NOW)
    assert isinstance(step, Lookup)
    return step


def _answer(scene: _Scene) -> bytes:
    authority = Authority(
        _ca(),
        [_signer()],
        unlisted=scene.unlisted,
        retention=scene.retention,
        compromised=scene.compromised,
        cert_hash=True,
    )
    responder = Responder([authority], both_hashes=scene.both_hashes)
    ids = [CertID.for_serial(_ca(), 7, each) for each in scene.algorithms]
    lookup = _lookup(responder, ids, nonce=scene.nonce)
    if not scene.stored:
        return responder.finish(lookup, scene.records).der
    query = StatusQuery(IssuerKey.of(_ca()), 7)
    due = DueAnswer(query, CertIDForm.SHA1, StatusRecord(), 1)
    found = LookupResult(StatusRecord(), 1, responder.presign(due, NOW).answer)
    answer = responder.stored_answer(lookup, found)
    assert answer is not None
    return answer.der


@pytest.mark.requirement("R6960-7", "R9919-2", "R9919-4", "R6960-2")
@pytest.mark.parametrize("name", SCENES)
def test_the_linter_of_another_project_finds_nothing(name: str) -> None:
    """Not even a notice; and ``cryptography`` reads the answer."""
    der = _answer(SCENES[name])
    assert _findings(der) == set()
    response = reference.load_der_ocsp_response(der)
    assert response.response_status is reference.OCSPResponseStatus.SUCCESSFUL


def _verified_by_openssl(directory: Path, der: bytes, issuer: str) -> str:
    (directory / "response").write_bytes(der)
    (directory / "ca").write_bytes(_ca(issuer).public_bytes(Encoding.PEM))
    ca_file = directory / "ca"
    return openssl(
        *("ocsp", "-respin", directory / "response", "-no_nonce"),
        *("-issuer", ca_file, "-CAfile", ca_file, "-serial", "0x07"),
    )


@pytest.mark.programs
@pytest.mark.requirement("R6960-1", "R6960-8", "R6960-10")
@pytest.mark.parametrize("name", SCENES)
def test_openssl_verifies_the_answer(tmp_path: Path, name: str) -> None:
    """It has the CA only; the certificate of the delegate is in the response."""
    scene = SCENES[name]
    if scene.algorithms == (SHA256,):
        pytest.skip("openssl ocsp -respin looks for SHA-1 CertIDs only")
    printed = _verified_by_openssl(tmp_path, _answer(scene), "Test CA")
    assert "Response verify OK" in printed
    assert scene.says in printed


@pytest.mark.requirement("R6960-8", "R6960-10")
def test_clients_of_several_cas_verify_one_response() -> None:
    """One key with a certificate of each CA signed it."""
    responder = Responder([Authority(_ca(each), [_signer(each)]) for each in NAMES])
    ids = [CertID.for_serial(_ca(each), 7, SHA1) for each in NAMES]
    lookup = _lookup(responder, ids, nonce=True)
    der = responder.finish(lookup, [StatusRecord()] * 2).der
    assert _findings(der) == set()
    for cert_id, name in zip(ids, NAMES, strict=True):
        verified = ocsp.verify(der, cert_id, _ca(name), nonce=bytes(32))
        assert verified.status is OCSPCertStatus.GOOD
