"""V17: which evidence about a delegate counts, and what the finding says."""

from __future__ import annotations

import datetime
import re
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import DelegateRevocation, KeySigner, OCSPCertStatus, Policy
from ocsp.errors import ResponderRevocationUnknown, ResponderRevoked
from ocsp.verification import SignatureHashes
from ocsp.verification.rules import delegate
from ocsp.verification.rules.delegate import issuance_error
from tests.cases.builder import CRL_PLACE
from tests.cases.model import NOW as HOSTILE_NOW
from tests.hostile import BUILD, KINDS
from tests.pki import DELEGATION, NOW, ca, key, leaf, make
from tests.unit.client.scene import HOUR, SERIAL, response

SECOND = datetime.timedelta(seconds=1)
GOOD, UNKNOWN = OCSPCertStatus.GOOD, OCSPCertStatus.UNKNOWN
CA_SIGNER = KeySigner(key("Test CA"), ca())


def _delegate(*more: x509.ExtensionType) -> KeySigner:
    made = make("Named", "Test CA", serial=77, extensions=[DELEGATION[0], *more])
    return KeySigner(key("Named"), made)


NAMED, UNNAMED = _delegate(CRL_PLACE), _delegate()


def _about(
    status: OCSPCertStatus = GOOD,
    *,
    begin: datetime.datetime = NOW - HOUR,
    end: datetime.datetime = NOW + HOUR,
) -> ocsp.VerifiedResponse:
    """Return evidence about both delegates, verified when it was fresh."""
    data = response(status, serial=77, begin=begin, end=end, signer=CA_SIGNER)
    return ocsp.verify(data, NAMED.certificate, ca(), at=begin)


def _verify(
    by: KeySigner, *evidence: ocsp.VerifiedResponse, **policy: DelegateRevocation
) -> ocsp.VerifiedResponse:
    data = response(serial=SERIAL, signer=by, end=NOW + 24 * HOUR)
    return ocsp.verify(
        data, leaf(), ca(), at=NOW, evidence=evidence, policy=Policy(**policy)
    )


def test_evidence_counts_within_its_times() -> None:
    """The clock skew applies to its begin, not to its end."""
    skew = Policy().clock_skew
    for begin, end in ((NOW + skew, NOW + HOUR), (NOW - HOUR, NOW + SECOND)):
        assert _verify(NAMED, _about(begin=begin, end=end)).warnings == ()
    for begin, end in ((NOW + skew + SECOND, NOW + HOUR), (NOW - HOUR, NOW)):
        with pytest.raises(ResponderRevocationUnknown):
            _verify(NAMED, _about(begin=begin, end=end))


def test_newer_evidence_ends_an_older_revocation() -> None:
    """Such as the release of a certificate that was on hold."""
    revoked = _about(OCSPCertStatus.REVOKED, begin=NOW - 3 * HOUR, end=NOW - 2 * HOUR)
    assert _verify(NAMED, revoked, _about()).status is GOOD
    for signer in (NAMED, UNNAMED):
        with pytest.raises(ResponderRevoked):
            _verify(signer, revoked)


def test_older_evidence_does_not_end_a_revocation() -> None:
    """Nor does newer evidence that states *unknown*, also for one with nocheck."""
    revoked = _about(OCSPCertStatus.REVOKED, begin=NOW - 3 * HOUR, end=NOW - 2 * HOUR)
    for signer in (NAMED, UNNAMED, _delegate(x509.OCSPNoCheck())):
        for begin in (NOW - 4 * HOUR, NOW - 3 * HOUR):
            with pytest.raises(ResponderRevoked):
                _verify(signer, revoked, _about(begin=begin))
        with pytest.raises(ResponderRevoked):
            _verify(signer, _about(UNKNOWN), revoked)


def test_the_newest_evidence_ends_a_revocation() -> None:
    """Though other evidence that states *good* is older than the revocation."""
    revoked = _about(OCSPCertStatus.REVOKED, begin=NOW - 3 * HOUR, end=NOW - 2 * HOUR)
    older, newer = _about(begin=NOW - 4 * HOUR), _about(begin=NOW - HOUR)
    for evidence in permutations((older, revoked, newer)):
        assert _verify(NAMED, *evidence).status is GOOD


def test_only_evidence_that_states_good_extends_the_result() -> None:
    """The verification needs none that states *unknown*."""
    good, unknown = _about(), _about(UNKNOWN, end=NOW + 3 * HOUR)
    assert _verify(NAMED, good, unknown).holds_until == good.holds_until


@pytest.mark.parametrize(
    ("by", "how", "evidence", "reason"),
    [
        (NAMED, DelegateRevocation.IF_NAMED, (), "names a place for its status, and"),
        (
            UNNAMED,
            DelegateRevocation.NOCHECK_OR_EVIDENCE,
            (),
            "no id-pkix-ocsp-nocheck and names no place for its status",
        ),
        (
            NAMED,
            DelegateRevocation.REQUIRE_EVIDENCE,
            (),
            "the policy requires evidence about it, and none was given$",
        ),
        (
            NAMED,
            DelegateRevocation.IF_NAMED,
            (_about(UNKNOWN),),
            "the evidence about it states the status unknown$",
        ),
    ],
)
def test_the_finding_says_why_the_status_is_not_known(
    by: KeySigner,
    how: DelegateRevocation,
    evidence: tuple[ocsp.VerifiedResponse, ...],
    reason: str,
) -> None:
    """And it has the delegate's certificate, so that a program can look for it."""
    with pytest.raises(ResponderRevocationUnknown, match="V17") as caught:
        _verify(by, *evidence, delegate_revocation=how)
    (failure,) = caught.value.failures
    values = dict(failure.values)
    assert values["policy"] is how
    assert isinstance(values["delegate"], bytes)
    assert x509.load_der_x509_certificate(values["delegate"]) == by.certificate
    assert re.search(reason, failure.message)


def test_the_warning_says_that_no_place_is_named() -> None:
    """The default accepts such a delegate."""
    (warning,) = _verify(UNNAMED).warnings
    assert warning.rule == "V17"
    assert "names no place for its status" in warning.message


def test_a_certificate_with_the_signature_of_a_delegate_is_none() -> None:
    """V13: the signature finds what was checked, but the whole certificate counts."""
    der = UNNAMED.certificate.public_bytes(Encoding.DER)
    forged = x509.load_der_x509_certificate(der.replace(b"Named", b"Other"))
    assert forged.signature == UNNAMED.certificate.signature
    for first, second in ((UNNAMED.certificate, forged), (forged, UNNAMED.certificate)):
        delegate._checked.clear()
        for each in (first, second, first):
            error = issuance_error(each, ca(), SignatureHashes.STRONG)
            if each is forged:
                assert error is not None
                assert error.rule == "V13"
            else:
                assert error is None


def test_the_finding_lists_the_first_of_many_purposes() -> None:
    """A hostile certificate has thousands, and the message stays short."""
    data = KINDS["many purposes"]()
    subject, issuer = (
        x509.load_der_x509_certificate(each.der) for each in (BUILD.leaf, BUILD.ca)
    )
    with pytest.raises(ocsp.VerificationError) as caught:
        ocsp.verify(data, subject, issuer, at=HOSTILE_NOW)
    (found,) = [each for each in caught.value.failures if each.rule == "V14"]
    ((_, shown),) = found.values
    assert len(shown) == 16
    count = int(re.search(r" and (\d+) more", found.message)[1])  # type: ignore[index]
    assert count > 1000
    assert len(found.message) < 500
