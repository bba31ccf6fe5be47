"""CRLs and openssl: it makes CRLs for us, and judges ours the same way."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp import OCSPCertStatus, VerificationError, verify_crl
from tests.crls import LISTED, crl, entry, scope
from tests.integration.openssl import openssl
from tests.pki import NOW, ca, key, leaf, make, name

HOUR = datetime.timedelta(hours=1)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
REVOKED = 23
"""X509_V_ERR_CERT_REVOKED"""


CONFIG = """
[ca]
default_ca = here
[here]
database = FOLDER/index.txt
crlnumber = FOLDER/crlnumber
new_certs_dir = FOLDER
certificate = FOLDER/ca.pem
private_key = FOLDER/ca.key
default_md = sha256
default_crl_days = 7
policy = any
crl_extensions = numbered
[numbered]
authorityKeyIdentifier = keyid
[any]
commonName = supplied
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Return the folder of an ``openssl ca``."""
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca().public_key())
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    root = make("Test CA", "Test CA", extensions=[constraints, identifier])
    (tmp_path / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    private = key("Test CA").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "ca.key").write_bytes(private)
    (tmp_path / "ca.cnf").write_text(CONFIG.replace("FOLDER", str(tmp_path)))
    (tmp_path / "index.txt").touch()
    (tmp_path / "crlnumber").write_text("1000\n")
    return tmp_path


@pytest.mark.parametrize("numbered", [True, False])
def test_crls_of_openssl_ca_are_verified(folder: Path, numbered: bool) -> None:
    """Revoked with a reason, on hold, and not listed; version 2 and version 1."""
    if not numbered:
        lines = (folder / "ca.cnf").read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("crl_ext", "crlnum"))]
        (folder / "ca.cnf").write_text("\n".join(kept))
    issuer = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    for serial, reason in ((0x1111, "keyCompromise"), (0x2222, "certificateHold")):
        cert = folder / f"{serial:x}.pem"
        cert.write_bytes(leaf(serial).public_bytes(Encoding.PEM))
        options = ("-revoke", cert, "-crl_reason", reason)
        openssl("ca", "-config", folder / "ca.cnf", *options)
    listed = folder / "list.pem"
    openssl("ca", "-config", folder / "ca.cnf", "-gencrl", "-out", listed)
    made = x509.load_pem_x509_crl(listed.read_bytes())
    data, now = made.public_bytes(Encoding.DER), made.last_update_utc
    found = {
        serial: verify_crl(data, leaf(serial), issuer, at=now)
        for serial in (0x1111, 0x2222, 0x3333)
    }
    assert [each.status for each in found.values()] == [
        OCSPCertStatus.REVOKED,
        OCSPCertStatus.REVOKED,
        OCSPCertStatus.GOOD,
    ]
    if numbered:
        assert found[0x1111].revocation_reason is x509.ReasonFlags.key_compromise
        assert found[0x2222].revocation_reason is x509.ReasonFlags.certificate_hold
    assert found[0x3333].crl_number == (0x1000 if numbered else None)
    with pytest.raises(VerificationError):
        verify_crl(data, leaf(0x3333), issuer, at=now + 8 * 24 * HOUR)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (crl(), "not listed"),
        (crl(entry()), "listed"),
        (crl(entry(1), entry(LISTED), entry(3)), "one of many"),
        (crl(end=NOW - HOUR), "too old"),
        (crl(begin=NOW + HOUR), "too early"),
        (crl(signer=key("Other CA")), "another key"),
        (crl(issuer="Other CA", signer=key("Test CA")), "another name"),
        (crl(critical=[scope(cas=True)]), "CAs only"),
        (crl(critical=[scope(users=True)]), "end entities only"),
        (crl(critical=[scope(attributes=True)]), "attribute certificates only"),
        (crl(critical=[UNKNOWN]), "critical and unknown"),
        (crl(extensions=[UNKNOWN]), "unknown"),
        (crl(entry(1, UNKNOWN, critical=True)), "critical and unknown in an entry"),
    ],
)
def test_openssl_verify_gives_the_same_status(
    folder: Path, data: bytes, name: str
) -> None:
    """Good, revoked, or no evidence because the CRL is not accepted."""
    pem = x509.load_der_x509_crl(data).public_bytes(Encoding.PEM)
    (folder / "list.pem").write_bytes(pem)
    (folder / "leaf.pem").write_bytes(leaf(LISTED).public_bytes(Encoding.PEM))
    files = ("-CAfile", folder / "ca.pem", "-CRLfile", folder / "list.pem")
    moment = ("-attime", int(NOW.timestamp()))
    printed = openssl(
        "verify", "-crl_check", *files, *moment, folder / "leaf.pem", expect=None
    )
    theirs = "no evidence"
    if printed.endswith("leaf.pem: OK\n"):
        theirs = "good"
    elif f"error {REVOKED} " in printed:
        theirs = "revoked"
    try:
        ours = verify_crl(data, leaf(LISTED), ca(), at=NOW).status.name.lower()
    except VerificationError:
        ours = "no evidence"
    assert ours == theirs, (name, printed)


BOTH = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}
SOME = frozenset({x509.ReasonFlags.key_compromise})
HERE = x509.UniformResourceIdentifier("http://crl.example/1.crl")
THERE = x509.UniformResourceIdentifier("http://crl.example/2.crl")


def _for_issuer(serial: int, issuer: str) -> x509.RevokedCertificate:
    names = x509.CertificateIssuer([x509.DirectoryName(name(issuer))])
    return entry(serial, names, critical=True)


def _indirect(*entries: x509.RevokedCertificate, **more: Any) -> bytes:
    more.setdefault("critical", [scope(indirect=True, full_name=[HERE])])
    return crl(*entries, issuer="CRL Issuer", **more)


def _part(reasons: frozenset[x509.ReasonFlags], *entries: Any) -> bytes:
    return crl(*entries, critical=[scope(reasons=reasons)])


@pytest.mark.parametrize(
    ("crls", "expected"),
    [
        ([_indirect()], "good"),
        ([_indirect(_for_issuer(LISTED, "Test CA"))], "revoked"),
        ([_indirect(_for_issuer(LISTED, "Other CA"))], "good"),
        ([_indirect(entry())], "good"),
        ([_indirect(_for_issuer(1, "Test CA"), entry())], "revoked"),
        (
            [_indirect(_for_issuer(1, "Test CA"), _for_issuer(2, "Other CA"), entry())],
            "good",
        ),
        ([_indirect(critical=())], "no evidence"),
        (
            [_indirect(critical=[scope(indirect=True, full_name=[THERE])])],
            "no evidence",
        ),
        ([_indirect(critical=[scope(full_name=[HERE])])], "no evidence"),
        ([_indirect(signer=key("Other CA"))], "no evidence"),
        ([_part(SOME)], "no evidence"),
        ([_part(SOME, entry())], "revoked"),
        ([_part(SOME), _part(BOTH - SOME)], "good"),
        ([_part(SOME), _part(BOTH - SOME, entry())], "revoked"),
    ],
)
def test_openssl_gives_the_same_status_with_extended_crls(
    folder: Path, crls: list[bytes], expected: str
) -> None:
    """Indirect CRLs, and CRLs for some reasons (``-extended_crl``)."""
    by = [x509.DirectoryName(name("CRL Issuer"))]
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([HERE], None, None, by)]
    )
    cert = make("leaf", "Test CA", serial=LISTED, extensions=[points])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    signer = make("CRL Issuer", "Test CA", extensions=[usage])
    pem = b"".join(
        x509.load_der_x509_crl(each).public_bytes(Encoding.PEM) for each in crls
    )
    (folder / "list.pem").write_bytes(pem)
    (folder / "leaf.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    files = ("-CAfile", folder / "ca.pem", "-CRLfile", folder / "list.pem")
    known = ("-untrusted", folder / "signer.pem")
    moment = ("-attime", int(NOW.timestamp()))
    checks = ("-crl_check", "-extended_crl")
    printed = openssl(
        "verify", *checks, *files, *known, *moment, folder / "leaf.pem", expect=None
    )
    theirs = "no evidence"
    if printed.endswith("leaf.pem: OK\n"):
        theirs = "good"
    elif f"error {REVOKED} " in printed:
        theirs = "revoked"
    try:
        found = verify_crl(crls, cert, ca(), candidates=[signer], at=NOW)
        ours = found.status.name.lower()
    except VerificationError:
        ours = "no evidence"
    assert (ours, theirs) == (expected, expected), printed
