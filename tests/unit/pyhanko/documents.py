"""A document to sign, and who stamps the time."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from asn1crypto import keys  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ocsp.testing import PKI, Identity
from tests.keys import key_of
from tests.unit.pyhanko.conftest import to_asn1


def empty_document() -> BytesIO:
    """Return a document with one page."""
    writer = PdfFileWriter()
    contents = writer.add_object(StreamObject(stream_data=b""))
    writer.insert_page(PageObject(contents=contents, media_box=(0, 0, 200, 200)))
    out = BytesIO()
    writer.write(out)
    out.seek(0)
    return out


def private_key(identity: Identity) -> Any:
    """Return the key of *identity* for pyHanko."""
    return keys.PrivateKeyInfo.load(
        identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )


def time_stamper(pki: PKI) -> DummyTimeStamper:
    """Return a time-stamping authority in this process, below the issuing CA."""
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    # The time stamper for tests of pyHanko has RSA keys only.
    identity = pki.issue("tsa.test", key=key_of("rsa"), extensions=[purposes])
    others = [to_asn1(ca.certificate) for ca in pki.cas]
    return DummyTimeStamper(
        to_asn1(identity.certificate),
        private_key(identity),
        SimpleCertificateStore.from_certs(others),
    )
