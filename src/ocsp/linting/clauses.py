"""
What each linting rule requires, and the clauses that it comes from, by number.

Programs compare the numbers, so a number is never reused for another rule. BR are the
Baseline Requirements of the CA/Browser Forum for TLS server certificates.
"""

from __future__ import annotations

from ocsp.verification.clauses import Clause

__all__ = ["CLAUSES"]

CLAUSES: dict[str, Clause] = {
    "L101": Clause(
        "The response has the structure of the standard, in DER.",
        "RFC 6960 §4.2.1, X.690 §10",
    ),
    "L102": Clause(
        "responseStatus is one of the six defined values; 4 is not used.",
        "RFC 6960 §4.2.1",
    ),
    "L103": Clause("responseType is id-pkix-ocsp-basic.", "RFC 6960 §4.2.1"),
    "L104": Clause(
        "Times have seconds and no fraction, and end with Z.",
        "RFC 6960 §4.2.2.1, RFC 5280 §4.1.2.5.2",
    ),
    "L105": Clause("An OCSP error has no responseBytes.", "RFC 6960 §4.2.1"),
    "L106": Clause("certs is absent if it would be empty.", "RFC 6960 §4.2.1"),
    "L107": Clause(
        "A list of extensions is absent if it would be empty.", "RFC 5280 §4.1"
    ),
    "L108": Clause("The response has an entry.", "RFC 6960 §4.2.2.3"),
    "L109": Clause("No list has an extension twice.", "RFC 5280 §4.2"),
    "L110": Clause("The values of known extensions are well-formed.", "RFC 6960 §4.4"),
    "L111": Clause("No extension is critical.", "RFC 6960 §4.4"),
    "L112": Clause(
        "Every extension is in the list that it is defined for.", "RFC 6960 §4.4"
    ),
    "L113": Clause(
        "The response is not an OCSP error, which states nothing about a certificate.",
        "RFC 6960 §2.3",
    ),
    "L201": Clause("hashAlgorithm is one that clients can compute.", "RFC 6960 §4.1.1"),
    "L202": Clause("Both hashes have the size of their algorithm.", "RFC 6960 §4.1.1"),
    "L203": Clause(
        "A CertID uses SHA-256; SHA-1 is for old clients only.",
        "RFC 9919 §3.2.1",
    ),
    "L204": Clause("Both hashes match the issuer, or neither does.", "RFC 6960 §4.1.1"),
    "L205": Clause(
        "Serial numbers are positive and have at most 20 octets.", "RFC 5280 §4.1.2.2"
    ),
    "L206": Clause("No two entries have the same CertID.", "RFC 6960 §4.2.2.3"),
    "L207": Clause(
        "All entries are for one certificate, though with several hash algorithms.",
        "RFC 9919 §3.2.1",
    ),
    "L208": Clause(
        "Every certificate of the request has an entry.", "RFC 6960 §4.2.2.3"
    ),
    "L209": Clause(
        "Every entry is for a certificate of the request.", "RFC 6960 §4.2.2.3"
    ),
    "L210": Clause("An entry is for the certificate in question.", "RFC 6960 §3.2 (1)"),
    "L211": Clause(
        "Entries for one certificate state the same status, with any hash algorithm.",
        "RFC 6960 §2.2",
    ),
    "L301": Clause("nextUpdate is not before thisUpdate.", "RFC 6960 §4.2.2.1"),
    "L302": Clause(
        "nextUpdate is present.", "RFC 6960 §4.2.2.1, RFC 9919 §3.2.4, BR 4.9.9"
    ),
    "L303": Clause("thisUpdate is not after producedAt.", "RFC 6960 §2.4"),
    "L304": Clause("nextUpdate is not before producedAt.", "RFC 6960 §2.4"),
    "L305": Clause("revocationTime is not after producedAt.", "RFC 6960 §4.2.2.3"),
    "L306": Clause(
        "The response was not served before thisUpdate.", "RFC 6960 §4.2.2.1"
    ),
    "L307": Clause(
        "The response was not served at or after nextUpdate.", "RFC 6960 §4.2.2.1"
    ),
    "L308": Clause("The response was not served before producedAt.", "RFC 6960 §2.4"),
    "L309": Clause(
        "The validity interval for a subscriber certificate is 8 hours to 10 days, "
        "including its last second.",
        "BR 4.9.9",
    ),
    "L310": Clause(
        "The validity interval for a CA certificate is at most twelve months.",
        "BR 4.9.9",
    ),
    "L311": Clause(
        "No update was due when the response was served: after half of an interval "
        "below 16 hours; else 8 hours before nextUpdate, and 4 days after thisUpdate.",
        "BR 4.9.9",
    ),
    "L401": Clause(
        "The reason of the revocation has a defined code.", "RFC 5280 §5.3.1"
    ),
    "L402": Clause(
        "The reason is absent instead of *unspecified*.",
        "RFC 5280 §5.3.1, BR 7.2.2, 7.3",
    ),
    "L403": Clause(
        "The reason is not removeFromCRL, which is for delta CRLs.", "RFC 5280 §5.3.1"
    ),
    "L404": Clause(
        "A response with an entry *never issued* (certificateHold since 1970-01-01) "
        "has extended-revoke.",
        "RFC 6960 §2.2, §4.4.8",
    ),
    "L405": Clause(
        "extended-revoke is not critical, and is in responseExtensions only.",
        "RFC 6960 §4.4.8",
    ),
    "L406": Clause("An entry *never issued* has no CRL extension.", "RFC 6960 §2.2"),
    "L407": Clause(
        "An entry revoked since 1970-01-01 has the reason certificateHold.",
        "RFC 6960 §2.2",
    ),
    "L408": Clause("The archive cutoff is not after producedAt.", "RFC 6960 §4.4.4"),
    "L409": Clause(
        "An entry for an expired certificate has an archive cutoff.",
        "RFC 6960 §4.4.4",
    ),
    "L410": Clause("A revoked CA certificate has a reason.", "BR 7.3"),
    "L411": Clause(
        "A revoked subscriber certificate has a reason unless it is unspecified.",
        "BR 7.2.2, 7.3",
    ),
    "L412": Clause(
        "The reason is permitted for the certificate; certificateHold is permitted in "
        "an entry *never issued* only.",
        "BR 7.2.2, 7.3, RFC 6960 §2.2",
    ),
    "L413": Clause("The reason is in certStatus, not in singleExtensions.", "BR 7.3.2"),
    "L501": Clause("The nonce is an OCTET STRING inside extnValue.", "RFC 9654 §2.1"),
    "L502": Clause("The nonce has 1 to 128 octets.", "RFC 9654 §2.1"),
    "L503": Clause(
        "The nonce has 16 to 32 octets, which every client and responder accepts.",
        "RFC 9654 §2.1",
    ),
    "L504": Clause(
        "The nonce is equal to the nonce of the request.", "RFC 6960 §4.4.1"
    ),
    "L505": Clause("There is no nonce if the request has none.", "RFC 6960 §4.4.1"),
    "L506": Clause(
        "The response repeats the nonce of the request.",
        "RFC 6960 §4.4.1, RFC 9919 §3.2.1",
    ),
    "L507": Clause(
        "A response that is served to many clients has no responseExtensions.",
        "RFC 9919 §3.2.1",
    ),
    "L601": Clause(
        "The response is not signed with SHA-1 or MD5.", "RFC 6960 §5.1.1, BR 7.1.3.2"
    ),
    "L602": Clause(
        "The signature algorithm is one that clients know.", "RFC 6960 §4.3"
    ),
    "L603": Clause(
        "The key of the responder that responderID names made the signature.",
        "RFC 6960 §3.2 (2)",
    ),
    "L604": Clause("responderID names the signer.", "RFC 6960 §4.2.2.3"),
    "L605": Clause(
        "The response includes the signer's certificate, unless that is the issuer.",
        "RFC 6960 §4.2.1, RFC 9919 §3.2.2",
    ),
    "L606": Clause("byKey has the length of a SHA-1 hash.", "RFC 6960 §4.2.1"),
    "L607": Clause(
        "responderID is byKey, which new responders have to use.", "RFC 9919 §3.2.2"
    ),
    "L608": Clause(
        "The response includes no certificate but the delegate's.",
        "RFC 6960 §4.2.1, RFC 9919 §3.2.2",
    ),
    "L609": Clause(
        "The signer's key has at least 2048 bits (RSA) or 256 bits (elliptic curve).",
        "BR 6.1.5",
    ),
    "L610": Clause(
        "The keyUsage of an issuer that signs responses fits signatures.",
        "RFC 5280 §4.2.1.3, BR 7.1.2.10.7",
    ),
    "L701": Clause(
        "The delegate's extendedKeyUsage has id-kp-OCSPSigning; anyExtendedKeyUsage is "
        "not enough.",
        "RFC 6960 §4.2.2.2",
    ),
    "L702": Clause("Its extendedKeyUsage has no other purpose.", "BR 7.1.2.8.5"),
    "L703": Clause("The issuer issued it directly.", "RFC 6960 §4.2.2.2"),
    "L704": Clause(
        "Its issuer name has the same encoding as the issuer's subject.",
        "RFC 5280 §7.1, BR 7.1.2.8",
    ),
    "L705": Clause("Its key and its extensions can be decoded.", "RFC 5280 §4.1"),
    "L706": Clause("It has no critical extension that is not known.", "RFC 5280 §4.2"),
    "L707": Clause(
        "It has id-pkix-ocsp-nocheck.",
        "RFC 6960 §4.2.2.2.1, RFC 9919 §3.2.2, BR 7.1.2.8.6",
    ),
    "L708": Clause(
        "The value of id-pkix-ocsp-nocheck is NULL.",
        "RFC 6960 §4.2.2.2.1, BR 7.1.2.8.6",
    ),
    "L709": Clause("id-pkix-ocsp-nocheck is not critical.", "RFC 6960 §4.2.2.2.1"),
    "L710": Clause(
        "Its keyUsage, if present, has digitalSignature or nonRepudiation.",
        "RFC 5280 §4.2.1.12",
    ),
    "L711": Clause(
        "Its keyUsage is present, critical, and has digitalSignature only.",
        "BR 7.1.2.8.7",
    ),
    "L712": Clause(
        "It is not a CA certificate, whose key could also issue certificates.",
        "BR 7.1.2.8.4",
    ),
    "L713": Clause("It has no URL of a CRL.", "RFC 9919 §3.2.2, BR 7.1.2.8.2"),
    "L714": Clause("It has no URL of a responder.", "RFC 9919 §3.2.2, BR 7.1.2.8.3"),
    "L715": Clause(
        "It has no subjectAltName, nameConstraints or certificatePolicies.",
        "BR 7.1.2.8.2",
    ),
    "L716": Clause("It has authorityKeyIdentifier.", "BR 7.1.2.8.2"),
    "L717": Clause(
        "With id-pkix-ocsp-nocheck it is valid for at most 90 days.", "RFC 9919 §3.2.2"
    ),
    "L718": Clause(
        "It was valid when the response was signed.",
        "RFC 6960 §4.2.2.2, RFC 5280 §4.1.2.5",
    ),
    "L719": Clause("It does not expire before nextUpdate.", "RFC 6960 §4.2.2.2"),
    "L720": Clause(
        "It is not signed with SHA-1 or MD5.", "RFC 6960 §5.1.1, BR 7.1.3.2"
    ),
}
