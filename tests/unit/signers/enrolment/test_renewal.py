"""Test the renewal by a command: what it may return, and that the old pair survives."""

from __future__ import annotations

import datetime
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import ConfigError, HookFailed, OCSPError, StoreError
from ocsp.guarded.file_lock import lock_file
from ocsp.signers import SignerSpec, load_signer
from ocsp.signers.enrolment import Renewal, renew, renewal
from tests.pki import DELEGATION, NOW, ca, key, make
from tests.unit.signers.files import key_pem, write_pair

DAY = datetime.timedelta(days=1)

_CA = """\
import datetime, os, sys
from pathlib import Path
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ocsp.signers.enrolment import issue_delegate, requested_key
folder = Path({folder!r})
request = x509.load_pem_x509_csr(sys.stdin.buffer.read())
assert request == x509.load_pem_x509_csr(
    Path(os.environ["OCSP_SIGNER_REQUEST"]).read_bytes()
)
issuer = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
now = datetime.datetime.fromisoformat({now!r})
issued = issue_delegate(
    issuer, key, requested_key(request), request.subject, days={days}, now=now
)
pem = issued.public_bytes(__import__("cryptography").hazmat.primitives.serialization
    .Encoding.PEM)
"""


class _Site:
    """A signer with its files, and a CA that a command can ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        old = make(
            "Test Responder", "Test CA", end=NOW + 5 * DAY, extensions=DELEGATION
        )
        self.spec = write_pair(folder, None, old)
        (folder / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
        (folder / "ca.key").write_bytes(key_pem(key("Test CA")))
        self.before = self.content()

    def ca(self, *, days: int = 20, now: datetime.datetime = NOW) -> str:
        """Return the program of a CA, which has the new certificate in ``pem``."""
        return _CA.format(folder=str(self.folder), days=days, now=now.isoformat())

    def renew(
        self, program: str, spec: SignerSpec | None = None, **how: Any
    ) -> x509.Certificate:
        """Renew by a Python program."""
        settings: dict[str, Any] = {
            "spec": spec or self.spec,
            "issuer": ca(),
            "command": [sys.executable, "-c", program],
        }
        return renew(Renewal(**(settings | how)), NOW)

    def content(self) -> dict[str, bytes]:
        """Return all files."""
        return {each.name: each.read_bytes() for each in self.folder.iterdir()}


@pytest.fixture
def site(tmp_path: Path) -> _Site:
    """Return a site in a directory of its own."""
    return _Site(tmp_path)


@pytest.mark.parametrize(
    "end",
    [
        "sys.stdout.buffer.write(pem)",
        "sys.stdout.buffer.write((folder / 'ca.pem').read_bytes() + pem)",
        "Path(os.environ['OCSP_SIGNER_CERTIFICATE']).write_bytes(pem)",
        "print('text before'); print(pem.decode())",
    ],
)
def test_the_command_returns_the_certificate(end: str, site: _Site) -> None:
    """In its output or in a file, also with the certificate of the CA before it."""
    new = site.renew(site.ca() + end)
    loaded = load_signer(site.spec)
    assert loaded.certificate == new
    assert new.not_valid_after_utc == NOW + 20 * DAY
    assert new.public_key() != key("Test Responder").public_key()
    assert set(site.content()) == set(site.before)
    key_file = site.content()["responder.key"]
    assert key_file.count(b"BEGIN PRIVATE KEY") == 1


def test_the_key_can_be_kept(site: _Site) -> None:
    """The certificate is then the only file that changes."""
    new = site.renew(site.ca() + "sys.stdout.buffer.write(pem)", keep_key=True)
    assert new.public_key() == key("Test Responder").public_key()
    assert site.content()["responder.key"] == site.before["responder.key"]
    assert load_signer(site.spec).certificate == new


def test_an_encrypted_key_stays_encrypted(site: _Site) -> None:
    """With the same passphrase."""
    assert site.spec.key is not None
    site.spec.key.write_bytes(key_pem(key("Test Responder"), b"secret"))
    (site.folder / "passphrase").write_text("secret\n")
    spec = replace(site.spec, passphrase_file=site.folder / "passphrase")
    new = site.renew(site.ca() + "sys.stdout.buffer.write(pem)", spec)
    assert b"ENCRYPTED" in site.content()["responder.key"]
    assert load_signer(spec).certificate == new


def test_key_and_certificate_in_one_file_are_replaced_at_once(site: _Site) -> None:
    """As some programs keep them."""
    file = site.folder / "both.pem"
    file.write_bytes(site.before["responder.key"] + site.before["responder.pem"])
    spec = SignerSpec(certificate=file, key=file)
    new = site.renew(site.ca() + "sys.stdout.buffer.write(pem)", spec)
    assert load_signer(spec).certificate == new


_OTHER = """
from cryptography.hazmat.primitives.asymmetric import ec
other = ec.generate_private_key(ec.SECP256R1()).public_key()
issued = issue_delegate(issuer, key, other, request.subject, days=20, now=now)
from cryptography.hazmat.primitives.serialization import Encoding
sys.stdout.buffer.write(issued.public_bytes(Encoding.PEM))
"""

_NO_DELEGATE = """
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
builder = x509.CertificateBuilder(
    issuer.subject, request.subject, request.public_key(), 5, now,
    now + datetime.timedelta(days=20),
)
sys.stdout.buffer.write(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
"""


@pytest.mark.parametrize(
    ("program", "error", "words"),
    [
        ("raise SystemExit(3)", HookFailed, "exited with code 3"),
        ("import os; os.kill(os.getpid(), 9)", HookFailed, "killed by signal 9"),
        ("", HookFailed, "returned no certificate for the key of the request"),
        ("print('hello')", HookFailed, "returned no certificate for the key"),
        ("<ca>\nprint(pem.decode()[:99])", HookFailed, "returned no certificate"),
        (f"<ca>{_OTHER}", HookFailed, "returned no certificate for the key"),
        ("print('x' * 2_000_000)", HookFailed, "wrote more than 1,048,576 octets"),
        ("<ca>\nos.mkdir(os.environ['OCSP_SIGNER_CERTIFICATE'])", HookFailed, "cannot"),
        (f"<ca>{_NO_DELEGATE}", ConfigError, "does not have the extended key usage"),
        ("<short>\nprint(pem.decode())", HookFailed, "no later than the present one"),
        ("<later>\nprint(pem.decode())", HookFailed, "is not valid before"),
    ],
)
def test_whatever_the_command_does_wrong_changes_nothing(
    program: str, error: type[OCSPError], words: str, site: _Site
) -> None:
    """The error says what it was; the pair of before is on disk, octet for octet."""
    later = NOW + datetime.timedelta(hours=2)
    program = program.replace("<short>", site.ca(days=5))
    program = program.replace("<later>", site.ca(now=later)).replace("<ca>", site.ca())
    with pytest.raises(error, match=words):
        site.renew(program)
    assert site.content() == site.before
    assert load_signer(site.spec)


def test_a_command_that_hangs_is_killed(
    site: _Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a limit; nothing has changed."""
    monkeypatch.setattr(limits, "MAX_RENEWAL_SECONDS", 0.2)
    with pytest.raises(HookFailed, match="took more than 0 seconds and was killed"):
        site.renew("import time; time.sleep(60)")
    assert site.content() == site.before


def test_a_program_that_does_not_exist_is_an_error(site: _Site) -> None:
    """It names the program."""
    with pytest.raises(HookFailed, match=r"^/missing: No such file"):
        site.renew("", command=["/missing"])
    assert site.content() == site.before


@pytest.mark.parametrize("after", [1, 2, 3])
def test_at_each_moment_the_files_are_a_pair_that_loads(
    after: int, site: _Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed after any write leaves a signer that works."""
    writes = []

    def stop(write: Any) -> Any:
        def counted(*arguments: Any, **how: Any) -> None:
            if arguments[0].parent == site.folder:
                load_signer(site.spec)
                if len(writes) == after:
                    raise KeyboardInterrupt
                writes.append(arguments[0].name)
            write(*arguments, **how)

        return counted

    monkeypatch.setattr(renewal, "write_secret", stop(renewal.write_secret))
    monkeypatch.setattr(renewal, "write_public", stop(renewal.write_public))
    program = site.ca() + "sys.stdout.buffer.write(pem)"
    if after == 3:
        site.renew(program)
    else:
        with pytest.raises(KeyboardInterrupt):
            site.renew(program)
    expected = ["responder.key", "responder.pem", "responder.key"]
    assert writes == expected[:after]
    is_new = load_signer(site.spec).certificate.not_valid_after_utc > NOW + 6 * DAY
    assert is_new == (after > 1)
    monkeypatch.undo()
    later = site.ca(days=25) + "sys.stdout.buffer.write(pem)"
    assert site.renew(later) == load_signer(site.spec).certificate


def test_two_renewals_at_once_are_refused(site: _Site) -> None:
    """A timer that fires while an operator renews."""
    handle = lock_file(site.folder / ".responder.pem.lock")
    assert handle is not None
    try:
        with pytest.raises(StoreError, match="another process renews this"):
            site.renew("")
    finally:
        os.close(handle)


def test_a_pair_that_does_not_load_is_not_renewed(site: _Site) -> None:
    """The command does not run."""
    assert site.spec.key is not None
    site.spec.key.write_bytes(key_pem(key("other")))
    with pytest.raises(ConfigError, match="is not the key of the present certificate"):
        site.renew("raise SystemExit(9)")
