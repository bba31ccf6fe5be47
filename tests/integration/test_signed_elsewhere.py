"""A real ``ocsp serve`` for CAs whose answers others sign, beside a CA of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPResponseStatus
from tests.ca_folder import CAFolder
from tests.integration import live
from tests.integration.live import CA, living
from tests.integration.services import SECONDS, Service, ask, request_for, serving
from tests.offline_ca import OfflineCA

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are found in the /proc of Linux"
)

GOOD = ocsp.OCSPCertStatus.GOOD
TRY_LATER = OCSPResponseStatus.TRY_LATER
ADMIN = 'admin = { listen = "127.0.0.1:0" }'


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> CAFolder:
    return CAFolder(tmp_path)


def _configure(files: CAFolder, issuer: str) -> None:
    """Write a configuration with *issuer* before the CA of the folder."""
    top, own = files.settings(top=ADMIN).split("[[issuer]]")
    files.write("ocsp.toml", f"{top}{issuer}[[issuer]]{own}")


def _answers(service: Service, files: CAFolder) -> bool:
    """Return whether the CA of the folder is answered for."""
    response = ask(service.url, request_for(files.web, files.ca.certificate))
    return response.certificate_status is GOOD


def _get(service: Service, path: str) -> str:
    try:
        with urllib.request.urlopen(service.urls[1] + path, timeout=SECONDS) as reply:
            return str(reply.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def _check(service: Service, name: str) -> dict[str, Any]:
    checks = json.loads(_get(service, "ready"))["checks"]
    (found,) = [each for each in checks if each["name"] == name]
    return dict(found)


def _wait_for_metric(service: Service, line: str) -> None:
    """Wait until the workers have reported *line*, which they do each second."""
    end = time.monotonic() + SECONDS
    while line not in _get(service, "metrics"):
        assert time.monotonic() < end, _get(service, "metrics")


def _kill_worker(service: Service) -> None:
    """Kill the only worker, and wait until there is another one."""
    before = service.children()["worker-1"]
    os.kill(before, signal.SIGKILL)
    end = time.monotonic() + SECONDS
    while service.children().get("worker-1", before) == before:
        assert time.monotonic() < end


def test_an_ended_answer_of_an_offline_ca_stops_no_other_ca(files: CAFolder) -> None:
    """Not the start, not a reload, and not a worker that is started again."""
    offline = OfflineCA(files)
    _configure(files, offline.settings)
    offline.sign(-1)
    with serving(files.folder, urls=2) as service:
        assert any("signed/7.der ended at" in each for each in service.log)
        assert ask(service.url, offline.request).response_status is TRY_LATER
        assert _answers(service, files)
        check = _check(service, "signed CN=Offline CA")
        assert (check["level"], "7.der ended at" in check["why"]) == ("degraded", True)
        _wait_for_metric(
            service,
            'ocsp_responses_total{cause="source",issuer="CN=Offline CA",'
            'status="tryLater"} 1.0',
        )
        assert 'ocsp_canned_left_seconds{issuer="CN=Offline CA"} -' in _get(
            service, "metrics"
        )

        offline.sign(30)
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("reloaded the configuration")
        assert ask(service.url, offline.request).certificate_status is GOOD
        assert "Offline CA" in _get(service, "")
        assert "Until" in _get(service, "issuers/CN=Offline%20CA")

        offline.sign(-1)
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("signed/7.der ended at")
        service.wait_for("reloaded the configuration")
        assert ask(service.url, offline.request).response_status is TRY_LATER
        _kill_worker(service)
        assert ask(service.url, offline.request).response_status is TRY_LATER
        assert _answers(service, files)

        shutil.rmtree(offline.path.parent)
        _kill_worker(service)
        service.wait_for("clients of CN=Offline CA get tryLater")
        assert ask(service.url, offline.request).response_status is TRY_LATER
        assert _answers(service, files)


def test_the_responder_of_another_ca_is_watched(files: CAFolder) -> None:
    """While it is away, its clients get *tryLater*, and the page shows it."""
    (files.folder / "partner.pem").write_bytes(CA.public_bytes(Encoding.PEM))
    requests = [
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_id(CertID.for_serial(CA, serial, SHA256()))
        .build()
        .public_bytes(Encoding.DER)
        for serial in (live.GOOD, live.REVOKED)
    ]
    with contextlib.ExitStack() as upstream:
        other = upstream.enter_context(living())
        partner = (
            f'[[issuer]]\ncertificate = "partner.pem"\nresponders = ["{other.url}"]\n'
        )
        _configure(files, partner)
        with serving(files.folder, urls=2) as service:
            assert ask(service.url, requests[0]).certificate_status is GOOD
            _wait_for_metric(service, "ocsp_foreign_answered_timestamp_seconds{")
            assert _check(service, "responders CN=Live CA")["level"] == "ok"

            upstream.close()
            assert ask(service.url, requests[1]).response_status is TRY_LATER
            assert _answers(service, files)
            service.wait_for("TRY_LATER")
            _wait_for_metric(service, "ocsp_foreign_failed_timestamp_seconds{")
            end = time.monotonic() + SECONDS
            while _check(service, "responders CN=Live CA")["level"] != "degraded":
                assert time.monotonic() < end
            assert other.url in _get(service, "")
