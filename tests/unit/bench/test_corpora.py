"""The corpora of the benchmarks: the same in each run, and what their names say."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import ocsp as asn1
from asn1crypto.core import Integer, ObjectIdentifier, OctetString
from cryptography import x509
from cryptography.x509 import ocsp as upstream

import ocsp
from bench import corpora
from bench.corpora import der, files, traffic
from bench.corpora.certificates import MOMENT

FEW = 300

RESPONSES = {
    "web mix": corpora.web_mix(FEW),
    "uniform": corpora.uniform_mix(FEW),
    "delegates": corpora.delegates_in_turn(FEW),
    "few shapes": corpora.few_shapes(FEW),
    "unmet": corpora.unmet_responses(FEW),
    "unmet, delegated": corpora.unmet_responses(20, delegates=1),
}
REQUESTS = {"mix": corpora.requests(FEW), "unmet": corpora.unmet_requests(FEW)}

ENTRY_FIELDS = (
    "certificate_status",
    "revocation_time_utc",
    "revocation_reason",
    "this_update_utc",
    "next_update_utc",
    "issuer_key_hash",
    "issuer_name_hash",
    "hash_algorithm.name",
    "serial_number",
)
RESPONSE_FIELDS = (
    "response_status",
    "signature_algorithm_oid",
    "signature",
    "tbs_response_bytes",
    "responder_name",
    "responder_key_hash",
    "produced_at_utc",
    "extensions",
    "certificates",
)
REQUEST_FIELDS = (
    "issuer_key_hash",
    "issuer_name_hash",
    "hash_algorithm.name",
    "serial_number",
    "extensions",
)


def fields(message: object, names: Iterable[str]) -> list[object]:
    """Return the values of the attributes; an enumeration's by its name."""
    found = []
    for name in names:
        value: Any = message
        for part in name.split("."):
            value = getattr(value, part)
        if isinstance(value, Enum):
            value = value.name
        found.append(list(value) if isinstance(value, x509.Extensions) else value)
    return found


@pytest.mark.parametrize("name", RESPONSES)
def test_both_readers_read_the_same_responses(name: str) -> None:
    """``cryptography`` and this package read the same; asn1crypto, strict, writes it."""
    for data in RESPONSES[name]:
        ours = ocsp.load_der_ocsp_response(data)
        theirs = upstream.load_der_ocsp_response(data)
        names = (*RESPONSE_FIELDS, *ENTRY_FIELDS, "single_extensions")
        assert fields(ours, names) == fields(theirs, names)
        assert asn1.OCSPResponse.load(data, strict=True).dump(force=True) == data


@pytest.mark.parametrize("entries", [20, 500])
def test_both_readers_read_the_same_entries(entries: int) -> None:
    """``cryptography`` and this package read the same in all entries."""
    for data in corpora.with_entries(entries, 4):
        ours = list(ocsp.load_der_ocsp_response(data).responses)
        theirs = list(upstream.load_der_ocsp_response(data).responses)
        assert len(theirs) == entries
        assert [fields(each, ENTRY_FIELDS) for each in ours] == [
            fields(each, ENTRY_FIELDS) for each in theirs
        ]


@pytest.mark.parametrize("name", REQUESTS)
def test_both_readers_read_the_same_requests(name: str) -> None:
    """``cryptography`` and this package read the same."""
    for data in REQUESTS[name]:
        ours = ocsp.load_der_ocsp_request(data)
        theirs = upstream.load_der_ocsp_request(data)
        assert fields(ours, REQUEST_FIELDS) == fields(theirs, REQUEST_FIELDS)


@pytest.mark.parametrize("name", [*RESPONSES, *REQUESTS])
def test_no_message_occurs_twice(name: str) -> None:
    """All messages of a corpus differ."""
    messages = RESPONSES.get(name, ()) + REQUESTS.get(name, ())
    assert len(set(messages)) == len(messages)


def test_another_process_makes_the_same() -> None:
    """Neither the hash seed nor the RSA key differs in another process."""
    code = (
        "import hashlib; from bench.corpora import Kind, issued, web_mix;"
        "answer = issued(Kind.RSA, 2).answers[1];"
        "print(hashlib.sha256(b''.join(web_mix(20) + answer)).hexdigest())"
    )
    outputs = {
        subprocess.check_output([sys.executable, "-c", code], text=True)
        for _ in range(2)
    }
    assert len(outputs) == 1


def test_a_corpus_in_a_file(tmp_path: Path) -> None:
    """The messages are the same; a message may be empty."""
    messages = [*corpora.web_mix(5), b"", b"\0"]
    files.write_messages(tmp_path / "corpus", messages)
    assert files.read_messages(tmp_path / "corpus") == messages


# --- what the names say ----------------------------------------------------------


def _shape(data: bytes) -> object:
    """Return tags, lengths, algorithms, names and certificates of a response."""
    basic = asn1.OCSPResponse.load(data).basic_ocsp_response
    responder = basic["tbs_response_data"]["responder_id"]
    entry = basic["tbs_response_data"]["responses"][0]
    status = entry["cert_status"]
    reason = status.name == "revoked" and status.chosen["revocation_reason"].native
    return (
        der.skeleton(basic.dump()),
        basic["signature_algorithm"].dump(),
        responder.dump() if responder.name == "by_name" else None,
        basic["certs"].dump(),
        reason,
    )


