"""Batches: many responses from one builder, equal to those built one by one."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original

import ocsp
from ocsp import (
    BuildError,
    CertID,
    KeySigner,
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseBatch,
    OCSPResponseBuilder,
    limits,
)
from tests.pki import NOW, ca, delegate, delegate_signer, key

DAY = datetime.timedelta(days=1)
GOOD: tuple[Any, ...] = (OCSPCertStatus.GOOD, NOW, NOW + DAY)
UNKNOWN: tuple[Any, ...] = (OCSPCertStatus.UNKNOWN, NOW, None)
COMPROMISE = x509.ReasonFlags.key_compromise
REVOKED: tuple[Any, ...] = (OCSPCertStatus.REVOKED, NOW, None, NOW - DAY, COMPROMISE)
MARK = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


class Constant:
    """A signer with a constant signature, so that responses can be compared."""

    certificate = ca()
    algorithm_identifier = bytes.fromhex("300a06082a8648ce3d040302")

    def sign(self, data: bytes) -> bytes:
        """Return a constant instead of a signature."""
        return bytes(71)


def _id(serial: int = 7) -> CertID:
    return CertID.for_serial(ca(), serial, hashes.SHA256())


def _builder() -> OCSPResponseBuilder:
    builder = OCSPResponseBuilder().produced_at(NOW)
    return builder.responder_id(OCSPResponderEncoding.HASH, ca())


def _batch() -> OCSPResponseBatch:
    return _builder().batch(Constant())


def _built(cert_id: CertID, *said: Any, **more: Any) -> bytes:
    said = (*said, None, None)[:5]
    response = _builder().add_response_by_id(cert_id, *said, **more)
    return response.sign_with(Constant()).public_bytes(Encoding.DER)


def test_every_response_has_its_own_signature() -> None:
    """``cryptography`` reads each, and each signature is valid."""
    batch = _builder().batch(KeySigner(key("Test CA"), ca()))
    public = key("Test CA").public_key()
    for serial in (1, 0x7F, 0x80, 2**159):
        response = original.load_der_ocsp_response(batch.sign(_id(serial), *GOOD))
        assert response.serial_number == serial
        assert response.certificate_status is original.OCSPCertStatus.GOOD
        assert response.this_update_utc == NOW
        assert response.next_update_utc == NOW + DAY
        public.verify(
            response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256())
        )


@pytest.mark.parametrize("said", [GOOD, UNKNOWN, REVOKED, REVOKED[:4]])
def test_a_response_is_what_the_builder_writes(said: tuple[Any, ...]) -> None:
    """For each status, after another status, and with another serial number size."""
    batch = _batch()
    for serial in (7, 7 << 120):
        for each in (GOOD, said, said):
            assert batch.sign(_id(serial), *each) == _built(_id(serial), *each)


def test_times_that_are_equal_with_another_fold_are_distinct() -> None:
    """Two datetimes of a repeated hour are equal, but differ in ``fold``."""
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    first = datetime.datetime(2026, 10, 25, 2, 30, tzinfo=zone)
    second = first.replace(fold=1)
    assert first == second
    batch = _batch()
    read = [
        ocsp.load_der_ocsp_response(batch.sign(_id(), OCSPCertStatus.GOOD, each, None))
        for each in (first, second)
    ]
    hour = datetime.timedelta(hours=1)
    assert read[1].this_update_utc - read[0].this_update_utc == hour


def test_a_batch_has_the_settings_of_its_builder() -> None:
    """Certificates, extensions, time and responder name are in each response."""
    builder = OCSPResponseBuilder().produced_at(NOW - DAY).certificates([delegate()])
    builder = builder.add_extension(MARK, critical=False)
    builder = builder.responder_id(OCSPResponderEncoding.NAME, delegate())
    batch = builder.batch(delegate_signer())
    for serial in (1, 2):
        response = ocsp.load_der_ocsp_response(batch.sign(_id(serial), *GOOD))
        assert response.produced_at_utc == NOW - DAY
        assert response.certificates == [delegate()]
        assert [each.value for each in response.extensions] == [MARK]
        assert response.responder_name == delegate().subject


def test_single_extensions_are_those_of_their_entry() -> None:
    """As the builder writes them; the next entry does not have them."""
    batch = _batch()
    critical = x509.Extension(MARK.oid, True, MARK)
    for extensions in ([MARK], [critical], []):
        der = batch.sign(_id(), *GOOD, single_extensions=iter(extensions))
        assert der == _built(_id(), *GOOD, single_extensions=extensions)


def test_without_a_time_all_have_that_of_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The default producedAt is the time at which the batch was made."""
    moments = iter([int(NOW.timestamp()) * 10**9])
    monkeypatch.setattr(
        "ocsp.messages.responses.response_builder.time_ns", lambda: next(moments)
    )
    builder = OCSPResponseBuilder().responder_id(OCSPResponderEncoding.HASH, ca())
    batch = builder.batch(Constant())
    for serial in (1, 2):
        response = ocsp.load_der_ocsp_response(batch.sign(_id(serial), *GOOD))
        assert response.produced_at_utc == NOW


