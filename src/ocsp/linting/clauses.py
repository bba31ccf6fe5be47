"""
The rules of linting by number: what each demands, and where that is written.

Rules of this file: numbers are never given twice, since programs compare them. BR are
the Baseline Requirements of the CA/Browser Forum for TLS server certificates.
"""

from __future__ import annotations

from ocsp.verification.clauses import Clause

__all__ = ["CLAUSES"]

CLAUSES: dict[str, Clause] = {
    "L101": Clause(
        "The response is what the standard describes, in canonical DER.",
        "RFC 6960 §4.2.1, X.690 §10",
    ),
    "L102": Clause(
        "responseStatus is one of the six that there are; 4 is not used.",
        "RFC 6960 §4.2.1",
    ),
    "L103": Clause("responseType is id-pkix-ocsp-basic.", "RFC 6960 §4.2.1"),
    "L104": Clause(
        "Times have seconds, no fraction, and end in Z.",
        "RFC 6960 §4.2.2.1, RFC 5280 §4.1.2.5.2",
    ),
    "L105": Clause("An error has nothing but its status.", "RFC 6960 §4.2.1"),
    "L106": Clause("certs is absent where there are none.", "RFC 6960 §4.2.1"),
    "L107": Clause(
        "A list of extensions is absent where there are none.", "RFC 5280 §4.1"
    ),
    "L108": Clause("The response is about a certificate.", "RFC 6960 §4.2.2.3"),
    "L109": Clause("No extension stands twice in a list.", "RFC 5280 §4.2"),
    "L110": Clause(
        "The value of a known extension is what its standard says.", "RFC 6960 §4.4"
    ),
    "L111": Clause("No extension is critical.", "RFC 6960 §4.4"),
    "L112": Clause(
        "An extension stands in the list that it is defined for.", "RFC 6960 §4.4"
    ),
    "L113": Clause("An error says nothing of a certificate.", "RFC 6960 §2.3"),
    "L201": Clause("hashAlgorithm is one that clients can compute.", "RFC 6960 §4.1.1"),
    "L202": Clause("Both hashes have the size of their algorithm.", "RFC 6960 §4.1.1"),
    "L203": Clause(
        "A certificate is named by SHA-256, or by SHA-1 for old clients only.",
        "RFC 9919 §3.2.1",
    ),
    "L204": Clause(
        "Both hashes are those of the issuer, or neither is.", "RFC 6960 §4.1.1"
    ),
    "L205": Clause(
        "Serial numbers are positive and have at most 20 octets.", "RFC 5280 §4.1.2.2"
    ),
    "L206": Clause("No two entries are about the same CertID.", "RFC 6960 §4.2.2.3"),
    "L207": Clause(
        "The response is about one certificate, be it named by several hashes.",
        "RFC 9919 §3.2.1",
    ),
    "L208": Clause(
        "Every certificate of the request has an entry.", "RFC 6960 §4.2.2.3"
    ),
    "L209": Clause(
        "There are no entries that nobody has asked for.", "RFC 6960 §4.2.2.3"
    ),
    "L210": Clause(
        "An entry is about the certificate in question.", "RFC 6960 §3.2 (1)"
    ),
    "L211": Clause(
        "Entries about one certificate say the same status, whatever hash they use.",
        "RFC 6960 §2.2",
    ),
    "L301": Clause("nextUpdate is not before thisUpdate.", "RFC 6960 §4.2.2.1"),
    "L302": Clause(
        "nextUpdate is there.", "RFC 6960 §4.2.2.1, RFC 9919 §3.2.4, BR 4.9.9"
    ),
    "L303": Clause("The status is not of a time after the signature.", "RFC 6960 §2.4"),
    "L304": Clause("The response was signed before its status ended.", "RFC 6960 §2.4"),
    "L305": Clause("No revocation is dated after the signature.", "RFC 6960 §4.2.2.3"),
    "L306": Clause(
        "thisUpdate had come when the response was served.", "RFC 6960 §4.2.2.1"
    ),
    "L307": Clause(
        "nextUpdate had not come when the response was served.", "RFC 6960 §4.2.2.1"
    ),
    "L308": Clause(
        "producedAt had come when the response was served.", "RFC 6960 §2.4"
    ),
    "L309": Clause(
        "The status of a subscriber certificate holds for 8 hours to 10 days, its last "
        "second included.",
        "BR 4.9.9",
    ),
    "L310": Clause(
        "The status of a CA's certificate holds for twelve months at most.", "BR 4.9.9"
    ),
    "L311": Clause(
        "No newer status was due when the response was served: at half of an interval "
        "below 16 hours; else 8 hours before nextUpdate, and 4 days after thisUpdate.",
        "BR 4.9.9",
    ),
    "L401": Clause(
        "The reason has one of the numbers that there are.", "RFC 5280 §5.3.1"
    ),
    "L402": Clause(
        "The reason is left out where it is unspecified.",
        "RFC 5280 §5.3.1, BR 7.2.2, 7.3",
    ),
    "L403": Clause("removeFromCRL is no reason to be revoked.", "RFC 5280 §5.3.1"),
    "L404": Clause(
        "With an entry *never issued* (on hold since 1970) comes extended-revoke.",
        "RFC 6960 §2.2, §4.4.8",
    ),
    "L405": Clause(
        "extended-revoke is not critical, and only among responseExtensions.",
        "RFC 6960 §4.4.8",
    ),
    "L406": Clause("An entry *never issued* refers to no CRL.", "RFC 6960 §2.2"),
    "L407": Clause(
        "Revoked since 1970 means *never issued*, and has certificateHold then.",
        "RFC 6960 §2.2",
    ),
    "L408": Clause("The archive cutoff lies before producedAt.", "RFC 6960 §4.4.4"),
    "L409": Clause(
        "Of a certificate that has ended, it is said how long status is kept.",
        "RFC 6960 §4.4.4",
    ),
    "L410": Clause("A CA's certificate is revoked for a reason.", "BR 7.3"),
    "L411": Clause(
        "No reason means that it is unspecified; else it is said.", "BR 7.2.2, 7.3"
    ),
    "L412": Clause(
        "The reason is permitted for the certificate; certificateHold never is, but in "
        "an entry *never issued*.",
        "BR 7.2.2, 7.3, RFC 6960 §2.2",
    ),
    "L413": Clause(
        "The reason stands in certStatus, not among singleExtensions.", "BR 7.3.2"
    ),
    "L501": Clause(
        "The nonce is an OCTET STRING inside of extnValue.", "RFC 9654 §2.1"
    ),
    "L502": Clause("The nonce has 1 to 128 octets.", "RFC 9654 §2.1"),
    "L503": Clause(
        "The nonce has a length that everybody takes, 16 to 32 octets.", "RFC 9654 §2.1"
    ),
    "L504": Clause("The nonce is the one that was sent.", "RFC 6960 §4.4.1"),
    "L505": Clause("There is no nonce where none was sent.", "RFC 6960 §4.4.1"),
    "L506": Clause(
        "The nonce that was sent has come back.", "RFC 6960 §4.4.1, RFC 9919 §3.2.1"
    ),
    "L507": Clause(
        "A response for everybody has no responseExtensions.", "RFC 9919 §3.2.1"
    ),
    "L601": Clause(
        "The response is not signed with SHA-1 or MD5.", "RFC 6960 §5.1.1, BR 7.1.3.2"
    ),
    "L602": Clause(
        "The signature is of an algorithm that clients know.", "RFC 6960 §4.3"
    ),
    "L603": Clause(
        "Whoever responderID names has made the signature.", "RFC 6960 §3.2 (2)"
    ),
    "L604": Clause(
        "responderID names whoever has made the signature.", "RFC 6960 §4.2.2.3"
    ),
    "L605": Clause(
        "The signer's certificate came along, unless it is the issuer.",
        "RFC 6960 §4.2.1, RFC 9919 §3.2.2",
    ),
    "L606": Clause("byKey is the SHA-1 of a key.", "RFC 6960 §4.2.1"),
    "L607": Clause(
        "The responder is named by its key; all new ones are.", "RFC 9919 §3.2.2"
    ),
    "L608": Clause(
        "No certificates come along but the delegate's.",
        "RFC 6960 §4.2.1, RFC 9919 §3.2.2",
    ),
    "L609": Clause(
        "The signer's key has 2048 bits (RSA), or 256 (elliptic curve).", "BR 6.1.5"
    ),
    "L610": Clause(
        "An issuer that signs itself has keyUsage digitalSignature.",
        "RFC 5280 §4.2.1.3, BR 7.1.2.10.7",
    ),
    "L701": Clause(
        "The delegate's extendedKeyUsage has id-kp-OCSPSigning; *any* does not count.",
        "RFC 6960 §4.2.2.2",
    ),
    "L702": Clause("Its extendedKeyUsage has nothing else.", "BR 7.1.2.8.5"),
    "L703": Clause("The issuer itself has issued it.", "RFC 6960 §4.2.2.2"),
    "L704": Clause(
        "Its issuer name has the octets of the issuer's subject.",
        "RFC 5280 §7.1, BR 7.1.2.8",
    ),
    "L705": Clause("It can be read.", "RFC 5280 §4.1"),
    "L706": Clause("It has no critical extension that nobody knows.", "RFC 5280 §4.2"),
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
        "Its keyUsage, if there is one, has digitalSignature.", "RFC 5280 §4.2.1.3"
    ),
    "L711": Clause(
        "Its keyUsage is there, critical, and digitalSignature only.", "BR 7.1.2.8.7"
    ),
    "L712": Clause(
        "It is not a CA's: such a key speaks for its issuer, and issues.",
        "RFC 5280 §4.2.1.9, BR 7.1.2.8.4",
    ),
    "L713": Clause("It does not point to a CRL.", "RFC 9919 §3.2.2, BR 7.1.2.8.2"),
    "L714": Clause(
        "It does not point to a responder.", "RFC 9919 §3.2.2, BR 7.1.2.8.3"
    ),
    "L715": Clause(
        "It has no subjectAltName, nameConstraints or certificatePolicies.",
        "BR 7.1.2.8.2",
    ),
    "L716": Clause("It has authorityKeyIdentifier.", "BR 7.1.2.8.2"),
    "L717": Clause(
        "With id-pkix-ocsp-nocheck it is short-lived (90 days).", "RFC 9919 §3.2.2"
    ),
    "L718": Clause(
        "The response was signed while it was valid.",
        "RFC 6960 §4.2.2.2, RFC 5280 §4.1.2.5",
    ),
    "L719": Clause("It does not end before nextUpdate.", "RFC 6960 §4.2.2.2"),
    "L720": Clause(
        "It is not signed with SHA-1 or MD5 itself.", "RFC 6960 §5.1.1, BR 7.1.3.2"
    ),
}
