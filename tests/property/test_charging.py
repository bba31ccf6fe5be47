"""Messages of charging stations: no JSON and no text raises an error of another library."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any

from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import CertID
from ocsp.charging import (
    CertificateStatuses,
    FailureCode,
    InstalledStatuses,
    OCPPRelease,
    OCSPRequestData,
)
from ocsp.client import HTTPReply, HTTPRequest, MemoryCache, Options
from ocsp.errors import SchemaError, TransportError
from tests.pki import NOW, ca, leaf
from tests.unit.client.scene import SERIAL, response

URL = "http://ocsp.example/"
FINE = OCSPRequestData.of(leaf(SERIAL), ca(), url=URL).to_json()
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=80)
    | st.sampled_from(["SHA256", "SHA384", "ab" * 32, "AB" * 32, "1f2e", "0x1"])
    | st.lists(st.text(max_size=3), max_size=2)
)
CHANGES = st.dictionaries(st.sampled_from(sorted(FINE)), VALUES)
ALGORITHMS = st.sampled_from([hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
RELEASES = st.sampled_from(list(OCPPRelease))


class Nothing:
    """A transport that reaches nobody."""

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """Fail."""
        raise TransportError(request.url, "nobody is there")

    async def aclose(self) -> None:
        """Do nothing."""


@given(st.integers(0, (1 << 160) - 1), ALGORITHMS, RELEASES)
def test_what_is_written_is_read_again(
    serial: int, algorithm: Any, release: OCPPRelease
) -> None:
    """Every serial number, hash and release."""
    data = OCSPRequestData(CertID.for_serial(ca(), serial, algorithm), URL)
    fields = data.to_json(release)
    assert not fields["serialNumber"].startswith("0") or serial == 0
    assert OCSPRequestData.from_json(fields, release) == data


@given(CHANGES | VALUES)
def test_any_json(changes: Any) -> None:
    """It is read, or refused by the error that names the field."""
    fields = {**FINE, **changes} if isinstance(changes, dict) else changes
    with contextlib.suppress(SchemaError):
        data = OCSPRequestData.from_json(fields)
        assert OCSPRequestData.from_json(data.to_json()) == data


@given(CHANGES, RELEASES)
def test_any_question_has_an_answer(
    changes: dict[str, Any], release: OCPPRelease
) -> None:
    """*Failed*, as no responder can be reached; never an exception."""
    client = ocsp.AsyncClient(Options(retries=0), transport=Nothing())
    statuses = CertificateStatuses(client, [ca()])
    answer = asyncio.run(statuses.answer({**FINE, **changes}, release))
    assert answer.status == "Failed"
    assert isinstance(answer.failure, FailureCode)
    assert answer.ocsp_result is None


@given(st.text(max_size=200) | st.binary(max_size=200).map(base64.b64encode))
def test_any_result(result: str | bytes) -> None:
    """The station installs nothing, and raises an error of this package."""
    text = result if isinstance(result, str) else result.decode()
    installed = InstalledStatuses(MemoryCache(), clock=lambda: NOW)
    with contextlib.suppress(ocsp.OCSPError):
        installed.install(text, leaf(SERIAL), ca())
    assert installed.staple(leaf(SERIAL), ca()) is None


DER = response()


@given(st.integers(0, len(DER) * 8 - 1))
def test_a_changed_response_is_never_stapled(bit: int) -> None:
    """One bit of it differs."""
    changed = bytearray(DER)
    changed[bit // 8] ^= 1 << bit % 8
    installed = InstalledStatuses(MemoryCache(), clock=lambda: NOW)
    try:
        text = base64.b64encode(changed).decode()
        evidence = installed.install(text, leaf(SERIAL), ca())
    except ocsp.OCSPError:
        assert installed.staple(leaf(SERIAL), ca()) is None
    else:
        assert (
            evidence.response.tbs_response_bytes
            == ocsp.load_der_ocsp_response(DER).tbs_response_bytes
        )