@pytest.mark.parametrize(
    ("builder", "reason"),
    [
        (
            lambda: _builder().add_response_by_id(_id(), *GOOD, None, None),
            "without a response",
        ),
        (OCSPResponseBuilder, "You must add a responder_id before signing"),
        (
            lambda: OCSPResponseBuilder().responder_id(
                OCSPResponderEncoding.HASH, delegate()
            ),
            "the certificate of the signer is not that of",
        ),
    ],
)
def test_batch_refuses_an_unfit_builder(
    builder: Callable[[], OCSPResponseBuilder], reason: str
) -> None:
    """It must have no entry, a responderID, and that of the signer's certificate."""
    with pytest.raises(BuildError, match=reason):
        builder().batch(Constant())


def test_an_extension_without_public_bytes_fails_in_batch() -> None:
    """Before any response is signed."""

    class Silent(x509.ExtensionType):
        oid = x509.ObjectIdentifier("1.2.3.5")

    with pytest.raises(NotImplementedError):
        _builder().add_extension(Silent(), critical=False).batch(Constant())


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ((b"", *GOOD), TypeError, "cert_id must be a CertID"),
        ((_id(), 0, NOW, None), TypeError, "cert_status must be"),
        ((_id(), OCSPCertStatus.GOOD, None, None), TypeError, "this_update must be"),
        ((_id(), OCSPCertStatus.GOOD, NOW, 0), TypeError, "next_update must be"),
        ((_id(), *GOOD, NOW), BuildError, "revocation_time can only"),
        ((_id(), *GOOD, None, COMPROMISE), BuildError, "revocation_reason can only"),
        ((_id(), *REVOKED[:3]), TypeError, "revocation_time must be"),
        ((_id(), *REVOKED[:4], 1), TypeError, "revocation_reason must be"),
    ],
)
def test_arguments_are_checked(
    arguments: tuple[Any, ...], error: type[Exception], reason: str
) -> None:
    """With the errors of the builder, also after a correct call."""
    batch = _batch()
    batch.sign(_id(), *GOOD)
    for _ in range(2):
        with pytest.raises(error, match=reason):
            batch.sign(*arguments)


def test_single_extensions_are_checked() -> None:
    """They must be extensions, and none may occur twice."""
    with pytest.raises(TypeError, match="must be an ExtensionType"):
        _batch().sign(_id(), *GOOD, single_extensions=[b""])  # type: ignore[list-item]
    with pytest.raises(BuildError, match="already been set"):
        _batch().sign(_id(), *GOOD, single_extensions=[MARK, MARK])


def test_a_limit_is_read_when_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lower limit refuses a response that was accepted before."""
    batch = _batch()
    size = len(batch.sign(_id(), *GOOD))
    with monkeypatch.context() as lower:
        lower.setattr(limits, "MAX_MESSAGE_BYTES", size - 1)
        with pytest.raises(BuildError, match="exceed MAX_MESSAGE_BYTES"):
            batch.sign(_id(), *GOOD)
    assert len(batch.sign(_id(), *GOOD)) == size
