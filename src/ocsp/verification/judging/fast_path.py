"""
The fast path: accept a common response without running every rule.

Most responses are signed by the issuer or by a delegate whose certificate they have
alone, have one entry and no extensions, and are current. A few comparisons and the
signature check are enough to see that; running every rule takes five times as long.
What does not depend on the response is found once for each signer.

A judgement means that the rules would report neither a failure nor a warning. ``None``
means undecided: the full rules run. ``tests/property/test_fast_path.py`` and every case
test that both ways return the same result.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp import limits
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.certificates import certificate_size, parts_of, parts_of_subject
from ocsp.asn1.name_comparison import same_name
from ocsp.errors import SignatureInvalid
from ocsp.guarded.certificates import validity
from ocsp.messages.certid import is_cert_id_of
from ocsp.messages.reasons import REASONS
from ocsp.messages.responses.basic_response import BasicResponseLayout
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.signing.signatures import SignatureCheck
from ocsp.verification.case import Case
from ocsp.verification.evidence import AuthorizedBy, ResponseJudgement
from ocsp.verification.facts import CertificateFacts, facts_of, key_size_problem
from ocsp.verification.policy import (
    CertHashCheck,
    CertIDHashes,
    DelegateRevocation,
    Policy,
)
from ocsp.verification.rules.delegate import issuance_error

__all__ = ["fast_judgement"]

# Module constants, because looking up an enumeration member is slow.
_REVOKED = OCSPCertStatus.REVOKED
_ISSUER, _DELEGATE = AuthorizedBy.ISSUER, AuthorizedBy.DELEGATE
_SKIP = DelegateRevocation.UNSAFE_SKIP
_REQUIRED = DelegateRevocation.REQUIRE_EVIDENCE
_ANY_HASH = CertIDHashes.SHA1_AND_SHA2
_IF_PRESENT = CertHashCheck.IF_PRESENT


class _Signer:
    """
    A signer for one issuer under one policy: what does not depend on the response.

    Attributes:
        certificate: The certificate of the signer: of the issuer, or of a delegate.

        issuer: The certificate of the issuer.

        policy: The policy.

        authorized_by: Why the signer may sign.

        accepted: Whether the rules would report nothing about the signer, its key and
            the limits, while its certificate is valid.

        name: The DER of its name.

        issuer_name: The DER of the name of the issuer.

        key_hash: The SHA-1 of its key.

        begin: The start of its validity.

        end: The end of its validity.

        shortest: The shortest interval from thisUpdate to nextUpdate that the policy
            accepts for every kind of certificate.

        longest: The longest one.
    """

    __slots__ = (
        "_latest",
        "accepted",
        "authorized_by",
        "begin",
        "certificate",
        "end",
        "issuer",
        "issuer_name",
        "key_hash",
        "longest",
        "name",
        "policy",
        "shortest",
    )

    def __init__(
        self, certificate: x509.Certificate, issuer: x509.Certificate, policy: Policy
    ) -> None:
        """Find everything about *certificate*, which is that of *issuer* or not."""
        facts, parts = facts_of(certificate), parts_of(certificate)
        self.certificate = certificate
        self.issuer = issuer
        self.policy = policy
        self.authorized_by = _ISSUER if certificate is issuer else _DELEGATE
        self.accepted = (
            policy.cert_id_hashes is _ANY_HASH
            and policy.cert_hash is _IF_PRESENT
            and limits.MAX_VERIFIED_ENTRIES >= 1
            and _may_sign(facts, policy)
            and (
                limits.MAX_SIGNATURES_CHECKED >= 1
                if certificate is issuer
                else _is_delegate(certificate, issuer, policy)
            )
        )
        self.name = parts.subject
        self.issuer_name = parts_of(issuer).subject
        self.key_hash = parts.key_hash
        self.begin, self.end = facts.not_before, facts.not_after
        self.shortest = max(policy.min_interval, policy.ca_min_interval)
        self.longest = min(policy.max_interval, policy.ca_max_interval)
        self._latest: tuple[bytes, SignatureCheck] | None = None

    def is_named(self, layout: BasicResponseLayout) -> bool:
        """V11: tell whether responderID, by key or by name, identifies the signer."""
        responder = layout.responder
        if responder.key_hash is not None:
            return responder.key_hash == self.key_hash
        return same_name(responder.name or b"", self.name)

    def check(self, identifier: bytes) -> SignatureCheck:
        """
        Return what checks signatures with this algorithm; that of the latest is kept.

        Raises:
            SignatureInvalid: As for :class:`SignatureCheck`.
            UnsupportedAlgorithm: As for :class:`SignatureCheck`.
        """
        latest = self._latest  # one value, so that threads see both parts or neither
        if latest is None or latest[0] != identifier:
            check = SignatureCheck(facts_of(self.certificate).key, identifier)
            self._latest = latest = identifier, check
        return latest[1]


def _may_sign(facts: CertificateFacts, policy: Policy) -> bool:
    """V6 and V16: tell whether the key of a certificate may sign responses."""
    return (
        facts.may_sign
        and not facts.pss_only
        and not facts.unknown_critical
        and not key_size_problem(facts, policy)
    )


def _is_delegate(
    certificate: x509.Certificate, issuer: x509.Certificate, policy: Policy
) -> bool:
    """V6, V13, V14, V16 and V17: tell whether *issuer* made a delegate, for good."""
    facts, how = facts_of(certificate), policy.delegate_revocation
    return (
        limits.MAX_SIGNATURES_CHECKED >= 2
        and limits.MAX_VERIFIED_CERTIFICATES >= 1
        and ExtendedKeyUsageOID.OCSP_SIGNING in facts.purposes
        and not facts.ca
        and not facts.ca_error
        and (how is _SKIP or (facts.nocheck and how is not _REQUIRED))
        and not key_size_problem(facts_of(issuer), policy)
        and issuance_error(certificate, issuer, policy.signature_hashes) is None
    )


_signers: BoundedCache[tuple[int, int, int], _Signer] = BoundedCache()


def _signer(
    certificate: x509.Certificate, issuer: x509.Certificate, policy: Policy
) -> _Signer:
    """Return what is known about a signer; cached, as programs meet few of them."""
    key = id(certificate), id(issuer), id(policy)
    known = _signers[key]
    if known is not None:
        return known
    found = _Signer(certificate, issuer, policy)
    return _signers.keep(key, found, 2 * certificate_size(certificate))


def _signer_of(case: Case, layout: BasicResponseLayout) -> _Signer | None:
    """V12: return the signer that responderID names, if it is the only candidate."""
    issuer, policy = case.issuer, case.policy
    own = _signer(issuer, issuer, policy)
    if own.is_named(layout):
        return own
    if case.responders or case.candidates or case.evidence:
        return None
    if len(layout.certs.readable) != 1:
        return None
    delegate = _signer(layout.certs.readable[0], issuer, policy)
    if delegate.is_named(layout) and delegate.begin <= case.at <= delegate.end:
        return delegate
    return None


def fast_judgement(case: Case) -> ResponseJudgement | None:
    """Return the judgement of a common response, or ``None`` if the rules must run."""
    response, cert = case.response, case.cert
    entry, layout = response._only, response._layout
    if (
        entry is None
        or layout is None
        or response._extended
        or layout.certs.unreadable
        or case.nonce is not None
        or case.request is not None
        or response._as_received() is not None
        or not isinstance(cert, x509.Certificate)
    ):
        return None
    signer = _signer_of(case, layout)
    if (
        signer is None
        or not signer.accepted
        or not _is_about(entry, cert, signer)
        or not _is_in_time(case, entry, cert, signer)
        or not _is_signed(case, layout, signer)
    ):
        return None
    return ResponseJudgement(
        cert,
        case.issuer,
        response,
        entry,
        signer.certificate,
        signer.authorized_by,
        case.at,
        case.policy,
        False,
        (),
    )


def _is_about(
    entry: OCSPSingleResponse, cert: x509.Certificate, signer: _Signer
) -> bool:
    """V7: tell whether the entry is for the certificate, which the issuer issued."""
    parts, layout = parts_of_subject(cert), entry._layout.cert_id
    return parts.issuer == signer.issuer_name and is_cert_id_of(
        entry._der, layout, parts, signer.issuer
    )


def _is_in_time(
    case: Case, entry: OCSPSingleResponse, cert: x509.Certificate, signer: _Signer
) -> bool:
    """V18, V19, V21, V23 and V26: tell whether the times are right without skew."""
    at, produced_at = case.at, case.response.produced_at_utc
    this_update, next_update = entry._this_update, entry._next_update
    if (
        next_update is None
        or not this_update <= produced_at <= at < next_update
        or not signer.begin <= produced_at <= signer.end
        or not signer.shortest <= next_update - this_update <= signer.longest
        or at - this_update > signer.policy.max_age
    ):
        return False
    begin, end = validity(cert)
    return (
        begin <= produced_at
        and at <= end
        and (entry._layout.status is not _REVOKED or _is_past(case, entry))
    )


def _is_past(case: Case, entry: OCSPSingleResponse) -> bool:
    """V23: tell whether the revocation has begun, and its reason is known."""
    since, reason = entry._revocation_time, entry._layout.reason
    return (
        since is not None and since <= case.at and (reason is None or reason in REASONS)
    )


def _is_signed(case: Case, layout: BasicResponseLayout, signer: _Signer) -> bool:
    """V6 and V10: tell whether the signer signed the response."""
    response = case.response
    try:
        check = signer.check(layout.algorithm)
        check.require(response._whole_signature, response._der[layout.tbs])
    except SignatureInvalid as error:
        case.refused = signer.certificate, error
        return False
    except UnsupportedAlgorithm:
        return False
    return True
