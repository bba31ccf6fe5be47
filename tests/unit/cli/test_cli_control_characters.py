"""Names, URLs and file names of attackers control no terminal, in any command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp.asn1.der import encode, encode_oid
from ocsp.cli import main
from tests.cases.builder import (
    NOCHECK,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    extension,
)
from tests.cases.keys import private_key

BUILD = Builder()
NAME = b"a\x1b[2J\x07\r\n\xe2\x80\xaeb\x00\xc2\x9b1J[/quiet][bold]"
URL = b"http://h.example/\x1b[2J[/command]\r\nx\x9b"

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
STYLE = re.compile("\r?\x1b\\[(?:[0-9;]*m|[?]25[lh]|1A|2K)")
"""What Rich writes for colours and progress; the names above contain none of it."""

SUBJECT = encode(
    0x30, encode(0x31, encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, NAME)))
)
PLACES = (
    extension(
        "1.3.6.1.5.5.7.1.1",
        encode(
            0x30,
            *(
                encode(0x30, encode_oid(method), encode(0x86, URL))
                for method in ("1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2")
            ),
        ),
    ),
    extension(
        "2.5.29.31",
        encode(0x30, encode(0x30, encode(0xA0, encode(0xA0, encode(0x86, URL))))),
    ),
)


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files, and make the folder the current one."""
    monkeypatch.chdir(tmp_path)
    delegate = BUILD.delegate(
        SUBJECT, extensions=(*PLACES, SIGNS, OCSP_SIGNING, NOCHECK)
    )
    files = {
        "ca": BUILD.ca.der,
        "leaf": BUILD.certificate(SUBJECT, extensions=PLACES).der,
        "delegate": delegate.der,
        "key": private_key("responder").private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
        ),
        "response": BUILD.response(
            by=delegate,
            responder_id=BUILD.by_name(SUBJECT),
            extensions=[extension("1.2.3.4", NAME)],
        ),
        "\x1b[2Jfile": b"nothing",
    }
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    return tmp_path


COMMANDS = [
    "inspect response",
    "lint response --cert leaf --issuer ca",
    "verify --response response --cert leaf --issuer ca",
    "check leaf --issuer ca --verbose --timeout 1s",
    "check leaf leaf --issuer ca --timeout 1s",
    "check leaf --issuer leaf",
    "check \x1b[2Jfile \x1b[2Jmissing",
    "check leaf --issuer ca --url http://\x1b[2J/ --verbose",
    "inspect \x1b[2Jfile",
    "request --cert leaf --issuer ca --out request",
    "request --cert leaf --issuer ca --out \x1b[2Jrequest",
    "status add --db db --issuer ca --cert leaf",
    "status add --db \x1b[2Jdb --issuer ca --cert leaf",
    "status revoke --db db --issuer ca --cert leaf",
    "status list --db db",
    "staple leaf --issuer ca --once --timeout 1s",
    "serve --db db --issuer ca --cert delegate --key key",
]


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("as_json", [False, True])
def test_no_command_prints_a_control_character(
    as_json: bool,
    terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In text and JSON, with and without colours, on both outputs."""
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("ocsp.service.serve", lambda *_, **__: None)
    for command in COMMANDS:
        arguments = command.split(" ")
        takes_json = arguments[0] not in {"request", "serve"} and arguments[1] != "add"
        code = main([*arguments, *(["--json"] if as_json and takes_json else [])])
        shown = capsys.readouterr()
        assert code != 70, shown.err
        for text in (shown.out, shown.err):
            found = CONTROLS.search(STYLE.sub("", text))
            assert found is None, (command, text)
