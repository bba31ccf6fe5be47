"""A responder from its configuration: each problem names its setting and its line."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from ocsp.errors import ConfigurationError
from ocsp.service import build_service, check_signers, read_configuration
from ocsp.testing.throwaway_ca import ThrowawayCA, Validity, new_ec_key
from tests.ca_folder import DAY, CAFolder


@pytest.fixture
def files(tmp_path: Path) -> CAFolder:
    """Write the files of a CA."""
    return CAFolder(tmp_path)


def _problems(files: CAFolder) -> list[str]:
    """Return what is wrong with the configuration, without the folder."""
    file = read_configuration(files.configuration)
    with (
        pytest.raises(ConfigurationError) as caught,
        build_service(file.configuration) as service,
    ):
        check_signers(service, files.now)
    lines = file.locate(caught.value).lines()
    return [f"{where}: {what}".replace(f"{files.folder}/", "") for where, what in lines]


def test_a_responder_is_built_and_tested(files: CAFolder) -> None:
    """The signer signs an answer that clients accept, and the database is open."""
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        assert list(service.names.values()) == ["CN=Example CA"]
        assert check_signers(service, files.now) == []
        assert len(service.source.issuers()) == 1


CASES = [
    ("signer", "ocsp.toml:6: issuer.signers.certificate: gone.pem: No such file or directory"),
    ("key", (
        "ocsp.toml:6: issuer.signers.key: other.key: is not the key of the certificate"
        " responder.pem; replace both files, or name others"
    )),
    ("ca", "ocsp.toml:5: issuer.certificate: gone.pem: No such file or directory"),
    ("database", (
        "ocsp.toml:1: database: gone.db does not exist; ocsp status add and ocsp status"
        " import create it"
    )),
    ("stranger", (
        "ocsp.toml:6: issuer.signers: 'CN=stranger' was issued by 'CN=Other CA', not by"
        " 'CN=Example CA'"
    )),
    ("ended", "ocsp.toml:6: issuer.signers: no certificate of a signer is valid now; add a signer"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "expected"), CASES)
def test_a_problem_names_its_setting_and_its_line(
    kind: str, expected: str, files: CAFolder
) -> None:
    """And the file that is wrong."""
    text = files.settings()
    match kind:
        case "signer":
            text = text.replace("responder.pem", "gone.pem")
        case "key":
            files.add_delegate("other")
            text = text.replace("responder.key", "other.key")
        case "ca":
            text = text.replace("ca.pem", "gone.pem")
        case "database":
            text = text.replace("status.db", "gone.db")
        case "stranger":
            other = ThrowawayCA.root("Other CA", files.validity, new_ec_key())
            files.add_delegate("stranger", of=other)
            text = files.settings(signer="stranger")
        case "ended":
            files.add_delegate("ended", Validity(files.now - 2 * DAY, files.now - DAY))
            text = files.settings(signer="ended")
    files.write("ocsp.toml", text)
    (problem,) = _problems(files)
    assert expected in problem


def test_all_problems_are_found_at_once(files: CAFolder) -> None:
    """An operator corrects them in one go."""
    text = files.settings().replace("responder.key", "gone.key")
    files.write("ocsp.toml", text.replace("status.db", "gone.db"))
    assert [each.split(":")[1] for each in _problems(files)] == ["1", "6"]


def test_signers_of_other_times_are_no_problem(files: CAFolder) -> None:
    """One has ended, which is a warning; one is for the time after."""
    files.add_delegate("ended", Validity(files.now - 2 * DAY, files.now - DAY))
    files.add_delegate("next", Validity(files.now + DAY, files.now + 9 * DAY))
    signers = ", ".join(
        f'{{ certificate = "{name}.pem", key = "{name}.key" }}'
        for name in ("ended", "responder", "next")
    )
    text = files.settings()
    files.write("ocsp.toml", text[: text.index("signers")] + f"signers = [{signers}]")
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        (warning,) = check_signers(service, files.now)
    assert "CN=ended ended at" in warning
    assert "remove the signer" in warning


def test_a_short_validity_is_a_warning(files: CAFolder) -> None:
    """Clients of the Web PKI want eight hours; those of a private CA do not."""
    files.write("ocsp.toml", files.settings(top='answers = { validity = "10m" }'))
    configuration = read_configuration(files.configuration).configuration
    assert configuration.answers.validity == datetime.timedelta(minutes=10)
    with build_service(configuration) as service:
        assert any("webpki" in each for each in check_signers(service, files.now))
