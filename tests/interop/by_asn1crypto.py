"""
Reading with asn1crypto, strictly.

This module uses the schemas of asn1crypto only, and nothing of this package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from asn1crypto import core
from asn1crypto import ocsp as asn1

from tests.interop.plans import CertificateFacts, iso

__all__ = ["request_facts", "response_facts", "signed_part", "written_again"]


def _cert_id(value: Any) -> CertificateFacts:
    return {
        "hash": value["hash_algorithm"]["algorithm"].native,
        "name_hash": value["issuer_name_hash"].native.hex(),
        "key_hash": value["issuer_key_hash"].native.hex(),
        "serial": value["serial_number"].native,
    }


def _hex(value: Any) -> str | None:
    return None if _absent(value) else value.dump().hex()


def _absent(value: Any) -> bool:
    return isinstance(value, core.Void)


def _number(value: Any) -> int | None:
    return None if _absent(value) else int.from_bytes(value.contents)


MEANINGS: dict[str, Callable[[Any], object]] = {
    "nonce": lambda each: each.native.hex(),
    "crl": lambda each: {
        "url": each["crl_url"].native,
        "number": each["crl_num"].native,
        "time": iso(each["crl_time"].native),
    },
    "acceptable_responses": lambda each: [oid.dotted for oid in each],
    "archive_cutoff": lambda each: iso(each.native),
    "service_locator": lambda each: {
        "issuer": _hex(each["issuer"]),
        "locator": [
            [place["access_method"].dotted, _hex(place["access_location"])]
            for place in each["locator"]
        ],
    },
    "preferred_signature_algorithms": lambda each: [
        [_hex(choice["sig_identifier"]), _hex(choice["cert_identifier"])]
        for choice in each
    ],
    "extended_revoke": lambda each: "NULL" if isinstance(each, core.Null) else None,
    "crl_reason": _number,
    "invalidity_date": lambda each: iso(each.native),
    "certificate_issuer": lambda each: [_hex(name) for name in each],
}


def _extensions(extensions: Any) -> list[CertificateFacts]:
    return [] if _absent(extensions) else [_extension(each) for each in extensions]


def _extension(extension: Any) -> CertificateFacts:
    name, content = extension["extn_id"].native, extension["extn_value"]
    meaning = MEANINGS.get(name)
    facts = {
        "oid": extension["extn_id"].dotted,
        "critical": extension["critical"].native,
        "value": content.contents.hex(),
    }
    if meaning is None:
        return facts
    if name == "service_locator" and len(core.Sequence.load(content.contents)) == 1:
        return facts  # its schema requires a locator, as RFC 6960 App. B does
    return facts | {"meaning": meaning(content.parsed)}


def _signature(value: Any) -> CertificateFacts:
    certificates = [] if _absent(value["certs"]) else value["certs"]
    return {
        "algorithm": _hex(value["signature_algorithm"]),
        "value": value["signature"].native.hex(),
        "certificates": [
            hashlib.sha256(each.dump()).hexdigest() for each in certificates
        ],
    }


def request_facts(der: bytes) -> CertificateFacts:
    """Return what asn1crypto reads in a request."""
    request = asn1.OCSPRequest.load(der, strict=True)
    tbs, signature = request["tbs_request"], request["optional_signature"]
    return {
        "requestor": _hex(tbs["requestor_name"].chosen)
        if not _absent(tbs["requestor_name"])
        else None,
        "entries": [
            _cert_id(each["req_cert"])
            | {"extensions": _extensions(each["single_request_extensions"])}
            for each in tbs["request_list"]
        ],
        "extensions": _extensions(tbs["request_extensions"]),
        "signature": None if _absent(signature) else _signature(signature),
    }


def response_facts(der: bytes) -> CertificateFacts:
    """Return what asn1crypto reads in a response."""
    response = asn1.OCSPResponse.load(der, strict=True)
    status = _number(response["response_status"])
    if status:
        return {"status": status}
    basic = response.basic_ocsp_response
    data = basic["tbs_response_data"]
    responder = data["responder_id"]
    by_name = responder.name == "by_name"
    return {
        "status": status,
        "responder_name": _hex(responder.chosen.untag()) if by_name else None,
        "responder_key_hash": None if by_name else responder.chosen.native.hex(),
        "produced_at": iso(data["produced_at"].native),
        "entries": [_entry(each) for each in data["responses"]],
        "extensions": _extensions(data["response_extensions"]),
        "signature": _signature(basic),
    }


def _entry(entry: Any) -> CertificateFacts:
    status, revoked_at, reason = entry["cert_status"], None, None
    if status.name == "revoked":
        revoked_at = iso(status.chosen["revocation_time"].native)
        reason = _number(status.chosen["revocation_reason"])
    return {
        **_cert_id(entry["cert_id"]),
        "status": status.name,
        "this_update": iso(entry["this_update"].native),
        "next_update": iso(entry["next_update"].native),
        "revoked_at": revoked_at,
        "reason": reason,
        "extensions": _extensions(entry["single_extensions"]),
    }


def written_again(der: bytes, *, of_request: bool) -> bytes:
    """Return the message as asn1crypto writes it, from the values that it read."""
    if of_request:
        return bytes(asn1.OCSPRequest.load(der, strict=True).dump(force=True))
    response = asn1.OCSPResponse.load(der, strict=True)
    _ = response["response_bytes"]["response"].parsed
    return bytes(response.dump(force=True))


def signed_part(der: bytes, *, of_request: bool) -> tuple[bytes, bytes]:
    """Return the signed part of a message, and the signature."""
    if of_request:
        request = asn1.OCSPRequest.load(der)
        signature = request["optional_signature"]["signature"].native
        return request["tbs_request"].dump(), signature
    basic = asn1.OCSPResponse.load(der).basic_ocsp_response
    return basic["tbs_response_data"].dump(), basic["signature"].native
