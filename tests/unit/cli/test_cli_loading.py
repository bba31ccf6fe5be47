"""Loading messages in any encoding, certificates, and serial numbers."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path
from types import SimpleNamespace

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input import loading
from ocsp.cli.input.arguments import parse_serial
from ocsp.cli.input.loading import (
    load_certificate,
    load_certificates,
    load_issuer,
    read_message,
    read_octets,
    unwrap,
)
from tests.pki import ca, leaf

VECTORS = Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"
REQUEST = (VECTORS / "req-sha1.der").read_bytes()
RESPONSE = (VECTORS / "resp-revoked-reason.der").read_bytes()


def _pem(label: str, der: bytes) -> bytes:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


WRAPPINGS = {
    "der": lambda der: der,
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "base64 with CRLF": lambda der: base64.encodebytes(der).replace(b"\n", b"\r\n"),
    "base64 without padding": lambda der: base64.b64encode(der).rstrip(b"="),
    "base64 for URLs": base64.urlsafe_b64encode,
    "base64 after a byte order mark": lambda der: (
        b"\xef\xbb\xbf" + base64.b64encode(der)
    ),
    "percent-encoded": lambda der: urllib.parse.quote(
        base64.b64encode(der), safe=""
    ).encode(),
    "the path of a GET": lambda der: b"/" + base64.b64encode(der),
    "the path of a GET below another": lambda der: b"/ocsp/v1/" + base64.b64encode(der),
    "the URL of a GET": lambda der: (
        b"http://ocsp.test/M/"
        + urllib.parse.quote(base64.b64encode(der), safe="").encode()
    ),
    "hexadecimal": lambda der: der.hex().encode(),
    "hexadecimal with colons": lambda der: der.hex(":").upper().encode(),
    "hexadecimal with 0x": lambda der: b"0x" + der.hex().encode() + b"\n",
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize(
    ("der", "kind"), [(REQUEST, "request"), (RESPONSE, "response")]
)
def test_every_encoding_gives_the_message(wrapping: str, der: bytes, kind: str) -> None:
    """A request and a response are decoded from each encoding without a change."""
    message = unwrap(WRAPPINGS[wrapping](der), "here")
    assert der == message.der
    assert kind == message.kind


def test_base64_with_slashes_is_read_from_a_url() -> None:
    """Base64 can contain slashes, and the message is not cut at one of them."""
    der = b"\x30\x81\xff" + b"\xff" * 0xFF
    assert b"/" in base64.b64encode(der)
    url = b"http://ocsp.test/status/" + base64.b64encode(der)
    assert der == unwrap(url, "here").der


@pytest.mark.parametrize(
    ("label", "kind"), [("OCSP REQUEST", "request"), ("OCSP RESPONSE", "response")]
)
def test_the_pem_label_determines_the_type(label: str, kind: str) -> None:
    """The content of the PEM block does not matter."""
    message = unwrap(b"words before\n" + _pem(label, REQUEST) + b"words after", "here")
    assert message.der == REQUEST
    assert (kind, "pem") == (message.kind, message.wrapping)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_pem("CERTIFICATE", REQUEST), "is a certificate, not an OCSP message"),
        (b"-----BEGIN OCSP REQUEST-----\nMFQ=\n", "has no matching END line"),
        (
            b"-----BEGIN OCSP REQUEST-----\n!!!!\n-----END OCSP REQUEST-----",
            "is not base64",
        ),
        (b"Hello, world", "is neither DER, PEM, base64 nor hexadecimal"),
        (b"303", "is neither DER, PEM, base64 nor hexadecimal"),
        (b"http://ocsp.test/hello/world", "is neither DER, PEM, base64 nor"),
        (b"http://[ocsp.test/hello", "is neither DER, PEM, base64 nor"),
    ],
)
def test_text_that_is_not_a_message_is_rejected(data: bytes, reason: str) -> None:
    """The error has the name of the source and the reason."""
    with pytest.raises(CommandError, match=f"^here: .*{reason}"):
        unwrap(data, "here")


def test_octets_that_are_not_text_are_taken_as_der() -> None:
    """The DER parser then reports what is wrong with them."""
    message = unwrap(b"\x7fELF\x02\x01", "here")
    assert (message.wrapping, message.kind) == ("der", None)


def test_a_file_is_read(tmp_path: Path) -> None:
    """The name of the file does not matter."""
    file = tmp_path / "message.txt"
    file.write_bytes(REQUEST)
    assert read_message(str(file)).der == REQUEST


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name - stands for standard input."""
    stdin = SimpleNamespace(buffer=io.BytesIO(REQUEST), isatty=lambda: False)
    monkeypatch.setattr(loading.sys, "stdin", stdin)
    assert read_message("-").der == REQUEST


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"12345", "is larger than 4 octets")]
)
def test_a_file_of_the_wrong_size_is_rejected(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    """An empty file and a too large one give errors that name the file."""
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=reason) as caught:
        read_octets(str(file), 4)
    assert str(file) == caught.value.where


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A missing file gives an error that names it."""
    with pytest.raises(CommandError, match="No such file") as caught:
        read_octets(str(tmp_path / "nothing"), 4)
    assert str(tmp_path / "nothing") == caught.value.where


def test_standard_input_can_be_read_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second read gives an error that says so."""
    stdin = SimpleNamespace(buffer=io.BytesIO(REQUEST))
    monkeypatch.setattr(loading.sys, "stdin", stdin)
    assert read_octets("-", 1000)
    with pytest.raises(CommandError, match=r"is empty \(it can be read only once\)"):
        read_octets("-", 1000)


