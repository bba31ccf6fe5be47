"""
CRL fallback: check a certificate with CRLs if no responder gives a status.

RFC 5280 §4.2.1.13 (distribution points), §4.2.1.15 and §5.2.6 (delta CRLs), §6.3.3.
URLs of CRLs are restricted like those of responders. Only CRLs that the rules of
:func:`ocsp.verify_crl` accept give a status.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.client.checking.crl_download import find_crl
from ocsp.client.checking.newest import keep_newest, keep_stale_revocation
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import crl_urls
from ocsp.client.engine.effects import Flow
from ocsp.errors import (
    DecodeError,
    FetchError,
    OlderThanKnown,
    ReasonsNotCovered,
    RevokedButStale,
    VerificationError,
)
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.crl.case import CRLQuestion
from ocsp.verification.crl.points import distribution_points, read_points
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.verify import CRLPair, judge_crls
from ocsp.verification.evidence import VerifiedRevocation

__all__ = ["CRLProof", "check_crls", "prove_by_crls"]


class CRLProof(NamedTuple):
    """
    Evidence, and the CRLs that prove it.

    Attributes:
        evidence: The status of the certificate.

        pairs: Complete CRLs, each with the delta CRL that was used with it.
    """

    evidence: VerifiedRevocation
    pairs: tuple[CRLPair, ...]


def check_crls(
    state: CheckState, issuer: x509.Certificate
) -> Flow[VerifiedRevocation | None]:
    """Return the evidence of the CRLs that the certificate names, or ``None``."""
    proof = yield from prove_by_crls(state, issuer)
    return None if proof is None else proof.evidence


def prove_by_crls(state: CheckState, issuer: x509.Certificate) -> Flow[CRLProof | None]:
    """
    Return the proof by the CRLs that the certificate names, or ``None``.

    The client fetches one after the other, until one of them, or several together,
    prove the status.
    """
    asked = CRLQuestion(
        state.certificate,
        issuer,
        state.environment.now(),
        state.options.policy,
        state.options.crl_issuers,
    )
    held: list[CRLPair] = []
    for url in crl_urls(distribution_points(state.certificate)):
        started = state.elapsed()
        try:
            known = yield from find_crl(state, asked, url)
            asked = asked._replace(
                at=state.environment.now(),
                candidates=(*asked.candidates, *known.issuers),
            )
            pair = known.crl, (yield from _find_delta(state, asked, known.crl))
            pairs = (*held, pair)
            proof = yield from _judge_newest(state, asked, url, pairs)
        except ReasonsNotCovered as error:
            state.note(url, "GET", started, error)
            held.append(pair)  # another CRL may cover the other reasons
        except (FetchError, VerificationError, OlderThanKnown) as error:
            state.note(url, "GET", started, error)
        else:
            state.note(url, "GET", started)
            return proof
    return None


def _judge_newest(
    state: CheckState, asked: CRLQuestion, url: str, crls: tuple[CRLPair, ...]
) -> Flow[CRLProof]:
    """
    Judge *crls*, and compare what they prove with the newest that is known.

    Raises:
        VerificationError: If they prove nothing.
        OlderThanKnown: If a newer answer is known.
    """
    try:
        proof = yield from state.calculate(
            url, _size(crls), partial(_judge, asked, crls)
        )
    except RevokedButStale as error:
        yield from keep_stale_revocation(
            state,
            asked.issuer,
            error,
            lambda moment: _judge(asked._replace(at=moment), crls).evidence,
        )
        raise
    _require_newest_deltas(state, proof)
    yield from keep_newest(state, asked.issuer, proof.evidence)
    return proof


def _require_newest_deltas(state: CheckState, proof: CRLProof) -> None:
    """
    Refuse *good* from a complete CRL alone if a newer delta CRL is known.

    Raises:
        OlderThanKnown: If one is.
    """
    if proof.evidence.status is OCSPCertStatus.REVOKED:
        return
    for complete, delta in proof.pairs:
        if delta is None:
            newest = state.memory.newest_crls.newer_delta(complete)
            if newest is not None:
                raise OlderThanKnown(complete.this_update, newest)


def _size(crls: tuple[CRLPair, ...]) -> int:
    """Return the number of octets of *crls*."""
    return sum(len(each.data) for pair in crls for each in pair if each is not None)


def _judge(asked: CRLQuestion, crls: tuple[CRLPair, ...]) -> CRLProof:
    """
    Judge *crls*; without the last delta CRL if it does not fit.

    A revocation in a delta CRL that has expired counts: the complete CRL is older.
    """
    *others, (complete, delta) = crls
    if delta is not None:
        try:
            return CRLProof(judge_crls(asked, crls), crls)
        except RevokedButStale:
            raise
        except VerificationError:
            pass
    without = (*others, (complete, None))
    return CRLProof(judge_crls(asked, without), without)


def _find_delta(
    state: CheckState, asked: CRLQuestion, complete: ReadCRL
) -> Flow[ReadCRL | None]:
    """Return the delta CRL that *complete*, or else the certificate, names."""
    for url in _delta_urls(state, complete):
        started = state.elapsed()
        try:
            known = yield from find_crl(state, asked, url)
        except (FetchError, VerificationError, OlderThanKnown) as error:
            # Without a delta CRL, the complete CRL counts until its own nextUpdate.
            state.note(url, "GET", started, error)
        else:
            state.note(url, "GET", started)
            return known.crl
    return None


def _delta_urls(state: CheckState, complete: ReadCRL) -> tuple[str, ...]:
    value = complete.value(oids.FRESHEST_CRL)
    urls: tuple[str, ...] = ()
    if value is not None:
        with contextlib.suppress(DecodeError):
            urls = crl_urls(read_points(value, complete.issuer))
    return urls or crl_urls(distribution_points(state.certificate, oids.FRESHEST_CRL))
