"""The responder signs what OCSPResponseBuilder would build, and due times are even."""

from __future__ import annotations

import datetime
from collections import Counter

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import (
    ArchiveCutoff,
    CertHash,
    CertID,
    ExtendedRevoke,
    KeySigner,
    OCSPCertStatus,
    OCSPResponderEncoding,
)
from ocsp.responder import (
    Authority,
    CertIDForm,
    DueAnswer,
    IssuerKey,
    Lookup,
    LookupResult,
    Responder,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
    UnknownSerialPolicy,
)
from ocsp.responder.schedule import due_at, is_current, is_usable
from tests.pki import BEGIN, DELEGATION, NOW, ca, make

KEY = ed25519.Ed25519PrivateKey.generate()
"""Its signatures are always the same for the same octets."""
SIGNER = KeySigner(KEY, make("Ed", "Test CA", public=KEY, extensions=DELEGATION))
HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)

algorithms = st.sampled_from(
    [hashes.SHA1(), hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]
)
spans = st.integers(1, 10**6).map(lambda count: count * SECOND)
past = st.integers(0, 10**9).map(lambda count: NOW - count * SECOND)
reasons = st.none() | st.sampled_from(
    [each for each in x509.ReasonFlags if each is not x509.ReasonFlags.unspecified]
)


@st.composite
def records(draw: st.DrawFn) -> StatusRecord | None:
    """Return a record, or ``None`` for a serial number without one."""
    if draw(st.booleans()):
        return None
    source = {
        "this_update": draw(st.none() | spans.map(lambda span: NOW - span)),
        "next_update": draw(st.none() | spans.map(lambda span: NOW + span)),
        "cert_hash": draw(st.just(b"") | st.binary(min_size=32, max_size=32)),
    }
    if draw(st.booleans()):
        return StatusRecord(**source)
    return StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=draw(past),
        revocation_reason=draw(reasons),
        invalidity_date=draw(st.none() | past),
        **source,
    )


def _expected(
    lookup: Lookup,
    given_records: list[StatusRecord | None],
    unlisted: UnknownSerialPolicy,
    retention: datetime.timedelta | None,
    *,
    cert_hash: bool,
) -> bytes:
    """Build the answer with the plain builder, from the text of the standards."""
    usual = NOW - datetime.timedelta(minutes=5)
    begins = [(each and each.this_update) or usual for each in given_records]
    produced = max(usual, *begins)
    builder = (
        ocsp.OCSPResponseBuilder(allow_multiple=True)
        .responder_id(OCSPResponderEncoding.HASH, SIGNER.certificate)
        .certificates([SIGNER.certificate])
        .produced_at(produced)
    )
    for cert_id, record, begin in zip(
        lookup.cert_ids, given_records, begins, strict=True
    ):
        end = NOW + 8 * HOUR
        status, time, reason = OCSPCertStatus.UNKNOWN, None, None
        singles: list[x509.ExtensionType] = []
        if record is not None:
            end = min(end, record.next_update or end)
            status, time = record.status, record.revocation_time
            reason = record.revocation_reason
            if retention is not None:
                singles.append(ArchiveCutoff(max(BEGIN, usual - retention)))
            if cert_hash and record.cert_hash:
                singles.append(CertHash.of_digest(record.cert_hash, hashes.SHA256()))
            if record.invalidity_date is not None:
                singles.append(x509.InvalidityDate(record.invalidity_date))
        elif unlisted is UnknownSerialPolicy.UNSAFE_GOOD:
            status = OCSPCertStatus.GOOD
        elif unlisted is UnknownSerialPolicy.REVOKED:
            status = OCSPCertStatus.REVOKED
            time = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
            reason = x509.ReasonFlags.certificate_hold
        builder = builder.add_response_by_id(
            cert_id, status, begin, end, time, reason, single_extensions=singles
        )
    if unlisted is UnknownSerialPolicy.REVOKED and None in given_records:
        builder = builder.add_extension(ExtendedRevoke(), critical=False)
    if lookup.nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(lookup.nonce), critical=False)
    return builder.sign_with(SIGNER).public_bytes(Encoding.DER)


