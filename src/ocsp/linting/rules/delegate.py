"""
L7: the certificate of a delegated responder.

Rules of this file: as :mod:`ocsp.linting.rules.signature`; an issuer that signs itself
has no such certificate, and no rule here means it.
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
from ocsp.asn1.certificates import outer_algorithm, parts_of
from ocsp.asn1.der import NULL_DER, encode_oid
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name, text
from ocsp.errors import SignatureInvalid
from ocsp.linting.case import Case, Complaint
from ocsp.messages.raw_fields import RawExtension, certificate_extensions
from ocsp.signing.issued import check_issued
from ocsp.verification.facts import facts_of

__all__ = [
    "extensions_decodable",
    "for_ocsp_signing",
    "for_ocsp_signing_only",
    "has_nocheck",
    "issued_by_issuer",
    "issuer_name_identical",
    "key_identifiers",
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
"""A delegate with nocheck cannot be revoked, so a stolen key speaks for so long."""


def _delegate(case: Case) -> Iterator[tuple[str, x509.Certificate]]:
    """Return the delegate's certificate with its place, if a delegate has signed."""
    if case.signer is not None and case.signer.delegated:
        yield case.signer.where, case.signer.certificate


def _extension(certificate: x509.Certificate, oid: str) -> RawExtension | None:
    for extension in certificate_extensions(certificate.tbs_certificate_bytes):
        if extension.oid == oid:
            return extension
    return None


def for_ocsp_signing(case: Case) -> Iterator[Complaint]:
    """L701: extendedKeyUsage has id-kp-OCSPSigning; *any* does not count."""
    for where, certificate in _delegate(case):
        if ExtendedKeyUsageOID.OCSP_SIGNING not in facts_of(certificate).purposes:
            yield Complaint(where, "is not for OCSP signing (extendedKeyUsage)")


def for_ocsp_signing_only(case: Case) -> Iterator[Complaint]:
    """L702: extendedKeyUsage has nothing else."""
    for where, certificate in _delegate(case):
        others = facts_of(certificate).purposes - {ExtendedKeyUsageOID.OCSP_SIGNING}
        if others:
            listed = ", ".join(sorted(each.dotted_string for each in others))
            yield Complaint(where, f"is for other purposes too: {listed}")


def issued_by_issuer(case: Case) -> Iterator[Complaint]:
    """L703: the issuer itself has issued the delegate's certificate."""
    for where, certificate in _delegate(case):
        if case.issuer is None:
            return
        name, expected = name_of_issuer(certificate), name_of_subject(case.issuer)
        if not same_name(name, expected):
            yield Complaint(
                where, f"was issued by {text(name)}, not by {text(expected)}"
            )
        elif fault := _unsigned(certificate, case.issuer):
            yield Complaint(where, fault)


def _unsigned(certificate: x509.Certificate, issuer: x509.Certificate) -> str:
    """Say why *issuer*, which *certificate* names, has not signed it, or nothing."""
    if parts_of(certificate).algorithm != outer_algorithm(certificate):
        return "names two algorithms of its signature"
    try:
        check_issued(certificate, issuer, unsafe_sha1=True)  # which L720 finds
    except SignatureInvalid:
        return "names the issuer, whose key has not signed it"
    except UnsupportedAlgorithm as error:
        return (
            "names the issuer, and whether that has signed it cannot be computed: "
            f"{error}"
        )
    return ""


def issuer_name_identical(case: Case) -> Iterator[Complaint]:
    """L704: its issuer name has the octets of the issuer's subject."""
    for where, certificate in _delegate(case):
        if case.issuer is None:
            return
        # Whoever else it names, L703 finds.
        if parts_of(certificate).issuer != parts_of(case.issuer).subject and same_name(
            name_of_issuer(certificate), name_of_subject(case.issuer)
        ):
            yield Complaint(where, "writes its issuer's name in other octets")


def extensions_decodable(case: Case) -> Iterator[Complaint]:
    """L705: its extensions can be read."""
    for where, certificate in _delegate(case):
        facts = facts_of(certificate)
        reason = facts.unusable or facts.extension_error
        if reason:
            yield Complaint(where, f"cannot be read: {reason}")


def no_unknown_critical(case: Case) -> Iterator[Complaint]:
    """L706: it has no critical extension that nobody knows."""
    for where, certificate in _delegate(case):
        oid = facts_of(certificate).unknown_critical
        # nocheck is known; L709 says that it should not be critical.
        if oid and oid != oids.OCSP_NOCHECK:
            yield Complaint(where, f"has the critical extension {oid}, not known here")


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
            yield Complaint(where, f"has id-pkix-ocsp-nocheck, not as NULL: {value!r}")


