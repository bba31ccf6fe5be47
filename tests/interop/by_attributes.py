"""
Reading through attributes: with this package's objects, and ``cryptography``'s.

The objects of ``cryptography`` have fewer attributes; missing ones are left out. This
module does not use the octets.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from typing import Any

from cryptography import x509

import ocsp
from tests.interop.plans import (
    REASON_NUMBERS,
    CertificateFacts,
    certificate_facts,
    iso,
    name_octets,
)

__all__ = ["request_facts", "response_facts"]


def _cert_id(entry: Any) -> CertificateFacts:
    return {
        "hash": entry.hash_algorithm.name,
        "name_hash": entry.issuer_name_hash.hex(),
        "key_hash": entry.issuer_key_hash.hex(),
        "serial": entry.serial_number,
    }


MEANINGS: dict[type, Callable[[Any], object]] = {
    x509.OCSPNonce: lambda each: each.nonce.hex(),
    x509.OCSPAcceptableResponses: lambda each: [oid.dotted_string for oid in each],
    x509.CRLReason: lambda each: REASON_NUMBERS[each.reason],
    x509.InvalidityDate: lambda each: iso(each.invalidity_date_utc),
    x509.CertificateIssuer: lambda each: [name_octets(name) for name in each],
    x509.SignedCertificateTimestamps: lambda each: [_sct(item) for item in each],
    ocsp.CRLReference: lambda each: {
        "url": each.url,
        "number": each.number,
        "time": iso(each.time),
    },
    ocsp.ArchiveCutoff: lambda each: iso(each.cutoff),
    ocsp.ServiceLocator: lambda each: {
        "issuer": each.issuer.public_bytes().hex(),
        "locator": each.locator
        and [
            [place.access_method.dotted_string, name_octets(place.access_location)]
            for place in each.locator
        ],
    },
    ocsp.PreferredSignatureAlgorithms: lambda each: [
        [choice.signature.hex(), choice.key and choice.key.hex()]
        for choice in each.algorithms
    ],
    ocsp.ExtendedRevoke: lambda each: "NULL",
}


_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001


def _sct(item: Any) -> list[object]:
    milliseconds = (item.timestamp - _EPOCH) // datetime.timedelta(milliseconds=1)
    hash_name = item.signature_hash_algorithm.name
    return [item.log_id.hex(), milliseconds, hash_name, item.signature.hex()]


def _extensions(extensions: x509.Extensions) -> list[CertificateFacts]:
    return [_extension(each) for each in extensions]


def _extension(extension: x509.Extension[Any]) -> CertificateFacts:
    value = extension.value
    facts: CertificateFacts = {
        "oid": extension.oid.dotted_string,
        "critical": extension.critical,
    }
    # The timestamps of ``cryptography`` have no ``public_bytes``.
    with contextlib.suppress(NotImplementedError):
        facts["value"] = value.public_bytes().hex()
    meaning = next((MEANINGS[t] for t in MEANINGS if isinstance(value, t)), None)
    return facts if meaning is None else facts | {"meaning": meaning(value)}


def request_facts(request: Any) -> CertificateFacts:
    """Return the attributes of a request."""
    found: CertificateFacts = {"extensions": _extensions(request.extensions)}
    if not isinstance(request, ocsp.OCSPRequest):
        return found | {"entries": [_cert_id(request)]}
    entries = [
        _cert_id(each.cert_id) | {"extensions": _extensions(each.extensions)}
        for each in request.requests
    ]
    signed = None
    if request.signature is not None:
        signed = {
            "value": request.signature.hex(),
            "certificates": [certificate_facts(each) for each in request.certificates],
        }
    requestor = request.requestor_name
    return found | {
        "requestor": requestor and name_octets(requestor),
        "entries": entries,
        "signature": signed,
    }


def response_facts(response: Any) -> CertificateFacts:
    """Return the attributes of a response."""
    status = response.response_status.value
    if status:
        return {"status": status}
    name = response.responder_name
    octets = response.responder_key_hash
    return {
        "status": status,
        "responder_name": None if name is None else name.public_bytes().hex(),
        "responder_key_hash": None if octets is None else octets.hex(),
        "produced_at": iso(response.produced_at_utc),
        "entries": _entries(response),
        "extensions": _extensions(response.extensions),
        "signature": {
            "value": response.signature.hex(),
            "certificates": [certificate_facts(each) for each in response.certificates],
        },
    }


def _entries(response: Any) -> list[CertificateFacts]:
    found = [_entry(each) for each in response.responses]
    if not isinstance(response, ocsp.OCSPResponse) and len(found) == 1:
        # ``cryptography`` has the extensions of an entry on the response only.
        found[0]["extensions"] = _extensions(response.single_extensions)
    return found


def _entry(entry: Any) -> CertificateFacts:
    facts = {
        **_cert_id(entry),
        "status": entry.certificate_status.name.lower(),
        "this_update": iso(entry.this_update_utc),
        "next_update": iso(entry.next_update_utc),
        "revoked_at": iso(entry.revocation_time_utc),
        "reason": REASON_NUMBERS[entry.revocation_reason],
    }
    if isinstance(entry, ocsp.OCSPSingleResponse):
        facts["extensions"] = _extensions(entry.single_extensions)
    return facts