@given(
    entries=st.lists(
        st.tuples(st.integers(0, 2**159), algorithms, records()), min_size=1, max_size=4
    ),
    nonce=st.none() | st.binary(min_size=16, max_size=32),
    unlisted=st.sampled_from(
        [each for each in UnknownSerialPolicy if each.value != "unauthorized"]
    ),
    retention=st.none() | spans,
    cert_hash=st.booleans(),
)
def test_the_octets_are_those_of_the_builder(
    entries: list[tuple[int, hashes.HashAlgorithm, StatusRecord | None]],
    nonce: bytes | None,
    unlisted: UnknownSerialPolicy,
    retention: datetime.timedelta | None,
    cert_hash: bool,
) -> None:
    """Whatever is asked and known: signing quickly changes nothing."""
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for serial, algorithm, _ in entries:
        cert_id = CertID.for_serial(ca(), serial, algorithm)
        builder = builder.add_certificate_by_id(cert_id)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    authority = Authority(
        ca(), [SIGNER], unlisted=unlisted, retention=retention, cert_hash=cert_hash
    )
    responder = Responder([authority])
    step = responder.receive(builder.build().public_bytes(Encoding.DER), NOW)
    assert isinstance(step, Lookup)
    found = [record for _, _, record in entries]
    answer = responder.finish(step, found)
    assert answer.der == _expected(
        step, found, unlisted, retention, cert_hash=cert_hash
    )


@given(
    asked=st.lists(
        st.tuples(
            st.integers(2**62, 2**71),
            st.sampled_from([hashes.SHA1(), hashes.SHA256()]),
            st.none() | st.binary(min_size=16, max_size=17),
            st.integers(0, 1),
        ),
        min_size=2,
        max_size=8,
    ),
    both=st.booleans(),
    retention=st.none() | spans,
    compromised=st.none() | past,
)
def test_good_answers_of_one_second_are_those_of_other_responders(
    asked: list[tuple[int, hashes.HashAlgorithm, bytes | None, int]],
    both: bool,
    retention: datetime.timedelta | None,
    compromised: datetime.datetime | None,
) -> None:
    """What they share fits to each: nothing of another request or second is in it."""
    authority = Authority(ca(), [SIGNER], retention=retention, compromised=compromised)
    busy = Responder([authority], both_hashes=both)
    for serial, algorithm, nonce, second in asked:
        cert_id = CertID.for_serial(ca(), serial, algorithm)
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        der = builder.build().public_bytes(Encoding.DER)
        answers = []
        for responder in (busy, Responder([authority], both_hashes=both)):
            step = responder.receive(der, NOW + second * SECOND)
            assert isinstance(step, Lookup)
            signed = responder.finish(step, [StatusRecord()])
            unsigned = LookupResult(StatusRecord(), 1, None)
            answers.append((signed, responder.finish_stored(step, unsigned)))
        assert answers[0] == answers[1]
        # Not an issuer that is compromised: no answer about its certificates is stored.
        assert (answers[0][1].new is None) == (step.stored_form is None)
        response = ocsp.load_der_ocsp_response(answers[0][0].der)
        assert {each.serial_number for each in response.responses} == {serial}
        echoed = [
            each.value.nonce
            for each in response.extensions
            if isinstance(each.value, x509.OCSPNonce)
        ]
        assert echoed == ([] if nonce is None else [nonce])


# --- the schedule --------------------------------------------------------------------

queries = st.builds(
    StatusQuery,
    st.just(IssuerKey.of(ca())),
    st.integers(-(2**159), 2**159),
)


