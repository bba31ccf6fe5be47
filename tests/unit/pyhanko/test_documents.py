"""Documents that pyHanko signs for long-term validation, with what ours has fetched."""

from __future__ import annotations

import asyncio
import itertools
from io import BytesIO
from typing import Any

import pytest
from cryptography import x509
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathValidationError, RevokedError
from pyhanko_certvalidator.registry import SimpleCertificateStore

import ocsp
from ocsp import OCSPCertStatus
from ocsp.testing import Fault, Identity
from tests.unit.pyhanko.conftest import Scene, to_asn1
from tests.unit.pyhanko.documents import empty_document, private_key, time_stamper


def sign(scene: Scene, leaf: Identity, context: ValidationContext) -> BytesIO:
    """Return a document that *leaf* has signed: PAdES B-LT."""
    others = SimpleCertificateStore.from_certs(
        [to_asn1(ca.certificate) for ca in scene.pki.cas]
    )
    signer = SimpleSigner(to_asn1(leaf.certificate), private_key(leaf), others)
    metadata = PdfSignatureMetadata(
        field_name="Signature",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        validation_context=context,
        embed_validation_info=True,
        signer_key_usage={"digital_signature"},
    )
    stamper = time_stamper(scene.pki)
    out = BytesIO()
    asyncio.run(
        PdfSigner(metadata, signer, timestamper=stamper).async_sign_pdf(
            IncrementalPdfFileWriter(empty_document()), output=out
        )
    )
    return out


def validate(scene: Scene, document: BytesIO) -> Any:
    """Validate the document with what is embedded in it, without any request."""
    reader = PdfFileReader(document)
    store = DocumentSecurityStore.read_dss(reader)
    context = store.as_validation_context(
        {
            "trust_roots": [to_asn1(scene.pki.root)],
            "allow_fetching": False,
            "revocation_mode": "require",
        }
    )
    (signature,) = reader.embedded_regular_signatures
    return asyncio.run(
        async_validate_pdf_signature(
            signature,
            context,
            key_usage_settings=_usage(),
        )
    )


def _usage() -> Any:
    from pyhanko.sign.validation import KeyUsageConstraints

    return KeyUsageConstraints(key_usage={"digital_signature"})


def _embedded(document: BytesIO) -> list[bytes]:
    """Return the OCSP responses in the document security store."""
    store = PdfFileReader(document).root["/DSS"]
    assert isinstance(store, DictionaryObject)
    return [each.get_object().data for each in store.get("/OCSPs", [])]


def test_the_document_has_our_responses(scene: Scene) -> None:
    """One for the leaf and one for the intermediate; it is valid without requests."""
    leaf = scene.pki.issue()
    document = sign(scene, leaf, scene.context())
    responses = _embedded(document)
    chain = [*leaf.chain[:1], *(ca.certificate for ca in reversed(scene.pki.cas))]
    for cert, issuer in itertools.pairwise(chain):
        evidence = [
            found for der in responses if (found := _verified(der, cert, issuer))
        ]
        assert [each.status for each in evidence] == [OCSPCertStatus.GOOD]
    scene.responder.requests.clear()
    scene.responder.fail(Fault.CONNECTION_RESET)
    status = validate(scene, document)
    assert status.bottom_line
    assert scene.responder.requests == []


def _verified(
    der: bytes, cert: x509.Certificate, issuer: x509.Certificate
) -> ocsp.VerifiedResponse | None:
    try:
        return ocsp.verify(der, cert, issuer)
    except ocsp.VerificationError:
        return None


def test_the_document_has_our_crl(scene: Scene) -> None:
    """The responder answers for the intermediate only."""
    leaf = scene.pki.issue(crl_urls=[scene.pki.crl_url])
    scene.responder.fail(Fault.BAD_SIGNATURE, serial_number=leaf.serial_number)
    document = sign(scene, leaf, scene.context())
    store = PdfFileReader(document).root["/DSS"]
    (crl,) = [each.get_object().data for each in store["/CRLs"]]
    assert ocsp.verify_crl([crl], leaf.certificate, leaf.issuer).require_good()
    assert validate(scene, document).bottom_line


def test_a_revoked_signer_does_not_sign(scene: Scene) -> None:
    """The response that says so was fetched while the document was signed."""
    revoked = scene.pki.issue(status=OCSPCertStatus.REVOKED)
    with pytest.raises(SigningError) as caught:
        sign(scene, revoked, scene.context())
    assert isinstance(caught.value.__cause__, RevokedError)


def test_a_signer_below_a_revoked_ca_does_not_sign(scene: Scene) -> None:
    """Although its own certificate is good."""
    scene.pki.set_status(scene.pki.ca.identity, OCSPCertStatus.REVOKED)
    with pytest.raises(SigningError) as caught:
        sign(scene, scene.pki.issue(), scene.context())
    assert isinstance(caught.value.__cause__, RevokedError)


@pytest.mark.parametrize("fault", [Fault.BAD_SIGNATURE, Fault.CONNECTION_RESET])
def test_nothing_unverified_is_embedded(scene: Scene, fault: Fault) -> None:
    """PyHanko does not sign without revocation information for the leaf."""
    leaf = scene.pki.issue()
    scene.responder.fail(fault, serial_number=leaf.serial_number)
    context = scene.context()
    with pytest.raises(SigningError) as caught:
        sign(scene, leaf, context)
    assert isinstance(caught.value.__cause__, PathValidationError)
    assert [
        _verified(each.dump(), leaf.certificate, leaf.issuer) for each in context.ocsps
    ] == [None]
