"""
Programs that use both ``ocsp`` and ``cryptography.x509.ocsp``.

Members of the enumerations are interchangeable, and functions that take a message
accept one of either package. The reverse, objects of this package given to
``cryptography``, is up to ``cryptography``.
"""

from __future__ import annotations

import copy
import datetime
import enum
import operator
import pickle
import subprocess
import sys
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as theirs

import ocsp
from ocsp.errors import (
    CertIDMismatch,
    NonceMissing,
    VerificationError,
)
from ocsp.linting import lint_response
from ocsp.messages.message import der_of
from ocsp.responder import StatusRecord
from ocsp.testing import PKI
from tests.pki import NOW, ca, key, leaf

NAMES = ("OCSPResponseStatus", "OCSPCertStatus", "OCSPResponderEncoding")
PAIRS = [
    pytest.param(member, getattr(theirs, name)[member.name], id=str(member))
    for name in NAMES
    for member in getattr(ocsp, name)
]
"""Every member of this package, with its counterpart in ``cryptography``."""

LATER = NOW + datetime.timedelta(hours=1)


class OCSPCertStatus(enum.Enum):
    """An unrelated enumeration with the same name and members."""

    GOOD = 0
    REVOKED = 1
    UNKNOWN = 2


# --- enumerations ----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_both_packages_have_the_same_members(name: str) -> None:
    """If ``cryptography`` adds a member, this package must add it too."""
    our_names = {each.name: each.value for each in getattr(ocsp, name)}
    assert our_names == {each.name: each.value for each in getattr(theirs, name)}


@pytest.mark.parametrize(("our", "their"), PAIRS)
def test_counterparts_are_equal_in_both_directions(our: Any, their: Any) -> None:
    """With ``==`` and ``!=``, on either side of the operator."""
    assert our == their
    assert their == our
    assert not operator.ne(our, their)
    assert not operator.ne(their, our)


@pytest.mark.parametrize(("our", "their"), PAIRS)
def test_counterparts_are_one_key(our: Any, their: Any) -> None:
    """Sets, dictionaries and ``in`` find one member by the other."""
    assert hash(our) == hash(their)
    assert {our: "found"}[their] == "found"
    assert {their: "found"}[our] == "found"
    assert len({our, their}) == 1
    assert [our].index(their) == 0
    assert (their,).count(our) == 1
    assert {our} == frozenset({their})


@pytest.mark.parametrize(("our", "their"), PAIRS)
def test_members_with_other_names_differ(our: Any, their: Any) -> None:
    """Also if their numbers are equal, as those of GOOD and SUCCESSFUL."""
    for parameter in PAIRS:
        other, its_counterpart = parameter.values
        if other is not our:
            assert our != its_counterpart
            assert its_counterpart != our
            assert their != other
            assert our != other


@pytest.mark.parametrize("member", OCSPCertStatus)
def test_an_unrelated_enumeration_of_the_same_name_is_not_equal(member: Any) -> None:
    """The module of the class must be that of ``cryptography``."""
    our = ocsp.OCSPCertStatus[member.name]
    assert our != member
    assert member != our
    assert len({our, member}) == 2


def test_another_enumeration_of_that_module_is_not_equal() -> None:
    """The name of the class must be the same as well."""
    other: Any = enum.Enum("OCSPOther", ["GOOD"], module="cryptography.x509.ocsp")
    assert other.GOOD != ocsp.OCSPCertStatus.GOOD
    assert ocsp.OCSPCertStatus.GOOD != other.GOOD


@pytest.mark.parametrize("other", ["REVOKED", 1, None, object()])
def test_names_and_values_are_not_members(other: object) -> None:
    """As with every ``enum.Enum``."""
    for member in ocsp.OCSPCertStatus:
        assert member != other
        assert other != member


