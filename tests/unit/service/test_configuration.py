"""The configuration file: what is accepted, and what each error says."""

from __future__ import annotations

import datetime
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp import limits
from ocsp.errors import ConfigurationError, ConfigurationProblem
from ocsp.responder import UnknownSerialPolicy
from ocsp.service import configuration_of, configuration_schema, read_configuration
from ocsp.service.configuration.positions import line_of
from ocsp.service.configuration.values import (
    WITH_PASSWORDS,
    TCPAddress,
    UnixAddress,
)
from ocsp.store import DatabaseAddress

SMALLEST = """\
[[issuer]]
certificate = "ca.pem"
signers = [{ certificate = "responder.pem", key = "responder.key" }]
"""

LARGE = """\
database = "sqlite:/var/lib/ocsp/status.db"
listen = ["0.0.0.0:80", "[::]:80"]
workers = 2

[answers]
validity = "4d"
backdate = "5m"
forms = ["sha1", "sha256"]
memory = "64MiB"
nonce = "ignore"

[signing]
in_flight = 32
waiting = 200
alarm = "14d"

[admin]
listen = "unix:admin.sock"

[log]
format = "json"
level = "info"
access = "requests"

[retention]
expired = "30d"
audit = "400d"

[[issuer]]
certificate = "issuing-1.pem"
signers = [
  { certificate = "ocsp-2026.pem", key = "ocsp-2026.key" },
  { certificate = "ocsp-2027.pem", pkcs11 = "pkcs11:token=ocsp", pin_file = "pin" },
]

[[issuer]]
certificate = "issuing-2.pem"
unlisted = "revoked"
signers = [{ certificate = "ocsp-2.pem", key = "ocsp-2.key", rate = 150 }]

[[issuer]]
certificate = "partner.pem"
signers = [{ certificate = "ocsp-3.pem", key = "ocsp-3.key" }]
[issuer.source]
crl = ["http://crl.partner.example/ca.crl", "local.crl"]
delta = ["http://crl.partner.example/delta.crl"]
refresh = "15m"
issued = "partner-serials.txt"
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "ocsp.toml"
    path.write_text(text, newline="")
    return path


def _lines(folder: Path, text: str) -> list[str]:
    """Return what is wrong with *text*: each problem with its line."""
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(_write(folder, text))
    prefix = f"{folder / 'ocsp.toml'}:"
    return [
        f"{where}: {what}".removeprefix(prefix) for where, what in caught.value.lines()
    ]


SOURCES = {
    "index.txt": 'index_txt = "index.txt"',
    "directory": 'directory = "issued"\nrevoked = "revoked.txt"',
    "sql": 'sql = "sqlite:///certs.db"\npreset = "cfssl"',
    "CRL": 'crl = ["ca.crl"]',
    "delta CRL": 'crl = ["ca.crl"]\ndelta = ["http://crl.example/delta.crl"]',
    "CRL with a list": 'crl = ["ca.crl"]\nissued = "serials"\nrefresh = "1m"',
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_process_gets_the_same_configuration_with_all_defaults(
    tmp_path: Path, source: str
) -> None:
    """The supervisor sends it in JSON, and defaults are no contradictions there."""
    text = f"{SMALLEST}[issuer.source]\n{SOURCES[source]}\n"
    found = read_configuration(_write(tmp_path, text)).configuration
    sent = json.loads(json.dumps(found.model_dump(mode="json", exclude_none=True)))
    assert configuration_of(sent).model_dump() == found.model_dump()


def test_the_smallest_configuration_has_the_documented_defaults(tmp_path: Path) -> None:
    """An issuer with a signer is all that is needed."""
    found = read_configuration(_write(tmp_path, SMALLEST)).configuration
    assert found.database == DatabaseAddress(tmp_path / "status.db")
    assert found.listen == (TCPAddress("127.0.0.1", 8080),)
    assert found.workers == 1
    assert found.answers.validity == datetime.timedelta(hours=8)
    assert found.admin is None
    assert found.issuer[0].unlisted is UnknownSerialPolicy.UNAUTHORIZED
    assert found.uses_database


def test_every_table_and_key_is_read(tmp_path: Path) -> None:
    """Units, addresses and paths; a path is relative to the folder of the file."""
    found = read_configuration(_write(tmp_path, LARGE)).configuration
    assert found.database == DatabaseAddress(Path("/var/lib/ocsp/status.db"))
    assert found.listen == (TCPAddress("0.0.0.0", 80), TCPAddress("::", 80))
    assert found.answers.memory == 64 << 20
    assert found.admin is not None
    assert found.admin.listen == UnixAddress(tmp_path / "admin.sock")
    assert found.issuer[0].signers[1].pkcs11 == "pkcs11:token=ocsp"
    assert found.issuer[0].certificate == tmp_path / "issuing-1.pem"
    source = found.issuer[2].source
    assert source is not None
    assert source.crl == ("http://crl.partner.example/ca.crl", tmp_path / "local.crl")
    assert source.refresh == datetime.timedelta(minutes=15)


@pytest.mark.parametrize("text", [SMALLEST, LARGE])
def test_a_configuration_survives_json(text: str, tmp_path: Path) -> None:
    """The supervisor passes it to its processes in this form."""
    found = read_configuration(_write(tmp_path, text)).configuration
    document = json.loads(found.model_dump_json(exclude_none=True))
    assert configuration_of(document, "/elsewhere") == found.model_copy(
        update={"database": DatabaseAddress(Path("/elsewhere", str(found.database)))}
    )


URL = "postgresql://ocsp:SECRET@db.example/ocsp?sslmode=verify-full&password=SECRET"


def test_passwords_are_only_for_processes(tmp_path: Path) -> None:
    """A configuration that people see has none, whatever is written in the file."""
    source = f"[issuer.source]\nsql = {URL.replace('ql:', 'ql+psycopg:')!r}\n"
    text = f"database = {URL!r}\n{SMALLEST}{source}preset = 'cfssl'\n"
    found = read_configuration(_write(tmp_path, text)).configuration
    assert (
        str(found.database) == "postgresql://ocsp@db.example/ocsp?sslmode=verify-full"
    )
    for shown in (found.model_dump_json(), repr(found.database), str(found.database)):
        assert "SECRET" not in shown
    document = found.model_dump(mode="json", exclude_none=True, context=WITH_PASSWORDS)
    assert configuration_of(document, "/elsewhere") == found


NO_HOST = (
    "is neither an IP address nor a host name; write for example"
    ' "0.0.0.0:80", "[::]:80" or "127.0.0.1:8080"'
)

ERRORS = [
    ("databse = 'sqlite:x'\n" + SMALLEST, "1: databse: is not a setting; did you mean database?"),
    (SMALLEST + "colour = 1\n", (
        "4: issuer.colour: is not a setting; the settings here are certificate, unlisted,"
        " signers, signed, responders, trust, compromised, cert_hash, source"
    )),
    (SMALLEST.replace("key =", "kee ="), "3: issuer.signers.kee: is not a setting; did you mean key?"),
    ("", "1: issuer: is missing; add it"),
    ("[[issuer]]\ncertificate = 'a'\n", "1: issuer: has no signers; give one of signers, signed, responders"),
    ("[[issuer]]\ncertificate = 'a'\nsigners = []\n", "1: issuer: has no signers; give one of signers, signed, responders"),
    ("\n[[issuer]]\nsigners = [\n {key = 'k'},\n]\ncertificate = ''\n", (
        "4: issuer.signers.certificate: is missing; add it",
        "6: issuer.certificate: '' is not usable here; write for example \"ca.pem\"",
    )),
    ("listen = ['127.0.0.1']\n" + SMALLEST, (
        "1: listen: '127.0.0.1' is not an address and port; write for example"
        ' "0.0.0.0:80", "[::]:80" or "127.0.0.1:8080"'
    )),
    ("listen = ['::1:80']\n" + SMALLEST, (
        "1: listen: '::1:80' is not an address and port; write for example"
        ' "0.0.0.0:80", "[::]:80" or "127.0.0.1:8080"'
    )),
    ("listen = ['[::1]:65536']\n" + SMALLEST, "1: listen: '[::1]:65536' has the port 65536; ports end at 65535"),
    ("listen = ['999.1.1.1:80']\n" + SMALLEST, f"1: listen: '999.1.1.1' {NO_HOST}"),
    ("listen = ['bad host:80']\n" + SMALLEST, f"1: listen: 'bad host' {NO_HOST}"),
    ("listen = ['a..example:80']\n" + SMALLEST, f"1: listen: 'a..example' {NO_HOST}"),
    ("listen = ['[::g]:80']\n" + SMALLEST, f"1: listen: '::g' {NO_HOST}"),
    ("[admin]\nlisten = '127.1:9080'\n" + SMALLEST, f"2: admin.listen: '127.1' {NO_HOST}"),
    ("listen = []\n" + SMALLEST, "1: listen: is empty; give at least one"),
    ("listen = '127.0.0.1:80'\n" + SMALLEST, "1: listen: must be an array: write it in [ ]"),
    ("workers = '2'\n" + SMALLEST, "1: workers: must be a whole number, and is '2'"),
    ("workers = 0\n" + SMALLEST, "1: workers: must be greater than or equal to 1, and is 0"),
    ("workers = true\n" + SMALLEST, "1: workers: must be a whole number, and is True"),
    ("database = 'status.db'\n" + SMALLEST, (
        "1: database: 'status.db' is not a database; write for example \"sqlite:status.db\""
        ' or "postgresql://db.example.org/ocsp"'
    )),
    ("[answers]\nvalidity = '4 days'\n" + SMALLEST, (
        "2: answers.validity: '4 days' is not a duration; write it like 30s, 5m, 1h30m or 10d"
    )),
    ("[answers]\nvalidity = 4\n" + SMALLEST, (
        '2: answers.validity: must be a text in quotes, such as "30s", "5m" or "4d"'
    )),
    ("[answers]\nvalidity = '0s'\n" + SMALLEST, "2: answers.validity: must be more than 0 seconds"),
    ("[retention]\naudit = '23h'\n" + SMALLEST, (
        "2: retention.audit: must be at least 1d, and is 23h"
    )),
    ("[answers]\nmemory = 64\n" + SMALLEST, '2: answers.memory: has no unit; write for example "64MiB"'),
    ("[answers]\nnonce = 'maybe'\n" + SMALLEST, (
        "2: answers.nonce: is 'maybe'; write one of 'echo', 'ignore' or 'require'"
    )),
    ("answers = 1\n" + SMALLEST, "1: answers: must be a table of settings"),
    ("[admin]\nlisten = '0.0.0.0:9080'\n" + SMALLEST, (
        "1: admin: listen is 0.0.0.0:9080, which other machines can reach: set token_file in"
        " the configuration file, or listen on 127.0.0.1 or a Unix socket"
    )),
    (SMALLEST + "[issuer.source]\n", (
        "4: issuer.source: has no source; give one of crl, index_txt, directory, sql, or"
        " leave the table out to use the database"
    )),
    (SMALLEST + "[issuer.source]\nindex_txt = 'i'\ndirectory = 'd'\n", (
        "4: issuer.source: has index_txt and directory; give one of crl, index_txt,"
        " directory, sql, or leave the table out to use the database"
    )),
    (SMALLEST + "[issuer.source]\nindex_txt = 'i'\nrefresh = '1m'\n", (
        "4: issuer.source: refresh is only used with crl; take it out"
    )),
    (SMALLEST + "[issuer.source]\nsql = 'sqlite://'\n", (
        "4: issuer.source: sql needs preset: the program that wrote the tables"
    )),
    (SMALLEST + "compromised = 0001-01-01T00:00:00+14:00\n", (
        "4: issuer.compromised: is outside the years 1 to 9999 in UTC"
    )),
    ("a = \n" + SMALLEST, "1: is not TOML: Invalid value"),
    ("a = 1\na = 2\n", "2: is not TOML: Cannot overwrite a value"),
    ("x = [1,\n\n", "1: is not TOML: Invalid value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ERRORS)
def test_an_error_names_the_line_the_key_and_what_to_do(
    text: str, expected: str | tuple[str, ...], tmp_path: Path
) -> None:
    """All problems of the file are listed, in the order of their lines."""
    wanted = [expected] if isinstance(expected, str) else list(expected)
    assert _lines(tmp_path, text) == wanted


@pytest.mark.parametrize(
    "reason",
    [
        "'postgresql://ocsp:SECRET@db.example/ca' is not a database",
        "http://SECRET@ocsp.example/: has a user name",
        "/etc/pkcs11:token=x;object=y?pin-value=SECRET&a=b: no such file",
        "/etc/-----BEGIN PRIVATE KEY-----\nSECRET\nSECRET: no such file",
    ],
)
def test_an_error_does_not_repeat_a_secret(reason: str) -> None:
    """The value of a setting is in the error, but a log may have other readers."""
    problem = ConfigurationProblem(("database",), reason)
    error = ConfigurationError("ocsp.toml", [problem])
    for text in (str(problem), str(error), error.reason, *error.lines()[0]):
        assert "SECRET" not in text
    assert str(problem).startswith(f"database: {reason.partition('SECRET')[0][:9]}")
    assert "***" in str(problem)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff", "is not text in UTF-8: invalid start byte"),
        (b"a = " + b"[" * 5000, "has arrays that are nested too deep"),
        (b"a = " + b"[1," * 20_000, "has arrays that are nested too deep"),
        (b"role = 0x" + b"f" * 5000, "has a number with too many digits"),
        (b"a = {b = [[0o" + b"7" * 22 + b"]]}", "has a number with too many digits"),
        (b"a = " + b"9" * 5000, "has a number with too many digits"),
        (b"a." * 33 + b"a = 1", "has a key with more than 33 parts"),
        (b"[" + b"'a' . " * 33 + b"a]", "has a key with more than 33 parts"),
        (
            b"a = { b = 1, " + b"a." * 33 + b"a = 1}",
            "has a key with more than 33 parts",
        ),
    ],
)
def test_a_file_that_is_not_text_is_refused(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    """The error names the file."""
    path = tmp_path / "ocsp.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(path)
    assert str(caught.value) == f"{path}: {reason}"


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(ConfigurationError, match=r"none\.toml: No such file"):
        read_configuration(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="is a directory, not a regular file"):
        read_configuration(tmp_path)


def test_the_size_of_the_file_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ``MAX_CONFIGURATION_BYTES``."""
    monkeypatch.setattr(limits, "MAX_CONFIGURATION_BYTES", len(SMALLEST) - 1)
    assert _lines(tmp_path, SMALLEST)[0].endswith(
        f"is larger than {len(SMALLEST) - 1:,} octets"
    )


