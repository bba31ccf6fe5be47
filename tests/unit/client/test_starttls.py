"""STARTTLS: the dialogue before TLS, over a loopback connection."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp import limits
from ocsp.client.starttls.protocols import StartTLS, start_tls

LDAP_OK = bytes.fromhex("300c02010178070a010004000400")
LDAP_LONG = bytes.fromhex("30840000001002010178840000000" + "70a010004000400")
MYSQL = (
    b"\x0a10.11.6-MariaDB\0"
    + bytes(4)
    + b"saltsalt\0"
    + (0x0800).to_bytes(2, "little")
    + bytes(30)
)


def _packet(body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + b"\0" + body


AGREEMENTS = [
    (StartTLS.SMTP, b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n"),
    (StartTLS.SMTP, b"220-two\r\n220 lines\r\n250\r\n220\n"),
    (StartTLS.FTP, b"220-two\r\n 221 free text\r\n220 a\r\n234 go\r\n"),
    (StartTLS.IMAP, b"* OK [CAPABILITY IMAP4rev1] a\r\n* 1 EXISTS\r\nA1 ok go\r\n"),
    (StartTLS.POP3, b"+OK a\r\n+OK go\r\n"),
    (StartTLS.LDAP, LDAP_OK),
    (StartTLS.LDAP, LDAP_LONG),
    (StartTLS.POSTGRES, b"S"),
    (StartTLS.MYSQL, _packet(MYSQL)),
]

REFUSALS = [
    (StartTLS.SMTP, b"554 no service\r\n", "'554 no service'"),
    (StartTLS.SMTP, b"220 a\r\n502 what\r\n", "'502 what'"),
    (StartTLS.SMTP, b"220 a\r\n250 a\r\n454 no TLS\r\n", "'454 no TLS'"),
    (StartTLS.FTP, b"220 a\r\n534 no\r\n", "AUTH TLS with '534 no'"),
    (StartTLS.IMAP, b"* PREAUTH a\r\n", "PREAUTH"),
    (StartTLS.IMAP, b"* OK a\r\nA1 NO later\r\n", "'A1 NO later'"),
    (StartTLS.IMAP, b"* OK a\r\n" + b"* 1\r\n" * 20_000, "more than 65536 octets"),
    (StartTLS.POP3, b"+OK a\r\n-ERR no\r\n", "'-ERR no'"),
    (StartTLS.POP3, b"+OK" + b"a" * 9_000, "a line of more than 8192"),
    (StartTLS.LDAP, LDAP_OK.replace(b"\n\1\0", b"\n\1\2"), "code is 2"),
    (StartTLS.LDAP, LDAP_OK.replace(b"\2\1\1", b"\2\1\0"), "code is 0"),
    (StartTLS.LDAP, b"SSH-2.0", "not answer in LDAP"),
    (StartTLS.LDAP, b"\x30\x88" + b"\xff" * 8, "not answer in LDAP"),
    (StartTLS.POSTGRES, b"N", "does not use TLS"),
    (StartTLS.POSTGRES, b"E", "not answer in PostgreSQL's protocol"),
    (StartTLS.MYSQL, _packet(b"\xff\x6a\x04no host"), "'no host'"),
    (StartTLS.MYSQL, _packet(MYSQL.replace(b"\0\x08", b"\0\0")), "does not use TLS"),
    (StartTLS.MYSQL, _packet(b"\x0a8.0"), "protocol 10"),
    (StartTLS.SMTP, b"", "closed the connection"),
    (StartTLS.MYSQL, b"\x10\0\0\0short", "closed the connection"),
]


@contextmanager
def _server(sends: bytes) -> Iterator[tuple[socket.socket, Callable[[], bytes]]]:
    """Return a connection whose server has sent *sends*, and a reader of the server."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        peer, _ = listener.accept()
        with peer:
            peer.sendall(sends)
            peer.shutdown(socket.SHUT_WR)

            def received() -> bytes:
                client.shutdown(socket.SHUT_WR)
                peer.settimeout(10)
                return b"".join(iter(lambda: peer.recv(4096), b""))

            yield client, received