def test_a_match_statement_finds_the_counterpart() -> None:
    """A value pattern compares with ``==``."""

    def name_of(status: Any) -> str:
        match status:
            case ocsp.OCSPCertStatus.GOOD:
                return "good"
            case ocsp.OCSPCertStatus.REVOKED:
                return "revoked"
            case _:
                return "something else"

    def their_name_of(status: Any) -> str:
        match status:
            case theirs.OCSPCertStatus.REVOKED:
                return "revoked"
            case _:
                return "something else"

    assert name_of(theirs.OCSPCertStatus.REVOKED) == "revoked"
    assert name_of(theirs.OCSPCertStatus.UNKNOWN) == "something else"
    assert their_name_of(ocsp.OCSPCertStatus.REVOKED) == "revoked"
    assert their_name_of(ocsp.OCSPCertStatus.GOOD) == "something else"


@pytest.mark.parametrize(("our", "their"), PAIRS)
def test_members_stay_members(our: Any, their: Any) -> None:
    """After pickling, copying and look-up, each is the same object."""
    assert pickle.loads(pickle.dumps(our)) is our
    assert copy.copy(our) is our
    assert copy.deepcopy(our) is our
    assert type(our)(our.value) is our
    assert type(our)[their.name] is our
    assert not isinstance(our, type(their))


