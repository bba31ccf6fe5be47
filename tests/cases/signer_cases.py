"""V11 to V13: who signed, and whether the signer may sign for the issuer."""

from __future__ import annotations

from ocsp.asn1.der import encode
from tests.cases.builder import CA, CA_USAGE, DAY, SIGNS, Builder, name, usage
from tests.cases.model import NOW, Importance, Scenario, case, good, refused

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM


@case("V11", HIGH)
def by_key(build: Builder) -> Scenario:
    """
    The responderID is the SHA-1 of the delegate's key.

    Expected: good. RFC 6960 §4.2.1.
    """
    response = build.response(by=build.responder)
    return build.verify(good(authorized_by="delegate"), response)


@case("V11", HIGH)
def by_name(build: Builder) -> Scenario:
    """
    The responderID is the delegate's name.

    Expected: good. RFC 6960 §4.2.1.
    """
    by = build.responder
    response = build.response(by=by, responder_id=build.by_name(by.subject))
    return build.verify(good(authorized_by="delegate"), response)


@case("V11", MEDIUM)
def by_name_of_the_issuer(build: Builder) -> Scenario:
    """
    The responderID is the CA's name, and the CA signed.

    Expected: good. RFC 6960 §4.2.1.
    """
    response = build.response(responder_id=build.by_name(build.ca.subject))
    return build.verify(good(authorized_by="issuer"), response)


@case("V11", MEDIUM)
def by_name_in_another_string_type(build: Builder) -> Scenario:
    """
    The responderID has the delegate's name as PrintableString, with different case and
    more spaces; the certificate has it as UTF8String.

    Expected: good; the names are equal. RFC 5280 §7.1.
    """
    other = name("TEST   responder ", tag=0x13)
    response = build.response(by=build.responder, responder_id=build.by_name(other))
    return build.verify(good(), response)


@case("V11", HIGH)
def responder_id_of_another(build: Builder) -> Scenario:
    """
    The CA signed, and the responderID is the hash of another key.

    Expected: no evidence. RFC 6960 §4.2.2.3: it must correspond to the signer.
    """
    other = build.delegate(key="mallory")
    response = build.response(responder_id=build.by_key(other))
    return build.verify(refused("V11"), response)


@case("V11", HIGH)
def responder_name_of_another(build: Builder) -> Scenario:
    """
    A delegate signed, and the responderID is another name.

    Expected: no evidence. RFC 6960 §4.2.2.3.
    """
    other = build.by_name(name("Somebody Else"))
    response = build.response(by=build.responder, responder_id=other)
    return build.verify(refused("V11"), response)


@case("V11", MEDIUM)
def key_hash_cut_short(build: Builder) -> Scenario:
    """
    The responderID has the first 19 octets of the hash of the key.

    Expected: no evidence; hashes are compared in full. RFC 6960 §4.2.1.
    """
    short = encode(0xA2, encode(0x04, build.by_key(build.ca)[4:-1]))
    return build.verify(refused("V11"), build.response(responder_id=short))


@case("V11", MEDIUM)
def key_hash_is_empty(build: Builder) -> Scenario:
    """
    The key hash in responderID is empty, which is a prefix of every hash.

    Expected: no evidence. RFC 6960 §4.2.1.
    """
    none = encode(0xA2, encode(0x04, b""))
    return build.verify(refused("V11"), build.response(responder_id=none))


@case("V11", MEDIUM)
def empty_name(build: Builder) -> Scenario:
    """
    The responderID is a name without attributes.

    Expected: no evidence. RFC 6960 §4.2.2.3.
    """
    response = build.response(responder_id=build.by_name(encode(0x30)))
    return build.verify(refused("V11"), response)


@case("V12", MEDIUM)
def no_certificate(build: Builder) -> Scenario:
    """
    A delegate signed, and its certificate is not in the response.

    Expected: no evidence; there is no key to verify the signature with. RFC 6960
    §4.2.1.
    """
    response = build.response(by=build.responder, certs=())
    return build.verify(refused("V12"), response)


@case("V12", MEDIUM)
def certificate_at_hand(build: Builder) -> Scenario:
    """
    A delegate signed, and its certificate is in the response.

    Expected: good. RFC 6960 §4.2.1.
    """
    return build.verify(good(), build.response(by=build.responder))


