"""V14 to V17: the delegate's certificate, and whether it is revoked."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from tests.cases.builder import (
    CA,
    CA_USAGE,
    CRL_PLACE,
    DAY,
    NOCHECK,
    NOT_CA,
    OCSP_PLACE,
    OCSP_SIGNING,
    SECOND,
    SIGNS,
    Builder,
    access,
    extension,
    usage,
)
from tests.cases.model import NOW, Importance, Scenario, case, good, refused

CRITICAL, HIGH, MEDIUM, LOW = (
    Importance.CRITICAL,
    Importance.HIGH,
    Importance.MEDIUM,
    Importance.LOW,
)


def _by(build: Builder, *extensions: bytes | x509.ExtensionType) -> bytes:
    """Return a good response by a delegate with these extensions."""
    return build.response(by=build.delegate(extensions=extensions))


@case("V14", CRITICAL)
def for_ocsp_signing(build: Builder) -> Scenario:
    """
    The delegate's certificate has id-kp-OCSPSigning.

    Expected: good. RFC 6960 §4.2.2.2.
    """
    return build.verify(good(), _by(build, NOT_CA, SIGNS, OCSP_SIGNING, NOCHECK))


@case("V14", MEDIUM)
def for_ocsp_signing_among_others(build: Builder) -> Scenario:
    """
    The delegate's certificate has clientAuth and id-kp-OCSPSigning.

    Expected: good. RFC 6960 §4.2.2.2.
    """
    both = x509.ExtendedKeyUsage([Usage.CLIENT_AUTH, Usage.OCSP_SIGNING])
    return build.verify(good(), _by(build, SIGNS, both, NOCHECK))


@case("V14", CRITICAL)
def without_extended_key_usage(build: Builder) -> Scenario:
    """
    The signer's certificate, issued by the CA, has no extendedKeyUsage.

    Expected: no evidence; otherwise every certificate of the CA could sign. RFC 6960
    §4.2.2.2.
    """
    return build.verify(refused("V14"), _by(build, NOT_CA, SIGNS, NOCHECK))


@case("V14", CRITICAL)
def for_any_usage(build: Builder) -> Scenario:
    """
    The signer's certificate has anyExtendedKeyUsage.

    Expected: no evidence; id-kp-OCSPSigning itself is required. RFC 6960 §4.2.2.2.
    """
    anything = x509.ExtendedKeyUsage([Usage.ANY_EXTENDED_KEY_USAGE])
    return build.verify(refused("V14"), _by(build, SIGNS, anything, NOCHECK))


@case("V14", CRITICAL)
def for_tls_servers(build: Builder) -> Scenario:
    """
    The signer's certificate, issued by the CA, is for TLS servers and clients.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    tls = x509.ExtendedKeyUsage([Usage.SERVER_AUTH, Usage.CLIENT_AUTH])
    return build.verify(refused("V14"), _by(build, SIGNS, tls, NOCHECK))


@case("V14", CRITICAL)
def purpose_is_a_prefix(build: Builder) -> Scenario:
    """
    The purpose is 1.3.6.1.5.5.7.3, a prefix of id-kp-OCSPSigning.

    Expected: no evidence; OIDs are compared in full. RFC 6960 §4.2.2.2.
    """
    prefix = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3")])
    return build.verify(refused("V14"), _by(build, SIGNS, prefix, NOCHECK))


@case("V14", CRITICAL)
def purpose_is_longer(build: Builder) -> Scenario:
    """
    The purpose is 1.3.6.1.5.5.7.3.9.1, which is id-kp-OCSPSigning with one more arc.

    Expected: no evidence; OIDs are compared in full. RFC 6960 §4.2.2.2.
    """
    below = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.9.1")])
    return build.verify(refused("V14"), _by(build, SIGNS, below, NOCHECK))


@case("V14", MEDIUM)
def issuer_needs_no_purpose(build: Builder) -> Scenario:
    """
    The CA signs the response itself; its certificate has no extendedKeyUsage.

    Expected: good; only delegates need the purpose. RFC 6960 §4.2.2.2.
    """
    return build.verify(good(authorized_by="issuer"))