def test_the_number_of_workers_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ``MAX_WORKER_PROCESSES``."""
    text = "workers = 3\n" + SMALLEST
    read_configuration(_write(tmp_path, text))
    monkeypatch.setattr(limits, "MAX_WORKER_PROCESSES", 2)
    assert _lines(tmp_path, text) == [
        "1: workers: is 3, which exceeds the limit MAX_WORKER_PROCESSES = 2"
    ]


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:a.sock", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.0.2.1:1", False),
        ("example.org:1", False),
    ],
)
def test_an_admin_port_that_others_reach_needs_a_token(
    address: str, local: bool
) -> None:
    """A name other than localhost counts as reachable."""
    document = tomllib.loads(SMALLEST) | {"admin": {"listen": address}}
    if local:
        admin = configuration_of(document).admin
        assert admin is not None
        assert admin.listen.is_local
    else:
        with pytest.raises(ConfigurationError, match="set token_file"):
            configuration_of(document)
    document["admin"]["token_file"] = "token"
    assert configuration_of(document).admin is not None


def test_the_json_schema_describes_every_setting() -> None:
    """Each property has a description and a type, a choice or a reference."""
    schema = configuration_schema()
    for table in [schema, *schema["$defs"].values()]:
        for name, each in table.get("properties", {}).items():
            assert "description" in each or "$ref" in each, name


# --- the line of a key -----------------------------------------------------------------

_KEYS = st.sampled_from(["a", "b", "c"])
_VALUES = st.sampled_from(
    [
        "1",
        '"x"',
        "[1, 2]",
        "[\n  1,\n  2, # two\n]",
        "{ a = 1 }",
        '"""\nx\n"""',
        "'''\n[[a]]\n'''",
    ]
)


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, list[tuple[tuple[str | int, ...], int]]]:
    """Return a document, and the path and the line of each of its keys."""
    lines: list[str] = []
    places: list[tuple[tuple[str | int, ...], int]] = []

    def pairs(prefix: tuple[str | int, ...]) -> None:
        for name in draw(st.lists(_KEYS, unique=True)):
            lines.extend(draw(st.sampled_from([[], [""], ["# a = 1"]])))
            places.append(((*prefix, name), len(lines) + 1))
            lines.extend(f"{name} = {draw(_VALUES)}".split("\n"))

    pairs(())
    for number in range(draw(st.integers(0, 3))):
        places.append((("table", number), len(lines) + 1))
        lines.append("[[table]]")
        pairs(("table", number))
    return "\n".join(lines), places


@given(_documents(), st.sampled_from(["\n", "\r\n"]))
def test_the_line_of_every_key_is_found(
    case: tuple[str, list[tuple[tuple[str | int, ...], int]]], line_end: str
) -> None:
    """In tables, arrays of tables, beside comments, and values of several lines."""
    text, places = case
    for path, line in places:
        found = line_of(text.replace("\n", line_end), path)
        assert line <= found, path
        # An array is found on the line of its bracket or of its first item.
        assert found - line <= 1, path


def test_items_of_an_array_have_lines_of_their_own() -> None:
    """Also in an array in a table in an array."""
    text = "a = [\n  1,\n  # 2\n  3,\n  { b = [\n 'x',\n 'y' ] } ]\n"
    paths: list[tuple[str | int, ...]]
    paths = [("a", 0), ("a", 1), ("a", 2, "b", 0), ("a", 2, "b", 1), ("a", 9), ("z",)]
    assert [line_of(text, path) for path in paths] == [2, 4, 6, 7, 1, 1]
