"""Read messages: the fields that a program needs, with each library."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cryptography_vectors
from cryptography.x509 import ocsp as upstream

import ocsp

__all__ = [
    "ASN1_REQUEST",
    "ASN1_RESPONSE",
    "ENTRIES",
    "FIVE",
    "FOUR",
    "LOAD_REQUEST",
    "LOAD_RESPONSE",
    "TEN",
    "Reading",
    "vector",
]

# asn1crypto has no type hints, so it is imported as Any.
asn1: Any = importlib.import_module("asn1crypto.ocsp")


class Reading(NamedTuple):
    """
    The same work in this package and in a peer.

    Attributes:
        what: The work.

        ours: This package.

        peer: The peer.
    """

    what: str
    ours: Callable[[bytes], object]
    peer: Callable[[bytes], object]


def vector(name: str) -> bytes:
    """Return a file of the test vectors of ``cryptography``."""
    folder = Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"
    return (folder / f"{name}.der").read_bytes()


def _four(module: Any, data: bytes) -> object:
    message = module.load_der_ocsp_request(data)
    return (
        message.hash_algorithm,
        message.issuer_name_hash,
        message.issuer_key_hash,
        message.serial_number,
    )


def _five(module: Any, data: bytes) -> object:
    message = module.load_der_ocsp_response(data)
    return (
        message.response_status,
        message.certificate_status,
        message.serial_number,
        message.this_update_utc,
        message.next_update_utc,
    )


def _ten(module: Any, data: bytes) -> object:
    message = module.load_der_ocsp_response(data)
    return (
        message.response_status,
        message.certificate_status,
        message.produced_at_utc,
        message.this_update_utc,
        message.next_update_utc,
        message.serial_number,
        message.issuer_name_hash,
        message.issuer_key_hash,
        message.signature,
        message.tbs_response_bytes,
    )


def _entries(module: Any, data: bytes) -> object:
    message = module.load_der_ocsp_response(data)
    return [
        (
            entry.certificate_status,
            entry.revocation_time_utc,
            entry.revocation_reason,
            entry.this_update_utc,
            entry.next_update_utc,
            entry.hash_algorithm,
            entry.issuer_name_hash,
            entry.issuer_key_hash,
            entry.serial_number,
        )
        for entry in message.responses
    ]


def _asn1_cert_id(cert_id: Any) -> object:
    return (
        cert_id["hash_algorithm"]["algorithm"].native,
        cert_id["issuer_name_hash"].native,
        cert_id["issuer_key_hash"].native,
        cert_id["serial_number"].native,
    )


def _asn1_four(data: bytes) -> object:
    message = asn1.OCSPRequest.load(data)
    return _asn1_cert_id(message["tbs_request"]["request_list"][0]["req_cert"])


def _asn1_ten(data: bytes) -> object:
    message = asn1.OCSPResponse.load(data)
    basic = message.basic_ocsp_response
    data_part = basic["tbs_response_data"]
    entry = data_part["responses"][0]
    return (
        message["response_status"].native,
        entry["cert_status"].name,
        data_part["produced_at"].native,
        entry["this_update"].native,
        entry["next_update"].native,
        _asn1_cert_id(entry["cert_id"]),
        basic["signature"].native,
        data_part.dump(),
    )


def _both(what: str, read: Callable[[Any, bytes], object]) -> Reading:
    return Reading(what, partial(read, ocsp), partial(read, upstream))


FOUR = _both("four fields", _four)
FIVE = _both("five fields", _five)
TEN = _both("ten fields", _ten)
ENTRIES = _both("all fields of all entries", _entries)
LOAD_REQUEST = Reading(
    "load only", ocsp.load_der_ocsp_request, upstream.load_der_ocsp_request
)
LOAD_RESPONSE = Reading(
    "load only", ocsp.load_der_ocsp_response, upstream.load_der_ocsp_response
)
ASN1_REQUEST = Reading(FOUR.what, FOUR.ours, _asn1_four)
ASN1_RESPONSE = Reading(TEN.what, TEN.ours, _asn1_ten)
