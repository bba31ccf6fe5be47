"""
``ocsp verify``: verify a response, and show the status of a certificate.

The exit code follows from the verification only: a response that is not verified, for
example because it is stale, never exits with 0 (RFC 6960 §3.2). Input that cannot be
read exits with 4.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Annotated

from cryptography import x509

from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.input.arguments import TIME_FORMS, parse_moment, parse_nonce
from ocsp.cli.input.evidence import load_evidence
from ocsp.cli.input.loading import load_request, load_response
from ocsp.cli.input.subject import load_subject
from ocsp.cli.options.group import Changes, takes
from ocsp.cli.options.shared import POLICY, SIGNERS, ChosenPolicy
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import output
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.verdict import verdict_document
from ocsp.errors import VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification import Policy, VerifiedResponse, verify
from ocsp.verification.evidence import Evidence
from ocsp.verification.policy import PolicyName

__all__ = ["PolicyName", "verify_response"]

HELP = """Verify a response, and show the status of a certificate.

Checks the signature, the authorization of the signer, the CertID, the times and the
nonce (RFC 6960 section 3.2). Does not check the certification path of the
certificate."""

EPILOG = epilog(
    {
        "ocsp verify --cert leaf.pem --issuer ca.pem --response response.der": (
            "is the certificate good now?"
        ),
        "ocsp verify --serial 0x1f2e --issuer ca.pem --response response.der "
        "--at 2026-07-01": "was it good at that time? By serial number",
        "ocsp verify --cert leaf.pem --issuer ca.pem --response response.der "
        "--request request.der --json | jq .failures": (
            "check the nonce too, and print the failures as JSON"
        ),
        "ocsp verify --cert leaf.pem --issuer ca.pem --response response.der "
        "--evidence ca.crl": ("the signer is a delegate whose own status is in a CRL"),
    },
    {
        ExitCode.GOOD: "good",
        ExitCode.REVOKED: "revoked",
        ExitCode.UNKNOWN: "unknown to the responder",
        ExitCode.NOT_VERIFIED: (
            "not verified: forged, stale, for another certificate, or an OCSP error"
        ),
        ExitCode.INPUT_ERROR: INPUT_ERROR,
    },
)


_EXITS = {
    OCSPCertStatus.GOOD: ExitCode.GOOD,
    OCSPCertStatus.REVOKED: ExitCode.REVOKED,
    OCSPCertStatus.UNKNOWN: ExitCode.UNKNOWN,
}


@helped_by(EPILOG, HELP)
@takes(policy=POLICY, signers=SIGNERS)
def verify_response(
    issuer: Annotated[str, Option(metavar="FILE", help="Certificate of the issuer.")],
    response: Annotated[
        str, Option(metavar="FILE", help="The response; - for standard input.")
    ],
    cert: Annotated[
        str | None,
        Option(metavar="FILE", help="The certificate."),
    ] = None,
    serial: Annotated[
        str | None,
        Option(metavar="NUMBER", help="Its serial number, instead of --cert."),
    ] = None,
    request: Annotated[
        str | None,
        Option(metavar="FILE", help="The request that was sent."),
    ] = None,
    at: Annotated[
        str | None,
        Option(
            metavar="TIME",
            help=f"Time of verification: {TIME_FORMS}. Default: now.",
        ),
    ] = None,
    nonce: Annotated[
        str | None,
        Option(metavar="HEX", help="The nonce that was sent."),
    ] = None,
    evidence: Annotated[
        list[str] | None,
        Option(
            metavar="FILE",
            help="An OCSP response or CRL about the delegate that signed; repeatable.",
        ),
    ] = None,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
    *,
    policy: ChosenPolicy,
    signers: Changes,
) -> int:
    """Verify the response, show the verdict, and return its exit code."""
    authority, subject = load_subject("ocsp verify", issuer, cert, serial)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    moment = now if at is None else parse_moment("--at", at)
    judged = load_response(response)
    outcome = _outcome(
        judged,
        subject,
        authority,
        at=moment,
        nonce=None if nonce is None else parse_nonce(nonce),
        request=None if request is None else load_request(request),
        evidence=load_evidence(
            evidence or (),
            judged,
            authority,
            candidates=signers.get("candidates", ()),
            at=moment,
            policy=policy.policy,
        ),
        policy=policy.policy,
        signers=signers,
    )
    document = verdict_document(outcome, subject, authority, moment, policy.name)
    if as_json:
        write_json(document)
    else:
        # Rich is needed only for the tree.
        from ocsp.cli.render.verdict_tree import draw_verdict

        output().print(draw_verdict(document))
    if isinstance(outcome, VerificationError):
        return ExitCode.NOT_VERIFIED
    return _EXITS[outcome.status]


def _outcome(
    response: OCSPResponse,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    *,
    at: datetime.datetime,
    nonce: bytes | None,
    request: OCSPRequest | None,
    evidence: Iterable[Evidence],
    policy: Policy,
    signers: Changes,
) -> VerifiedResponse | VerificationError:
    try:
        return verify(
            response,
            cert,
            issuer,
            at=at,
            nonce=nonce,
            request=request,
            evidence=evidence,
            policy=policy,
            **signers,
        )
    except VerificationError as error:
        return error
