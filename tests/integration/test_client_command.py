"""``ocsp check``: files, servers, exit codes and output."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

import ocsp
from ocsp import OCSPCertStatus
from ocsp.cli import main
from tests.integration.live import (
    CA,
    CA_NAME,
    END,
    GOOD,
    HOUR,
    NEVER,
    NOW,
    RESPONDER,
    RESPONDER_NAME,
    REVOKED,
    Live,
    living,
)
from tests.pki import key


@pytest.fixture(name="live", scope="module")
def _live() -> Iterator[Live]:
    with living() as live:
        yield live


class Shell:
    """Runs ``ocsp check`` in a folder with certificates."""

    def __init__(self, folder: Path, live: Live, captured: Any) -> None:
        self.folder = folder
        self.live = live
        self._captured = captured
        self.ca = self.file("ca.pem", CA)

    def file(self, name: str, *certificates: x509.Certificate) -> str:
        """Write *certificates*, and return the name of the file."""
        path = self.folder / name
        path.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in certificates))
        return str(path)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run ``ocsp check``; return its exit code, output and error output."""
        code = main(["check", *arguments])
        shown = self._captured.readouterr()
        return code, shown.out, shown.err


@pytest.fixture(name="shell")
def _shell(tmp_path: Path, live: Live, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, live, capsys)


@pytest.mark.parametrize(
    ("serial", "code", "word"),
    [(GOOD, 0, "good"), (REVOKED, 1, "revoked"), (NEVER, 3, "unauthorized")],
)
def test_the_exit_code_depends_on_the_outcome(
    shell: Shell, serial: int, code: int, word: str
) -> None:
    """The first line of the output names the outcome."""
    leaf = shell.file("leaf.pem", shell.live.leaf(serial))
    found, shown, _ = shell(leaf, "--issuer", shell.ca, "--url", shell.live.url)
    assert found == code
    assert word in shown.splitlines()[0]


def test_soft_fail_accepts_indeterminate_with_a_warning(shell: Shell) -> None:
    """A revoked certificate still fails."""
    for serial, code in ((NEVER, 0), (REVOKED, 1)):
        leaf = shell.file("leaf.pem", shell.live.leaf(serial))
        found, _, errors = shell(
            leaf, "--issuer", shell.ca, "--url", shell.live.url, "--soft-fail"
        )
        assert found == code
        assert ("--soft-fail accepts it" in errors) is (code == 0)


def test_an_indeterminate_outcome_comes_with_a_hint(shell: Shell) -> None:
    """Without the issuer, and with a responder at a private address."""
    leaf = shell.file("leaf.pem", shell.live.leaf(GOOD))
    code, shown, _ = shell(leaf)
    assert (code, "--issuer FILE" in shown) == (3, True)
    code, shown, _ = shell(leaf, "--issuer", shell.ca)
    assert (code, "--private" in shown) == (3, True)
    assert shell(leaf, "--issuer", shell.ca, "--private")[0] == 0


def test_the_issuer_may_be_in_the_same_file(shell: Shell) -> None:
    """As in the chain file of a web server; with --chain all of it is checked."""
    full = shell.file("full.pem", shell.live.leaf(GOOD), CA)
    assert shell(full, "--private")[0] == 0
    assert shell(full, "--private", "--chain")[0] == 0
    code, _, errors = shell(shell.ca, "--chain")
    assert (code, "--chain needs two" in errors) == (4, True)


def test_verbose_shows_each_attempt(shell: Shell) -> None:
    """URL, method, hash and time, and for a failure the rule."""
    leaf = shell.file("leaf.pem", shell.live.leaf(NEVER))
    _, shown, _ = shell(
        leaf, "--issuer", shell.ca, "--url", shell.live.url, "--verbose"
    )
    assert f"GET {shell.live.url} sha256" in shown
    assert f"GET {shell.live.url} sha1" in shown
    assert re.search(r"took \d+ ms, 5 octets", shown)
    assert "[V1, RFC 6960" in shown


def test_several_certificates_are_a_table_and_the_worst_counts(shell: Shell) -> None:
    """The exit code is the worst: revoked, then indeterminate, unknown, good."""
    serials = (GOOD, REVOKED, NEVER)
    files = [shell.file(f"{n}.pem", shell.live.leaf(n)) for n in serials]
    code, shown, _ = shell(*files, "--issuer", shell.ca, "--url", shell.live.url)
    assert code == 1
    assert [line.split()[0] for line in shown.splitlines()[1:]] == [
        *(f"live-{n:x}" for n in serials),
        "reason",
        "hint",
    ]
    options = ("--issuer", shell.ca, "--url", shell.live.url)
    assert shell(files[0], files[2], *options)[0] == 3


def test_json_has_one_object_per_certificate(shell: Shell) -> None:
    """Each object includes the attempts."""
    leaf = shell.file("leaf.pem", shell.live.leaf(REVOKED))
    _, shown, _ = shell(
        leaf, "--issuer", shell.ca, "--url", shell.live.url, "--json", "--nonce"
    )
    written = json.loads(shown)
    assert (written["schema_version"], written["type"]) == (1, "check")
    (document,) = written["certificates"]
    assert document["status"] == "revoked"
    assert document["revocation_reason"] == "keyCompromise"
    assert document["authorized_by"] == "delegate"
    assert document["attempts"][0]["method"] == "POST"
    assert document["attempts"][0]["error"] is None


