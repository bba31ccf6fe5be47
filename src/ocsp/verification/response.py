"""
One response, one certificate: is it evidence (RFC 6960 §3.2).

Rules of this file: arguments are checked here, everything else by the rules
(:mod:`ocsp.verification.table`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509

from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.messages.extensions import nonce_of
from ocsp.messages.message import SupportsDER
from ocsp.messages.requests.request import OCSPRequest, own_request
from ocsp.messages.responses.response import own_response
from ocsp.verification.case import Case
from ocsp.verification.clock import moment_of
from ocsp.verification.evidence import Evidence, VerifiedResponse, VerifiedRevocation
from ocsp.verification.judging.judge import judge, open_message
from ocsp.verification.policy import Policy

__all__ = ["check_settings", "verify"]

_STRICT = Policy()
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
    evidence: Iterable[Evidence] = (),
    policy: Policy = _STRICT,
) -> VerifiedResponse:
    """
    Return evidence that *response* tells the status of *cert*, or raise why not.

    Applies the rules V1 to V26 of ``docs/conformance.md``. Not verified: the issuer's
    own certificate and that it has signed *cert*. Build and check the path first.

    Args:
        response: What the responder sent: its octets, an :class:`OCSPResponse`, or the
            object of another package with ``public_bytes(Encoding.DER)``.

        cert: The certificate in question, or its :class:`CertID` if no more is known of
            it; then rules about its validity (V25, V26) have nothing to say.

        issuer: The certificate of its issuer.

        at: The moment of judgement, aware; without one, now. One in the past asks
            whether the response was evidence then.

        nonce: The nonce that was sent, without its OCTET STRING; ``None`` if none was.

        request: The request that was sent: all of its certificates have to have an
            entry, and its nonce, if it has one, is the nonce. An :class:`OCSPRequest`,
            or the object of another package, as for *response*.

        responders: Certificates that may sign for *issuer* because you say so (RFC 6960
            §4.2.2.2, the first criterion).

        evidence: What is known of the delegates' own certificates: verified responses
            about them, or what :func:`ocsp.verify_crl` returned. Needed where a
            delegate has no id-pkix-ocsp-nocheck.

        policy: What you insist on.

    Returns:
        Evidence. Its ``status`` may be *revoked* or *unknown*: look at it, or call
        :meth:`VerifiedResponse.require_good`.

    Raises:
        VerificationError: If a rule fails; ``failures`` has all that do.
        TypeError: If an argument is of another type, or *at* is naive.
        ConfigError: If *nonce* is another one than that of *request*.
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
    trusted = _certificates(responders) if responders else ()
    known = _evidence(evidence) if evidence else ()
    case = Case(
        open_message(received),
        cert,
        issuer,
        moment,
        nonce=nonce,
        request=sent,
        responders=trusted,
        evidence=known,
        policy=policy,
    )
    return judge(case)


def check_settings(issuer: object, policy: object) -> None:
    """
    Require what every verification is given.

    Raises:
        TypeError: If one is of another type.
    """
    if not isinstance(issuer, x509.Certificate):
        raise TypeError("issuer must be a Certificate")
    if not isinstance(policy, Policy):
        raise TypeError("policy must be a Policy")


def _certificates(
    responders: Iterable[x509.Certificate],
) -> tuple[x509.Certificate, ...]:
    found = tuple(responders)
    if not all(isinstance(each, x509.Certificate) for each in found):
        raise TypeError("responders must be certificates")
    return found


def _evidence(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    found = tuple(evidence)
    # It cannot be made by hand, so nothing else may pass for it.
    if not all(isinstance(each, _EVIDENCE) for each in found):
        raise TypeError("evidence must come from verify or verify_crl")
    return found


def _sent_nonce(request: OCSPRequest, nonce: bytes | None) -> bytes | None:
    """Return the nonce of *request*, or *nonce* where it has none."""
    sent = nonce_of(request.extensions)
    if sent is not None and nonce is not None and nonce != sent:
        raise ConfigError("nonce", "differs from the nonce in the request")
    return nonce if sent is None else sent
