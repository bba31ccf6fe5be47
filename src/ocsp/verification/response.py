"""
Verify one response for one certificate (RFC 6960 §3.2).

This module checks the arguments; the rules check everything else
(:mod:`ocsp.verification.table`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509

from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.message import SupportsDER
from ocsp.messages.requests.request import OCSPRequest, own_request
from ocsp.messages.responses.response import own_response
from ocsp.verification.case import Case
from ocsp.verification.clock import moment_of
from ocsp.verification.evidence import Evidence, VerifiedResponse, VerifiedRevocation
from ocsp.verification.judging.judge import judge, open_message
from ocsp.verification.policy import Policy

__all__ = ["check_settings", "verify"]

_DEFAULT = Policy()
_EVIDENCE = (VerifiedResponse, VerifiedRevocation)


def verify(
    response: bytes | SupportsDER,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    *,
    at: datetime.datetime | None = None,
    nonce: bytes | None = None,
    request: SupportsDER | None = None,
    responders: Iterable[x509.Certificate] = (),
    candidates: Iterable[x509.Certificate] = (),
    evidence: Iterable[Evidence] = (),
    policy: Policy = _DEFAULT,
) -> VerifiedResponse:
    """
    Verify that *response* proves the status of *cert*.

    Applies the rules V1 to V26 of ``docs/conformance.md``. Not verified: the issuer's
    own certificate, and that the issuer signed *cert*. Build and validate the
    certification path first.

    Args:
        response: The response: bytes, an :class:`OCSPResponse`, or an object of another
            package with ``public_bytes(Encoding.DER)``.

        cert: The certificate in question, or its :class:`CertID` if the certificate
            itself is not available. Rules about its validity (V25, V26) then do not
            apply.

        issuer: The certificate of its issuer.

        at: The moment for which to judge, aware; ``None`` means now. For a moment in
            the past, the result is whether the response was evidence then.

        nonce: The nonce of the request, without its OCTET STRING; ``None`` if it had
            none.

        request: The request that was sent: an :class:`OCSPRequest`, or an object of
            another package. Each of its certificates needs an entry in the response,
            and its nonce, if it has one, is used as *nonce*.

        responders: Certificates that the caller authorizes to sign for *issuer*
            (RFC 6960 §4.2.2.2, the first criterion).

        candidates: More certificates that may be the signer's, for a response that does
            not include it. They are trusted no more than those in the response, and
            count first towards ``limits.MAX_VERIFIED_CERTIFICATES``.

        evidence: Evidence about the certificates of delegates, from :func:`ocsp.verify`
            or :func:`ocsp.verify_crl`. A delegate without id-pkix-ocsp-nocheck needs
            it.

        policy: What the caller requires of a response.

    Returns:
        Evidence. Its ``status`` may be *revoked* or *unknown*: check it, or call
        :meth:`VerifiedResponse.require_good`.

    Raises:
        VerificationError: If a rule fails; ``failures`` lists every failure.
        TypeError: If an argument has the wrong type, or *at* is naive.
        ConfigError: If *nonce* differs from the nonce of *request*.
        x509.DuplicateExtension: If *request* has two nonces.
        DecodeError: If *request* is of another package, and its DER is malformed.
    """
    received = own_response(response)
    if not isinstance(cert, (x509.Certificate, CertID)):
        raise TypeError("cert must be a Certificate or a CertID")
    check_settings(issuer, policy)
    sent = None if request is None else own_request(request)
    if nonce is not None and not isinstance(nonce, bytes):
        raise TypeError("nonce must be bytes")
    if sent is not None:
        nonce = _sent_nonce(sent, nonce)
    moment = moment_of(at)
    trusted = _certificates("responders", responders) if responders else ()
    possible = _certificates("candidates", candidates) if candidates else ()
    known = _evidence(evidence) if evidence else ()
    case = Case(
        open_message(received, policy.encoding),
        cert,
        issuer,
        moment,
        nonce=nonce,
        request=sent,
        responders=trusted,
        candidates=possible,
        evidence=known,
        policy=policy,
    )
    return judge(case)


def check_settings(issuer: object, policy: object) -> None:
    """
    Check the types of the arguments that every verification has.

    Raises:
        TypeError: If one has the wrong type.
    """
    if not isinstance(issuer, x509.Certificate):
        raise TypeError("issuer must be a Certificate")
    if not isinstance(policy, Policy):
        raise TypeError("policy must be a Policy")


def _certificates(
    name: str, given: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    found = tuple(given)
    if not all(isinstance(each, x509.Certificate) for each in found):
        raise TypeError(f"{name} must be Certificate objects")
    return found


def _evidence(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    found = tuple(evidence)
    # The exact classes: callers cannot create objects of them.
    if not all(isinstance(each, _EVIDENCE) for each in found):
        raise TypeError("evidence must come from ocsp.verify or ocsp.verify_crl")
    return found


def _sent_nonce(request: OCSPRequest, nonce: bytes | None) -> bytes | None:
    """Return the nonce of *request*, or *nonce* if it has none."""
    sent = nonce_of(request.extensions)
    if sent is not None and nonce is not None and nonce != sent:
        raise ConfigError("nonce", "differs from the nonce in the request")
    return nonce if sent is None else sent
