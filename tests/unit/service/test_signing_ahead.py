"""The updater of a service: it signs in a thread what its configuration says."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import KeySigner
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.table import ANSWERS_REFUSED
from ocsp.process_clock import ProcessClock
from ocsp.responder import CertIDForm, IssuerKey, LookupResult, StatusQuery
from ocsp.service import BuiltService, build_service, read_configuration
from ocsp.service.signing_ahead import SigningAhead, presigner_of
from tests.ca_folder import CAFolder


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> CAFolder:
    return CAFolder(tmp_path)


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def _found(files: CAFolder, service: BuiltService, form: CertIDForm) -> LookupResult:
    key = IssuerKey.of(files.ca.certificate)
    query = StatusQuery(key, files.web.serial_number)
    assert service.store is not None
    found = service.store.look_up_with_answer(query, form)
    assert found is not None
    return found


def _service(files: CAFolder) -> BuiltService:
    return build_service(read_configuration(files.configuration).configuration)


def test_a_revocation_is_signed_at_once(files: CAFolder) -> None:
    """Without a request."""
    with _service(files) as service:
        assert service.store is not None
        signing = SigningAhead(service, service.store, ProcessClock())
        signing.start()
        try:
            _wait_for(lambda: _found(files, service, CertIDForm.SHA256)[2] is not None)
            files.revoke(files.web)
            assert _found(files, service, CertIDForm.SHA256).version == 2
            _wait_for(lambda: _found(files, service, CertIDForm.SHA256)[2] is not None)
        finally:
            signing.stop()


def test_answers_that_are_not_stored_are_counted_once(files: CAFolder) -> None:
    """In the metrics of the updater, by the reason."""
    totals = Totals()
    metrics = Metrics(totals.add)
    with _service(files) as service:
        assert service.store is not None
        signing = SigningAhead(service, service.store, ProcessClock())
        counts = signing.presigner.counts
        counts.failed, counts.outdated, counts.lost = 3, 2, 1
        for _ in range(2):
            signing.count(metrics)
        counts.failed += 1
        signing.count(metrics)
        metrics.flush()
    refused = {("signer",): 4, ("version",): 2, ("store",): 1}
    assert totals.counters(ANSWERS_REFUSED) == refused


def test_nothing_is_signed_without_forms(files: CAFolder) -> None:
    """Answers are then signed when clients ask."""
    files.write("ocsp.toml", files.settings() + "[answers]\nforms = []\n")
    with _service(files) as service:
        assert service.store is not None
        signing = SigningAhead(service, service.store, ProcessClock())
        signing.presigner.sign_round()
        assert _found(files, service, CertIDForm.SHA1).stored is None
        signing.stop()  # it was not started


def test_the_signers_that_replace_others_sign_ahead(files: CAFolder) -> None:
    """The store knows their certificates before it gets their answers."""
    made = files.add_delegate("next")
    signer = KeySigner(made.key, made.certificate)
    with _service(files) as service:
        assert service.store is not None
        presigner = presigner_of(service.with_signers([[signer]]), service.store)
        presigner.sign_round()
        stored = _found(files, service, CertIDForm.SHA1).stored
        assert stored is not None
        digest = hashlib.sha256(made.certificate.public_bytes(Encoding.DER)).digest()
        assert stored.signer == digest
