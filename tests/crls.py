"""CRLs with valid defaults; a test changes one field at a time."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.der import any_value, encode
from ocsp.verification.crl.reader import ReadCRL
from tests.pki import BEGIN, END, NOW, key, name

__all__ = ["LISTED", "SINCE", "crl", "entry", "resigned", "scope"]

LISTED = 0x1F2E
"""The default serial number of a CRL entry."""

SINCE = NOW - datetime.timedelta(hours=30)
"""Its revocation date."""


def entry(
    serial: int = LISTED,
    *extensions: x509.ExtensionType,
    since: datetime.datetime = SINCE,
    critical: bool = False,
) -> x509.RevokedCertificate:
    """Return one entry of a CRL."""
    builder = (
        x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.build()


def scope(
    *,
    full_name: Sequence[x509.GeneralName] | None = None,
    relative_name: x509.RelativeDistinguishedName | None = None,
    users: bool = False,
    cas: bool = False,
    attributes: bool = False,
    indirect: bool = False,
    reasons: frozenset[x509.ReasonFlags] | None = None,
) -> x509.IssuingDistributionPoint:
    """Return an issuingDistributionPoint with as few fields as possible."""
    return x509.IssuingDistributionPoint(
        full_name=full_name,
        relative_name=relative_name,
        only_contains_user_certs=users,
        only_contains_ca_certs=cas,
        only_some_reasons=reasons,
        indirect_crl=indirect,
        only_contains_attribute_certs=attributes,
    )


def crl(
    *entries: x509.RevokedCertificate,
    issuer: str = "Test CA",
    signer: CertificateIssuerPrivateKeyTypes | None = None,
    begin: datetime.datetime = BEGIN,
    end: datetime.datetime = END,
    number: int | None = 5,
    base: int | None = None,
    critical: Sequence[x509.ExtensionType] = (),
    extensions: Sequence[x509.ExtensionType] = (),
    rsa_padding: padding.PKCS1v15 | padding.PSS | None = None,
) -> bytes:
    """Return the DER of a CRL of *issuer*; a delta CRL with *base*."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name(issuer))
        .last_update(begin)
        .next_update(end)
    )
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    for extension in critical:
        builder = builder.add_extension(extension, critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    for each in entries:
        builder = builder.add_revoked_certificate(each)
    private = signer or key(issuer)
    signed = builder.sign(private, hashes.SHA256(), rsa_padding=rsa_padding)
    return signed.public_bytes(Encoding.DER)


def resigned(
    data: bytes,
    change: Callable[[list[bytes]], None],
    *,
    outer: bytes | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """
    Change the fields of tbsCertList, and sign them again.

    Fields: version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates if
    there are entries, and the extensions.
    """
    tbs = x509.load_der_x509_crl(data).tbs_certlist_bytes
    fields = []
    _, position, end = any_value(tbs, 0, len(tbs), "")
    while position < end:
        _, _, stop = any_value(tbs, position, end, "")
        fields.append(tbs[position:stop])
        position = stop
    change(fields)
    tbs = encode(0x30, *fields)
    signature = key("Test CA").sign(tbs, ec.ECDSA(algorithm or hashes.SHA256()))
    return encode(
        0x30,
        tbs,
        outer or ReadCRL(data, "").algorithm,
        encode(0x03, b"\x00", signature),
    )
