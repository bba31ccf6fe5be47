"""
What each rule requires, and the clauses that it comes from, by number.

Programs compare the numbers, so a number is never reused for another rule.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLAUSES", "Clause"]


class Clause(NamedTuple):
    """
    What a rule requires.

    Attributes:
        demand: The requirement, in a sentence.

        source: The clauses that it comes from.
    """

    demand: str
    source: str


CLAUSES: dict[str, Clause] = {
    "V1": Clause(
        "The status of the response is *successful*; an OCSP error is not signed.",
        "RFC 6960 §2.3, §4.2.1",
    ),
    "V2": Clause(
        "The response is strict DER, has no trailing octets and is within the limits.",
        "RFC 6960 §4.2.1, X.690 §10",
    ),
    "V3": Clause(
        "It is a BasicOCSPResponse of version 1.", "RFC 6960 §4.2.1, §4.2.2.3"
    ),
    "V4": Clause(
        "The response has an entry, and no list has an extension twice.",
        "RFC 6960 §4.2.1, RFC 5280 §4.2",
    ),
    "V5": Clause(
        "Every critical extension is known; other extensions may be malformed.",
        "RFC 6960 §4.4, RFC 5280 §4.2",
    ),
    "V6": Clause(
        "All signature algorithms and keys are strong enough and match each other.",
        "RFC 6960 §4.3, §5.1.1",
    ),
    "V7": Clause(
        "An entry has the issuer hashes and the full serial number of the certificate.",
        "RFC 6960 §3.2 (1), §4.1.1",
    ),
    "V8": Clause(
        "Of several such entries, the current one with the worst status counts.",
        "RFC 6960 §4.2.2.3",
    ),
    "V9": Clause("Every certificate of the request has an entry.", "RFC 6960 §4.2.2.3"),
    "V10": Clause(
        "The signature verifies over the octets of tbsResponseData.",
        "RFC 6960 §3.2 (2)",
    ),
    "V11": Clause(
        "responderID names the signer of the response.", "RFC 6960 §3.2 (3), §4.2.2.3"
    ),
    "V12": Clause(
        "The signer's certificate is given or in the response; decoys do not hide it.",
        "RFC 6960 §4.2.1",
    ),
    "V13": Clause(
        "The signer is the issuer, its direct delegate, or configured by the caller.",
        "RFC 6960 §3.2 (4), §4.2.2.2",
    ),
    "V14": Clause(
        "The delegate's extendedKeyUsage has id-kp-OCSPSigning.",
        "RFC 6960 §4.2.2.2",
    ),
    "V15": Clause(
        "The signer's certificate is within its validity.",
        "RFC 6960 §3.2 (4), RFC 5280 §4.1.2.5",
    ),
    "V16": Clause(
        "The signer's keyUsage allows signatures, and a delegate is not a CA.",
        "RFC 5280 §4.2, §4.2.1.3, BR 7.1.2.8",
    ),
    "V17": Clause(
        "The delegate's certificate is known not to be revoked.",
        "RFC 6960 §4.2.2.2.1",
    ),
    "V18": Clause("thisUpdate is not in the future.", "RFC 6960 §3.2 (5), §4.2.2.1"),
    "V19": Clause(
        "The policy accepts nextUpdate, the age and the interval of the response.",
        "RFC 6960 §3.2 (5) (6), §4.2.2.1, RFC 9919 §5",
    ),
    "V20": Clause(
        "Only status *good* is accepted; a stale revocation is still reported.",
        "RFC 6960 §2.2",
    ),
    "V21": Clause("producedAt agrees with the other times.", "RFC 6960 §2.4"),
    "V22": Clause(
        "The response repeats the nonce of the request.",
        "RFC 6960 §4.4.1, RFC 9654 §2.1",
    ),
    "V23": Clause("revocationTime is in the past.", "RFC 6960 §4.2.1"),
    "V24": Clause(
        "*Revoked* with certificateHold since 1970-01-01 means *never issued*.",
        "RFC 6960 §2.2, §4.4.8",
    ),
    "V25": Clause(
        "For an expired certificate, the archive cutoff shows that *good* still holds.",
        "RFC 6960 §4.4.4",
    ),
    "V26": Clause(
        "The verifier warns if the certificate has expired.", "RFC 6960 §4.4.4"
    ),
    "V27": Clause(
        "Every certificate of a chain has a response, or needs no status.",
        "RFC 5280 §6.3, RFC 9608 §2",
    ),
    "V28": Clause(
        "A certificate that requires a staple comes with a valid one.",
        "RFC 7633 §4.2.3",
    ),
    "V30": Clause(
        "CertHash, if it is present, is the hash of the certificate.",
        "Common PKI 2.0 Part 4 §3.1.2",
    ),
    "R1": Clause("The CRL is DER or PEM, within the limits.", "RFC 5280 §5.1"),
    "R2": Clause(
        "The certificate names the issuer, and the CRL the issuer or a cRLIssuer.",
        "RFC 5280 §5.1.2.3, §6.3.3 (b) (1)",
    ),
    "R3": Clause(
        "The certificate of the CRL's signer allows its key to sign CRLs.",
        "RFC 5280 §4.2.1.3, §6.3.3 (f)",
    ),
    "R4": Clause(
        "The signature algorithm and key are strong enough and match each other.",
        "RFC 5280 §5.1.1.2, §5.1.2.2",
    ),
    "R5": Clause(
        "The signature over tbsCertList verifies with the key of the CRL issuer.",
        "RFC 5280 §5.1.1.3, §6.3.3 (g)",
    ),
    "R6": Clause("thisUpdate is not in the future.", "RFC 5280 §5.1.2.4"),
    "R7": Clause(
        "The policy accepts nextUpdate and the age of the newest CRL.",
        "RFC 5280 §5.1.2.5, §6.3.3 (a)",
    ),
    "R8": Clause("Every critical extension of the CRL is known.", "RFC 5280 §5.2"),
    "R9": Clause(
        "The certificate is in the scope of the CRL.",
        "RFC 5280 §5.2.5, §6.3.3 (b) (2)",
    ),
    "R10": Clause(
        "CRLs prove *good* only if they cover all reasons of revocation.",
        "RFC 5280 §5.2.5, §6.3.3 (d) (e)",
    ),
    "R11": Clause(
        "The CRL is complete, and the delta CRL applies to it.",
        "RFC 5280 §5.2.4, §6.3.3 (c)",
    ),
    "R12": Clause(
        "The entries are well-formed; only an indirect CRL names other issuers.",
        "RFC 5280 §5.3, §6.3.3 (i) (j)",
    ),
    "R13": Clause(
        "A revocation in a CRL that is only too old is still reported.",
        "RFC 5280 §6.3.3 (a)",
    ),
    "R14": Clause("revocationDate is in the past.", "RFC 5280 §5.1.2.6"),
    "R15": Clause(
        "The verifier reports an expired certificate, which a CRL may omit.",
        "RFC 5280 §3.3",
    ),
}