def test_standard_input_is_named_in_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also in the error for a wrong issuer."""
    other = ca("Other CA").public_bytes(Encoding.PEM)
    stdin = SimpleNamespace(buffer=io.BytesIO(other))
    monkeypatch.setattr(loading.sys, "stdin", stdin)
    with pytest.raises(CommandError, match=r"^standard input: is the certificate of"):
        load_issuer("-", [leaf()])


def test_certificates_come_in_pem_and_der(tmp_path: Path) -> None:
    """One certificate in DER, and any number in PEM, are read in order."""
    both = tmp_path / "chain.pem"
    both.write_bytes(
        leaf().public_bytes(Encoding.PEM) + ca().public_bytes(Encoding.PEM)
    )
    single = tmp_path / "leaf"
    single.write_bytes(leaf().public_bytes(Encoding.DER))
    assert [leaf(), ca()] == load_certificates(str(both))
    assert leaf() == load_certificate(str(single))


def test_a_file_with_an_unreadable_certificate_says_so(tmp_path: Path) -> None:
    """It is not empty: the label of the PEM block says certificate."""
    file = tmp_path / "file"
    file.write_bytes(_pem("CERTIFICATE", REQUEST))
    with pytest.raises(CommandError, match="contains a certificate that cannot be rea"):
        load_certificates(str(file))


@pytest.mark.parametrize("content", [b"text", b"0\x00"])
def test_a_file_without_certificate_is_rejected(tmp_path: Path, content: bytes) -> None:
    """Content that is not a certificate is rejected, in DER and in PEM."""
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(CommandError, match="contains no certificate"):
        load_certificates(str(file))


def test_the_size_of_a_file_of_certificates_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A larger file is refused before it is parsed."""
    file = tmp_path / "file"
    file.write_bytes(leaf().public_bytes(Encoding.PEM))
    assert load_certificates(str(file)) == [leaf()]
    monkeypatch.setattr(limits, "MAX_CERTIFICATE_FILE_BYTES", 100)
    with pytest.raises(CommandError, match="100"):
        load_certificates(str(file))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("7982", 7982), ("0x1f2e", 0x1F2E), ("1F:2E", 0x1F2E), (" 0 ", 0)),
        *(("10", 10), ("0x10", 0x10), ("1F2E", 0x1F2E), ("1e5", 0x1E5), ("b", 0xB)),
    ],
)
def test_serial_numbers_come_in_both_bases(text: str, number: int) -> None:
    """Digits alone are decimal; 0x, colons or a letter make a number hexadecimal."""
    assert number == parse_serial(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1f2g", "0xyz", "one", "9" * 5000, "-1", "0x-1", "+1", "1_0"),
        *("0x1_0", "0x", ":", "1:-2", "\u0661"),
    ],
)
def test_an_invalid_serial_number_is_rejected(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(CommandError, match="is not a number"):
        parse_serial(text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A FIFO would be waited for, and a device read without end."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, kind in (
        (fifo, "named pipe (FIFO)"),
        (tmp_path, "directory"),
        (Path("/dev/zero"), "device"),
    ):
        with pytest.raises(CommandError) as caught:
            read_octets(str(path), 100)
        assert str(caught.value) == f"{path}: is a {kind}, not a regular file"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no /dev/fd")
@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_what_the_caller_has_opened_is_read(name: str) -> None:
    """The shell passes the output of a command in ``<(command)`` like this."""
    reading, writing = os.pipe()
    os.write(writing, REQUEST)
    os.close(writing)
    assert read_message(name.format(reading)).der == REQUEST
    with pytest.raises(CommandError, match=r"is empty \(it can be read only once"):
        read_message(name.format(reading))
    os.close(reading)
    with pytest.raises(CommandError, match="Bad file descriptor"):
        read_message(name.format(reading))


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="there is no /dev/stdin")
def test_standard_input_by_its_file_name() -> None:
    """Also if it is a pipe or a device."""
    code = "from ocsp.cli.input.loading import read_message as r; r('/dev/stdin')"
    command = [sys.executable, "-c", code]
    subprocess.run(command, input=REQUEST, check=True)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert b"/dev/stdin: is empty" in done.stderr