@case("V12", HIGH)
def decoy_with_the_same_name_comes_first(build: Builder) -> Scenario:
    """
    A certificate with the delegate's name and another key precedes the delegate's.

    Expected: good; *certs* is not signed, so an attacker can add decoys, and every
    certificate that matches is tried. RFC 6960 §4.2.1.
    """
    by = build.responder
    decoy = build.delegate(key="mallory", issuer=None)
    response = build.response(
        by=by, responder_id=build.by_name(by.subject), certs=(decoy.der, by.der)
    )
    return build.verify(good(authorized_by="delegate"), response)


@case("V12", HIGH)
def expired_certificate_of_the_same_key_comes_first(build: Builder) -> Scenario:
    """
    The delegate's former certificate, which has expired, precedes the current one.

    Expected: good; both are for the same key, and one of them is valid. RFC 6960
    §4.2.2.2.
    """
    by, former = build.responder, build.delegate(end=NOW - DAY, serial=0x0C5A)
    response = build.response(by=by, certs=(former.der, by.der))
    return build.verify(good(), response)


@case("V12", MEDIUM)
def issuer_comes_along_first(build: Builder) -> Scenario:
    """
    The CA's own certificate precedes the delegate's.

    Expected: good. RFC 6960 §4.2.1 requires no order.
    """
    by = build.responder
    response = build.response(by=by, certs=(build.ca.der, by.der))
    return build.verify(good(authorized_by="delegate"), response)


@case("V12", MEDIUM)
def issuer_signs_and_a_delegate_comes_along(build: Builder) -> Scenario:
    """
    The CA signed the response itself, which includes the certificate of a delegate.

    Expected: good. RFC 6960 §4.2.2.2.
    """
    response = build.response(certs=(build.responder.der,))
    return build.verify(good(authorized_by="issuer"), response)


@case("V13", CRITICAL)
def issuer_signs(build: Builder) -> Scenario:
    """
    The CA that issued the certificate signed.

    Expected: good. RFC 6960 §4.2.2.2, the second criterion.
    """
    return build.verify(good(authorized_by="issuer"))


@case("V13", CRITICAL)
def direct_delegate_signs(build: Builder) -> Scenario:
    """
    A delegate signed whose certificate the CA issued directly.

    Expected: good. RFC 6960 §4.2.2.2, the third criterion.
    """
    response = build.response(by=build.responder)
    return build.verify(good(authorized_by="delegate"), response)


@case("V13", HIGH)
def configured_responder_signs(build: Builder) -> Scenario:
    """
    A responder signed that is unrelated to the CA, but that the relying party
    configured for it.

    Expected: good. RFC 6960 §4.2.2.2, the first criterion.
    """
    other = build.certificate(
        "Local Responder", key="responder-2", issuer=None, extensions=(SIGNS,)
    )
    response = build.response(by=other, certs=())
    return build.verify(good(authorized_by="configured"), response, responders=(other,))


@case("V13", CRITICAL)
def other_responder_is_configured(build: Builder) -> Scenario:
    """
    A responder signed that has the name of the configured one, but another key.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    configured = build.certificate("Local Responder", key="responder-2", issuer=None)
    other = build.certificate("Local Responder", key="mallory", issuer=None)
    response = build.response(by=other)
    return build.verify(refused("V14", "V13"), response, responders=(configured,))


@case("V13", CRITICAL)
def self_signed_responder(build: Builder) -> Scenario:
    """
    The signer's certificate has the extensions of a delegate and is self-signed.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    by = build.delegate(issuer=None, key="mallory")
    return build.verify(refused("V13"), build.response(by=by))


@case("V13", CRITICAL)
def delegate_of_another_ca(build: Builder) -> Scenario:
    """
    The signer is the delegate of another CA, which may be trusted too.

    Expected: no evidence; a CA cannot authorize signers for another CA. RFC 6960
    §4.2.2.2.
    """
    other = build.authority("Other CA", key="ca-2")
    by = build.delegate(issuer=other)
    response = build.response(by=by, certs=(by.der, other.der))
    return build.verify(refused("V13"), response)


