"""The configuration of edge nodes, and of shared answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import ConfigurationError
from ocsp.service import read_configuration
from ocsp.service.building import build_degraded, build_service
from ocsp.service.configuration import configuration_of
from ocsp.service.configuration.values import WITH_PASSWORDS
from ocsp.service.copies import places
from tests.docs.examples import Block, blocks
from tests.pki import ca

ISSUER = '[[issuer]]\ncertificate = "ca.pem"\n'


@pytest.mark.parametrize("block", blocks("docs/howto/edge-nodes.md", "toml"))
def test_the_examples_of_the_documentation(block: Block, tmp_path: Path) -> None:
    """Each is a complete configuration."""
    path = tmp_path / "ocsp.toml"
    path.write_text(block.text)
    assert read_configuration(path).configuration.valkey is not None


def _write(folder: Path, top: str, issuer: str = "", role: str = "edge") -> Path:
    path = folder / "ocsp.toml"
    path.write_text(f'role = "{role}"\n{top}\n{ISSUER}{issuer}\n')
    return path


@pytest.mark.parametrize(
    ("top", "issuer", "line", "reason"),
    [
        ("", "", 1, "needs at least one of valkey, files and upstream"),
        ('files = "x"\ndatabase = "sqlite:status.db"', "", 3, "is not for an edge node"),
        (
            'files = "x"', 'signers = [{ certificate = "a.pem", key = "a.key" }]',
            3, "has signers; an edge node never signs",
        ),
        ('files = "x"', 'source = { crl = ["a.crl"] }', 3, "has source"),
        ('files = "x"', "compromised = 2026-01-01T00:00:00Z", 3, "has compromised"),
        ('files = "x"', "cert_hash = true", 3, "has cert_hash"),
        ('upstream = ["ftp://a"]', "", 2, "is not an HTTP URL"),
        ('valkey = "redis://:secret@a"', "", 2, "scheme 'redis'"),
        ('files = "x"\nanswers = { nonce = "require" }', "", 1, "needs a key"),
    ],
)  # fmt: skip
def test_what_an_edge_node_must_not_have(
    tmp_path: Path, top: str, issuer: str, line: int, reason: str
) -> None:
    """With the line, and without a password."""
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(_write(tmp_path, top, issuer))
    (problem,) = caught.value.problems
    assert reason in problem.reason
    assert problem.line == line
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("top", ['files = "x"', 'upstream = ["http://a"]'])
def test_the_places_of_an_edge_node_are_for_edge_nodes(
    tmp_path: Path, top: str
) -> None:
    """Other nodes sign."""
    signers = 'signers = [{ certificate = "a.pem", key = "a.key" }]'
    with pytest.raises(ConfigurationError, match="need role = 'edge'"):
        read_configuration(_write(tmp_path, top, signers, role="both"))


def test_the_password_of_the_server_is_for_processes_only(tmp_path: Path) -> None:
    """A process gets the same configuration, and people get it without the password."""
    top = 'valkey = "valkeys+cluster://ocsp:hu%2Fsh@a,b?ca=/etc/ca.pem"'
    configuration = read_configuration(_write(tmp_path, top)).configuration
    document = configuration.model_dump(
        mode="json", exclude_none=True, context=WITH_PASSWORDS
    )
    assert configuration_of(document) == configuration
    assert configuration.valkey is not None
    assert configuration.valkey.password == "hu/sh"
    shown = configuration.model_dump_json()
    assert "valkeys+cluster://ocsp@a:6379,b:6379?ca=/etc/ca.pem" in shown
    assert "hu%2Fsh" not in shown
    assert "hu/sh" not in shown


@pytest.mark.parametrize(
    ("role", "processes", "addresses", "signs"),
    [("both", 3, 1, True), ("serve", 3, 1, False), ("sign", 0, 0, True)],
)
def test_what_each_role_does(
    tmp_path: Path, role: str, processes: int, addresses: int, signs: bool
) -> None:
    """The processes that answer, where they listen, and who signs ahead."""
    signers = 'signers = [{ certificate = "a.pem", key = "a.key" }]'
    path = _write(tmp_path, "workers = 3", signers, role)
    configuration = read_configuration(path).configuration
    assert configuration.serving_processes == processes
    assert len(configuration.serving_addresses) == addresses
    assert configuration.signs_ahead is signs


def test_a_package_that_is_missing_is_a_problem_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before anything is served; a server that is away is none."""
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    path = _write(tmp_path, 'valkey = "valkey://127.0.0.1:1"')
    configuration = read_configuration(path).configuration
    build_service(configuration).close()
    monkeypatch.setattr(places, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        build_service(configuration)
    (problem,) = caught.value.problems
    assert problem.path == ("valkey",)
    assert "the extra 'valkey'" in problem.reason


VALKEYS = "valkeys://127.0.0.1:1?ca"


@pytest.mark.parametrize(
    ("top", "key", "reason"),
    [
        ('files = "gone"', "files", "gone does not exist"),
        ('files = "ca.pem"', "files", "ca.pem is not a directory"),
        (f'valkey = "{VALKEYS}=gone"', "valkey", "gone: No such file"),
        (
            f'valkey = "{VALKEYS}=ocsp.toml"',
            "valkey",
            "ocsp.toml: contains no certificate",
        ),
    ],
)
def test_the_places_of_an_edge_node_have_to_be_there(
    tmp_path: Path, top: str, key: str, reason: str
) -> None:
    """Paths are relative to the folder; a process that starts again goes on without."""
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    configuration = read_configuration(_write(tmp_path, top)).configuration
    with pytest.raises(ConfigurationError) as caught:
        build_service(configuration)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert reason in problem.reason
    assert str(tmp_path) in problem.reason
    build_degraded(configuration).close()


def test_all_places_of_an_edge_node_that_are_missing_are_reported(
    tmp_path: Path,
) -> None:
    """Each with its line."""
    path = _write(tmp_path, f'files = "gone"\nvalkey = "{VALKEYS}=gone"')
    file = read_configuration(path)
    with pytest.raises(ConfigurationError) as caught:
        build_service(file.configuration)
    found = [(each.line, each.key) for each in file.locate(caught.value).problems]
    assert found == [(2, "files"), (3, "valkey"), (5, "issuer.certificate")]


def test_the_files_of_a_server_are_relative_to_the_folder(tmp_path: Path) -> None:
    """As all paths are; a process gets the absolute path."""
    (tmp_path / "pw").write_text("secret")
    top = f'valkey = "{VALKEYS}=a/ca.pem&password_file=pw"'
    valkey = read_configuration(_write(tmp_path, top)).configuration.valkey
    assert valkey is not None
    assert (valkey.ca, valkey.password) == (str(tmp_path / "a/ca.pem"), "secret")
    assert valkey.password_file == str(tmp_path / "pw")
