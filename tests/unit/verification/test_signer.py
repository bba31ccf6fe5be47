"""Who signed: the order in which candidates are reported, and the messages."""

from __future__ import annotations

from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

import ocsp
from ocsp.errors import (
    Finding,
    ResponderNotAuthorized,
    ResponseSignatureInvalid,
    VerificationError,
)
from ocsp.verification import AuthorizedBy
from ocsp.verification.case import Candidate
from tests.cases.builder import (
    CA,
    NOCHECK,
    NOT_CA,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    extension,
    name,
    usage,
)
from tests.cases.model import NOW
from tests.pki import DELEGATION, RandomSigner, ca, key, leaf, make, with_unused_bit
from tests.unit.client import scene

BUILD = Builder()


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _failures(data: bytes, *responders: Identity) -> tuple[Finding, ...]:
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(
            data,
            _load(BUILD.leaf),
            _load(BUILD.ca),
            at=NOW,
            responders=[_load(each) for each in responders],
        )
    return raised.value.failures


def test_a_signature_is_a_whole_number_of_octets() -> None:
    """V10, also for the certificate of a delegate (V13): nobody signs unused bits."""

    def response() -> tuple[bytes, bytes]:
        signer = ocsp.KeySigner(key("Test CA"), ca())
        data = scene.response(signer=RandomSigner(signer, key("Test CA")))
        return data, ocsp.load_der_ocsp_response(data).signature

    data = with_unused_bit(response)
    assert ocsp.load_der_ocsp_response(data).signature  # as cryptography does
    for policy in (ocsp.Policy(), ocsp.Policy.unsafe_legacy()):
        with pytest.raises(ResponseSignatureInvalid, match="whole number of octets"):
            ocsp.verify(data, leaf(scene.SERIAL), ca(), at=scene.NOW, policy=policy)

    def delegate() -> tuple[bytes, bytes]:
        made = make("Test Responder", "Test CA", extensions=DELEGATION)
        return made.public_bytes(Encoding.DER), made.signature

    signer = x509.load_der_x509_certificate(with_unused_bit(delegate))
    data = scene.response(signer=ocsp.KeySigner(key("Test Responder"), signer))
    with pytest.raises(ResponderNotAuthorized):
        ocsp.verify(data, leaf(scene.SERIAL), ca(), at=scene.NOW)


def _for(purpose: x509.ObjectIdentifier, key: str, *, issued: bool) -> Identity:
    """Return a certificate with another purpose than OCSP signing."""
    purposes = x509.ExtendedKeyUsage([purpose])
    return BUILD.delegate(
        key=key,
        extensions=(NOT_CA, SIGNS, purposes, NOCHECK),
        **{} if issued else {"issuer": None},
    )


CANDIDATES = (
    _for(Usage.CODE_SIGNING, "responder", issued=True),
    _for(Usage.SERVER_AUTH, "responder", issued=False),
    _for(Usage.CLIENT_AUTH, "mallory", issued=True),
    _for(Usage.TIME_STAMPING, "mallory", issued=False),
)
NEAREST_FIRST = (
    Usage.CODE_SIGNING,  # signed the response, and was issued by the issuer
    Usage.SERVER_AUTH,  # signed the response
    Usage.CLIENT_AUTH,  # was issued by the issuer
    Usage.TIME_STAMPING,
)


@pytest.mark.parametrize("order", tuple(permutations(range(4))))
def test_the_likeliest_signer_is_reported_first(order: tuple[int, ...]) -> None:
    """First the one that signed, then those from the issuer, in any order in certs."""
    by = BUILD.responder
    data = BUILD.response(
        by=by,
        responder_id=BUILD.by_name(by.subject),
        certs=[CANDIDATES[each].der for each in order],
    )
    reported = [
        dict(failure.values)["purposes"]
        for failure in _failures(data)
        if failure.rule == "V14"
    ]
    assert reported == [(each.dotted_string,) for each in NEAREST_FIRST]


def _purposes(count: int) -> x509.ExtendedKeyUsage:
    arcs = range(10, 10 + count)
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(f"1.2.{n}") for n in arcs])


FIRST_16 = ", ".join(f"1.2.{n}" for n in range(10, 26))


@pytest.mark.parametrize(
    ("purposes", "listed"),
    [
        ((), "none"),
        ((extension("2.5.29.37", b"\x05"),), "cannot be decoded"),
        ((_purposes(2),), "1.2.10, 1.2.11"),
        ((_purposes(16),), FIRST_16),
        ((_purposes(17),), f"{FIRST_16} and 1 more"),
    ],
)
def test_failure_lists_the_purposes_of_a_delegate(
    purposes: tuple[bytes | x509.ExtensionType, ...], listed: str
) -> None:
    """V14: up to 16 of them."""
    by = BUILD.delegate(extensions=(NOT_CA, SIGNS, NOCHECK, *purposes))
    (failure,) = _failures(BUILD.response(by=by))
    assert failure.rule == "V14"
    assert failure.message.endswith(f"; it has: {listed}")


def test_only_the_issuer_may_do_without_digital_signature() -> None:
    """V16: a delegate may not, though its key may sign certificates."""
    may_issue = usage("key_cert_sign")
    issuer = _load(BUILD.authority(extensions=(CA, may_issue)))
    found = ocsp.verify(BUILD.response(), _load(BUILD.leaf), issuer, at=NOW)
    assert [each.rule for each in found.warnings] == ["V16"]
    by = BUILD.delegate(extensions=(NOT_CA, may_issue, OCSP_SIGNING, NOCHECK))
    (failure,) = _failures(BUILD.response(by=by))
    assert failure.rule == "V16"


def test_failure_names_the_responder_by_key() -> None:
    """The key hash in hexadecimal, and the number of certificates that were tried."""
    absent = BUILD.by_key(BUILD.certificate("absent", key="p384"))
    data = BUILD.response(responder_id=absent, signed_by="leaf")
    (failure,) = _failures(data, BUILD.responder)
    assert failure.values == (
        ("responder", f"key {absent[4:].hex()}"),
        ("candidates", 2),
    )


def test_failure_names_the_responder_by_name() -> None:
    """The name as text."""
    data = BUILD.response(responder_id=BUILD.by_name(name("Somebody Else")))
    (failure,) = _failures(data)
    assert failure.rule == "V11"
    assert failure.values == (("responder", "'CN=Somebody Else'"),)


def test_failure_counts_the_candidates() -> None:
    """If more certificates match responderID than the limit allows to try."""
    by = BUILD.responder
    decoys = [BUILD.delegate(key="mallory", serial=2 + n).der for n in range(15)]
    data = BUILD.response(by=by, responder_id=BUILD.by_name(by.subject), certs=decoys)
    failure = _failures(data)[-1]
    assert (failure.rule, failure.values) == ("V12", (("candidates", 15),))


def test_message_names_the_signer() -> None:
    """A new candidate has no failures and no warnings."""
    by = BUILD.delegate(extensions=(NOT_CA, SIGNS, NOCHECK))
    (failure,) = _failures(BUILD.response(by=by))
    assert "the signer 'CN=Test Responder'" in failure.message
    candidate = Candidate(_load(by), AuthorizedBy.DELEGATE)
    assert (candidate.failures, candidate.warnings) == ([], [])
