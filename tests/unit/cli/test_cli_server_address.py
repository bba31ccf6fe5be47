"""What names a TLS server, and what names a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.cli import main
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.server_address import ServerAddress, server_address
from ocsp.client import StartTLS


@pytest.mark.parametrize(
    ("source", "host", "port"),
    [
        ("www.example.org", "www.example.org", 443),
        ("www.example.org.", "www.example.org.", 443),
        ("www.example.org:8443", "www.example.org", 8443),
        ("bücher.example", "bücher.example", 443),
        ("a_b.example:1", "a_b.example", 1),
        ("https://www.example.org", "www.example.org", 443),
        ("https://www.example.org/", "www.example.org", 443),
        ("https://www.example.org:8443/a/b?c", "www.example.org", 8443),
        ("HTTPS://www.example.org:/", "www.example.org", 443),
        ("https://[::1]:8443/", "::1", 8443),
        ("https://[::1]", "::1", 443),
        ("localhost", "localhost", 443),
        ("localhost:1", "localhost", 1),
        ("db:65535", "db", 65535),
        ("192.0.2.1", "192.0.2.1", 443),
        ("::1", "::1", 443),
        ("[::1]", "::1", 443),
        ("[::1]:8443", "::1", 8443),
    ],
)
def test_a_server(source: str, host: str, port: int) -> None:
    """A host or an address, with or without a port, or an https URL."""
    assert server_address(source, None) == ServerAddress(host, port)


@pytest.mark.parametrize(
    "source",
    ["leaf", "missing.pem", "MISSING.CRT", "a/b.example", "./b.example", "-", "a b.c",
     "site.p12", "x\0.example", "a" * 5000, ""],
)  # fmt: skip
def test_a_file(source: str) -> None:
    """Also one that does not exist: the command says so."""
    assert server_address(source, None) is None


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("host:99999", "the port 99999 is not between 1 and 65535"),
        ("host:0", "the port 0 is not between"),
        ("host:" + "9" * 5000, "is not between"),
        ("host:", "is neither a file nor HOST:PORT, with a port between 1 and 65535"),
        (":443", "is neither a file nor HOST:PORT"),
        ("host:-1", "is neither a file nor HOST:PORT"),
        ("host:https", "is neither a file nor HOST:PORT"),
        ("no host:443", "is neither a file nor HOST:PORT"),
        ("[::1", "No such file or directory"),
        ("a..b:443", "a..b:443: a label of the name is empty, too long"),
        ("https://[::1]:1/", "[::1]:1: "),
        ("https://host:99999/", "the port 99999 is not between"),
        ("https://host:x/", "the port x is not between"),
        ("http://host/", "is not the URL of a TLS server"),
        ("ldaps://host/", "is not the URL of a TLS server"),
        ("https:///path", "is not the URL of a TLS server"),
        ("https://user@host/", "is not the URL of a TLS server"),
        ("https://[::1/", "is not a URL"),
    ],
)
def test_a_wrong_server_is_refused_in_one_sentence(
    source: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is sent."""
    assert main(["check", source]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert what in line


def test_an_existing_file_has_precedence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may have the name of a host."""
    monkeypatch.chdir(tmp_path)
    Path("www.example.org").touch()
    assert server_address("www.example.org", None) is None


def test_starttls_decides_the_default_port() -> None:
    """A name without a dot is a server then."""
    assert server_address("db", StartTLS.POSTGRES) == ServerAddress("db", 5432)
    assert server_address("mx.example:465", StartTLS.SMTP) == ("mx.example", 465)


@given(st.text(alphabet=":/[]@.-_%?#htps019ä\0 a", max_size=30))
def test_any_text_is_a_server_or_a_file_or_refused(source: str) -> None:
    """A server has a host and a port that can be connected to."""
    try:
        found = server_address(source, None)
    except CommandError:
        return
    assert found is None or (found.host and 0 < found.port < 65536)