@case("V13", CRITICAL)
def delegate_of_a_ca_with_the_same_name(build: Builder) -> Scenario:
    """
    The signer is the delegate of a CA that has the same name and another key.

    Expected: no evidence. RFC 6960 §4.2.2.2: signed by the same key.
    """
    twin = build.authority(key="ca-2")
    by = build.delegate(issuer=twin)
    response = build.response(by=by, certs=(by.der, twin.der))
    return build.verify(refused("V13"), response)


@case("V13", CRITICAL)
def another_ca_signs(build: Builder) -> Scenario:
    """
    Another CA, whose certificate is in the response, signed.

    Expected: no evidence. RFC 6960 §4.2.2.2.
    """
    other = build.authority("Other CA", key="ca-2")
    return build.verify(refused("V14", "V13"), build.response(by=other))


@case("V13", CRITICAL)
def ca_above_the_issuer_signs(build: Builder) -> Scenario:
    """
    An intermediate CA issued the leaf, and the root signed.

    Expected: no evidence; only the CA that issued the certificate may sign. RFC 6960
    §4.2.2.2.
    """
    sub = build.certificate("Sub CA", key="sub-ca", serial=7, extensions=(CA, CA_USAGE))
    leaf = build.certificate("leaf.example", issuer=sub)
    cert_id = build.cert_id(leaf, sub)
    response = build.response(certs=(build.ca.der,), cert_id=cert_id)
    return build.verify(refused("V14", "V13"), response, cert=leaf, issuer=sub)


@case("V13", CRITICAL)
def delegate_of_the_root_for_a_leaf_of_the_intermediate(build: Builder) -> Scenario:
    """
    An intermediate CA issued the leaf, and the signer is the root's delegate.

    Expected: no evidence; the CA that issued the leaf did not issue the delegate. RFC
    6960 §4.2.2.2.
    """
    sub = build.certificate("Sub CA", key="sub-ca", serial=7, extensions=(CA, CA_USAGE))
    leaf = build.certificate("leaf.example", issuer=sub)
    by = build.responder
    response = build.response(by=by, cert_id=build.cert_id(leaf, sub))
    return build.verify(refused("V13"), response, cert=leaf, issuer=sub)


@case("V13", CRITICAL)
def delegate_through_an_intermediate(build: Builder) -> Scenario:
    """
    The signer's certificate is issued by an intermediate of the CA, which is in the
    response.

    Expected: no evidence; a delegate has to be issued directly. RFC 6960 §4.2.2.2.
    """
    sub = build.certificate("Sub CA", key="sub-ca", serial=7, extensions=(CA, CA_USAGE))
    by = build.delegate(issuer=sub)
    response = build.response(by=by, certs=(by.der, sub.der))
    return build.verify(refused("V13"), response)


@case("V13", CRITICAL)
def the_certificate_in_question_signs(build: Builder) -> Scenario:
    """
    The leaf signs a response that states that the leaf is good.

    Expected: no evidence; it lacks id-kp-OCSPSigning. RFC 6960 §4.2.2.2.
    """
    return build.verify(refused("V14"), build.response(by=build.leaf))


@case("V13", MEDIUM)
def issuer_name_of_the_delegate_in_another_string_type(build: Builder) -> Scenario:
    """
    The delegate's certificate has the CA's name as PrintableString.

    Expected: good; the names are equal. RFC 5280 §7.1.
    """
    by = build.delegate(issuer_name=name("Test CA", tag=0x13))
    return build.verify(good(), build.response(by=by))


@case("V15", MEDIUM)
def configured_responder_has_ended(build: Builder) -> Scenario:
    """
    The configured responder's certificate has expired.

    Expected: no evidence. RFC 6960 §3.2 (4), RFC 5280 §4.1.2.5.
    """
    other = build.certificate(
        "Local Responder", key="responder-2", issuer=None, end=NOW - DAY
    )
    response = build.response(by=other, certs=())
    return build.verify(refused("V15"), response, responders=(other,))


@case("V16", MEDIUM)
def configured_responder_may_not_sign(build: Builder) -> Scenario:
    """
    The configured responder's certificate has a keyUsage without digitalSignature.

    Expected: no evidence; only an issuer is accepted without it. RFC 5280 §4.2.1.3.
    """
    other = build.certificate(
        "Local Responder",
        key="responder-2",
        issuer=None,
        extensions=(usage("key_agreement"),),
    )
    response = build.response(by=other, certs=())
    return build.verify(refused("V16"), response, responders=(other,))


