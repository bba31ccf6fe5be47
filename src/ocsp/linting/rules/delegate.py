"""
L7: the certificate of a delegated responder.

These rules do not apply to a response that the issuer itself signed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
)

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import signature_hash
from ocsp.asn1.certificates import outer_algorithm, parts_of, validity_of
from ocsp.asn1.der import NULL_DER, encode_oid
from ocsp.asn1.extensions import RawExtension, extensions_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name, text
from ocsp.errors import DecodeError, SignatureInvalid
from ocsp.linting.case import Case, Complaint
from ocsp.signing.issued import check_issued, names_issuer
from ocsp.verification.facts import MAY_NOT_SIGN, facts_of

__all__ = [
    "extensions_decodable",
    "for_ocsp_signing",
    "for_ocsp_signing_only",
    "has_authority_key_identifier",
    "has_nocheck",
    "issued_by_issuer",
    "issuer_name_identical",
    "key_usage_signature",
    "key_usage_signature_only",
    "no_ca",
    "no_crl_pointer",
    "no_forbidden_extensions",
    "no_ocsp_pointer",
    "no_unknown_critical",
    "nocheck_is_null",
    "nocheck_not_critical",
    "outlives_the_response",
    "short_lived",
    "signed_strongly",
    "valid_when_signed",
]

SHORT_LIFE = datetime.timedelta(days=90)
"""A delegate with nocheck cannot be revoked: its stolen key is usable for so long."""


def _delegate(case: Case) -> Iterator[tuple[str, x509.Certificate]]:
    """Return the delegate's certificate and its place, if a delegate signed."""
    if case.signer is not None and case.signer.delegated:
        yield case.signer.where, case.signer.certificate


def _extension(certificate: x509.Certificate, oid: str) -> RawExtension | None:
    for extension in extensions_of(certificate).raw:
        if extension.oid == oid:
            return extension
    return None


def for_ocsp_signing(case: Case) -> Iterator[Complaint]:
    """L701: extendedKeyUsage has id-kp-OCSPSigning."""
    for where, certificate in _delegate(case):
        if ExtendedKeyUsageOID.OCSP_SIGNING not in facts_of(certificate).purposes:
            yield Complaint(where, "lacks the extended key usage id-kp-OCSPSigning")


def for_ocsp_signing_only(case: Case) -> Iterator[Complaint]:
    """L702: extendedKeyUsage has no other purpose."""
    for where, certificate in _delegate(case):
        others = facts_of(certificate).purposes - {ExtendedKeyUsageOID.OCSP_SIGNING}
        if others:
            listed = ", ".join(sorted(each.dotted_string for each in others))
            yield Complaint(where, f"has other extended key usages too: {listed}")


def issued_by_issuer(case: Case) -> Iterator[Complaint]:
    """L703: the issuer issued the delegate's certificate directly."""
    for where, certificate in _delegate(case):
        if case.issuer is None:
            return
        name, expected = name_of_issuer(certificate), name_of_subject(case.issuer)
        if not same_name(name, expected):
            yield Complaint(
                where, f"was issued by {text(name)}, not by {text(expected)}"
            )
        elif problem := _signature_problem(certificate, case.issuer):
            yield Complaint(where, problem)


def _signature_problem(certificate: x509.Certificate, issuer: x509.Certificate) -> str:
    """Describe why *issuer* did not sign *certificate*, or return an empty string."""
    if parts_of(certificate).algorithm != outer_algorithm(certificate):
        return "has two different signature algorithms"
    try:
        check_issued(certificate, issuer, unsafe_sha1=True)  # L720 reports SHA-1.
    except SignatureInvalid:
        return "names this issuer but is not signed by its key"
    except (UnsupportedAlgorithm, DecodeError) as error:
        return f"names this issuer, but its signature cannot be checked: {error}"
    return ""


def issuer_name_identical(case: Case) -> Iterator[Complaint]:
    """L704: its issuer name has the same encoding as the issuer's subject."""
    for where, certificate in _delegate(case):
        if case.issuer is None:
            return
        # L703 reports a different name.
        identical = parts_of(certificate).issuer == parts_of(case.issuer).subject
        if not identical and names_issuer(certificate, case.issuer):
            yield Complaint(where, "encodes the issuer's name differently from it")


def extensions_decodable(case: Case) -> Iterator[Complaint]:
    """L705: its key and its extensions can be decoded."""
    for where, certificate in _delegate(case):
        facts = facts_of(certificate)
        if facts.key_error:
            yield Complaint(
                where, f"has a key that cannot be decoded: {facts.key_error}"
            )
        for oid, reason in extensions_of(certificate).unreadable():
            yield Complaint(where, f"has an extension {oid} that {reason}")


def no_unknown_critical(case: Case) -> Iterator[Complaint]:
    """L706: it has no critical extension that is not known."""
    for where, certificate in _delegate(case):
        oid = facts_of(certificate).unknown_critical
        # nocheck is known; L709 reports a critical one.
        if oid and oid != oids.OCSP_NOCHECK:
            yield Complaint(where, f"has the critical extension {oid}, not known")


def has_nocheck(case: Case) -> Iterator[Complaint]:
    """L707: it has id-pkix-ocsp-nocheck."""
    for where, certificate in _delegate(case):
        if _extension(certificate, oids.OCSP_NOCHECK) is None:
            yield Complaint(where, "has no id-pkix-ocsp-nocheck")