@case("V15", HIGH)
def valid_delegate(build: Builder) -> Scenario:
    """
    The validity of the delegate's certificate is exactly the second of judgement.

    Expected: good; the first and the last second are included. RFC 5280 §4.1.2.5.
    """
    by = build.delegate(begin=NOW, end=NOW)
    response = build.response(by=by, this_update=NOW, produced_at=NOW)
    return build.verify(good(), response)


@case("V15", HIGH)
def expired_delegate(build: Builder) -> Scenario:
    """
    The delegate's certificate expired one second ago.

    Expected: no evidence. RFC 6960 §3.2 (4), RFC 5280 §4.1.2.5.
    """
    by = build.delegate(end=NOW - SECOND)
    return build.verify(refused("V15"), build.response(by=by))


@case("V15", HIGH)
def future_delegate(build: Builder) -> Scenario:
    """
    The delegate's certificate becomes valid in one second.

    Expected: no evidence. RFC 6960 §3.2 (4), RFC 5280 §4.1.2.5.
    """
    by = build.delegate(begin=NOW + SECOND)
    return build.verify(refused("V15"), build.response(by=by))


@case("V16", HIGH)
def end_entity(build: Builder) -> Scenario:
    """
    The delegate's certificate has basicConstraints without cA.

    Expected: good. RFC 5280 §4.2.1.9.
    """
    return build.verify(good(), _by(build, NOT_CA, SIGNS, OCSP_SIGNING, NOCHECK))


@case("V16", MEDIUM)
def without_basic_constraints_and_key_usage(build: Builder) -> Scenario:
    """
    The delegate's certificate has neither basicConstraints nor keyUsage.

    Expected: good; absent extensions forbid nothing. RFC 5280 §4.2.1.3, §4.2.1.9.
    """
    return build.verify(good(), _by(build, OCSP_SIGNING, NOCHECK))


@case("V16", CRITICAL)
def delegate_is_a_ca(build: Builder) -> Scenario:
    """
    An intermediate CA with id-kp-OCSPSigning signs a response for a sibling.

    Expected: no evidence. In July 2020 such CAs of the public web could sign for the CA
    above them. Baseline Requirements §7.1.2.8.
    """
    response = _by(build, CA, CA_USAGE, OCSP_SIGNING, NOCHECK)
    return build.verify(refused("V16"), response)


@case("V16", HIGH)
def delegate_may_not_sign(build: Builder) -> Scenario:
    """
    The delegate's certificate has a keyUsage that fits no signature of a response.

    Expected: no evidence. RFC 5280 §4.2.1.3.
    """
    agrees = usage("key_agreement", "key_encipherment")
    response = _by(build, NOT_CA, agrees, OCSP_SIGNING, NOCHECK)
    return build.verify(refused("V16"), response)


@case("V16", HIGH)
def delegate_signs_with_non_repudiation(build: Builder) -> Scenario:
    """
    The keyUsage of the delegate's certificate is nonRepudiation (contentCommitment)
    alone, as national and qualified CAs issue it.

    Expected: good; OCSPSigning fits digitalSignature or nonRepudiation. RFC 5280
    §4.2.1.12.
    """
    commits = usage("content_commitment")
    response = _by(build, NOT_CA, commits, OCSP_SIGNING, NOCHECK)
    return build.verify(good(), response)


@case("V16", HIGH)
def delegate_with_an_unknown_critical_extension(build: Builder) -> Scenario:
    """
    The delegate's certificate has a critical extension that is not known.

    Expected: no evidence. RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    response = _by(build, SIGNS, OCSP_SIGNING, NOCHECK, unknown)
    return build.verify(refused("V16"), response)


@case("V16", MEDIUM)
def delegate_with_an_unknown_extension(build: Builder) -> Scenario:
    """
    The delegate's certificate has an unknown extension that is not critical.

    Expected: good. RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00")
    return build.verify(good(), _by(build, SIGNS, OCSP_SIGNING, NOCHECK, unknown))


