"""
Verify changed messages: every bit flipped, octets cut off, random mutations.

``verify`` returns the same evidence as for the unchanged message, or raises a
:class:`VerificationError`. It raises no other error, and no error states a status.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.errors import RevokedButStale, VerificationError
from tests.cases.builder import DAY, Builder
from tests.cases.model import NOW

NONCE = bytes(range(32))
STATUS = re.compile(r"\b(good|revoked|unknown|hold|compromise)\b", re.IGNORECASE)
HARMLESS = (
    "it is not known whether the signer {} is revoked",  # V17, about the delegate
    "the certificate of the signer {} is revoked",
    "Unknown key type",
    "a key of an unknown kind",
    "neither good, revoked nor unknown",  # about a malformed certStatus
)


@cache
def _build() -> Builder:
    return Builder()


def _issuer_signed(build: Builder) -> bytes:
    return build.response(status=build.revoked(reason=1))


def _delegate_signed(build: Builder) -> bytes:
    return build.response(by=build.responder)


def _by_name(build: Builder) -> bytes:
    by = build.responder
    return build.response(
        by=by, responder_id=build.by_name(by.subject), status=build.UNKNOWN
    )


def _many_entries(build: Builder) -> bytes:
    others = [
        build.entry(status, cert_id=build.cert_id(serial=serial))
        for status, serial in ((b"\x80\x00", b"\x05"), (build.revoked(), b"\x06"))
    ]
    return build.response(others[0], build.entry(build.revoked()), others[1])


def _with_nonce(build: Builder) -> bytes:
    return build.response(by=build.responder, extensions=(build.nonce(NONCE),))


def _stale(build: Builder) -> bytes:
    old = NOW - 2 * DAY
    return build.response(
        status=build.revoked(NOW - 3 * DAY),
        this_update=old,
        next_update=NOW - DAY,
        produced_at=old,
    )


MADE: dict[str, Callable[[Builder], bytes]] = {
    "issuer": _issuer_signed,
    "delegate": _delegate_signed,
    "by-name": _by_name,
    "many-entries": _many_entries,
    "nonce": _with_nonce,
}


def _verify(data: bytes, name: str) -> ocsp.VerifiedResponse:
    build = _build()
    return ocsp.verify(
        data,
        x509.load_der_x509_certificate(build.leaf.der),
        x509.load_der_x509_certificate(build.ca.der),
        at=NOW,
        nonce=NONCE if name == "nonce" else None,
    )


def _content(evidence: ocsp.VerifiedResponse) -> tuple[Any, ...]:
    """
    Return what the evidence states; unsigned parts of the response may differ.

    A warning of an ignored certificate is about an unsigned part.
    """
    return (
        evidence.status,
        evidence.cert_id,
        evidence.revocation_time,
        evidence.revocation_reason,
        evidence.this_update,
        evidence.next_update,
        evidence.produced_at,
        evidence.holds_until,
        evidence.responder.tbs_certificate_bytes,
        evidence.authorized_by,
        evidence.nonce_matched,
        evidence.not_issued,
        [each for each in evidence.warnings if "is ignored" not in each.message],
    )


@cache
def _original(name: str) -> tuple[bytes, tuple[Any, ...]]:
    data = MADE[name](_build())
    return data, _content(_verify(data, name))


def _leaks(error: VerificationError) -> list[str]:
    """Return the parts of *error* that reveal a status."""
    found = []
    for failure in error.failures:
        if failure.error is RevokedButStale:
            continue
        said = failure.message
        for harmless in HARMLESS:
            said = re.sub(harmless.replace("{}", "'[^']*'"), "", said)
        said = re.sub(r"'[^']*'", "", said)  # names from certificates
        values = [str(value) for _, value in failure.values if _is_value(value)]
        found += [text for text in (said, *values) if STATUS.search(text)]
    return found


def _is_value(value: object) -> bool:
    return not isinstance(value, enum.Enum) or isinstance(value, ocsp.OCSPCertStatus)


def _check(data: bytes, name: str) -> bool:
    """Check that *data* is rejected, or accepted with equal evidence; tell which."""
    _, content = _original(name)
    try:
        evidence = _verify(data, name)
    except VerificationError as error:
        refused = error
    else:
        assert _content(evidence) == content
        return True
    assert refused.failures
    assert _leaks(refused) == []
    return False


@pytest.mark.parametrize("name", MADE)
def test_no_flipped_bit_changes_the_evidence(name: str) -> None:
    """Every single bit. Only the count of unused bits of a signature may change."""
    data, _ = _original(name)
    believed = set()
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            if _check(bytes(changed), name):
                believed.add(position)
    # That octet is not signed, and zero bits at the end may count as unused.
    response = ocsp.load_der_ocsp_response(data)
    signatures = response.signature, *(x.signature for x in response.certificates)
    assert believed <= {data.index(signature) - 1 for signature in signatures}


@pytest.mark.parametrize("name", MADE)
def test_a_truncated_message_is_rejected(name: str) -> None:
    """Truncated at any place, at either end."""
    data, _ = _original(name)
    for length in range(len(data)):
        assert not _check(data[:length], name)
        assert not _check(data[length + 1 :], name)


@pytest.mark.parametrize("name", MADE)
def test_a_missing_or_doubled_octet_is_rejected(name: str) -> None:
    """One octet less or one more, at any place."""
    data, _ = _original(name)
    for position in range(len(data)):
        assert not _check(data[:position] + data[position + 1 :], name)
        doubled = data[: position + 1] + data[position:]
        assert not _check(doubled, name)


@pytest.mark.parametrize("name", ["issuer", "delegate"])
def test_a_changed_decoy_does_not_change_the_evidence(name: str) -> None:
    """Bits are flipped in a certificate that verification does not need."""
    build = _build()
    by = build.ca if name == "issuer" else build.responder
    decoy = build.delegate(build.responder.subject, key="mallory", serial=3).der
    certs = (decoy,) if name == "issuer" else (decoy, by.der)
    status = {"status": build.revoked(reason=1)} if name == "issuer" else {}
    data = build.response(by=by, certs=certs, **status)
    start, believed = data.index(decoy), 0
    for position in range(start, start + len(decoy)):
        for bit in (0, 3, 7):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            believed += _check(bytes(changed), name)
    assert believed > len(decoy)


_CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 4095), st.integers(0, 255)),
        st.tuples(st.just("cut"), st.integers(0, 4095), st.integers(1, 8)),
        st.tuples(
            st.just("put"), st.integers(0, 4095), st.binary(min_size=1, max_size=8)
        ),
        st.tuples(st.just("copy"), st.integers(0, 4095), st.integers(1, 64)),
    ),
    min_size=1,
    max_size=4,
)


@given(name=st.sampled_from(sorted(MADE)), changes=_CHANGES)
def test_random_mutations_are_rejected_or_change_nothing(
    name: str, changes: list[tuple[str, int, Any]]
) -> None:
    """Octets are set, cut, inserted, and copied."""
    data, _ = _original(name)
    for kind, where, value in changes:
        at = where % len(data)
        if kind == "set":
            data = data[:at] + bytes((value,)) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at] + data[at + value :]
        elif kind == "put":
            data = data[:at] + value + data[at:]
        else:
            data = data[:at] + data[: -at or None][-value:] + data[at + value :]
        data = data or b"\x00"
    _check(data, name)


def test_only_a_stale_revocation_reveals_the_status() -> None:
    """Only if the response is valid except for its age, and no signed octet changed."""
    data = _stale(_build())
    signed = ocsp.load_der_ocsp_response(data).tbs_response_bytes
    start = data.index(signed)
    with pytest.raises(RevokedButStale) as raised:
        _verify(data, "stale")
    assert raised.value.revocation_time == NOW - 3 * DAY
    for position in range(start, start + len(signed), 5):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(VerificationError) as other:
            _verify(bytes(changed), "stale")
        assert not isinstance(other.value, RevokedButStale)
        assert _leaks(other.value) == []


def _error(build: Builder, status: bytes, **changes: Any) -> str:
    """Return the findings for a rejected response, without error classes."""
    at = changes.pop("at", NOW)
    data = build.response(build.entry(status, **changes.pop("entry", {})), **changes)
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(
            data,
            x509.load_der_x509_certificate(build.leaf.der),
            x509.load_der_x509_certificate(build.ca.der),
            at=at,
            nonce=changes.get("nonce"),
        )
    return repr([failure[:1] + failure[2:] for failure in raised.value.failures])


REFUSED: dict[str, Callable[[Builder], dict[str, Any]]] = {
    "signature": lambda _: {"signed_by": "mallory"},
    "stranger": lambda b: {"by": b.delegate(key="mallory", issuer=None)},
    "purpose": lambda b: {"by": b.delegate(extensions=())},
    "ended": lambda b: {"by": b.delegate(end=NOW - DAY)},
    "serial": lambda b: {"entry": {"cert_id": b.cert_id(serial=b"\x05")}},
    "weak": lambda _: {"scheme": "ecdsa-sha1"},
    "future": lambda _: {"at": NOW - DAY},
    "no-certificate": lambda b: {"by": b.responder, "certs": ()},
    "stale-stranger": lambda _: {"signed_by": "mallory", "at": NOW + 3 * DAY},
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_error_does_not_depend_on_the_status(name: str) -> None:
    """It is the same for every status in the response."""
    build = _build()
    said = {
        _error(build, status, **REFUSED[name](build))
        for status in (
            b"\x80\x00",
            build.UNKNOWN,
            build.revoked(),
            build.revoked(reason=1),
        )
    }
    assert len(said) == 1


def test_the_search_for_leaks_finds_one() -> None:
    """In a message and in a value."""
    with pytest.raises(RevokedButStale) as raised:
        _verify(_stale(_build()), "stale")
    (first, *_) = raised.value.failures
    leak = first._replace(error=VerificationError)
    assert _leaks(VerificationError([leak])) != []
    value = leak._replace(message="", values=(("x", ocsp.OCSPCertStatus.GOOD),))
    assert _leaks(VerificationError([value])) != []
