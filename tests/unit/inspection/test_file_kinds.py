"""Files of the wrong kind: an error says what the file is."""

from __future__ import annotations

import datetime
from pathlib import Path
from subprocess import run

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from ocsp.cli import main
from ocsp.cli.input.loading import load_certificates
from ocsp.client.certificate_files import load_certificates as read
from ocsp.errors import SchemaError
from ocsp.inspection.file_kinds import hint_for_kind, kind_of
from tests.pki import NOW, ca, key, leaf
from tests.vectors import REQUESTS, RESPONSES

KEY = key("kinds")
CSR = (
    x509.CertificateSigningRequestBuilder(subject_name=x509.Name([]))
    .sign(KEY, hashes.SHA256())
)  # fmt: skip
CRL = (
    x509.CertificateRevocationListBuilder(ca().subject, NOW, NOW + datetime.timedelta(1))
    .sign(KEY, hashes.SHA256())
)  # fmt: skip
PKCS12 = pkcs12.serialize_key_and_certificates(
    b"name", KEY, None, [leaf()], BestAvailableEncryption(b"secret")
)
REQUEST, RESPONSE = next(iter(REQUESTS.values())), next(iter(RESPONSES.values()))


def _key(encoding: Encoding, password: bytes | None = None) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return KEY.private_bytes(encoding, PrivateFormat.PKCS8, protection)


FILES = {
    "CSR in PEM": (CSR.public_bytes(Encoding.PEM), "a certificate request (CSR)"),
    "CSR": (CSR.public_bytes(Encoding.DER), "a certificate request (CSR)"),
    "CRL in PEM": (CRL.public_bytes(Encoding.PEM), "a CRL"),
    "CRL": (CRL.public_bytes(Encoding.DER), "a CRL"),
    "key in PEM": (_key(Encoding.PEM), "a private key"),
    "key": (_key(Encoding.DER), "a private key"),
    "locked key in PEM": (_key(Encoding.PEM, b"secret"), "a private key"),
    "locked key": (_key(Encoding.DER, b"secret"), "a private key"),
    "public key": (
        KEY.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
        "a public key",
    ),
    "PKCS #12": (PKCS12, "a PKCS #12 file"),
    "request": (REQUEST, "an OCSP request"),
    "response": (RESPONSE, "an OCSP response"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_certificate_is_named(
    content: bytes, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with what to do if that is known."""
    file = tmp_path / "file"
    file.write_bytes(content)
    assert main(["check", str(file)]) == 4
    hint = f" ({hint_for_kind(kind)})" if hint_for_kind(kind) else ""
    shown = capsys.readouterr().err
    assert shown == f"error: {file}: is {kind}, not a certificate{hint}\n"


@pytest.mark.parametrize("command", ["lint", "inspect"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *(FILES[name] for name in ("CSR", "CRL", "key", "PKCS #12")),
        *(FILES[name] for name in ("CSR in PEM", "CRL in PEM", "locked key in PEM")),
        (leaf().public_bytes(Encoding.DER), "a certificate"),
        (leaf().public_bytes(Encoding.PEM), "a certificate"),
        (pkcs7.serialize_certificates([leaf()], Encoding.DER), "a PKCS #7 file"),
        (pkcs7.serialize_certificates([leaf()], Encoding.PEM), "a PKCS #7 file"),
        (b"-----BEGIN WORDS-----\n-----END WORDS-----", "a PEM WORDS"),
    ],
)
def test_a_file_that_is_no_message_is_named(
    command: str,
    content: bytes,
    kind: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``ocsp lint`` of a certificate says that it is one."""
    file = tmp_path / "file"
    file.write_bytes(content)
    assert main([command, str(file)]) == 4
    shown = capsys.readouterr().err
    assert shown == f"error: {file}: is {kind}, not an OCSP message\n"


def test_a_request_is_not_a_response(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``ocsp lint`` reads responses only."""
    file = tmp_path / "file"
    file.write_bytes(REQUEST)
    assert main(["lint", str(file)]) == 4
    assert "is an OCSP request, not an OCSP response" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "kind", "wanted"),
    [(REQUEST, "request", "response"), (RESPONSE, "response", "request")],
)
def test_the_type_that_the_user_gives_is_checked(
    message: bytes,
    kind: str,
    wanted: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``ocsp inspect --type`` says what the message is instead."""
    file = tmp_path / "file"
    file.write_bytes(message)
    assert main(["inspect", str(file), "--type", kind]) == 0
    capsys.readouterr()
    assert main(["inspect", str(file), "--type", wanted]) == 4
    shown = capsys.readouterr().err
    assert shown == f"error: {file}: is an OCSP {kind}, not an OCSP {wanted}\n"


def test_a_certificate_is_not_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``ocsp serve --key`` says what the file is."""
    file = tmp_path / "file"
    file.write_bytes(leaf().public_bytes(Encoding.PEM))
    assert main(["serve", "--issuer", str(file), "--key", str(file)]) == 4
    assert "is a certificate, not a private key" in capsys.readouterr().err


# --- PKCS #7 and TRUSTED CERTIFICATE ---------------------------------------------


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_pkcs7_files_are_read(tmp_path: Path, encoding: Encoding) -> None:
    """All certificates in them."""
    file = tmp_path / "chain.p7b"
    file.write_bytes(pkcs7.serialize_certificates([leaf(), ca()], encoding))
    assert set(load_certificates(str(file))) == {leaf(), ca()}


def test_a_pkcs7_file_without_certificates_says_so() -> None:
    """Its SignedData has the version and empty sets only."""
    empty = bytes.fromhex(
        "302306092a864886f70d010702a016301402010131 00300b06092a864886f70d0107013100"
    )
    with pytest.raises(SchemaError, match="contains no certificate"):
        read(empty)


@pytest.mark.programs
@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_trusted_certificates_of_openssl_are_read(tmp_path: Path, form: str) -> None:
    """As ``openssl`` writes them, with its settings after the certificate."""
    source, file = tmp_path / "leaf.pem", tmp_path / "trusted"
    source.write_bytes(leaf().public_bytes(Encoding.PEM))
    command = ["openssl", "x509", "-in", source, "-addtrust", "serverAuth"]
    run([*command, "-trustout", "-outform", form, "-out", file], check=True)
    assert read(file.read_bytes()) == [leaf()]


def test_octets_after_a_certificate_are_refused() -> None:
    """Only the settings of OpenSSL may follow."""
    for rest in (b"\0", b"\x30\x05\0", b"\x04\0"):
        with pytest.raises(SchemaError, match="contains no certificate"):
            read(leaf().public_bytes(Encoding.DER) + rest)


@given(st.binary(max_size=200))
def test_any_octets_are_recognized_or_not(data: bytes) -> None:
    """Without another exception."""
    assert kind_of(data) is None or kind_of(data)
    with pytest.raises(SchemaError):
        read(data)