@case("V14", HIGH)
def delegate_with_an_extension_twice(build: Builder) -> Scenario:
    """
    The delegate's certificate has two extendedKeyUsages, one of them right.

    Expected: no evidence; its purpose is ambiguous. RFC 5280 §4.2.
    """
    tls = x509.ExtendedKeyUsage([Usage.SERVER_AUTH])
    response = _by(build, SIGNS, tls, OCSP_SIGNING, NOCHECK)
    return build.verify(refused("V14"), response)


@case("V16", MEDIUM)
def delegate_with_a_malformed_extension(build: Builder) -> Scenario:
    """
    The basicConstraints of the delegate's certificate are not a SEQUENCE.

    Expected: no evidence, and no crash. RFC 5280 §4.2.1.9.
    """
    broken = extension("2.5.29.19", b"\x02\x01\x00", critical=True)
    response = _by(build, broken, SIGNS, OCSP_SIGNING, NOCHECK)
    return build.verify(refused("V16"), response)


_ODD_CONSTRAINTS = extension("2.5.29.19", b"\x02\x01\x00")


@case("V16", HIGH)
def delegate_that_may_be_a_ca(build: Builder) -> Scenario:
    """
    The basicConstraints of the delegate are malformed, and not critical.

    Expected: no evidence: it may be a CA. RFC 5280 §4.2.1.9.
    """
    response = _by(build, _ODD_CONSTRAINTS, SIGNS, OCSP_SIGNING, NOCHECK)
    return build.verify(refused("V16"), response)


@case("V16", HIGH)
def delegate_with_a_malformed_key_usage(build: Builder) -> Scenario:
    """
    The keyUsage of the delegate is malformed, and not critical.

    Expected: no evidence: its key may be for another use. RFC 5280 §4.2.1.3.
    """
    odd = extension("2.5.29.15", b"\x05\x00")
    return build.verify(refused("V16"), _by(build, odd, OCSP_SIGNING, NOCHECK))


@case("V16", MEDIUM)
def issuer_with_malformed_constraints(build: Builder) -> Scenario:
    """
    The basicConstraints of the issuer, which signs itself, are malformed and not
    critical.

    Expected: good: whether it is a CA is not the question. RFC 5280 §4.2.1.9.
    """
    ca = build.authority(extensions=(_ODD_CONSTRAINTS, CA_USAGE))
    return build.verify(good(), build.response(by=ca, certs=()), issuer=ca)


@case("V16", MEDIUM)
def configured_responder_with_malformed_constraints(build: Builder) -> Scenario:
    """
    The basicConstraints of a configured responder are malformed and not critical.

    Expected: good: a configured responder may be a CA. RFC 6960 §4.2.2.2.
    """
    other = build.certificate(
        "Local Responder",
        key="responder-2",
        issuer=None,
        extensions=(_ODD_CONSTRAINTS, SIGNS),
    )
    response = build.response(by=other, certs=())
    return build.verify(good(), response, responders=(other,))


@case("V16", HIGH)
def delegate_with_a_strange_name(build: Builder) -> Scenario:
    """
    The delegate's subjectAltName has an x400Address, which few libraries can decode.

    Expected: good. The extension is not critical, and no rule needs it. RFC 5280
    §4.2.1.6.
    """
    strange = extension("2.5.29.17", bytes.fromhex("3004a3023000"))
    response = _by(build, strange, SIGNS, OCSP_SIGNING, NOCHECK)
    return build.verify(good(), response)


@case("V16", MEDIUM)
def issuer_may_not_sign(build: Builder) -> Scenario:
    """
    The CA signs the response itself, and its keyUsage has keyCertSign and cRLSign only.

    Expected: good, with a warning. RFC 5280 §4.2.1.3 asks for digitalSignature, but
    the key can sign a certificate for a delegate at any time.
    """
    ca = build.authority(extensions=(CA, usage("key_cert_sign", "crl_sign")))
    response = build.response(by=ca, certs=())
    return build.verify(good("V16"), response, issuer=ca)