def nocheck_is_null(case: Case) -> Iterator[Complaint]:
    """L708: the value of id-pkix-ocsp-nocheck is NULL."""
    for where, certificate in _delegate(case):
        nocheck = _extension(certificate, oids.OCSP_NOCHECK)
        if nocheck is not None and nocheck.value != NULL_DER:
            value = nocheck.value.hex()
            yield Complaint(
                where, f"has id-pkix-ocsp-nocheck with value {value!r} instead of NULL"
            )


def nocheck_not_critical(case: Case) -> Iterator[Complaint]:
    """L709: id-pkix-ocsp-nocheck is not critical."""
    for where, certificate in _delegate(case):
        nocheck = _extension(certificate, oids.OCSP_NOCHECK)
        if nocheck is not None and nocheck.critical:
            yield Complaint(where, "has a critical id-pkix-ocsp-nocheck")


def key_usage_signature(case: Case) -> Iterator[Complaint]:
    """L710: keyUsage, if present, has digitalSignature or nonRepudiation."""
    for where, certificate in _delegate(case):
        if not facts_of(certificate).may_sign:
            yield Complaint(where, MAY_NOT_SIGN)


def key_usage_signature_only(case: Case) -> Iterator[Complaint]:
    """L711: keyUsage is present, critical, and has digitalSignature only."""
    for where, certificate in _delegate(case):
        usage = _extension(certificate, ExtensionOID.KEY_USAGE.dotted_string)
        if usage is None:
            yield Complaint(where, "has no keyUsage")
        elif not usage.critical:
            yield Complaint(where, "has a keyUsage that is not critical")
        if usage is not None and usage.value != _DIGITAL_SIGNATURE:
            yield Complaint(where, "has a keyUsage other than digitalSignature alone")


_DIGITAL_SIGNATURE = bytes.fromhex("03020780")
"""KeyUsage with the bit digitalSignature only (RFC 5280 §4.2.1.3)."""


def no_ca(case: Case) -> Iterator[Complaint]:
    """L712: it is not a CA certificate."""
    for where, certificate in _delegate(case):
        if facts_of(certificate).ca:
            yield Complaint(where, "is a CA certificate")


def no_crl_pointer(case: Case) -> Iterator[Complaint]:
    """L713: it has no URL of a CRL."""
    for where, certificate in _delegate(case):
        oid = ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string
        if _extension(certificate, oid) is not None:
            yield Complaint(where, "has cRLDistributionPoints")


def no_ocsp_pointer(case: Case) -> Iterator[Complaint]:
    """L714: it has no URL of a responder."""
    for where, certificate in _delegate(case):
        oid = ExtensionOID.AUTHORITY_INFORMATION_ACCESS.dotted_string
        access = _extension(certificate, oid)
        if access is not None and _AD_OCSP in access.value:
            yield Complaint(where, "has authorityInfoAccess with id-ad-ocsp")


_AD_OCSP = encode_oid(AuthorityInformationAccessOID.OCSP.dotted_string)
"""The encoding of the OID, with which an AccessDescription begins."""


def no_forbidden_extensions(case: Case) -> Iterator[Complaint]:
    """L715: it has no extension that the Baseline Requirements forbid."""
    for where, certificate in _delegate(case):
        for oid, name in _FORBIDDEN.items():
            if _extension(certificate, oid) is not None:
                yield Complaint(where, f"has {name}")


_FORBIDDEN = {
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string: "subjectAltName",
    ExtensionOID.NAME_CONSTRAINTS.dotted_string: "nameConstraints",
    ExtensionOID.CERTIFICATE_POLICIES.dotted_string: "certificatePolicies",
}


def has_authority_key_identifier(case: Case) -> Iterator[Complaint]:
    """L716: it has authorityKeyIdentifier."""
    for where, certificate in _delegate(case):
        oid = ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string
        if _extension(certificate, oid) is None:
            yield Complaint(where, "has no authorityKeyIdentifier")


def short_lived(case: Case) -> Iterator[Complaint]:
    """L717: with id-pkix-ocsp-nocheck it is valid for at most 90 days."""
    for where, certificate in _delegate(case):
        start, stop = validity_of(certificate)
        life = stop - start
        nocheck = _extension(certificate, oids.OCSP_NOCHECK)
        if nocheck is not None and life > SHORT_LIFE:
            yield Complaint(
                where, f"is valid for {life.days} days and cannot be revoked"
            )


def valid_when_signed(case: Case) -> Iterator[Complaint]:
    """L718: it was valid when the response was signed."""
    produced = case.response.produced_at_utc
    for where, certificate in _delegate(case):
        start, stop = validity_of(certificate)
        if not start <= produced <= stop:
            yield Complaint(
                "producedAt",
                f"{produced} is outside the validity of {where}, {start} to {stop}",
            )


def outlives_the_response(case: Case) -> Iterator[Complaint]:
    """L719: it does not expire before nextUpdate."""
    for where, certificate in _delegate(case):
        _, stop = validity_of(certificate)
        for place, entry in case.numbered():
            until = entry.next_update_utc
            if until is not None and until > stop:
                yield Complaint(
                    f"{place}.nextUpdate",
                    f"{until} is after {where} expires, {stop}",
                )


def signed_strongly(case: Case) -> Iterator[Complaint]:
    """L720: it is not signed with SHA-1 or MD5."""
    for where, certificate in _delegate(case):
        try:
            algorithm = signature_hash(parts_of(certificate).algorithm)
        except (DecodeError, UnsupportedAlgorithm):
            return
        if isinstance(algorithm, (hashes.SHA1, hashes.MD5)):
            yield Complaint(where, f"is signed with {algorithm.name}")