@given(
    query=queries,
    form=st.sampled_from(CertIDForm),
    now=st.integers(0, 2**33),
    validity=st.integers(1, 400 * 86400),
    left=st.integers(1, 400 * 86400),
)
@pytest.mark.requirement("R9919-10")
def test_an_answer_is_due_before_half_of_its_life_is_over(
    query: StatusQuery, form: CertIDForm, now: int, validity: int, left: int
) -> None:
    """And within four days, and always before nextUpdate (R9919-10)."""
    next_update = now + min(validity, left)
    due = due_at(query, form, now, validity, next_update)
    assert now <= due < next_update
    assert due <= now + max(1, validity // 2)
    assert due - now <= 4 * 86400
    if left >= validity > 64:
        again = due_at(query, form, due, validity, due + validity)
        assert again > due


def test_slots_are_spread_evenly() -> None:
    """Signed at one moment, the answers of many certificates are not due at one."""
    issuer, day = IssuerKey.of(ca()), 86400
    hours = Counter(
        due_at(StatusQuery(issuer, serial), CertIDForm.SHA256, 0, 4 * day, 4 * day)
        // 3600
        for serial in range(10_000)
    )
    mean = 10_000 / len(hours)
    assert max(hours.values()) < 1.5 * mean


@given(
    begin=st.integers(0, 10**6),
    life=st.integers(1, 10**6),
    now=st.integers(0, 3 * 10**6),
)
def test_nothing_is_used_past_its_end_or_from_the_future(
    begin: int, life: int, now: int
) -> None:
    """What is usable is current; a clock may be a minute behind another."""
    stored = StoredAnswer(1, b"", 0, begin, begin + life, b"", b"")
    assert is_current(stored, now) == (begin - 60 <= now < begin + life)
    if is_usable(stored, now):
        assert is_current(stored, now)
        assert now < begin + life - min(60, life // 16)


# --- what clients get ----------------------------------------------------------------

DAY = 86400


@given(
    validity=st.integers(1, 40 * DAY),
    signer_life=st.integers(1, 60 * DAY),
    source_life=st.none() | st.integers(1, 40 * DAY),
    source_age=st.none() | st.integers(0, 40 * DAY),
    elapsed=st.integers(-2 * 3600, 60 * DAY),
    away=st.booleans(),
)
@pytest.mark.requirement("R6960-4", "R9919-10")
def test_every_answer_is_valid_when_it_is_sent(
    validity: int,
    signer_life: int,
    source_life: int | None,
    source_age: int | None,
    elapsed: int,
    away: bool,
) -> None:
    """Stored or signed now, with any ends of signer and source, and any clock."""
    end = NOW + signer_life * SECOND
    certificate = make(
        "Ed",
        "Test CA",
        public=KEY,
        end=max(end, BEGIN + SECOND),
        extensions=DELEGATION,
    )
    responder = Responder(
        [Authority(ca(), [KeySigner(KEY, certificate)])], validity=validity * SECOND
    )
    record = StatusRecord(
        this_update=None if source_age is None else NOW - source_age * SECOND,
        next_update=None if source_life is None else NOW + source_life * SECOND,
    )
    query = StatusQuery(IssuerKey.of(ca()), 7)
    due = DueAnswer(query, CertIDForm.SHA256, record, 1)
    stored = responder.presign(due, NOW).answer
    assert stored.next_update <= end.timestamp()
    assert stored.due < stored.next_update
    now = NOW + elapsed * SECOND
    cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    lookup = responder.receive(request.public_bytes(Encoding.DER), now)
    assert isinstance(lookup, Lookup)
    finish = responder.finish_without_signer if away else responder.finish_stored
    answer = finish(lookup, LookupResult(record, 1, stored))
    if answer.status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        assert answer.status is ocsp.OCSPResponseStatus.TRY_LATER
        return
    response = ocsp.load_der_ocsp_response(answer.der)
    assert response.next_update_utc is not None
    assert response.this_update_utc <= now + 60 * SECOND
    assert response.next_update_utc <= certificate.not_valid_after_utc
    if now < certificate.not_valid_after_utc:
        assert now < response.next_update_utc
        assert ocsp.verify(answer.der, cert_id, ca(), at=now)
