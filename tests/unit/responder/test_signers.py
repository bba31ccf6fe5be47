"""Test which signers sign: several of one CA, one of several CAs, preferred ones."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

import ocsp
from ocsp import (
    CertID,
    KeySigner,
    OCSPCertStatus,
    OCSPResponseStatus,
    PreferredSignatureAlgorithm,
    PreferredSignatureAlgorithms,
    SameKeySigner,
    Signer,
)
from ocsp.asn1.algorithms import encode_algorithm
from ocsp.asn1.der import encode_oid
from ocsp.responder import (
    Answer,
    Authority,
    Lookup,
    Requestors,
    Responder,
    SignerTrust,
    StatusRecord,
)
from ocsp.signing.signer import is_local
from tests.pki import DELEGATION, NOW, ca, delegate, delegate_signer, key, leaf, make

GOOD = StatusRecord()
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
SHA256 = hashes.SHA256()


def _rsa_signer(**options: padding.PSS) -> KeySigner:
    certificate = make("RSA", "Test CA", public=RSA_KEY, extensions=DELEGATION)
    return KeySigner(RSA_KEY, certificate, **options)


def _ed_signer() -> KeySigner:
    certificate = make("Ed", "Test CA", public=ED_KEY, extensions=DELEGATION)
    return KeySigner(ED_KEY, certificate)


def _ids(*issuers: str) -> list[CertID]:
    return [CertID.for_serial(ca(each), 7, SHA256) for each in issuers or ("Test CA",)]


def _builder(
    cert_ids: Sequence[CertID], *preferred: PreferredSignatureAlgorithm
) -> ocsp.OCSPRequestBuilder:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for each in cert_ids:
        builder = builder.add_certificate_by_id(each)
    if preferred:
        extension = PreferredSignatureAlgorithms(preferred)
        builder = builder.add_extension(extension, critical=False)
    return builder


def _answer(
    responder: Responder,
    cert_ids: Sequence[CertID] = (),
    *preferred: PreferredSignatureAlgorithm,
) -> Answer:
    request = _builder(cert_ids or _ids(), *preferred).build()
    step = responder.receive(request.public_bytes(Encoding.DER), NOW)
    if isinstance(step, Answer):
        return step
    return responder.finish(step, [GOOD] * len(step.queries))


def _algorithm(answer: Answer) -> x509.ObjectIdentifier:
    return ocsp.load_der_ocsp_response(answer.der).signature_algorithm_oid


# --- the choice of the algorithm -----------------------------------------------------


@pytest.mark.requirement("R6960-11")
def test_an_rsa_key_signs_with_sha256() -> None:
    """RFC 6960 §4.3: every client supports it."""
    answer = _answer(Responder([Authority(ca(), [_rsa_signer()])]))
    assert _algorithm(answer) == SignatureAlgorithmOID.RSA_WITH_SHA256
    verified = ocsp.verify(answer.der, _ids()[0], ca(), at=NOW)
    assert verified.status is OCSPCertStatus.GOOD


@pytest.mark.requirement("R6960-16")
def test_the_client_chooses_among_the_signers() -> None:
    """The first algorithm of its list that a signer has; otherwise the first signer."""
    signers = [delegate_signer(), _rsa_signer(), _ed_signer()]
    responder = Responder([Authority(ca(), signers)])
    by_rsa = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.RSA_WITH_SHA256)
    by_ed = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.ED25519)
    rare = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.ECDSA_WITH_SHA512)
    for preferred, expected in (
        ([], SignatureAlgorithmOID.ECDSA_WITH_SHA256),
        ([by_rsa], SignatureAlgorithmOID.RSA_WITH_SHA256),
        ([rare, by_ed, by_rsa], SignatureAlgorithmOID.ED25519),
        ([rare], SignatureAlgorithmOID.ECDSA_WITH_SHA256),
    ):
        answer = _answer(responder, (), *preferred)
        assert _algorithm(answer) == expected
        assert ocsp.verify(answer.der, _ids()[0], ca(), at=NOW)


@pytest.mark.requirement("R6960-16")
def test_the_client_may_prefer_a_kind_of_key() -> None:
    """A curve, for instance; the answer then has a key on that curve, if any has."""
    ec_key = "1.2.840.10045.2.1"
    p384 = encode_algorithm(ec_key, encode_oid("1.3.132.0.34"))
    p256 = encode_algorithm(ec_key, encode_oid("1.2.840.10045.3.1.7"))
    curve = ec.generate_private_key(ec.SECP384R1())
    certificate = make("P-384", "Test CA", public=curve, extensions=DELEGATION)
    signers = [delegate_signer(), KeySigner(curve, certificate, SHA256)]
    responder = Responder([Authority(ca(), signers)])
    oid = SignatureAlgorithmOID.ECDSA_WITH_SHA256
    for parameters, expected in ((p384, certificate), (p256, delegate())):
        wanted = PreferredSignatureAlgorithm.of(oid, key=parameters)
        response = ocsp.load_der_ocsp_response(_answer(responder, (), wanted).der)
        assert response.certificates == [expected]


@pytest.mark.requirement("R6960-16")
def test_pss_is_chosen_by_its_parameters() -> None:
    """The client may name a salt length; without parameters any is meant."""
    pss = padding.PSS(padding.MGF1(SHA256), 32)
    long = padding.PSS(padding.MGF1(SHA256), 48)
    signers = [_rsa_signer(), _rsa_signer(rsa_padding=pss)]
    responder = Responder([Authority(ca(), signers)])
    same = PreferredSignatureAlgorithm(signers[1].algorithm_identifier)
    other = PreferredSignatureAlgorithm(
        _rsa_signer(rsa_padding=long).algorithm_identifier
    )
    any_salt = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.RSASSA_PSS)
    assert _algorithm(_answer(responder, (), same)) == SignatureAlgorithmOID.RSASSA_PSS
    assert (
        _algorithm(_answer(responder, (), any_salt)) == SignatureAlgorithmOID.RSASSA_PSS
    )
    by_default = SignatureAlgorithmOID.RSA_WITH_SHA256
    assert _algorithm(_answer(responder, (), other)) == by_default


@pytest.mark.requirement("R6960-16")
def test_the_algorithm_of_the_requests_signature_comes_second() -> None:
    """RFC 6960 §4.4.7.2.1: a client can verify what it signs with."""
    requestor = make("Client", "Test CA", public=RSA_KEY)
    responder = Responder(
        [Authority(ca(), [delegate_signer(), _rsa_signer(), _ed_signer()])],
        requestors=Requestors([requestor]),
    )
    by_ed = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.ED25519)
    name = x509.RFC822Name("me@example.com")
    for preferred, expected in (
        ([], SignatureAlgorithmOID.RSA_WITH_SHA256),
        ([by_ed], SignatureAlgorithmOID.ED25519),
    ):
        builder = _builder(_ids(), *preferred).requestor_name(name)
        request = builder.sign_with(KeySigner(RSA_KEY, requestor))
        step = responder.receive(request.public_bytes(Encoding.DER), NOW)
        assert isinstance(step, Lookup)
        assert _algorithm(responder.finish(step, [GOOD])) == expected


@pytest.mark.requirement("R6960-16")
def test_a_preferred_algorithm_is_not_answered_from_the_store() -> None:
    """A stored answer may be from any signer of the CA; one algorithm is no choice."""
    several = Responder([Authority(ca(), [delegate_signer(), _rsa_signer()])])
    one = Responder([Authority(ca(), [delegate_signer()])])

    def lookup(responder: Responder, oid: x509.ObjectIdentifier) -> Lookup:
        request = _builder(_ids(), PreferredSignatureAlgorithm.of(oid)).build()
        step = responder.receive(request.public_bytes(Encoding.DER), NOW)
        assert isinstance(step, Lookup)
        return step

    live = lookup(several, SignatureAlgorithmOID.RSA_WITH_SHA256)
    assert live.stored_form is None
    assert live.fallback_form is not None
    first = lookup(several, SignatureAlgorithmOID.ECDSA_WITH_SHA256)
    assert first.stored_form is None
    only = lookup(one, SignatureAlgorithmOID.ECDSA_WITH_SHA256)
    assert only.stored_form is not None


@pytest.mark.requirement("R6960-17")
def test_a_client_cannot_ask_for_a_weak_algorithm() -> None:
    """The responder has no signer with SHA-1, so it uses its own first one."""
    weak = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.RSA_WITH_SHA1)
    weaker = PreferredSignatureAlgorithm.of(SignatureAlgorithmOID.RSA_WITH_MD5)
    responder = Responder([Authority(ca(), [delegate_signer(), _rsa_signer()])])
    answer = _answer(responder, (), weak, weaker)
    assert _algorithm(answer) == SignatureAlgorithmOID.ECDSA_WITH_SHA256


class _WeakSigner:
    """A signer of a service that signs with SHA-1."""

    certificate = _rsa_signer().certificate
    algorithm_identifier = encode_algorithm("1.2.840.113549.1.1.5", b"\x05\x00")

    def sign(self, data: bytes) -> bytes:
        return RSA_KEY.sign(data, padding.PKCS1v15(), hashes.SHA1())


@pytest.mark.requirement("R6960-17")
def test_a_signer_with_a_weak_algorithm_is_a_configuration_error() -> None:
    """RFC 6960 §5.1.1; no client of today accepts it."""
    with pytest.raises(ocsp.ConfigError, match="sha1 is too weak"):
        Authority(ca(), [_WeakSigner()])


def test_a_malformed_list_of_preferred_algorithms_is_malformed() -> None:
    """An extension that the responder knows has to be well-formed."""
    extension = x509.UnrecognizedExtension(
        PreferredSignatureAlgorithms.oid, b"\x30\x01"
    )
    builder = _builder(_ids()).add_extension(extension, critical=False)
    der = builder.build().public_bytes(Encoding.DER)
    step = Responder([Authority(ca(), [delegate_signer()])]).receive(der, NOW)
    assert isinstance(step, Answer)
    assert step.status is OCSPResponseStatus.MALFORMED_REQUEST


# --- one key for several CAs ---------------------------------------------------------


def _delegate_of(issuer: str) -> x509.Certificate:
    return make("Shared", issuer, extensions=DELEGATION)


@pytest.mark.requirement("R6960-8", "R6960-10")
def test_one_key_answers_for_several_cas() -> None:
    """A request that names both gets one response, which clients of both verify."""
    issuers = ("Test CA", "Other CA")
    first = KeySigner(key("Shared"), _delegate_of("Test CA"))
    second = SameKeySigner(first, _delegate_of("Other CA"))
    responder = Responder(
        [Authority(ca("Test CA"), [first]), Authority(ca("Other CA"), [second])]
    )
    answer = _answer(responder, _ids(*issuers))
    response = ocsp.load_der_ocsp_response(answer.der)
    assert response.certificates == [first.certificate, second.certificate]
    for issuer in issuers:
        (cert_id,) = _ids(issuer)
        verified = ocsp.verify(answer.der, cert_id, ca(issuer), at=NOW)
        assert verified.status is OCSPCertStatus.GOOD
    (only,) = ocsp.load_der_ocsp_response(
        _answer(responder, _ids("Other CA")).der
    ).certificates
    assert only == second.certificate


@pytest.mark.requirement("R6960-3")
def test_several_cas_without_a_common_key_are_unauthorized() -> None:
    """A response has one signature."""
    responder = Responder(
        [
            Authority(ca(), [delegate_signer()]),
            Authority(ca("Other CA"), [delegate_signer("Other CA", "Other")]),
        ]
    )
    answer = _answer(responder, _ids("Test CA", "Other CA"))
    assert answer.status is OCSPResponseStatus.UNAUTHORIZED
    assert "several issuers" in answer.cause


def test_the_common_signer_need_not_be_the_first() -> None:
    """Of the signers of each CA, those with one key are used."""
    responder = Responder(
        [
            Authority(
                ca(),
                [delegate_signer(), KeySigner(key("Shared"), _delegate_of("Test CA"))],
            ),
            Authority(
                ca("Other CA"), [KeySigner(key("Shared"), _delegate_of("Other CA"))]
            ),
        ]
    )
    answer = _answer(responder, _ids("Other CA", "Test CA"))
    assert answer.status is OCSPResponseStatus.SUCCESSFUL


def test_a_same_key_signer_needs_a_certificate_of_the_key() -> None:
    """Otherwise every client would reject its answers."""
    signer = delegate_signer()
    same = SameKeySigner(signer, make("Test Responder", "Other CA"))
    assert is_local(same)
    assert repr(same) == "<SameKeySigner('CN=Test Responder')>"
    with pytest.raises(ocsp.BuildError, match="another key"):
        SameKeySigner(signer, ca())
    assert not is_local(_WeakSigner())


def test_two_authorities_cannot_have_one_issuer() -> None:
    """One authority has the signers of both."""
    authority = Authority(ca(), [delegate_signer()])
    with pytest.raises(ocsp.ConfigError, match="twice"):
        Responder([authority, Authority(ca(), [delegate_signer()])])
    with pytest.raises(ocsp.ConfigError, match="at least one"):
        Responder([])
    with pytest.raises(ocsp.ConfigError, match="at least one"):
        Authority(ca(), [])


@pytest.mark.requirement("R6960-1")
def test_a_locally_trusted_signer_needs_no_certificate_of_the_ca() -> None:
    """RFC 6960 §2.2: only clients that are configured for it accept its answers."""
    certificate = make("Local", "Local")
    signer = KeySigner(key("Local"), certificate)
    with pytest.raises(ocsp.ConfigError):
        Authority(ca(), [signer])
    authority = Authority(ca(), [signer], trust=SignerTrust.LOCAL)
    assert authority.warnings == ()
    answer = _answer(Responder([authority]))
    (cert_id,) = _ids()
    with pytest.raises(ocsp.VerificationError):
        ocsp.verify(answer.der, cert_id, ca(), at=NOW)
    responders = [certificate]
    assert ocsp.verify(answer.der, cert_id, ca(), at=NOW, responders=responders)


@pytest.mark.requirement("R6960-1")
@pytest.mark.parametrize("signer", [delegate_signer(), KeySigner(key("Test CA"), ca())])
def test_the_ca_or_its_delegate_signs(signer: Signer) -> None:
    """Each is accepted by clients that know nothing but the CA."""
    answer = _answer(Responder([Authority(ca(), [signer])]))
    verified = ocsp.verify(answer.der, _ids()[0], ca(), at=NOW)
    assert verified.status is OCSPCertStatus.GOOD


@pytest.mark.requirement("R6960-4")
def test_no_answer_is_older_than_its_signer() -> None:
    """A delegate may sign as soon as it has its certificate."""
    begin = NOW - datetime.timedelta(seconds=30)
    certificate = make("New", "Test CA", begin=begin, extensions=DELEGATION)
    authority = Authority(ca(), [KeySigner(key("New"), certificate)])
    answer = _answer(Responder([authority]))
    response = ocsp.load_der_ocsp_response(answer.der)
    assert response.produced_at_utc == response.this_update_utc == begin
    assert ocsp.verify(answer.der, _ids()[0], ca(), at=NOW)


# --- the status of delegates and of CAs ----------------------------------------------


@pytest.mark.parametrize("subject", [delegate(), make("Sub CA", "Test CA"), leaf()])
def test_delegates_and_sub_cas_have_a_status_as_every_certificate(
    subject: x509.Certificate,
) -> None:
    """The CA has issued them, so the source has their records."""
    cert_id = CertID.for_certificate(subject, ca(), SHA256)
    answer = _answer(Responder([Authority(ca(), [delegate_signer()])]), [cert_id])
    assert ocsp.verify(answer.der, subject, ca(), at=NOW).status is OCSPCertStatus.GOOD
