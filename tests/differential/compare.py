"""
How two readers read the same octets, and where they disagree.

An *outcome* is either the error that loading raised, or every attribute of
``cryptography`` with its value or the error that access raised. Two outcomes agree when
the values are equal and our errors are of the classes that ``cryptography`` raised.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = ["Outcome", "disagreements", "read"]

Outcome = dict[str, Any]
"""Attribute names and their values or exceptions; only ``load`` if it was refused."""

_REQUEST = ("issuer_name_hash", "issuer_key_hash", "serial_number", "extensions")
_ENTRY = (
    *("certificate_status", "revocation_reason", "serial_number"),
    *("issuer_name_hash", "issuer_key_hash"),
    *("revocation_time", "this_update", "next_update"),
    *("revocation_time_utc", "this_update_utc", "next_update_utc"),
)
_RESPONSE = (
    *_ENTRY,
    *("response_status", "signature_algorithm_oid", "signature"),
    *("tbs_response_bytes", "certificates", "responder_name", "responder_key_hash"),
    *("produced_at", "produced_at_utc", "extensions", "single_extensions"),
)
_HASHES = ("hash_algorithm", "signature_hash_algorithm")


def read(module: ModuleType, kind: str, data: bytes) -> Outcome:
    """Return how *module* reads *data*, a ``request`` or a ``response``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            message = getattr(module, f"load_der_ocsp_{kind}")(data)
        except Exception as error:
            return {"load": error}
        outcome = _attributes(message, _REQUEST if kind == "request" else _RESPONSE)
        outcome |= _attributes(message, _HASHES[: 1 if kind == "request" else 2])
        outcome["public_bytes"] = _attempt(lambda: message.public_bytes(Encoding.DER))
        if kind == "response":
            outcome["responses"] = _attempt(lambda: _entries(message.responses))
        return outcome


def _entries(entries: Iterable[object]) -> list[Outcome]:
    return [_attributes(e, (*_ENTRY, "hash_algorithm")) for e in entries]


def _attributes(message: object, names: Iterable[str]) -> Outcome:
    return {
        name: _plain(_attempt(lambda n=name: getattr(message, n))) for name in names
    }


def _attempt(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception as error:
        return error


def _plain(value: Any) -> Any:
    """Return *value* in a form that is equal for both readers if it is the same."""
    if isinstance(value, x509.Extensions):
        return [(e.oid, e.critical, _extension(e.value)) for e in value]
    if isinstance(value, list):
        return [cert.public_bytes(Encoding.DER) for cert in value]
    if type(value).__module__.endswith("hashes"):
        return value.name
    if hasattr(value, "name") and hasattr(value, "value") and "OCSP" in repr(value):
        return (type(value).__name__, value.name, value.value)
    return value


def _extension(value: x509.ExtensionType) -> Any:
    if not isinstance(value, x509.SignedCertificateTimestamps):
        return value
    names = ("version", "log_id", "timestamp", "entry_type", "signature_algorithm")
    names += ("signature", "extension_bytes")
    return [
        (sct.signature_hash_algorithm.name, *(_attempt_get(sct, n) for n in names))
        for sct in value
    ]


def _attempt_get(item: object, name: str) -> Any:
    found = _attempt(lambda: getattr(item, name))
    return type(found) if isinstance(found, Exception) else found


def disagreements(theirs: Outcome, ours: Outcome) -> list[str]:
    """Return the names of what differs; empty if the readers agree."""
    if theirs.keys() != ours.keys():
        if "load" in theirs and "load" in ours:
            return []
        return ["load"]
    return [name for name in theirs if not _agree(theirs[name], ours[name])]


def _agree(theirs: Any, ours: Any) -> bool:
    if isinstance(theirs, Exception):
        return isinstance(ours, type(theirs))
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(_agree, theirs, ours))
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return not disagreements(theirs, ours)
    return bool(theirs == ours)