@case("V13", HIGH)
def issuer_of_another_name_with_the_same_key(build: Builder) -> Scenario:
    """
    The delegate's certificate is signed with the CA's key, but names another issuer.

    Expected: no evidence; the CA that issued the certificate did not issue it. RFC 6960
    §4.2.2.2, RFC 5280 §6.1.3 (a) (4).
    """
    by = build.delegate(issuer_name=name("Other CA"))
    return build.verify(refused("V13"), build.response(by=by))


@case("V10", MEDIUM)
def issuer_comes_along_and_has_not_signed(build: Builder) -> Scenario:
    """
    The responderID is the CA's, whose certificate is in the response; another key
    signed.

    Expected: no evidence, with one failure only; a copy of the issuer's certificate is
    not another candidate. RFC 6960 §3.2 (2).
    """
    response = build.response(signed_by="mallory", certs=(build.ca.der,))
    return build.verify(refused("V10"), response)


@case("V10", MEDIUM)
def configured_responder_comes_along_and_has_not_signed(build: Builder) -> Scenario:
    """
    The responderID is that of a configured responder, whose certificate is in the
    response; another key signed.

    Expected: no evidence, with one failure only. RFC 6960 §3.2 (2).
    """
    other = build.certificate(
        "Local Responder", key="responder-2", issuer=None, extensions=(SIGNS,)
    )
    response = build.response(by=other, signed_by="mallory", certs=(other.der,))
    return build.verify(refused("V10"), response, responders=(other,))


@case("V12", MEDIUM)
def candidate_of_the_caller(build: Builder) -> Scenario:
    """
    The response does not include the delegate's certificate; the relying party has it,
    and does not trust it.

    Expected: good, by the delegate: the CA has issued its certificate. RFC 6960
    §4.2.2.2.
    """
    by = build.responder
    response = build.response(by=by, certs=())
    return build.verify(good(authorized_by="delegate"), response, candidates=(by,))


@case("V13", CRITICAL)
def candidate_that_the_issuer_did_not_issue(build: Builder) -> Scenario:
    """
    The relying party gives a self-signed certificate that may be the signer's.

    Expected: no evidence: it is trusted no more than one in the response. RFC 6960
    §4.2.2.2.
    """
    by = build.delegate(issuer=None)
    response = build.response(by=by, certs=())
    return build.verify(refused("V13"), response, candidates=(by,))


@case("V14", CRITICAL)
def candidate_for_another_purpose(build: Builder) -> Scenario:
    """
    The relying party gives a certificate of the CA that is not for OCSP signing.

    Expected: no evidence: it is trusted no more than one in the response. RFC 6960
    §4.2.2.2.
    """
    by = build.delegate(extensions=(usage("digital_signature"),))
    response = build.response(by=by, certs=())
    return build.verify(refused("V14"), response, candidates=(by,))


@case("V15", HIGH)
def candidate_that_has_ended(build: Builder) -> Scenario:
    """
    The relying party gives the certificate of a delegate that has ended.

    Expected: no evidence. RFC 6960 §3.2 (4).
    """
    by = build.delegate(end=NOW - DAY)
    response = build.response(by=by, certs=())
    return build.verify(refused("V15"), response, candidates=(by,))


@case("V12", MEDIUM)
def candidate_that_did_not_sign(build: Builder) -> Scenario:
    """
    The relying party gives the certificate of another delegate; that of the signer is
    in the response.

    Expected: good. RFC 6960 §4.2.1.
    """
    other = build.delegate(key="mallory", serial=0x0C5D)
    by = build.responder
    response = build.response(by=by, responder_id=build.by_name(by.subject))
    return build.verify(good(), response, candidates=(other,))


@case("V12", HIGH)
def candidate_behind_many_decoys(build: Builder) -> Scenario:
    """
    The response has many certificates with the name of the delegate, and not its own;
    the relying party has it.

    Expected: good: certificates that anyone can add do not hide it. RFC 6960 §4.2.1.
    """
    by = build.responder
    decoys = [
        build.delegate(key="mallory", serial=serial).der for serial in range(100, 120)
    ]
    response = build.response(
        by=by, responder_id=build.by_name(by.subject), certs=decoys
    )
    return build.verify(good(), response, candidates=(by,))