def nocheck_not_critical(case: Case) -> Iterator[Complaint]:
    """L709: id-pkix-ocsp-nocheck is not critical."""
    for where, certificate in _delegate(case):
        nocheck = _extension(certificate, oids.OCSP_NOCHECK)
        if nocheck is not None and nocheck.critical:
            yield Complaint(where, "has a critical id-pkix-ocsp-nocheck")


def key_usage_signature(case: Case) -> Iterator[Complaint]:
    """L710: keyUsage, if there is one, has digitalSignature."""
    for where, certificate in _delegate(case):
        if not facts_of(certificate).may_sign:
            yield Complaint(where, "has a keyUsage without digitalSignature")


def key_usage_signature_only(case: Case) -> Iterator[Complaint]:
    """L711: keyUsage is there, critical, and digitalSignature only."""
    for where, certificate in _delegate(case):
        usage = _extension(certificate, ExtensionOID.KEY_USAGE.dotted_string)
        if usage is None:
            yield Complaint(where, "has no keyUsage")
        elif not usage.critical:
            yield Complaint(where, "has a keyUsage that is not critical")
        if usage is not None and usage.value != _DIGITAL_SIGNATURE:
            yield Complaint(where, "has another keyUsage than digitalSignature")


_DIGITAL_SIGNATURE = bytes.fromhex("03020780")
"""KeyUsage with that bit and no other (RFC 5280 §4.2.1.3)."""


def no_ca(case: Case) -> Iterator[Complaint]:
    """L712: it is not a CA's: such a key speaks for its issuer, and issues."""
    for where, certificate in _delegate(case):
        if facts_of(certificate).ca:
            yield Complaint(where, "is the certificate of a CA")


def no_crl_pointer(case: Case) -> Iterator[Complaint]:
    """L713: it does not point to a CRL."""
    for where, certificate in _delegate(case):
        oid = ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string
        if _extension(certificate, oid) is not None:
            yield Complaint(where, "has cRLDistributionPoints")


def no_ocsp_pointer(case: Case) -> Iterator[Complaint]:
    """L714: it does not point to a responder."""
    for where, certificate in _delegate(case):
        oid = ExtensionOID.AUTHORITY_INFORMATION_ACCESS.dotted_string
        access = _extension(certificate, oid)
        if access is not None and _AD_OCSP in access.value:
            yield Complaint(where, "has authorityInfoAccess with id-ad-ocsp")


_AD_OCSP = encode_oid(AuthorityInformationAccessOID.OCSP.dotted_string)
"""Its octets, header included, begin an AccessDescription."""


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


def key_identifiers(case: Case) -> Iterator[Complaint]:
    """L716: it has authorityKeyIdentifier."""
    for where, certificate in _delegate(case):
        oid = ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string
        if _extension(certificate, oid) is None:
            yield Complaint(where, "has no authorityKeyIdentifier")


def short_lived(case: Case) -> Iterator[Complaint]:
    """L717: with id-pkix-ocsp-nocheck it is short-lived."""
    for where, certificate in _delegate(case):
        life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        nocheck = _extension(certificate, oids.OCSP_NOCHECK)
        if nocheck is not None and life > SHORT_LIFE:
            yield Complaint(where, f"lives for {life.days} days, and cannot be revoked")


def valid_when_signed(case: Case) -> Iterator[Complaint]:
    """L718: the response was signed while it was valid."""
    produced = case.response.produced_at_utc
    for where, certificate in _delegate(case):
        start, stop = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not start <= produced <= stop:
            yield Complaint(
                "producedAt",
                f"{produced} is outside of the validity of {where}, {start} to {stop}",
            )


def outlives_the_response(case: Case) -> Iterator[Complaint]:
    """L719: it does not end before nextUpdate."""
    for where, certificate in _delegate(case):
        stop = certificate.not_valid_after_utc
        for place, entry in case.numbered():
            until = entry.next_update_utc
            if until is not None and until > stop:
                yield Complaint(
                    f"{place}.nextUpdate",
                    f"{until} is after the end of {where}, {stop}",
                )


def signed_strongly(case: Case) -> Iterator[Complaint]:
    """L720: it is not signed with SHA-1 or MD5 itself."""
    for where, certificate in _delegate(case):
        try:
            algorithm = certificate.signature_hash_algorithm
        except UnsupportedAlgorithm:
            return
        if isinstance(algorithm, (hashes.SHA1, hashes.MD5)):
            yield Complaint(where, f"is signed with {algorithm.name}")
