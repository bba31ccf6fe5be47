"""Which entry is for the certificate, and what the failure says if there is none."""

from __future__ import annotations

import datetime
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp.asn1.der import encode
from ocsp.errors import Finding, RevokedButStale, VerificationError
from ocsp.verification import CertIDHashes
from tests.cases.builder import SECOND, Builder, Identity, algorithm, time
from tests.cases.model import NOW

BUILD = Builder()
HOUR = datetime.timedelta(hours=1)
OTHER = BUILD.authority("Other CA", key="ca-2")


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _failure(
    data: bytes,
    cert: x509.Certificate | ocsp.CertID | None = None,
    request: ocsp.OCSPRequest | None = None,
) -> Finding:
    """Return the only failure."""
    (failure,) = _error(data, cert, request).failures
    return failure


def _error(
    data: bytes,
    cert: x509.Certificate | ocsp.CertID | None = None,
    request: ocsp.OCSPRequest | None = None,
) -> VerificationError:
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(
            data, cert or _load(BUILD.leaf), _load(BUILD.ca), at=NOW, request=request
        )
    return raised.value


def _about(**changes: object) -> bytes:
    return BUILD.entry(cert_id=BUILD.cert_id(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([_about(serial=b"\x05"), _about(serial=b"\x06")], "no entry has serial"),
        (
            [_about(serial=b"\x05"), _about(issuer=OTHER)],
            "no entry has both this issuer and serial number 0x1f2e",
        ),
        (
            [_about(serial=b"\x05", issuer=OTHER), _about(issuer=OTHER)],
            "the entry for serial number 0x1f2e is for a certificate of another issuer",
        ),
        ([_about(hashed="md5")], "or its hash algorithm is not accepted"),
        ([_about(name_hash=bytes(32))], "is for a certificate of another issuer"),
        ([_about(key_hash=bytes(32))], "is for a certificate of another issuer"),
        ([_about(identifier=algorithm("sha256")[:-3] + b"\x7f\x05\x00")], "not accept"),
    ],
)
def test_message_says_what_does_not_match(entries: list[bytes], sentence: str) -> None:
    """The serial number, the issuer, or no entry has both."""
    failure = _failure(BUILD.response(*entries))
    assert failure.rule == "V7"
    assert sentence in failure.message


def test_failure_lists_serial_numbers() -> None:
    """The expected one, and the first eight that were found."""
    entries = [_about(serial=bytes((n,))) for n in range(1, 10)]
    expected = (("expected", 0x1F2E), ("found", tuple(range(1, 9))))
    assert _failure(BUILD.response(*entries)).values == expected
    by_id = ocsp.CertID.for_certificate(
        _load(BUILD.leaf), _load(BUILD.ca), hashes.SHA256()
    )
    assert _failure(BUILD.response(*entries), by_id).values == expected


def test_failure_lists_a_negative_serial_number() -> None:
    """The value is that of the certificate."""
    with pytest.warns(UserWarning, match="serial number"):
        cert = _load(BUILD.certificate("leaf.example", serial=b"\xff"))
    values = dict(_failure(BUILD.response(), cert).values)
    assert values["expected"] == -1


def test_certificate_of_another_issuer_is_rejected_by_name() -> None:
    """The message has both names; the entries are not examined."""
    cert = _load(BUILD.certificate("leaf.example", issuer=OTHER))
    failure = _failure(BUILD.response(), cert)
    assert "names 'CN=Other CA' as its issuer, not 'CN=Test CA'" in failure.message
    assert failure.values == ()


def test_failure_lists_certificates_of_the_request_without_entry() -> None:
    """The first eight serial numbers."""
    ids = [BUILD.cert_id(serial=bytes((n,))) for n in range(1, 11)]
    request = ocsp.load_der_ocsp_request(
        BUILD.request(BUILD.cert_id(), *ids), allow_multiple=True
    )
    failure = _failure(BUILD.response(), request=request)
    assert failure.rule == "V9"
    assert failure.message.startswith("10 of the certificates")
    assert failure.values == (("missing", tuple(range(1, 9))),)


@pytest.mark.parametrize(
    ("since", "expected"), [(5, RevokedButStale), (9, RevokedButStale), (10, None)]
)
def test_a_revocation_that_has_ended_counts_until_a_newer_entry(
    since: int, expected: type[VerificationError] | None
) -> None:
    """An entry that is older contradicts nothing, though it is still current."""
    ended = BUILD.entry(
        encode(0xA1, time(NOW - 11 * HOUR)),
        this_update=NOW - since * HOUR,
        next_update=NOW - 4 * HOUR,
    )
    entries = [ended, BUILD.entry(this_update=NOW - 9 * HOUR)]
    for ordered in (entries, entries[::-1]):
        data = BUILD.response(*ordered)
        if expected is None:
            found = ocsp.verify(data, _load(BUILD.leaf), _load(BUILD.ca), at=NOW)
            assert found.status is ocsp.OCSPCertStatus.GOOD
            continue
        with pytest.raises(expected):
            ocsp.verify(data, _load(BUILD.leaf), _load(BUILD.ca), at=NOW)


def test_the_newest_current_entry_ends_a_revocation() -> None:
    """Though another current entry is older than the revocation."""
    ended = BUILD.entry(
        encode(0xA1, time(NOW - 11 * HOUR)),
        this_update=NOW - 5 * HOUR,
        next_update=NOW - 4 * HOUR,
    )
    current = [BUILD.entry(this_update=NOW - hours * HOUR) for hours in (9, 1)]
    for entries in permutations((ended, *current)):
        data = BUILD.response(*entries, produced_at=NOW)
        found = ocsp.verify(data, _load(BUILD.leaf), _load(BUILD.ca), at=NOW)
        assert found.status is ocsp.OCSPCertStatus.GOOD


def test_a_revocation_counts_from_its_start_with_the_clock_skew() -> None:
    """Also if its end, before its start, has passed: the response is refused."""
    skew = ocsp.Policy().clock_skew
    for start, refused in ((NOW + skew, True), (NOW + skew + SECOND, False)):
        odd = BUILD.entry(
            encode(0xA1, time(NOW - HOUR)), this_update=start, next_update=NOW - skew
        )
        data = BUILD.response(BUILD.entry(), odd, produced_at=NOW)
        if refused:
            assert "nextUpdate is before thisUpdate" in str(_error(data))
        else:
            ocsp.verify(data, _load(BUILD.leaf), _load(BUILD.ca), at=NOW)


def test_entry_with_a_rejected_hash_algorithm_does_not_match() -> None:
    """Even if the hashes themselves are right."""
    data = BUILD.response(_about(serial=b"\x05", hashed="sha1"), _about(issuer=OTHER))
    with pytest.raises(VerificationError, match="or its hash algorithm is not"):
        ocsp.verify(
            data,
            _load(BUILD.leaf),
            _load(BUILD.ca),
            at=NOW,
            policy=ocsp.Policy(cert_id_hashes=CertIDHashes.SHA2),
        )