def test_answers_are_cached_in_a_file(shell: Shell) -> None:
    """The next run uses them and sends no request."""
    leaf = shell.file("leaf.pem", shell.live.leaf(GOOD))
    options = ("--issuer", shell.ca, "--cache", str(shell.folder / "answers"))
    assert shell(leaf, *options, "--url", shell.live.url)[0] == 0
    code, shown, _ = shell(leaf, *options, "--url", "http://127.0.0.1:9")
    assert (code, "from cache" in shown) == (0, True)


def test_a_key_or_certificate_is_not_taken_for_a_damaged_cache(shell: Shell) -> None:
    """A cache would rename it."""
    leaf = shell.file("leaf.pem", shell.live.leaf(GOOD))
    before = Path(leaf).read_bytes()
    code, _, errors = shell(leaf, "--issuer", shell.ca, "--cache", leaf)
    assert code == 4
    assert errors == f"error: --cache: {leaf} is a certificate (name another file)\n"
    assert Path(leaf).read_bytes() == before


# --- servers ---------------------------------------------------------------------


def _staple(serial: int, status: OCSPCertStatus, age: int = 1) -> bytes:
    cert_id = ocsp.CertID.for_serial(CA, serial, hashes.SHA1())
    revoked = status is OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(
            cert_id,
            status,
            NOW - age * HOUR,
            NOW - (age - 2) * HOUR,
            NOW - age * HOUR if revoked else None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, RESPONDER)
        .certificates([RESPONDER])
    )
    signed = builder.sign_with(ocsp.KeySigner(key(RESPONDER_NAME), RESPONDER))
    return signed.public_bytes(Encoding.DER)


class TLSServer:
    """``openssl s_server`` with a certificate of the live CA."""

    def __init__(
        self, shell: Shell, serial: int, staple: bytes | None, demand: bool
    ) -> None:
        names = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        extensions: list[x509.ExtensionType] = [
            x509.SubjectAlternativeName(names),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                key(CA_NAME).public_key()
            ),
        ]
        if demand:
            extensions.append(x509.TLSFeature([x509.TLSFeatureType.status_request]))
        leaf = shell.live.leaf(serial, extensions)
        shell.file("server.pem", leaf)
        secret = key(f"live-{serial:x}").private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        (shell.folder / "server.key").write_bytes(secret)
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www"]
        command += ["-cert", "server.pem", "-key", "server.key"]
        if staple is not None:
            (shell.folder / "staple.der").write_bytes(staple)
            command += ["-status_file", "staple.der"]
        self._program = subprocess.Popen(
            command,
            cwd=shell.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._program.stdout is not None
        for line in self._program.stdout:
            if found := re.match(r"ACCEPT \S*:(\d+)", line):
                self.port = int(found[1])
                return
        raise AssertionError("openssl s_server does not listen")

    def __enter__(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __exit__(self, *_: object) -> None:
        self._program.terminate()
        self._program.communicate(timeout=30)


@pytest.mark.parametrize(
    ("serial", "staple", "demand", "code", "words"),
    [
        (GOOD, _staple(GOOD, OCSPCertStatus.GOOD), False, 0, "from staple"),
        (GOOD, _staple(GOOD, OCSPCertStatus.REVOKED), False, 1, "from staple"),
        (GOOD, None, False, 0, "from responder"),
        (REVOKED, None, False, 1, "from responder"),
        (GOOD, _staple(GOOD, OCSPCertStatus.GOOD, age=9), False, 0, "from responder"),
        (GOOD, _staple(REVOKED, OCSPCertStatus.GOOD), False, 0, "from responder"),
        (GOOD, None, True, 3, "V28"),
        (GOOD, _staple(GOOD, OCSPCertStatus.GOOD, age=9), True, 3, "V28"),
        (GOOD, _staple(GOOD, OCSPCertStatus.GOOD), True, 0, "from staple"),
    ],
    ids=[
        "stapled", "revoked", "no staple", "no staple, revoked", "old staple",
        "staple of another", "required, missing", "required, old", "required",
    ],
)  # fmt: skip
def test_a_server_is_checked_by_its_staple_or_else_its_responder(
    shell: Shell, serial: int, staple: bytes | None, demand: bool, code: int, words: str
) -> None:
    """RFC 6066 §8, RFC 7633. A staple that fails verification counts as missing."""
    with TLSServer(shell, serial, staple, demand) as server:
        found, shown, errors = shell(server, "--ca", shell.ca, "--private", "--verbose")
    assert found == code, shown + errors
    assert words in shown


def test_a_server_that_is_not_trusted_is_not_checked(shell: Shell) -> None:
    """An untrusted certificate can name any URL, so no request is sent."""
    other = shell.file("other.pem", RESPONDER)
    with TLSServer(shell, GOOD, None, demand=False) as server:
        code, _, errors = shell(server, "--ca", other, "--private")
        assert (code, "is not trusted" in errors) == (4, True)
        code, _, errors = shell(server, "--private")
        assert (code, "--ca FILE" in errors) == (4, True)


def test_a_tls_connection_that_fails(shell: Shell) -> None:
    """No program listens, or the program does not use TLS."""
    code, _, errors = shell("127.0.0.1:9")
    assert (code, "127.0.0.1:9" in errors) == (4, True)
    port = shell.live.url.rpartition(":")[2]
    code, _, errors = shell(f"127.0.0.1:{port}")
    assert (code, "handshake failed" in errors) == (4, True)
    assert shell(f"nobody.invalid:{port}")[0] == 4
    assert shell("missing.pem")[0] == 4
    assert END > NOW