@case("V16", MEDIUM)
def issuer_may_sign_neither_responses_nor_certificates(build: Builder) -> Scenario:
    """
    The CA signs the response itself, and its keyUsage has cRLSign only.

    Expected: no evidence; this key may not sign a certificate for a delegate either.
    RFC 5280 §4.2.1.3.
    """
    ca = build.authority(extensions=(CA, usage("crl_sign")))
    response = build.response(by=ca, certs=())
    return build.verify(refused("V16"), response, issuer=ca)


@case("V16", LOW)
def issuer_may_not_sign_by_policy(build: Builder) -> Scenario:
    """
    The CA's keyUsage has keyCertSign and cRLSign only, and the relying party requires
    digitalSignature.

    Expected: no evidence. RFC 5280 §4.2.1.3.
    """
    ca = build.authority(extensions=(CA, usage("key_cert_sign", "crl_sign")))
    response = build.response(by=ca, certs=())
    policy = {"issuer_key_usage": "require-digital-signature"}
    return build.verify(refused("V16"), response, issuer=ca, policy=policy)


@case("V16", MEDIUM)
def issuer_with_non_repudiation(build: Builder) -> Scenario:
    """
    The CA's keyUsage has keyCertSign and nonRepudiation, and the relying party requires
    digitalSignature.

    Expected: good; nonRepudiation fits OCSPSigning too. RFC 5280 §4.2.1.12.
    """
    ca = build.authority(extensions=(CA, usage("key_cert_sign", "content_commitment")))
    response = build.response(by=ca, certs=())
    policy = {"issuer_key_usage": "require-digital-signature"}
    return build.verify(good(), response, issuer=ca, policy=policy)


@case("V16", MEDIUM)
def issuer_not_understood(build: Builder) -> Scenario:
    """
    The CA's certificate has a critical extension that is not known, and its keyUsage
    has no digitalSignature.

    Expected: no evidence; only the keyUsage is a warning. RFC 5280 §4.2.
    """
    unknown = extension("1.2.3.4", b"\x05\x00", critical=True)
    ca = build.authority(extensions=(CA, usage("key_cert_sign"), unknown))
    response = build.response(by=ca, certs=())
    return build.verify(refused("V16"), response, issuer=ca)


@case("V16", MEDIUM)
def issuer_without_key_usage(build: Builder) -> Scenario:
    """
    The CA signs the response itself, and its certificate has no keyUsage.

    Expected: good; an absent extension forbids nothing. RFC 5280 §4.2.1.3.
    """
    ca = build.authority(extensions=(CA,))
    return build.verify(good(), build.response(by=ca, certs=()), issuer=ca)


_PLAIN = NOT_CA, SIGNS, OCSP_SIGNING


@case("V17", HIGH)
def nocheck(build: Builder) -> Scenario:
    """
    The delegate's certificate has id-pkix-ocsp-nocheck.

    Expected: good; it is accepted until it expires. RFC 6960 §4.2.2.2.1.
    """
    return build.verify(good(), _by(build, *_PLAIN, NOCHECK))


UNKNOWN_DELEGATE = refused("V17", error="ResponderRevocationUnknown")


_NAMED = *_PLAIN, OCSP_PLACE


@case("V17", HIGH)
def without_nocheck_and_without_place(build: Builder) -> Scenario:
    """
    The delegate's certificate has no nocheck, and names no place for its status.

    Expected: good, with a warning: the CA leaves it to the relying party. RFC 6960
    §4.2.2.2.1.
    """
    return build.verify(good("V17"), _by(build, *_PLAIN))


@case("V17", MEDIUM)
def without_nocheck_and_with_another_place(build: Builder) -> Scenario:
    """
    The delegate's authorityInfoAccess names the issuer's certificate only.

    Expected: good, with a warning: this is no place for its status. RFC 5280 §4.2.2.1.
    """
    issuers = access(Access.CA_ISSUERS)
    return build.verify(good("V17"), _by(build, *_PLAIN, issuers))


@case("V17", HIGH)
def without_nocheck(build: Builder) -> Scenario:
    """
    The delegate's certificate names an OCSP responder, and there is no evidence.

    Expected: no evidence: its key may be stolen. RFC 6960 §4.2.2.2.1.
    """
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_NAMED))