def _soon() -> float:
    return time.monotonic() + 10


@pytest.mark.parametrize(("protocol", "sends"), AGREEMENTS)
def test_a_server_agrees(protocol: StartTLS, sends: bytes) -> None:
    """The client says what the protocol requires, and reads only the agreement."""
    commands = {
        StartTLS.SMTP: rb"EHLO \[127\.0\.0\.1\]\r\nSTARTTLS\r\n",
        StartTLS.FTP: rb"AUTH TLS\r\n",
        StartTLS.IMAP: rb"A1 STARTTLS\r\n",
        StartTLS.POP3: rb"STLS\r\n",
        StartTLS.LDAP: rb"(?s)\x30\x1d.*1\.3\.6\.1\.4\.1\.1466\.20037",
        StartTLS.POSTGRES: rb"\x00\x00\x00\x08\x04\xd2\x16\x2f",
        StartTLS.MYSQL: rb"(?s)\x20\x00\x00\x01.{32}",
    }
    with _server(sends) as (client, received):
        start_tls(client, protocol, _soon())
        assert re.fullmatch(commands[protocol], received())


@pytest.mark.parametrize(("protocol", "sends"), AGREEMENTS)
def test_plain_text_after_the_agreement_is_refused(
    protocol: StartTLS, sends: bytes
) -> None:
    """It would be taken for protected data (CVE-2011-0411, CVE-2021-23222)."""
    with (
        _server(sends + b"injected") as (client, _),
        pytest.raises(ConnectionError, match="more data after it agreed"),
    ):
        start_tls(client, protocol, _soon())


@pytest.mark.parametrize(("protocol", "sends", "why"), REFUSALS)
def test_a_server_does_not_agree(protocol: StartTLS, sends: bytes, why: str) -> None:
    """The error repeats what the server said."""
    with (
        _server(sends) as (client, _),
        pytest.raises(ConnectionError, match=re.escape(why)),
    ):
        start_tls(client, protocol, _soon())


def test_the_limits_can_be_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line and the whole dialogue are limited each."""
    for limit, why in (
        ("MAX_STARTTLS_LINE_BYTES", "a line of more than 4"),
        ("MAX_STARTTLS_BYTES", "more than 4 octets before"),
    ):
        with monkeypatch.context() as patched, _server(b"+OK welcome") as (client, _):
            patched.setattr(limits, limit, 4)
            with pytest.raises(ConnectionError, match=why):
                start_tls(client, StartTLS.POP3, _soon())


def test_a_server_that_says_nothing_is_left_at_the_deadline() -> None:
    """The deadline is for the whole dialogue, not for each octet."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        pytest.raises(TimeoutError),
    ):
        start_tls(client, StartTLS.SMTP, time.monotonic() + 0.05)
    with (
        _server(b"220 a\r\n") as (client, _),
        pytest.raises(TimeoutError, match="too long"),
    ):
        start_tls(client, StartTLS.SMTP, time.monotonic() - 1)


@given(
    protocol=st.sampled_from(list(StartTLS)),
    start=st.sampled_from([b"", *(sends for _, sends in AGREEMENTS)]),
    cut=st.integers(0, 80),
    rest=st.binary(max_size=80),
)
def test_no_server_causes_another_exception(
    protocol: StartTLS, start: bytes, cut: int, rest: bytes
) -> None:
    """Only an OSError, whatever the server sends."""
    with _server(start[:cut] + rest) as (client, _), contextlib.suppress(OSError):
        start_tls(client, protocol, _soon())


def test_every_protocol_has_its_port() -> None:
    """The registered ports of IANA."""
    ports = {each.value: each.port for each in StartTLS}
    assert ports == {
        "smtp": 25, "imap": 143, "pop3": 110, "ftp": 21,
        "ldap": 389, "postgres": 5432, "mysql": 3306,
    }  # fmt: skip
