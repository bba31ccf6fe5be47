"""Evidence about delegates from files: OCSP responses, CRLs (RFC 6960 §4.2.2.2.1)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from cryptography import x509

from ocsp import limits
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.loading import place, read_octets, unwrap
from ocsp.errors import OCSPError
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.signing.issued import is_issued_by
from ocsp.verification import Policy, verify, verify_crl
from ocsp.verification.evidence import Evidence

__all__ = ["load_evidence"]


def load_evidence(
    sources: Sequence[str],
    response: OCSPResponse,
    issuer: x509.Certificate,
    *,
    candidates: Iterable[x509.Certificate],
    at: datetime.datetime,
    policy: Policy,
) -> list[Evidence]:
    """
    Return what the files prove about the delegates that can have signed a response.

    Args:
        sources: Files with an OCSP response or a CRL each.

        response: The response.

        issuer: The issuer of the certificate in question and of the delegates.

        candidates: Certificates of delegates that are not in the response.

        at: The moment of the verification.

        policy: The policy for the evidence.

    Raises:
        CommandError: If a file cannot be read, or proves the status of no delegate.
    """
    if not sources or response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        return []
    delegates = [
        each
        for each in (*response.certificates, *candidates)
        if is_issued_by(each, issuer) and each != issuer
    ]
    if not delegates:
        raise CommandError(
            "--evidence",
            "the response contains no certificate of a delegate of the issuer",
            "--candidate FILE gives one",
        )
    found: list[Evidence] = []
    for source in sources:
        found += _about(source, delegates, issuer, at, policy)
    return found


def _about(
    source: str,
    delegates: Sequence[x509.Certificate],
    issuer: x509.Certificate,
    at: datetime.datetime,
    policy: Policy,
) -> list[Evidence]:
    """Return what one file proves about *delegates*."""
    data = read_octets(source, limits.MAX_CRL_BYTES)
    response = _response(data, place(source))
    found: list[Evidence] = []
    problem = ""
    for delegate in delegates:
        try:
            if response is None:
                found.append(verify_crl(data, delegate, issuer, at=at, policy=policy))
            else:
                found.append(verify(response, delegate, issuer, at=at, policy=policy))
        except OCSPError as error:
            problem = problem or str(error)
    if not found:
        raise CommandError(
            place(source), f"proves the status of no delegate: {problem}"
        )
    return found


def _response(data: bytes, where: str) -> bytes | None:
    """Return the DER of the OCSP response in *data*; ``None`` if it is none."""
    try:
        message = unwrap(data, where)
    except CommandError:
        return None
    return message.der if message.kind == "response" else None
