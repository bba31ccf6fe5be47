"""V17 against a model: nocheck, places, evidence and policy in every combination."""

from __future__ import annotations

from itertools import product

import pytest
from cryptography import x509

import ocsp
from ocsp import DelegateRevocation, KeySigner, OCSPCertStatus, Policy
from ocsp.errors import ResponderRevocationUnknown, ResponderRevoked
from tests.cases.builder import CRL_PLACE, OCSP_PLACE
from tests.pki import DELEGATION, NOW, ca, key, leaf, make
from tests.unit.client.scene import HOUR, response

SIGNING, NOCHECK = DELEGATION
GOOD, REVOKED, UNKNOWN = (
    OCSPCertStatus.GOOD,
    OCSPCertStatus.REVOKED,
    OCSPCertStatus.UNKNOWN,
)
PLACES: tuple[tuple[x509.ExtensionType, ...], ...] = (
    (),
    (OCSP_PLACE,),
    (CRL_PLACE,),
    (OCSP_PLACE, CRL_PLACE),
)
STATUSES: tuple[tuple[OCSPCertStatus, ...], ...] = (
    (),
    (GOOD,),
    (REVOKED,),
    (UNKNOWN,),
    (GOOD, REVOKED),
    (UNKNOWN, REVOKED),
    (GOOD, UNKNOWN),
)


def _expected(
    *,
    nocheck: bool,
    place: bool,
    stated: tuple[OCSPCertStatus, ...],
    how: DelegateRevocation,
) -> str:
    """Return what RFC 6960 §4.2.2.2.1 and the policy say."""
    if REVOKED in stated:
        return "revoked"
    if GOOD in stated or how is DelegateRevocation.UNSAFE_SKIP:
        return "accepted"
    if nocheck and how is not DelegateRevocation.REQUIRE_EVIDENCE:
        return "accepted"
    if how is DelegateRevocation.IF_NAMED and not place and not stated:
        return "warning"
    return "unknown"


def _found(
    delegate: x509.Certificate,
    evidence: list[ocsp.VerifiedResponse],
    how: DelegateRevocation,
) -> str:
    data = response(signer=KeySigner(key("Delegate"), delegate), end=NOW + HOUR)
    policy = Policy(delegate_revocation=how)
    try:
        found = ocsp.verify(
            data, leaf(), ca(), at=NOW, evidence=evidence, policy=policy
        )
    except ResponderRevoked:
        return "revoked"
    except ResponderRevocationUnknown:
        return "unknown"
    return "warning" if found.warnings else "accepted"


@pytest.mark.parametrize("how", DelegateRevocation)
@pytest.mark.parametrize("nocheck", [False, True])
def test_a_delegate_is_judged_as_the_model_says(
    how: DelegateRevocation, nocheck: bool
) -> None:
    """No evidence of revocation is overlooked, under any policy."""
    signer = KeySigner(key("Test CA"), ca())
    for places, stated in product(PLACES, STATUSES):
        extensions = (SIGNING, *places, *((NOCHECK,) if nocheck else ()))
        delegate = make("Delegate", "Test CA", serial=77, extensions=extensions)
        evidence = [
            ocsp.verify(
                response(each, serial=77, signer=signer), delegate, ca(), at=NOW
            )
            for each in stated
        ]
        expected = _expected(
            nocheck=nocheck, place=bool(places), stated=stated, how=how
        )
        assert _found(delegate, evidence, how) == expected, (places, stated)