@case("V17", HIGH)
def without_nocheck_and_with_a_responder_after_issuers(build: Builder) -> Scenario:
    """
    The delegate's authorityInfoAccess names the issuer's certificate, then a responder.

    Expected: no evidence: the place counts, wherever it is listed. RFC 6960
    §4.2.2.2.1.
    """
    both = access(Access.CA_ISSUERS, Access.OCSP)
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_PLAIN, both))


@case("V17", HIGH)
def without_nocheck_and_with_a_crl(build: Builder) -> Scenario:
    """
    The delegate's certificate names a CRL distribution point; there is no evidence.

    Expected: no evidence: its key may be stolen. RFC 6960 §4.2.2.2.1.
    """
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_PLAIN, CRL_PLACE))


@case("V17", MEDIUM)
def without_nocheck_and_with_a_crl_in_a_directory(build: Builder) -> Scenario:
    """
    The delegate's distribution point is a directory name, not a URI.

    Expected: no evidence: a place that few clients can use is a place. RFC 6960
    §4.2.2.2.1, RFC 5280 §4.2.1.13.
    """
    point = x509.DistributionPoint(
        [x509.DirectoryName(x509.Name([]))],
        relative_name=None,
        reasons=None,
        crl_issuer=None,
    )
    directory = x509.CRLDistributionPoints([point])
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_PLAIN, directory))


@case("V17", HIGH)
def without_nocheck_and_with_a_malformed_place(build: Builder) -> Scenario:
    """
    The delegate's authorityInfoAccess is malformed, and there is no evidence.

    Expected: no evidence: it may name a place. RFC 6960 §4.2.2.2.1.
    """
    odd = extension("1.3.6.1.5.5.7.1.1", b"\x05\x00")
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_PLAIN, odd))


@case("V17", HIGH)
def without_nocheck_and_with_a_malformed_crl_place(build: Builder) -> Scenario:
    """
    The delegate's CRL distribution points are malformed, and there is no evidence.

    Expected: no evidence: they may name a place. RFC 6960 §4.2.2.2.1.
    """
    odd = extension("2.5.29.31", b"\x30\x00")
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_PLAIN, odd))


@case("V17", MEDIUM)
def nocheck_and_a_place(build: Builder) -> Scenario:
    """
    The delegate's certificate has nocheck, and names an OCSP responder.

    Expected: good: nocheck says that relying parties need not ask. RFC 6960
    §4.2.2.2.1.
    """
    return build.verify(good(), _by(build, *_NAMED, NOCHECK))


@case("V17", MEDIUM)
def without_place_by_policy(build: Builder) -> Scenario:
    """
    The delegate has neither nocheck nor a place; the relying party requires either
    nocheck or evidence.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    policy = {"delegate_revocation": "nocheck-or-evidence"}
    return build.verify(UNKNOWN_DELEGATE, _by(build, *_PLAIN), policy=policy)


@case("V17", HIGH)
def evidence_that_the_delegate_is_good(build: Builder) -> Scenario:
    """
    The delegate has no nocheck, and the CA states that it is good.

    Expected: good. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    evidence = build.evidence_about(by)
    return build.verify(good(), build.response(by=by), evidence=(evidence,))


@case("V17", HIGH)
def revoked_in_spite_of_nocheck(build: Builder) -> Scenario:
    """
    The delegate has nocheck, and the relying party has evidence that it is revoked.

    Expected: no evidence; nocheck makes a check unnecessary, but does not outweigh a
    revocation. RFC 6960 §4.2.2.2.1.
    """
    by = build.responder
    evidence = build.evidence_about(by, status=build.revoked())
    expected = refused("V17", error="ResponderRevoked")
    return build.verify(expected, build.response(by=by), evidence=(evidence,))


