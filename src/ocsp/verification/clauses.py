"""
The rules by number: what each demands, and where that is written.

Rules of this file: numbers are never given twice, since programs compare them.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLAUSES", "Clause"]


class Clause(NamedTuple):
    """
    What a rule demands.

    Attributes:
        demand: The demand, in a sentence.

        source: Where it is written.
    """

    demand: str
    source: str


CLAUSES: dict[str, Clause] = {
    "V1": Clause(
        "The responder answered *successful*; an error proves nothing.",
        "RFC 6960 §2.3, §4.2.1",
    ),
    "V2": Clause(
        "The response is strict DER, without trailing octets, within the limits.",
        "RFC 6960 §4.2.1, X.690 §10",
    ),
    "V3": Clause(
        "It is a BasicOCSPResponse of version 1.", "RFC 6960 §4.2.1, §4.2.2.3"
    ),
    "V4": Clause(
        "It has an entry, and no extension twice.", "RFC 6960 §4.2.1, RFC 5280 §4.2"
    ),
    "V5": Clause(
        "Every critical extension is understood.", "RFC 6960 §4.4, RFC 5280 §4.2"
    ),
    "V6": Clause(
        "Algorithms and keys of all signatures are strong enough, and fit.",
        "RFC 6960 §4.3, §5.1.1",
    ),
    "V7": Clause(
        "An entry is about the certificate: hashes of its issuer, whole serial number.",
        "RFC 6960 §3.2 (1), §4.1.1",
    ),
    "V8": Clause(
        "Of several such entries the current one counts, and the worst of those.",
        "RFC 6960 §4.2.2.3",
    ),
    "V9": Clause(
        "Every certificate that was asked about has an entry.", "RFC 6960 §4.2.2.3"
    ),
    "V10": Clause(
        "The signature over the octets of tbsResponseData is right.",
        "RFC 6960 §3.2 (2)",
    ),
    "V11": Clause(
        "responderID names whoever has signed.", "RFC 6960 §3.2 (3), §4.2.2.3"
    ),
    "V12": Clause(
        "A certificate of the responder is at hand; decoys do not hide it.",
        "RFC 6960 §4.2.1",
    ),
    "V13": Clause(
        "The signer is the issuer, its direct delegate, or configured.",
        "RFC 6960 §3.2 (4), §4.2.2.2",
    ),
    "V14": Clause(
        "The delegate's certificate is for OCSP signing, by name.",
        "RFC 6960 §4.2.2.2",
    ),
    "V15": Clause(
        "The signer's certificate is valid at that time.",
        "RFC 6960 §3.2 (4), RFC 5280 §4.1.2.5",
    ),
    "V16": Clause(
        "The signer's certificate may sign: an end entity's, for signatures.",
        "RFC 5280 §4.2.1.3, §4.2.1.9",
    ),
    "V17": Clause(
        "The delegate's own certificate is known not to be revoked.",
        "RFC 6960 §4.2.2.2.1",
    ),
    "V18": Clause("thisUpdate is not in the future.", "RFC 6960 §3.2 (5), §4.2.2.1"),
    "V19": Clause(
        "The response is recent: nextUpdate, age and interval.",
        "RFC 6960 §3.2 (5) (6), §4.2.2.1, RFC 9919 §5",
    ),
    "V20": Clause("Only *good* is good.", "RFC 6960 §2.2"),
    "V21": Clause("producedAt goes with the other times.", "RFC 6960 §2.4"),
    "V22": Clause(
        "The nonce that was sent has come back.", "RFC 6960 §4.4.1, RFC 9654 §2.1"
    ),
    "V23": Clause("revocationTime is in the past.", "RFC 6960 §4.2.1"),
    "V24": Clause(
        "*Revoked* with certificateHold since 1970 means: never issued.",
        "RFC 6960 §2.2, §4.4.8",
    ),
    "V25": Clause(
        "Of a certificate that has ended, *good* counts where status is kept.",
        "RFC 6960 §4.4.4",
    ),
    "V26": Clause("A certificate that has ended is pointed out.", "RFC 6960 §4.4.4"),
    "V27": Clause(
        "Every certificate of a chain has its status, or needs none.",
        "RFC 5280 §6.3, RFC 9608 §2",
    ),
    "V28": Clause("A certificate that demands a staple has one.", "RFC 7633 §4.2.3"),
    "R1": Clause("The CRL is strict DER, within the limits.", "RFC 5280 §5.1"),
    "R2": Clause(
        "Certificate and CRL name the issuer.", "RFC 5280 §5.1.2.3, §6.3.3 (b) (1)"
    ),
    "R3": Clause(
        "The issuer's certificate may sign CRLs.", "RFC 5280 §4.2.1.3, §6.3.3 (f)"
    ),
    "R4": Clause(
        "Algorithm and key of the signature are strong enough, and fit.",
        "RFC 5280 §5.1.1.2, §5.1.2.2",
    ),
    "R5": Clause(
        "The issuer's key has signed the octets of tbsCertList.",
        "RFC 5280 §5.1.1.3, §6.3.3 (g)",
    ),
    "R6": Clause("thisUpdate is not in the future.", "RFC 5280 §5.1.2.4"),
    "R7": Clause(
        "The CRL, or the delta CRL with it, is recent.",
        "RFC 5280 §5.1.2.5, §6.3.3 (a)",
    ),
    "R8": Clause("Every critical extension of the CRL is understood.", "RFC 5280 §5.2"),
    "R9": Clause(
        "The certificate is in the scope of the CRL.",
        "RFC 5280 §5.2.5, §6.3.3 (b) (2)",
    ),
    "R10": Clause(
        "*Good* takes a CRL with revocations for all reasons.",
        "RFC 5280 §5.2.5, §6.3.3 (d) (e)",
    ),
    "R11": Clause(
        "A delta CRL goes with the CRL that it changes; no CRL is one itself.",
        "RFC 5280 §5.2.4, §6.3.3 (c)",
    ),
    "R12": Clause(
        "Entries are understood, and mean certificates of the issuer.",
        "RFC 5280 §5.3, §6.3.3 (i) (j)",
    ),
    "R13": Clause(
        "*Revoked* is said even by a CRL that has become too old.",
        "RFC 5280 §6.3.3 (a)",
    ),
    "R14": Clause("The revocation is dated in the past.", "RFC 5280 §5.1.2.6"),
    "R15": Clause(
        "Of a certificate that has ended, a CRL need not tell.", "RFC 5280 §3.3"
    ),
}
