"""``ocsp status`` beside the workers of a running ``ocsp serve``: who has seen what."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from cryptography import x509

import ocsp
from ocsp.cli import main
from ocsp.cli.commands.status import workers
from tests.ca_folder import CAFolder
from tests.integration.services import Service, ask, request_for, serving

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are found in the /proc of Linux"
)

ABOUT = ("--issuer", "ca.pem", "--cert")
Capture = pytest.CaptureFixture[str]


def _answer(
    files: CAFolder, service: Service, certificate: x509.Certificate
) -> ocsp.OCSPCertStatus:
    request = request_for(certificate, files.ca.certificate)
    return ask(service.url, request).certificate_status


def test_a_change_is_in_all_answers_when_the_command_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Of two workers; one that is stopped is named, and has an exit code."""
    files = CAFolder(tmp_path)
    files.write("ocsp.toml", files.settings(top="workers = 2"))
    mail = files.issue("mail.example.org")
    monkeypatch.chdir(tmp_path)
    with serving(tmp_path) as service:
        for certificate in (files.web, mail) * 8:  # both workers keep the answers
            good = _answer(files, service, certificate)
            assert good is ocsp.OCSPCertStatus.GOOD
        hold = ("--reason", "certificateHold")
        assert main(["status", "revoke", *ABOUT, "web.pem", *hold]) == 0
        answers = {_answer(files, service, files.web) for _ in range(16)}
        assert answers == {ocsp.OCSPCertStatus.REVOKED}
        assert main(["status", "release", *ABOUT, "web.pem"]) == 0
        answers = {_answer(files, service, files.web) for _ in range(16)}
        assert answers == {ocsp.OCSPCertStatus.GOOD}
        monkeypatch.setattr(workers, "SECONDS", 0.2)
        stopped = service.children()["worker-1"]
        os.kill(stopped, signal.SIGSTOP)
        try:
            capsys.readouterr()
            code = main(["status", "revoke", *ABOUT, "mail.pem", "--json"])
        finally:
            os.kill(stopped, signal.SIGCONT)
        out, err = capsys.readouterr()
        assert code == 5
        assert json.loads(out)["certificates"][0]["change"] == "revoked"
        assert f"process {stopped}" in err