def _issuer(data: bytes) -> bytes:
    return upstream.load_der_ocsp_response(data).issuer_key_hash


def test_the_cas_of_the_web_mix() -> None:
    """150 CAs by Zipf; delegates sign 40 %."""
    mix = corpora.web_mix()
    assert len(mix) == 10_000
    counts = Counter(map(_issuer, mix)).most_common()
    assert len(counts) == traffic.AUTHORITIES
    # Zipf's law: the second CA occurs half as often as the first, the tenth a tenth.
    assert counts[0][1] / counts[1][1] == pytest.approx(2, rel=0.2)
    assert counts[0][1] / counts[9][1] == pytest.approx(10, rel=0.3)
    with_delegate = sum(
        bool(upstream.load_der_ocsp_response(data).certificates) for data in mix
    )
    assert with_delegate / len(mix) == pytest.approx(0.4, abs=0.03)


def test_the_shapes_of_the_web_mix() -> None:
    """There are about 832."""
    assert len(set(map(_shape, corpora.web_mix()))) == pytest.approx(832, rel=0.05)


def test_few_shapes_are_few() -> None:
    """Three CAs have less than 25 shapes."""
    assert len(set(map(_shape, corpora.few_shapes(1_000)))) < 25


def test_the_uniform_mix_prefers_no_ca() -> None:
    """No CA occurs twice as often as another."""
    counts = Counter(map(_issuer, corpora.uniform_mix()))
    assert max(counts.values()) < 2 * min(counts.values())


def test_600_delegates_take_turns() -> None:
    """After 600 responses the first delegate signs again."""
    messages = corpora.delegates_in_turn(1200)
    found = [upstream.load_der_ocsp_response(each).certificates[0] for each in messages]
    assert len(set(found)) == 600
    assert found[:600] == found[600:]


@pytest.mark.parametrize(
    "messages",
    [RESPONSES["unmet"], RESPONSES["unmet, delegated"], REQUESTS["unmet"]],
    ids=["response", "delegate", "request"],
)
def test_no_shape_occurs_twice(messages: tuple[bytes, ...]) -> None:
    """Lengths differ, also in entries and extensions alone."""
    assert len({der.skeleton(_varying(each)) for each in messages}) == len(messages)


def _varying(data: bytes) -> bytes:
    """Return a request, or entries and extensions of a response."""
    try:
        upstream.load_der_ocsp_request(data)
    except ValueError:
        said = asn1.OCSPResponse.load(data).basic_ocsp_response["tbs_response_data"]
        parts = (said["responses"], said["response_extensions"])
        return b"".join(part.dump() for part in parts)
    return data


# --- real signatures -------------------------------------------------------------


@pytest.mark.parametrize("kind", corpora.Kind)
def test_the_signatures_verify(kind: corpora.Kind) -> None:
    """Both the certificates and the responses verify."""
    made = corpora.issued(kind, 5)
    ca = x509.load_der_x509_certificate(made.issuer)
    ca.verify_directly_issued_by(ca)
    for answer in made.answers:
        cert = x509.load_der_x509_certificate(answer.certificate)
        cert.verify_directly_issued_by(ca)
        verified = ocsp.verify(answer.response, cert, ca, at=MOMENT)
        assert not verified.warnings  # they cost time that usual responses do not
        revoked = kind is corpora.Kind.REVOKED
        assert (verified.status is ocsp.OCSPCertStatus.REVOKED) == revoked
    delegates = {
        upstream.load_der_ocsp_response(each.response).certificates[0]
        for each in made.answers
        if kind is corpora.Kind.DELEGATED
    }
    assert len(delegates) == (5 if kind is corpora.Kind.DELEGATED else 0)


def test_an_rsa_key_has_2048_bits() -> None:
    """The primes of the seed give a key of the usual size."""
    ca = x509.load_der_x509_certificate(corpora.issued(corpora.Kind.RSA, 1).issuer)
    assert ca.public_key().key_size == 2048  # type: ignore[union-attr]


# --- the encoder -----------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_536])
def test_a_length_is_minimal(size: int) -> None:
    """The header is that of asn1crypto."""
    assert der.octets(bytes(size)) == OctetString(bytes(size)).dump()


@pytest.mark.parametrize(
    "dotted", ["1.3.6.1.5.5.7.48.1.1", "2.5.29.37", "1.2.840.113549.1.1.11"]
)
def test_an_oid(dotted: str) -> None:
    """The encoding is that of asn1crypto."""
    assert der.oid(dotted) == ObjectIdentifier(dotted).dump()


@pytest.mark.parametrize("number", [0, 127, 128, 255, 256, 1 << 159])
def test_an_integer(number: int) -> None:
    """The encoding is that of asn1crypto."""
    assert der.integer(number) == Integer(number).dump()


def test_a_time() -> None:
    """A GeneralizedTime has no fraction (RFC 6960 §4.2.2.1)."""
    moment = datetime.datetime(2026, 7, 1, 2, 3, 4, tzinfo=datetime.UTC)
    assert der.time(moment) == b"\x18\x0f20260701020304Z"