@case("V17", CRITICAL)
def evidence_that_the_delegate_is_revoked(build: Builder) -> Scenario:
    """
    The CA states that the delegate is revoked.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    evidence = build.evidence_about(by, status=build.revoked())
    expected = refused("V17", error="ResponderRevoked")
    return build.verify(expected, build.response(by=by), evidence=(evidence,))


@case("V17", HIGH)
def evidence_that_the_delegate_is_both(build: Builder) -> Scenario:
    """
    The CA states first that the delegate is good, and then that it is revoked.

    Expected: no evidence; the worst status counts. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    first = build.evidence_about(by)
    second = build.evidence_about(by, status=build.revoked())
    expected = refused("V17", error="ResponderRevoked")
    return build.verify(expected, build.response(by=by), evidence=(first, second))


@case("V17", HIGH)
def evidence_that_the_delegate_is_unknown(build: Builder) -> Scenario:
    """
    The CA states that it does not know the delegate.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    evidence = build.evidence_about(by, status=build.UNKNOWN)
    return build.verify(refused("V17"), build.response(by=by), evidence=(evidence,))


@case("V17", HIGH)
def evidence_that_a_delegate_without_place_is_unknown(build: Builder) -> Scenario:
    """
    The delegate names no place for its status, and the CA does not know it.

    Expected: no evidence: what the CA states counts, wherever it comes from. RFC 6960
    §4.2.2.2.1.
    """
    by = build.delegate(extensions=_PLAIN)
    evidence = build.evidence_about(by, status=build.UNKNOWN)
    return build.verify(UNKNOWN_DELEGATE, build.response(by=by), evidence=(evidence,))


@case("V17", CRITICAL)
def evidence_that_a_delegate_without_place_is_revoked(build: Builder) -> Scenario:
    """
    The delegate names no place for its status, and the CA states that it is revoked.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_PLAIN)
    evidence = build.evidence_about(by, status=build.revoked())
    expected = refused("V17", error="ResponderRevoked")
    return build.verify(expected, build.response(by=by), evidence=(evidence,))


@case("V17", HIGH)
def evidence_of_revocation_where_no_evidence_is_required(build: Builder) -> Scenario:
    """
    The relying party does not require evidence about delegates, and has evidence that
    this one is revoked.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    evidence = build.evidence_about(by, status=build.revoked())
    expected = refused("V17", error="ResponderRevoked")
    return build.verify(
        expected, build.response(by=by), evidence=(evidence,), policy="unsafe-legacy"
    )


@case("V17", HIGH)
def evidence_about_another(build: Builder) -> Scenario:
    """
    The CA states that another delegate is good.

    Expected: no evidence. RFC 6960 §4.2.2.2.1.
    """
    by, other = build.delegate(extensions=_NAMED), build.delegate(serial=0x77)
    evidence = build.evidence_about(other)
    return build.verify(refused("V17"), build.response(by=by), evidence=(evidence,))


@case("V17", CRITICAL)
def evidence_by_the_delegate_itself(build: Builder) -> Scenario:
    """
    The delegate itself signed the only evidence about it, with a former certificate for
    the same key, which has nocheck.

    Expected: no evidence: an attacker who has stolen the key can sign the same. RFC
    6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    former = build.delegate(serial=0x0C5A)
    evidence = build.evidence_about(by, by=former)
    return build.verify(refused("V17"), build.response(by=by), evidence=(evidence,))


@case("V17", MEDIUM)
def evidence_by_another_delegate(build: Builder) -> Scenario:
    """
    Another delegate, which has nocheck, states that this one is good.

    Expected: good. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    other = build.delegate("Second Responder", key="responder-2", serial=0x0C5C)
    evidence = build.evidence_about(by, by=other)
    return build.verify(good(), build.response(by=by), evidence=(evidence,))


@case("V17", MEDIUM)
def former_certificate_of_the_delegate_comes_first(build: Builder) -> Scenario:
    """
    The response has two certificates of the delegate's key: one that has ended, and one
    that names a place for its status. There is no evidence.

    Expected: no evidence, and only V17 fails: with evidence, the second certificate
    authorizes the signature. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    former = build.delegate(serial=0x0C5A, end=NOW - DAY)
    response = build.response(by=by, certs=(former.der, by.der))
    return build.verify(UNKNOWN_DELEGATE, response)


