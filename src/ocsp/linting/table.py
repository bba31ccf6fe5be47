"""
The table of linting rules: number, function, input, severities.

Each rule is one function. A rule that has no severity for a profile does not apply in
that profile. ``docs/lint.md`` is generated from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Any, NamedTuple

from ocsp.linting.case import Case, Complaint, Unreadable, Unsuccessful
from ocsp.linting.clauses import CLAUSES
from ocsp.linting.report import Profile, Severity
from ocsp.linting.rules import (
    delegate,
    entries,
    message,
    nonce,
    revocation,
    signature,
    times,
)
from ocsp.verification.clauses import Clause

__all__ = ["RULES", "Rule"]


class Rule(NamedTuple):
    """
    One rule.

    Attributes:
        id: Its number, as in :class:`LintFinding`.

        function: The function that applies it.

        subject: The class of its input, or several.

        severities: Its severity in each profile.
    """

    id: str
    function: Callable[[Any], Iterable[Complaint]]
    subject: type[Unreadable | Unsuccessful | Case] | UnionType
    severities: Mapping[Profile, Severity]

    @property
    def clause(self) -> Clause:
        """What the rule requires, and the clauses that it comes from."""
        return CLAUSES[self.id]


def _in(
    rfc6960: Severity | None, rfc9919: Severity | None, webpki: Severity | None
) -> Mapping[Profile, Severity]:
    by_profile = zip(Profile, (rfc6960, rfc9919, webpki), strict=True)
    return {profile: found for profile, found in by_profile if found is not None}


_INFO, _NOTICE, _WARNING, _ERROR = Severity
_IS_INFO = _in(_INFO, _INFO, _INFO)
_SHOULD = _in(_WARNING, _WARNING, _WARNING)
_UNWISE = _in(_NOTICE, _NOTICE, _NOTICE)
_MUST = _in(_ERROR, _ERROR, _ERROR)

RULES: tuple[Rule, ...] = (
    Rule("L101", message.canonical, Unreadable | Unsuccessful | Case, _MUST),
    Rule("L102", message.known_status, Unreadable, _MUST),
    Rule("L103", message.known_type, Unreadable, _MUST),
    Rule("L104", message.times_well_formed, Unreadable | Case, _MUST),
    Rule("L105", message.no_bytes_in_error, Unsuccessful, _MUST),
    Rule("L106", message.no_empty_certs, Case, _SHOULD),
    Rule("L107", message.no_empty_extensions, Case, _MUST),
    Rule("L108", message.has_entries, Case, _MUST),
    Rule("L109", message.unique_extensions, Case, _MUST),
    Rule("L110", message.well_formed_values, Case, _MUST),
    Rule("L111", message.not_critical, Case, _SHOULD),
    Rule("L112", message.extension_in_wrong_list, Case, _SHOULD),
    Rule("L113", message.error_status, Unsuccessful, _IS_INFO),
    Rule("L201", entries.known_hash, Case, _MUST),
    Rule("L202", entries.hash_sizes_fit, Case, _MUST),
    Rule("L203", entries.strong_hash, Case, _in(None, _NOTICE, None)),
    Rule("L204", entries.hashes_of_one_issuer, Case, _MUST),
    Rule("L205", entries.valid_serial_numbers, Case, _MUST),
    Rule("L206", entries.one_entry_each, Case, _SHOULD),
    Rule("L207", entries.one_certificate, Case, _in(None, _WARNING, None)),
    Rule("L208", entries.all_requested_entries, Case, _MUST),
    Rule("L209", entries.no_unrequested_entries, Case, _SHOULD),
    Rule("L210", entries.has_entry_for_certificate, Case, _MUST),
    Rule("L211", entries.no_contradiction, Case, _SHOULD),
    Rule("L301", times.next_update_after_this_update, Case, _MUST),
    Rule("L302", times.has_next_update, Case, _in(_INFO, _ERROR, _ERROR)),
    Rule("L303", times.signed_after_update, Case, _SHOULD),
    Rule("L304", times.signed_before_end, Case, _SHOULD),
    Rule("L305", times.revoked_before_signed, Case, _SHOULD),
    Rule("L306", times.this_update_in_past, Case, _SHOULD),
    Rule("L307", times.next_update_in_future, Case, _SHOULD),
    Rule("L308", times.produced_at_in_past, Case, _SHOULD),
    Rule("L309", times.validity_interval, Case, _in(None, None, _ERROR)),
    Rule("L310", times.validity_interval_of_ca, Case, _in(None, None, _ERROR)),
    Rule("L311", times.updated_in_time, Case, _in(None, None, _ERROR)),
    Rule("L401", revocation.known_reason, Case, _MUST),
    Rule(
        "L402", revocation.reason_not_unspecified, Case, _in(_WARNING, _WARNING, _ERROR)
    ),
    Rule("L403", revocation.no_remove_from_crl, Case, _MUST),
    Rule("L404", revocation.extended_revoke_announced, Case, _MUST),
    Rule("L405", revocation.extended_revoke_well_placed, Case, _MUST),
    Rule("L406", revocation.no_crl_extensions, Case, _MUST),
    Rule("L407", revocation.never_issued_on_hold, Case, _SHOULD),
    Rule("L408", revocation.archive_cutoff_in_the_past, Case, _SHOULD),
    Rule("L409", revocation.cutoff_for_expired_certificate, Case, _UNWISE),
    Rule("L410", revocation.reason_of_ca_given, Case, _in(None, None, _ERROR)),
    Rule("L411", revocation.reason_given, Case, _in(None, None, _NOTICE)),
    Rule("L412", revocation.permitted_reason, Case, _in(None, None, _ERROR)),
    Rule("L413", revocation.no_reason_among_extensions, Case, _in(None, None, _ERROR)),
    Rule("L501", nonce.nonce_in_octet_string, Case, _MUST),
    Rule("L502", nonce.nonce_of_right_length, Case, _MUST),
    Rule("L503", nonce.nonce_of_common_length, Case, _UNWISE),
    Rule("L504", nonce.nonce_matches_request, Case, _MUST),
    Rule("L505", nonce.no_unrequested_nonce, Case, _SHOULD),
    Rule("L506", nonce.nonce_returned, Case, _in(_NOTICE, _INFO, _INFO)),
    Rule("L507", nonce.no_response_extensions, Case, _in(None, _WARNING, None)),
    Rule("L601", signature.strong_algorithm, Case, _MUST),
    Rule("L602", signature.known_algorithm, Case, _SHOULD),
    Rule("L603", signature.signature_is_right, Case, _MUST),
    Rule("L604", signature.responder_has_signed, Case, _MUST),
    Rule(
        "L605",
        signature.signer_certificate_included,
        Case,
        _in(_NOTICE, _ERROR, _NOTICE),
    ),
    Rule("L606", signature.key_hash_is_sha1, Case, _MUST),
    Rule("L607", signature.named_by_key, Case, _in(None, _WARNING, None)),
    Rule("L608", signature.no_unneeded_certificates, Case, _UNWISE),
    Rule("L609", signature.key_is_large_enough, Case, _in(_WARNING, _WARNING, _ERROR)),
    Rule("L610", signature.issuer_may_sign, Case, _in(_WARNING, _WARNING, _ERROR)),
    Rule("L701", delegate.for_ocsp_signing, Case, _MUST),
    Rule("L702", delegate.for_ocsp_signing_only, Case, _in(_NOTICE, _NOTICE, _ERROR)),
    Rule("L703", delegate.issued_by_issuer, Case, _MUST),
    Rule("L704", delegate.issuer_name_identical, Case, _in(_NOTICE, _NOTICE, _ERROR)),
    Rule("L705", delegate.extensions_decodable, Case, _MUST),
    Rule("L706", delegate.no_unknown_critical, Case, _MUST),
    Rule("L707", delegate.has_nocheck, Case, _in(_NOTICE, _WARNING, _ERROR)),
    Rule("L708", delegate.nocheck_is_null, Case, _MUST),
    Rule("L709", delegate.nocheck_not_critical, Case, _SHOULD),
    Rule("L710", delegate.key_usage_signature, Case, _MUST),
    Rule("L711", delegate.key_usage_signature_only, Case, _in(None, None, _ERROR)),
    Rule("L712", delegate.no_ca, Case, _in(_WARNING, _WARNING, _ERROR)),
    Rule("L713", delegate.no_crl_pointer, Case, _in(None, _WARNING, _ERROR)),
    Rule("L714", delegate.no_ocsp_pointer, Case, _in(None, _WARNING, _WARNING)),
    Rule("L715", delegate.no_forbidden_extensions, Case, _in(None, None, _ERROR)),
    Rule("L716", delegate.has_authority_key_identifier, Case, _in(None, None, _ERROR)),
    Rule("L717", delegate.short_lived, Case, _in(None, _NOTICE, None)),
    Rule("L718", delegate.valid_when_signed, Case, _MUST),
    Rule("L719", delegate.outlives_the_response, Case, _SHOULD),
    Rule("L720", delegate.signed_strongly, Case, _MUST),
)