def test_the_other_module_is_not_imported() -> None:
    """Programs that do not use ``cryptography.x509.ocsp`` do not pay for it."""
    program = (
        "import sys, ocsp\n"
        "ocsp.OCSPCertStatus.GOOD == object()\n"
        "ocsp.verify, ocsp.lint_response, ocsp.OCSPResponseBuilder\n"
        "assert 'cryptography.x509.ocsp' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# --- builders --------------------------------------------------------------------


def _response(package: Any, status: Any, encoding: Any) -> bytes:
    """Return a response for the leaf, made with the builder of *package*."""
    is_revoked = status.name == "REVOKED"
    builder = package.OCSPResponseBuilder().add_response(
        cert=leaf(),
        issuer=ca(),
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=NOW,
        next_update=LATER,
        revocation_time=NOW if is_revoked else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(encoding, ca())
    der: bytes = builder.sign(key("Test CA"), hashes.SHA256()).public_bytes(
        Encoding.DER
    )
    return der


@pytest.mark.parametrize("status", theirs.OCSPCertStatus)
def test_the_response_builder_takes_their_status(status: Any) -> None:
    """And writes the same octets as for the member of this package."""
    our = ocsp.OCSPCertStatus[status.name]
    encoding = ocsp.OCSPResponderEncoding.HASH
    written = ocsp.load_der_ocsp_response(_response(ocsp, status, encoding))
    assert written.certificate_status is our


@pytest.mark.parametrize("encoding", theirs.OCSPResponderEncoding)
def test_the_response_builder_takes_their_encoding(encoding: Any) -> None:
    """HASH identifies the responder by its key, NAME by its subject."""
    status = ocsp.OCSPCertStatus.GOOD
    written = ocsp.load_der_ocsp_response(_response(ocsp, status, encoding))
    by_name = encoding is theirs.OCSPResponderEncoding.NAME
    assert (written.responder_name is not None) == by_name
    assert (written.responder_key_hash is not None) != by_name


@pytest.mark.parametrize("status", theirs.OCSPResponseStatus)
def test_an_unsuccessful_response_takes_their_status(status: Any) -> None:
    """SUCCESSFUL is refused from either module."""
    build = ocsp.OCSPResponseBuilder.build_unsuccessful
    if status is theirs.OCSPResponseStatus.SUCCESSFUL:
        with pytest.raises(ValueError, match="cannot be SUCCESSFUL"):
            build(status)
    else:
        assert build(status).response_status == status


def test_a_batch_takes_their_status() -> None:
    """Also after the same times with another status."""
    builder = ocsp.OCSPResponseBuilder().responder_id(
        ocsp.OCSPResponderEncoding.HASH, ca()
    )
    batch = builder.batch(ocsp.KeySigner(key("Test CA"), ca()))
    cert_id = ocsp.CertID.for_certificate(leaf(), ca(), hashes.SHA256())
    for status in (*theirs.OCSPCertStatus, *ocsp.OCSPCertStatus):
        revoked_at = NOW if status.name == "REVOKED" else None
        der = batch.sign(cert_id, status, NOW, LATER, revoked_at)
        assert ocsp.load_der_ocsp_response(der).certificate_status == status


@pytest.mark.parametrize("member", [OCSPCertStatus.REVOKED, "REVOKED", 1, None])
def test_builders_refuse_all_others(member: Any) -> None:
    """With a TypeError."""
    builder = ocsp.OCSPResponseBuilder()
    with pytest.raises(TypeError, match="OCSPCertStatus enum"):
        builder.add_response(
            leaf(), ca(), hashes.SHA256(), member, NOW, None, NOW, None
        )
    with pytest.raises(TypeError, match="OCSPResponderEncoding"):
        builder.responder_id(member, ca())
    with pytest.raises(TypeError, match="OCSPResponseStatus"):
        builder.build_unsuccessful(member)


def test_a_status_record_keeps_our_member() -> None:
    """A status source that uses the other module can still revoke a certificate."""
    revoked: Any = theirs.OCSPCertStatus.REVOKED
    record = StatusRecord(status=revoked, revocation_time=NOW)
    assert record.status is ocsp.OCSPCertStatus.REVOKED
    assert record == StatusRecord.revoked(NOW)
    unknown: Any = theirs.OCSPCertStatus.UNKNOWN
    with pytest.raises(ValueError, match="cannot be UNKNOWN"):
        StatusRecord(status=unknown)


@pytest.mark.parametrize("member", [OCSPCertStatus.GOOD, "good", None])
def test_a_status_record_refuses_all_others(member: Any) -> None:
    """Otherwise the responder would sign a wrong status."""
    with pytest.raises(TypeError, match="OCSPCertStatus"):
        StatusRecord(status=member)


@pytest.mark.parametrize("status", theirs.OCSPCertStatus)
def test_a_test_pki_takes_their_status(status: Any) -> None:
    """For new and for existing certificates."""
    pki = PKI()
    our = ocsp.OCSPCertStatus[status.name]
    first, second = pki.issue(status=status), pki.issue(status=our)
    assert _record(pki, first) == _record(pki, second)
    pki.set_status(second, status)
    assert _record(pki, first) == _record(pki, second)


def _record(pki: PKI, identity: Any) -> object:
    """Return the record of *pki*, without the revocation time."""
    (found,) = (
        record
        for query, record in pki._records.items()
        if query.serial_number == identity.serial_number
    )
    return getattr(found, "status", found)


# --- messages --------------------------------------------------------------------

GOOD = theirs.OCSPCertStatus.GOOD
HASH = theirs.OCSPResponderEncoding.HASH


class Wrapped:
    """A message of a third package."""

    def __init__(self, der: bytes) -> None:
        self.der = der

    def public_bytes(self, encoding: Encoding) -> bytes:
        """Return the message."""
        assert encoding is Encoding.DER
        return self.der


def _forms(der: bytes) -> list[Any]:
    return [
        der,
        ocsp.load_der_ocsp_response(der),
        theirs.load_der_ocsp_response(der),
        Wrapped(der),
    ]


@pytest.fixture
def forms() -> list[Any]:
    """Return a good response in each form that is accepted."""
    return _forms(_response(theirs, GOOD, HASH))


def test_a_response_of_either_package_is_verified(forms: list[Any]) -> None:
    """The evidence has the response as an object of this package."""
    for each in forms:
        found = ocsp.verify(each, leaf(), ca(), at=NOW)
        assert found.status == theirs.OCSPCertStatus.GOOD
        assert isinstance(found.response, ocsp.OCSPResponse)
        staple = ocsp.verify_staple(each, leaf(), ca(), at=NOW)
        assert staple is not None
        assert staple.status is ocsp.OCSPCertStatus.GOOD


def test_a_chain_takes_responses_of_either_package(forms: list[Any]) -> None:
    """In one chain."""
    for each in forms:
        report = ocsp.verify_chain([leaf(), ca()], [each], at=NOW)
        assert report.certificates[0].evidence is not None


def test_linting_takes_a_response_of_either_package(forms: list[Any]) -> None:
    """With the same findings for each form."""
    reports = [lint_response(each, issuer=ca(), at=NOW) for each in forms]
    assert all(each == reports[0] for each in reports)


def test_their_response_is_judged_by_its_octets() -> None:
    """A response for another certificate is rejected in each form."""
    other = ocsp.CertID.for_serial(ca(), 99, hashes.SHA256())
    for each in _forms(_response(theirs, GOOD, HASH)):
        with pytest.raises(CertIDMismatch):
            ocsp.verify(each, other, ca(), at=NOW)


def test_an_object_whose_octets_are_not_a_response_is_rejected() -> None:
    """The verifier reads what ``public_bytes`` returns, strictly."""
    with pytest.raises(VerificationError) as caught:
        ocsp.verify(Wrapped(b"no response"), leaf(), ca(), at=NOW)
    assert caught.value.failures[0].rule == "V2"
    assert lint_response(Wrapped(b"no response")).findings


def _requests() -> list[Any]:
    builder = theirs.OCSPRequestBuilder().add_certificate(leaf(), ca(), hashes.SHA256())
    request = builder.add_extension(x509.OCSPNonce(bytes(32)), False).build()
    der = request.public_bytes(Encoding.DER)
    return [request, ocsp.load_der_ocsp_request(der), Wrapped(der)]


@pytest.mark.parametrize(
    "request_", _requests(), ids=lambda each: type(each).__module__
)
def test_a_request_of_either_package_is_compared(request_: Any) -> None:
    """The response must have its nonce; otherwise linting reports it."""
    response = _response(theirs, GOOD, HASH)
    with pytest.raises(NonceMissing):
        ocsp.verify(response, leaf(), ca(), at=NOW, request=request_)
    report = lint_response(response, request=request_)
    assert report != lint_response(response)


REFUSED = [
    pytest.param("text", id="str"),
    pytest.param(bytearray(b"x"), id="bytearray"),
    pytest.param(7, id="int"),
    pytest.param(leaf(), id="certificate"),
]
"""Neither octets nor messages; a certificate has ``public_bytes`` all the same."""


@pytest.mark.parametrize("other", REFUSED)
def test_other_objects_are_refused_as_a_response(other: Any) -> None:
    """With the TypeError that names the accepted types."""
    refusal = "response must be bytes or an OCSPResponse"
    with pytest.raises(TypeError, match=refusal):
        ocsp.verify(other, leaf(), ca(), at=NOW)
    with pytest.raises(TypeError, match=refusal):
        ocsp.verify_staple(other, leaf(), ca(), at=NOW)
    with pytest.raises(TypeError, match=refusal):
        ocsp.verify_chain([leaf(), ca()], [other], at=NOW)
    with pytest.raises(TypeError, match=refusal):
        lint_response(other)


@pytest.mark.parametrize("other", [*REFUSED, pytest.param(b"octets", id="bytes")])
def test_other_objects_are_refused_as_a_request(other: Any) -> None:
    """Also octets: a caller that sent a request has the object."""
    response = _response(theirs, GOOD, HASH)
    with pytest.raises(TypeError, match="request must be an OCSPRequest"):
        ocsp.verify(response, leaf(), ca(), at=NOW, request=other)
    with pytest.raises(TypeError, match="request must be an OCSPRequest"):
        lint_response(response, request=other)


def test_a_certificate_is_not_a_message() -> None:
    """It has ``public_bytes`` too; the error names the type, not a malformed message."""
    with pytest.raises(TypeError, match=r"^response must be bytes, not Certificate$"):
        der_of(ca(), "response must be bytes")