@case("V17", MEDIUM)
def without_evidence_before_many_decoys(build: Builder) -> Scenario:
    """
    The delegate needs evidence, and there is none. Many certificates with its name
    follow its own.

    Expected: no evidence, and only V17 fails: the signer is found. RFC 6960
    §4.2.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    decoys = [build.delegate(key="mallory", serial=100 + each) for each in range(12)]
    response = build.response(
        by=by,
        responder_id=build.by_name(by.subject),
        certs=(by.der, *(each.der for each in decoys)),
    )
    return build.verify(UNKNOWN_DELEGATE, response)


@case("V17", MEDIUM)
def nocheck_where_evidence_is_required(build: Builder) -> Scenario:
    """
    The delegate has nocheck, and the relying party does not accept nocheck.

    Expected: no evidence. RFC 6960 §4.2.2.2.1 leaves the choice to the CA; a relying
    party can require more.
    """
    response = build.response(by=build.responder)
    policy = {"delegate_revocation": "require-evidence"}
    return build.verify(refused("V17"), response, policy=policy)


@case("V17", MEDIUM)
def evidence_where_evidence_is_required(build: Builder) -> Scenario:
    """
    The relying party does not accept nocheck, and the CA states that the delegate is
    good.

    Expected: good. RFC 6960 §4.2.2.2.1.
    """
    evidence = build.evidence_about(build.responder)
    return build.verify(
        good(),
        build.response(by=build.responder),
        evidence=(evidence,),
        policy={"delegate_revocation": "require-evidence"},
    )


@case("V17", LOW)
def not_asked_by_policy(build: Builder) -> Scenario:
    """
    The delegate has no nocheck, and the relying party does not check its status.

    Expected: good, unsafely.
    """
    policy = {"delegate_revocation": "unsafe-skip"}
    return build.verify(good(), _by(build, *_PLAIN), policy=policy)


@case("V17", HIGH)
def nocheck_in_the_response(build: Builder) -> Scenario:
    """
    Nocheck is in the response and in its entry, not in the delegate's certificate,
    which names an OCSP responder.

    Expected: no evidence; it has no meaning there. RFC 6960 §4.2.2.2.1.
    """
    misplaced = (extension("1.3.6.1.5.5.7.48.1.5", b"\x05\x00"),)
    by = build.delegate(extensions=_NAMED)
    entry = build.entry(extensions=misplaced)
    response = build.response(entry, by=by, extensions=misplaced)
    return build.verify(refused("V17"), response)


@case("V17", HIGH)
def stale_evidence_that_the_delegate_is_revoked(build: Builder) -> Scenario:
    """
    The delegate names no place, and evidence that has expired says that it is revoked.

    Expected: no evidence; a revocation counts until newer evidence contradicts it. RFC
    6960 §2.2.
    """
    by = build.delegate(extensions=_PLAIN)
    evidence = build.evidence_about(
        by,
        status=build.revoked(),
        this_update=NOW - DAY,
        next_update=NOW - SECOND,
        produced_at=NOW - DAY,
    )
    expected = refused("V17", error="ResponderRevoked")
    return build.verify(expected, build.response(by=by), evidence=(evidence,))


@case("V17", MEDIUM)
def evidence_from_a_clock_ahead(build: Builder) -> Scenario:
    """
    The evidence about the delegate is from a clock that is one second ahead.

    Expected: good: within the clock skew, it holds already. RFC 6960 §4.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    evidence = build.evidence_about(by, this_update=NOW + SECOND)
    return build.verify(good(), build.response(by=by), evidence=(evidence,))


@case("V17", MEDIUM)
def stale_evidence(build: Builder) -> Scenario:
    """
    The evidence about the delegate has expired by its own times.

    Expected: no evidence. The evidence was within the clock skew when it was verified,
    but it holds only until its nextUpdate. RFC 6960 §4.2.2.2.1, §4.2.2.1.
    """
    by = build.delegate(extensions=_NAMED)
    evidence = build.evidence_about(
        by, this_update=NOW - DAY, next_update=NOW - SECOND, produced_at=NOW - DAY
    )
    return build.verify(refused("V17"), build.response(by=by), evidence=(evidence,))
