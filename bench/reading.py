"""Measure reading: load a message and read the fields that every program needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

from cryptography.x509 import ocsp as upstream

import ocsp
from bench.measure import Action, Pair, Row, side_by_side
from bench.messages import streamed, vector
from ocsp.messages.layout_cache import LayoutCache
from ocsp.messages.requests import request
from ocsp.messages.responses import response

__all__ = ["rows"]

# asn1crypto has no type hints, so it is imported as Any.
asn1: Any = importlib.import_module("asn1crypto.ocsp")

Read = Callable[[bytes], object]


def _request_fields(module: Any, data: bytes) -> object:
    message = module.load_der_ocsp_request(data)
    return (
        message.hash_algorithm,
        message.issuer_name_hash,
        message.issuer_key_hash,
        message.serial_number,
    )


def _response_fields(module: Any, data: bytes) -> object:
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


def _asn1_cert_id(cert_id: Any) -> object:
    return (
        cert_id["hash_algorithm"]["algorithm"].native,
        cert_id["issuer_name_hash"].native,
        cert_id["issuer_key_hash"].native,
        cert_id["serial_number"].native,
    )


def _asn1_request(data: bytes) -> object:
    message = asn1.OCSPRequest.load(data)
    return _asn1_cert_id(message["tbs_request"]["request_list"][0]["req_cert"])


def _asn1_response(data: bytes) -> object:
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


_OURS: dict[str, Read] = {
    "request": partial(_request_fields, ocsp),
    "response": partial(_response_fields, ocsp),
}
_UPSTREAM: dict[str, Read] = {
    "request": partial(_request_fields, upstream),
    "response": partial(_response_fields, upstream),
}
_ASN1: dict[str, Read] = {"request": _asn1_request, "response": _asn1_response}


_LAYOUTS: dict[str, Any] = {"request": request._LAYOUTS, "response": response._LAYOUTS}


def rows() -> list[Row]:
    """Return the rows of this group."""
    responses = ("resp-sha256", "resp-revoked", "resp-delegate-unknown-cert")
    streams = (("request", "short"), ("response", "good"), ("response", "revoked"))
    return [
        *(_vector_row("request", name, 1.0) for name in ("req-sha1", "req-ext-nonce")),
        _vector_row("request", "req-sha1", 0.05, "asn1crypto", _ASN1),
        *(_stream_row(*stream) for stream in streams[:1]),
        _cold_row("request", "req-sha1"),
        *(_vector_row("response", name, 1.0) for name in responses),
        _vector_row("response", "resp-sha256", None, "asn1crypto", _ASN1),
        *(_stream_row(*stream) for stream in streams[1:]),
        _cold_row("response", "resp-sha256"),
    ]


def _vector_row(
    kind: str,
    name: str,
    target: float | None,
    peer: str = "cryptography",
    peers: dict[str, Read] = _UPSTREAM,
) -> Row:
    data = vector(name)
    ours, theirs = partial(_OURS[kind], data), partial(peers[kind], data)
    return Row(
        group=kind,
        what=name,
        peer=peer,
        measure=lambda rounds: side_by_side(ours, theirs, rounds),
        target=target,
    )


def _over(read: Read, messages: tuple[bytes, ...]) -> Action:
    """Return an action that reads the next of *messages* in each call."""
    stream = cycle(messages)
    return lambda: read(next(stream))


def _stream_row(kind: str, stream: str) -> Row:
    def measure(rounds: int) -> Pair:
        messages = streamed(stream)
        ours, theirs = _over(_OURS[kind], messages), _over(_UPSTREAM[kind], messages)
        return side_by_side(ours, theirs, rounds)

    return Row(
        group=kind,
        what=f"400 different, {stream}",
        peer="cryptography",
        measure=measure,
        target=1.0,
    )


def _cold_row(kind: str, name: str) -> Row:
    """Measure the reader too: no layout is in the cache."""
    data = vector(name)
    layouts: LayoutCache[Any] = _LAYOUTS[kind]

    def cold() -> None:
        layouts.forget()
        _OURS[kind](data)

    return Row(
        group=kind,
        what=f"{name}, first time",
        peer="cryptography",
        measure=lambda rounds: side_by_side(
            cold, partial(_UPSTREAM[kind], data), rounds
        ),
    )
