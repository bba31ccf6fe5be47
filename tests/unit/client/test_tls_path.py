"""The certification path of a TLS server, and why it is not trusted."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ocsp import limits
from ocsp.client import tls_path
from ocsp.client.tls_path import verified_path
from ocsp.errors import ConfigError, TLSPeerNotTrusted, TLSPeerWrongName
from ocsp.signing.issued import is_issued_by
from tests.pki import key

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str, issuer: str, *, is_ca: bool, days: int = 30
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(_name(issuer), _name(subject))
        .public_key(key(f"path {subject}").public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 5 * DAY)
        .not_valid_after(NOW + days * DAY)
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                key(f"path {issuer}").public_key()
            ),
            critical=False,
        )
    )
    if is_ca:
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True,
            crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        own = x509.SubjectKeyIdentifier.from_public_key(
            key(f"path {subject}").public_key()
        )
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(own, critical=False)
    else:
        names = x509.SubjectAlternativeName([x509.DNSName("a.example")])
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(server, critical=False)
    return builder.sign(key(f"path {issuer}"), hashes.SHA256())


ROOT = _certificate("Root", "Root", is_ca=True)
OTHER = _certificate("Other", "Other", is_ca=True)
INTERMEDIATE = _certificate("Intermediate", "Root", is_ca=True)
OLD_INTERMEDIATE = _certificate("Intermediate", "Root", is_ca=True, days=-1)
LEAF = _certificate("leaf", "Intermediate", is_ca=False)
OLD_LEAF = _certificate("leaf", "Intermediate", is_ca=False, days=-2)


def _path(
    shown: list[x509.Certificate],
    roots: list[x509.Certificate],
    name: str = "a.example",
) -> list[x509.Certificate]:
    return verified_path("a.example:443", name, shown, roots)


def test_the_path_ends_at_the_root() -> None:
    """An intermediate certificate may be the trusted root too."""
    assert _path([LEAF, INTERMEDIATE], [ROOT]) == [LEAF, INTERMEDIATE, ROOT]
    assert _path([LEAF], [INTERMEDIATE]) == [LEAF, INTERMEDIATE]


@pytest.mark.parametrize(
    ("shown", "roots", "reason"),
    [
        ([LEAF], [ROOT], "the certificate of CN=Intermediate, which issued CN=leaf"),
        ([LEAF, ROOT], [ROOT], "and the server does not send it"),
        ([LEAF, INTERMEDIATE], [OTHER], "the certificate of CN=Root, which issued"),
        ([LEAF, INTERMEDIATE, ROOT], [OTHER], "CN=Root is a root that is not trusted"),
        ([OLD_LEAF, INTERMEDIATE], [ROOT], f"to {NOW - 2 * DAY:%Y-%m-%d} only"),
        ([LEAF, OLD_INTERMEDIATE], [ROOT], "of CN=Intermediate is valid from"),
    ],
    ids=["no intermediate", "root instead", "no root", "other root", "old", "old CA"],
)
def test_the_reason_names_the_certificate(
    shown: list[x509.Certificate], roots: list[x509.Certificate], reason: str
) -> None:
    """The message says which certificate is missing, expired or not trusted."""
    with pytest.raises(TLSPeerNotTrusted, match=reason) as caught:
        _path(shown, roots)
    assert not isinstance(caught.value, TLSPeerWrongName)


def test_a_certificate_for_another_name() -> None:
    """The path is trusted, but not for this server."""
    with pytest.raises(TLSPeerWrongName, match=r"not for the name b\.example"):
        _path([LEAF, INTERMEDIATE], [ROOT], "b.example")


def test_a_name_that_is_no_name() -> None:
    """``cryptography`` refuses it, and its message is kept."""
    with pytest.raises(TLSPeerNotTrusted):
        _path([LEAF, INTERMEDIATE], [ROOT], "not a name")


def test_without_roots_nothing_is_trusted() -> None:
    """An empty list is a mistake of the caller."""
    with pytest.raises(ConfigError, match="no trusted roots"):
        _path([LEAF], [])


def test_the_search_for_the_reason_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many certificates with one name cost few signature checks."""
    checked: list[x509.Certificate] = []

    def note(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        checked.append(issuer)
        return is_issued_by(certificate, issuer)

    monkeypatch.setattr(tls_path, "is_issued_by", note)
    chain = [
        _certificate("leaf", "CA 0", is_ca=False),
        *(_certificate(f"CA {n}", f"CA {n + 1}", is_ca=True) for n in range(60)),
    ]
    with pytest.raises(TLSPeerNotTrusted, match="none of the 61 certificates"):
        verified_path("a.example:443", "a.example", chain, [ROOT])
    assert not checked
    most = limits.MAX_VERIFIED_CERTIFICATES
    with pytest.raises(TLSPeerNotTrusted, match=f"CN=CA {most - 1}, which issued"):
        verified_path("a.example:443", "a.example", chain[:most], [ROOT])
    assert len(checked) <= most**2
