"""Answers that have ended are a problem of their issuer only."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from ocsp.cli import main
from ocsp.errors import ConfigurationError
from ocsp.service import (
    build_service,
    check_signers,
    ended_issuers,
    ending_soon,
    read_configuration,
)
from ocsp.testing.throwaway_ca import Validity
from tests.ca_folder import DAY, CAFolder
from tests.offline_ca import OfflineCA


@pytest.fixture(name="files")
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CAFolder:
    monkeypatch.chdir(tmp_path)
    return CAFolder(tmp_path)


@pytest.fixture(name="offline")
def _offline(files: CAFolder) -> OfflineCA:
    offline = OfflineCA(files)
    top, issuer = files.settings().split("[[issuer]]")
    files.write("ocsp.toml", f"{top}{offline.settings}[[issuer]]{issuer}")
    return offline


def _look(files: CAFolder, now: datetime.datetime) -> tuple[list[str], list[str]]:
    """Return the problems and the warnings."""
    with build_service(read_configuration("ocsp.toml").configuration) as service:
        check_signers(service, now)
        return list(map(str, ended_issuers(service, now))), ending_soon(service, now)


def test_an_ended_answer_stops_no_other_issuer(
    files: CAFolder, offline: OfflineCA, capfd: pytest.CaptureFixture[str]
) -> None:
    """The check names the file, its end, and what to do."""
    offline.sign(-1)
    assert main(["config", "check"]) == 1
    printed = capfd.readouterr()
    assert "2 issuers, 1 signer: usable" in printed.out
    (line,) = [each for each in printed.err.splitlines() if "error:" in each]
    end = f"{offline.end:%Y-%m-%dT%H:%M:%SZ}"
    assert line.startswith("error: ocsp.toml:6: issuer.signed: ")
    assert f"signed/7.der ended at {end}; " in line
    assert "copy the next responses of the CA there" in line


def test_an_answer_that_ends_soon_is_a_warning(
    files: CAFolder, offline: OfflineCA, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the alarm on."""
    offline.sign(13)
    assert main(["config", "check"]) == 0
    assert "7.der ends at" in capfd.readouterr().err
    offline.sign(15)
    assert _look(files, files.now) == ([], [])


def test_what_is_wrong_for_another_reason_is_an_error(
    files: CAFolder, offline: OfflineCA
) -> None:
    """Such as a response that was changed after it was signed."""
    der = offline.sign(-1)
    offline.path.write_bytes(der[:-1] + bytes((der[-1] ^ 1,)))
    assert main(["config", "check"]) == 4


def test_the_alarm_can_be_as_long_as_one_likes(
    files: CAFolder, offline: OfflineCA
) -> None:
    """The check ended with an internal error, because the time is after 9999."""
    offline.sign(5)
    files.write(
        "ocsp.toml",
        f'{files.configuration.read_text()}\n[signing]\nalarm = "9999999d"\n',
    )
    problems, warnings = _look(files, files.now)
    assert problems == []
    assert len(warnings) == 1


def test_a_signer_that_has_ended_stops_no_other_issuer(
    files: CAFolder, offline: OfflineCA
) -> None:
    """Without another issuer the responder has nothing to do."""
    offline.sign(30)
    files.add_delegate("responder", Validity(files.now - 2 * DAY, files.now - DAY))
    (problem,), _ = _look(files, files.now)
    assert problem.startswith("issuer.signers: no certificate of a signer is valid now")
    assert "responder.pem" in problem
    files.write("ocsp.toml", files.settings())
    with pytest.raises(ConfigurationError, match="no certificate of a signer"):
        _look(files, files.now)
