"""Odd OCSP requests: malformed, for others, with unknown extensions, too large."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import oids
from ocsp.asn1.der import (
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    encode,
    encode_integer,
    encode_oid,
)
from ocsp.conformance.examination import Examination, Received, der_of
from ocsp.conformance.report import (
    Check,
    Seen,
    Strength,
    failed,
    not_applicable,
    passed,
    unclear,
)
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.verification import VerifiedResponse

__all__ = ["CHECKS", "MALFORMED_REQUESTS", "unlisted_request"]

MUST, SHOULD = Strength.MUST, Strength.SHOULD

SUCCESSFUL = OCSPResponseStatus.SUCCESSFUL
MALFORMED = OCSPResponseStatus.MALFORMED_REQUEST
UNAUTHORIZED = OCSPResponseStatus.UNAUTHORIZED

SERIAL_OCTETS = 16
"""The length of a serial number that no CA has issued: 128 random bits."""

MANY_CERT_IDS = 1000
"""CertIDs in a request that no client sends."""

MANY_OCTETS = 65_536
"""Octets of a request that no client sends: almost all have less than 200."""

_UNKNOWN = "1.3.6.1.4.1.99999.1"
"""An identifier below the arc of a number that IANA has not assigned."""


# --- malformed requests ---------------------------------------------------------------


def _is_malformed(received: Received) -> Seen:
    return (passed if received.status is MALFORMED else failed)(str(received))


def _of_octets(octets: bytes) -> Callable[[Examination], Seen]:
    return lambda examination: _is_malformed(examination.post(octets))


def _truncated(examination: Examination) -> Seen:
    der = der_of(examination.builder().build())
    return _is_malformed(examination.post(der[:-1]))


def _malformed_get(examination: Examination) -> Seen:
    return _is_malformed(examination.get(encode(SEQUENCE, NULL_DER)))


def _no_signature(examination: Examination) -> Seen:
    received = examination.post(b"nonsense")
    if not received.is_for_clients or received.status is SUCCESSFUL:
        return unclear(f"no OCSP error was seen: {received}")
    for finding in examination.lint(received):
        if finding.rule in {"L101", "L102", "L105"}:
            return failed(finding.message)
    return passed(f"{len(received.reply.body)} octets: {received}")


# --- certificates that the responder does not know ------------------------------------


def unlisted_request(examination: Examination) -> OCSPRequest:
    """Return a request for a serial number of the issuer that is most likely free."""
    serial = int.from_bytes(secrets.token_bytes(SERIAL_OCTETS)) >> 1
    cert_id = CertID.for_serial(examination.issuer, serial, examination.algorithm)
    return OCSPRequestBuilder().add_certificate_by_id(cert_id).build()


def _unlisted(examination: Examination) -> Seen:
    received = examination.post(der_of(unlisted_request(examination)))
    if received.status is UNAUTHORIZED:
        return passed(str(received))
    if (entry := _only_status(received.response)) is None:
        return failed(str(received))
    if entry is OCSPCertStatus.REVOKED:
        return not_applicable("it answers revoked for numbers that were never issued")
    return failed(f"it signs {entry.name.lower()}")


def _only_status(response: OCSPResponse | None) -> OCSPCertStatus | None:
    """
    Return what *response* says of the first certificate; ``None`` for an OCSP error.

    It is no status for anyone to rely on: only that the responder says it is checked.
    """
    if response is None or response.response_status is not SUCCESSFUL:
        return None
    return next((each.certificate_status for each in response.responses), None)


def _not_good(examination: Examination) -> Seen:
    received = examination.post(der_of(unlisted_request(examination)))
    if _only_status(received.response) is OCSPCertStatus.GOOD:
        return failed("it signs good for a number that was never issued")
    return passed(str(received))


def _extended_revoke(examination: Examination) -> Seen:
    received = examination.post(der_of(unlisted_request(examination)))
    if _only_status(received.response) is not OCSPCertStatus.REVOKED:
        return not_applicable(f"never-issued numbers are not revoked: {received}")
    for finding in examination.lint(received):
        if finding.rule in {"L404", "L405", "L406", "L407"}:
            return failed(finding.message)
    return passed("revoked, with certificateHold, 1970 and extended-revoke")


def _other_issuer(examination: Examination) -> Seen:
    algorithm = examination.algorithm
    size = algorithm.digest_size
    cert_id = CertID.from_hashes(
        secrets.token_bytes(size),
        secrets.token_bytes(size),
        examination.serial_number,
        algorithm,
    )
    request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    received = examination.post(der_of(request))
    if received.status in {None, SUCCESSFUL}:
        return failed(str(received))
    return passed(str(received))


def _other_key(examination: Examination) -> Seen:
    """Ask with the name of the issuer, and the hash of another key."""
    ours = examination.cert_id()
    cert_id = CertID.from_hashes(
        ours.issuer_name_hash,
        secrets.token_bytes(len(ours.issuer_key_hash)),
        ours.serial_number,
        ours.hash_algorithm,
    )
    request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    received = examination.post(der_of(request))
    if received.status in {None, SUCCESSFUL}:
        return failed(str(received))
    return passed(str(received))


def _unknown_hash(examination: Examination) -> Seen:
    hashed = encode(OCTET_STRING, secrets.token_bytes(32))
    algorithm = encode(SEQUENCE, encode_oid(_UNKNOWN), NULL_DER)
    serial = encode_integer(examination.serial_number)
    cert_id = encode(SEQUENCE, algorithm, hashed, hashed, serial)
    received = examination.post(_request_of(cert_id))
    if received.status in {None, SUCCESSFUL}:
        return failed(str(received))
    return passed(str(received))


def _request_of(*cert_ids: bytes) -> bytes:
    """Return an OCSPRequest with *cert_ids* in DER."""
    listed = (encode(SEQUENCE, each) for each in cert_ids)
    return encode(SEQUENCE, encode(SEQUENCE, encode(SEQUENCE, *listed)))


# --- several certificates -------------------------------------------------------------


def _two_cert_ids(examination: Examination) -> Seen:
    asked = [examination.cert_id(each) for each in (hashes.SHA1(), hashes.SHA256())]
    builder = OCSPRequestBuilder(allow_multiple=True)
    for cert_id in asked:
        builder = builder.add_certificate_by_id(cert_id)
    received = examination.post(der_of(builder.build()))
    if received.status in {MALFORMED, UNAUTHORIZED}:
        return not_applicable(f"it refuses requests with two CertIDs: {received}")
    if received.response is None or received.status is not SUCCESSFUL:
        return failed(str(received))
    answered = {each.cert_id for each in received.response.responses}
    missing = [each for each in asked if each not in answered]
    if missing:
        return failed(f"no entry for the CertID with {missing[0].hash_algorithm.name}")
    return passed("an entry for each CertID")


def _many_cert_ids(examination: Examination) -> Seen:
    cert_id = examination.cert_id().der
    received = examination.post(_request_of(*[cert_id] * MANY_CERT_IDS))
    if received.status is SUCCESSFUL:
        return failed(f"it answers a request with {MANY_CERT_IDS:,} CertIDs")
    return passed(f"{MANY_CERT_IDS:,} CertIDs: {received}")


def _many_octets(examination: Examination) -> Seen:
    padding = x509.UnrecognizedExtension(
        oids.identifier(_UNKNOWN), encode(OCTET_STRING, bytes(MANY_OCTETS))
    )
    request = examination.builder().add_extension(padding, critical=False).build()
    received = examination.post(der_of(request))
    if received.status is SUCCESSFUL:
        return failed(f"it answers a request of {MANY_OCTETS:,} octets")
    return passed(f"{MANY_OCTETS:,} octets: {received}")


# --- extensions -----------------------------------------------------------------------


def _with_unknown(examination: Examination, *, critical: bool) -> Received:
    unknown = x509.UnrecognizedExtension(oids.identifier(_UNKNOWN), NULL_DER)
    request = examination.builder().add_extension(unknown, critical=critical).build()
    return examination.post(der_of(request))


def _is_verified(examination: Examination, received: Received) -> Seen:
    if received.response is None:
        return failed(str(received))
    judged = examination.verify(received)
    if isinstance(judged, VerifiedResponse):
        return passed(f"verified, {judged.status.name.lower()}")
    return failed(str(judged))


def _unknown_extension(examination: Examination) -> Seen:
    return _is_verified(examination, _with_unknown(examination, critical=False))


def _critical_extension(examination: Examination) -> Seen:
    received = _with_unknown(examination, critical=True)
    if received.status in {None, SUCCESSFUL}:
        return failed(f"it ignores the extension: {received}")
    return passed(str(received))


def _other_response_type(examination: Examination) -> Seen:
    accepted = x509.OCSPAcceptableResponses([oids.identifier(_UNKNOWN)])
    request = examination.builder().add_extension(accepted, critical=False).build()
    received = examination.post(der_of(request))
    if received.status is SUCCESSFUL:
        return failed("it sends a basic response, which the request does not accept")
    return passed(str(received))


def _weak_preference(examination: Examination) -> Seen:
    weak = encode(SEQUENCE, encode_oid("1.2.840.113549.1.1.5"), NULL_DER)  # SHA-1, RSA
    value = encode(SEQUENCE, encode(SEQUENCE, weak))
    preferred = x509.UnrecognizedExtension(
        oids.identifier(oids.PREFERRED_SIGNATURE_ALGORITHMS), value
    )
    request = examination.builder().add_extension(preferred, critical=False).build()
    received = examination.post(der_of(request))
    if received.response is None:
        return unclear(str(received))
    if received.status is not SUCCESSFUL:
        return passed(f"no answer with SHA-1: {received}")
    return _is_verified(examination, received)


def _requestor_name(examination: Examination) -> Seen:
    name = x509.DirectoryName(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "examination")])
    )
    request = examination.builder().requestor_name(name).build()
    return _is_verified(examination, examination.post(der_of(request)))


CHECKS = (
    Check(
        "unlisted-serial",
        ("R9919-6", "R6960-18"),
        "RFC 9919 §3.2.3",
        MUST,
        "A serial number without a record gets unauthorized.",
        _unlisted,
    ),
    Check(
        "unlisted-not-good",
        ("R9919-6",),
        "RFC 6960 §2.2, RFC 9919 §3.2.3",
        MUST,
        "A serial number that was never issued is not good.",
        _not_good,
    ),
    Check(
        "extended-revoke",
        ("R6960-2",),
        "RFC 6960 §2.2, §4.4.8",
        MUST,
        "Revoked for a certificate never issued is marked as that.",
        _extended_revoke,
    ),
    Check(
        "other-issuer",
        ("R6960-3",),
        "RFC 6960 §2.3, RFC 9919 §3.2.3",
        MUST,
        "A CertID of another issuer gets an OCSP error.",
        _other_issuer,
    ),
    Check(
        "other-key",
        ("R6960-3",),
        "RFC 6960 §4.1.1, §2.3",
        MUST,
        "A CertID with the issuer's name and another key gets an OCSP error.",
        _other_key,
    ),
    Check(
        "unknown-hash",
        ("R6960-3",),
        "RFC 6960 §4.1.1, §2.3",
        MUST,
        "A CertID with an unknown hash algorithm gets an OCSP error.",
        _unknown_hash,
    ),
    Check(
        "two-cert-ids",
        ("R6960-10",),
        "RFC 6960 §4.2.2.3",
        MUST,
        "A request with two CertIDs gets an entry for each.",
        _two_cert_ids,
    ),
    Check(
        "many-cert-ids",
        ("R9919-13",),
        "RFC 9919 §8.4",
        SHOULD,
        "A request with very many CertIDs is refused.",
        _many_cert_ids,
    ),
    Check(
        "many-octets",
        ("R9919-13",),
        "RFC 9919 §8.4",
        SHOULD,
        "A very large request is refused.",
        _many_octets,
    ),
    Check(
        "unknown-extension",
        ("R6960-6",),
        "RFC 6960 §4.1.2",
        MUST,
        "An unknown extension that is not critical is ignored.",
        _unknown_extension,
    ),
    Check(
        "critical-extension",
        ("R6960-6",),
        "RFC 6960 §4.1.2",
        MUST,
        "An unknown critical extension is not ignored.",
        _critical_extension,
    ),
    Check(
        "response-type",
        ("R6960-13",),
        "RFC 6960 §4.4.3",
        MUST,
        "A client that does not accept the basic type gets none.",
        _other_response_type,
    ),
    Check(
        "weak-preference",
        ("R6960-16", "R6960-17"),
        "RFC 6960 §5.1.2, §4.4.7",
        MUST,
        "A preference for SHA-1 gets no answer with SHA-1.",
        _weak_preference,
    ),
    Check(
        "requestor-name",
        ("R9919-1",),
        "RFC 9919 §3.1.2",
        MUST,
        "The requestorName of an unsigned request counts as absent.",
        _requestor_name,
    ),
)

MALFORMED_REQUESTS = (
    Check(
        "malformed-octets",
        ("R6960-3",),
        "RFC 6960 §2.3",
        MUST,
        "Octets that are not DER get malformedRequest.",
        _of_octets(b"nonsense"),
    ),
    Check(
        "malformed-empty",
        ("R6960-3",),
        "RFC 6960 §2.3",
        MUST,
        "An empty POST gets malformedRequest.",
        _of_octets(b""),
    ),
    Check(
        "malformed-truncated",
        ("R6960-3",),
        "RFC 6960 §2.3",
        MUST,
        "A request without its last octet gets malformedRequest.",
        _truncated,
    ),
    Check(
        "malformed-get",
        ("R6960-3",),
        "RFC 6960 §2.3, App. A.1",
        MUST,
        "A GET with DER that is no request gets malformedRequest.",
        _malformed_get,
    ),
    Check(
        "unsigned-error",
        ("R6960-3",),
        "RFC 6960 §2.3, §4.2.1",
        MUST,
        "An OCSP error has no responseBytes and a defined status.",
        _no_signature,
    ),
)
"""Some responders do not survive these requests."""
