"""
The table of rules: number, function, errors.

Each rule is listed with the functions that report it. ``docs/conformance.md`` is
generated from this table and from the cases that test each rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ocsp import errors as e
from ocsp.verification import chain, evidence, staple
from ocsp.verification.clauses import CLAUSES, Clause
from ocsp.verification.crl import case as crl_case
from ocsp.verification.crl import entry as crl_entry
from ocsp.verification.crl import rules as crl_rules
from ocsp.verification.crl import scope as crl_scope
from ocsp.verification.crl import signer as crl_signer
from ocsp.verification.rules import (
    cert_hash,
    delegate,
    entry,
    message,
    nonce,
    signer,
    status,
    times,
)

__all__ = ["CRL_RULES", "RULES", "Rule"]


class Rule(NamedTuple):
    """
    One rule.

    Attributes:
        id: Its number, as in :class:`Finding`.

        functions: The functions that apply it.

        errors: The errors that it reports, as failure or as warning. Empty for a rule
            that reports nothing and only interprets the status.
    """

    id: str
    functions: tuple[Callable[..., object], ...]
    errors: tuple[type[e.VerificationError], ...]

    @property
    def clause(self) -> Clause:
        """What the rule requires, and the clauses that it comes from."""
        return CLAUSES[self.id]


RULES: tuple[Rule, ...] = (
    Rule("V1", (message.report_unsuccessful,), (e.UnsuccessfulResponse,)),
    Rule(
        "V2",
        (message.report_malformed, message.report_tolerated),
        (e.MalformedResponse,),
    ),
    Rule("V3", (message.report_wrong_type,), (e.MalformedResponse,)),
    Rule(
        "V4", (message.has_entries, message.unique_extensions), (e.MalformedResponse,)
    ),
    Rule(
        "V5",
        (message.readable_extensions,),
        (e.UnhandledCriticalExtension, e.MalformedResponse),
    ),
    Rule("V6", (delegate.strong_enough,), (e.SignatureAlgorithmNotAllowed,)),
    Rule("V7", (entry.find_entries,), (e.CertIDMismatch,)),
    Rule("V8", (entry.select_entry,), (e.ConflictingResponses,)),
    Rule("V9", (entry.check_complete,), (e.IncompleteResponse,)),
    Rule("V10", (signer.signature_is_right,), (e.ResponseSignatureInvalid,)),
    Rule("V11", (signer.matches_responder_id,), (e.ResponderIDMismatch,)),
    Rule("V12", (signer.find_signer,), (e.NoResponderCertificate,)),
    Rule("V13", (delegate.issued_by_issuer,), (e.ResponderNotAuthorized,)),
    Rule("V14", (delegate.for_ocsp_signing,), (e.MissingOCSPSigningEKU,)),
    Rule("V15", (times.in_validity,), (e.ResponderCertificateExpired,)),
    Rule("V16", (delegate.may_sign,), (e.ResponderCertificateNotSuitable,)),
    Rule(
        "V17",
        (delegate.not_revoked,),
        (e.ResponderRevocationUnknown, e.ResponderRevoked),
    ),
    Rule("V18", (times.not_future,), (e.ResponseNotYetValid,)),
    Rule(
        "V19",
        (times.check_freshness,),
        (
            e.ResponseExpired,
            e.NextUpdateMissing,
            e.ValidityIntervalNotAllowed,
            e.MalformedResponse,
        ),
    ),
    Rule("V20", (status.report_stale_revocation,), (e.RevokedButStale,)),
    Rule("V21", (times.produced_at,), (e.ProducedAtInvalid,)),
    Rule("V22", (nonce.check_nonce,), (e.NonceMismatch, e.NonceMissing)),
    Rule("V23", (status.revoked_in_the_past,), (e.RevocationDateInvalid,)),
    Rule("V24", (evidence.VerifiedResponse.require_good,), ()),
    Rule("V25", (status.check_archive_cutoff,), (e.StatusNotAvailable,)),
    Rule("V26", (status.check_expired,), (e.StatusNotAvailable,)),
    Rule("V27", (chain.report_missing_response,), (e.RevocationUndetermined,)),
    Rule("V28", (staple.report_missing_staple,), (e.MustStapleViolation,)),
    Rule("V30", (cert_hash.check_cert_hash,), (e.CertHashMismatch,)),
)
"""The rules for a response."""

CRL_RULES: tuple[Rule, ...] = (
    Rule("R1", (crl_case.report_malformed,), (e.MalformedCRL,)),
    Rule(
        "R2",
        (crl_rules.of_issuer, crl_rules.certificate_of_issuer),
        (e.CRLIssuerMismatch,),
    ),
    Rule("R3", (crl_signer.may_sign,), (e.CRLSignerNotSuitable,)),
    Rule("R4", (crl_signer.strong_enough,), (e.SignatureAlgorithmNotAllowed,)),
    Rule("R5", (crl_signer.signature_is_right,), (e.CRLSignatureInvalid,)),
    Rule("R6", (crl_rules.not_future,), (e.CRLNotYetValid,)),
    Rule("R7", (crl_rules.check_freshness,), (e.CRLExpired, e.NextUpdateMissing)),
    Rule("R8", (crl_rules.critical_extensions,), (e.UnhandledCriticalExtension,)),
    Rule("R9", (crl_scope.in_scope,), (e.CRLScopeMismatch,)),
    Rule("R10", (crl_scope.all_reasons,), (e.ReasonsNotCovered,)),
    Rule("R11", (crl_scope.check_delta,), (e.DeltaCRLMismatch,)),
    Rule(
        "R12",
        (crl_entry.check_entries,),
        (e.MalformedCRL, e.UnhandledCriticalExtension),
    ),
    Rule("R13", (crl_entry.report_stale_revocation,), (e.RevokedButStale,)),
    Rule("R14", (crl_entry.revoked_in_the_past,), (e.RevocationDateInvalid,)),
    Rule("R15", (crl_entry.check_archive_cutoff,), (e.StatusNotAvailable,)),
)
"""The rules for a CRL."""
