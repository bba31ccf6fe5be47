"""The checker of histories finds each contradiction, and none in a right history."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPRequestBuilder, OCSPResponseStatus
from ocsp.responder import (
    Authority,
    CertIDForm,
    Lookup,
    Responder,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.store import SQLiteStore
from tests.history import (
    GOOD,
    Change,
    Fault,
    History,
    Lost,
    Received,
    Status,
    faults_at_end,
    faults_of,
)
from tests.pki import NOW, RandomSigner, ca, delegate_signer, key, leaf
from tests.unit.store.scene import NOW_SECONDS, query, signed

T = NOW.timestamp()
STOLEN = x509.ReasonFlags.key_compromise
HOLD = x509.ReasonFlags.certificate_hold
SINCE = NOW - datetime.timedelta(days=1)
REVOKED = StatusRecord.revoked(SINCE, STOLEN)
REVOKED_STATUS = Status(True, int(SINCE.timestamp()), STOLEN)
ON_HOLD = Status(True, int(SINCE.timestamp()), HOLD)
SERIAL = leaf().serial_number
TRY_LATER = OCSPResponseStatus.TRY_LATER


def _verify(der: bytes, serial: int, at: datetime.datetime) -> object:
    assert serial == SERIAL
    return ocsp.verify(der, leaf(), ca(), at=at)


def _answer(record: StatusRecord | None, made: float, sent: float) -> Received:
    """Return what a client gets that asks at *sent*, of an answer made at *made*."""
    responder = Responder(
        [
            Authority(
                ca(),
                [RandomSigner(delegate_signer(), key("Test Responder"))],
                unlisted=UnknownSerialPolicy.UNKNOWN,
            )
        ],
        backdate=datetime.timedelta(),
    )
    cert_id = CertID.for_serial(ca(), SERIAL, SHA1())
    request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    moment = datetime.datetime.fromtimestamp(made, datetime.UTC)
    lookup = responder.receive(request.public_bytes(Encoding.DER), moment)
    assert isinstance(lookup, Lookup)
    der = responder.finish(lookup, [record]).der
    etag = hashlib.sha256(der).hexdigest()
    return Received(SERIAL, CertIDForm.SHA1, sent, sent + 0.1, der, etag, 60)


def _error(status: OCSPResponseStatus, sent: float) -> Received:
    der = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    return Received(SERIAL, CertIDForm.SHA1, sent, sent + 0.1, der)


def _with_other_signature(der: bytes) -> bytes:
    signature = ocsp.load_der_ocsp_response(der).signature
    return der.replace(signature, bytes(len(signature)))


GOOD_BEFORE = _answer(StatusRecord(), T, T + 1)
REVOCATION = Change(SERIAL, T + 10, T + 11, REVOKED_STATUS)
REVOKED_AFTER = _answer(REVOKED, T + 12, T + 13)


def _found(
    *answers: Received,
    changes: tuple[Change, ...] = (REVOCATION,),
    faults: tuple[Fault, ...] = (),
    bound: float = 0.5,
) -> list[str]:
    return faults_of(History(changes, answers, faults, bound), _verify)


def test_a_right_history_has_no_faults() -> None:
    """Also with an answer that may be of either side, and an error of a fault."""
    stored = GOOD_BEFORE._replace(sent=T + 10.5, received=T + 10.6)
    fault = Fault(T + 20, T + 21, frozenset({TRY_LATER}))
    answers = (GOOD_BEFORE, stored, REVOKED_AFTER, _error(TRY_LATER, T + 20.5))
    assert _found(*answers, faults=(fault,)) == []
    assert _found(_answer(StatusRecord(), T, T + 11.4)) == []  # within the bound


def test_a_hold_may_end() -> None:
    """It is the only way back."""
    changes = (
        Change(SERIAL, T + 1, T + 2, ON_HOLD),
        Change(SERIAL, T + 5, T + 6, GOOD),
    )
    held = _answer(StatusRecord.revoked(SINCE, HOLD), T + 3, T + 3)
    good = _answer(StatusRecord(), T + 7, T + 8)
    assert _found(held, good, changes=changes) == []
    (fault,) = _found(held._replace(sent=T + 9, received=T + 9.1), changes=changes)
    assert "hides a change" in fault


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (GOOD_BEFORE._replace(sent=T + 40_000, received=T + 40_000), "ended at"),
        (GOOD_BEFORE._replace(max_age=8 * 3600), "caches may keep it after its end"),
        (_answer(StatusRecord(), T + 9, T + 1), "is from the future"),
        (_answer(REVOKED, T, T + 1), "was not true since"),
        (_answer(StatusRecord(), T + 12, T + 13), "was not true since"),
        (GOOD_BEFORE._replace(sent=T + 12, received=T + 13), "hides a change"),
        (_error(TRY_LATER, T + 1), "TRY_LATER though no fault permits it"),
        (
            GOOD_BEFORE._replace(der=_with_other_signature(GOOD_BEFORE.der)),
            "clients reject it",
        ),
    ],
)
def test_a_contradiction_is_found(answer: Received, expected: str) -> None:
    """Each rule by itself."""
    assert any(expected in fault for fault in _found(answer))


def test_a_revocation_with_another_time_or_reason_is_found() -> None:
    """As it was not written."""
    other = StatusRecord.revoked(SINCE, x509.ReasonFlags.superseded)
    assert len(_found(_answer(other, T + 12, T + 13))) == 1
    later = StatusRecord.revoked(NOW, STOLEN)
    assert len(_found(_answer(later, T + 12, T + 13))) == 1


def test_a_way_back_is_found() -> None:
    """Also if the writer was killed before it was told."""
    killed = (Change(SERIAL, T + 10, float("inf"), REVOKED_STATUS),)
    good = _answer(StatusRecord(), T + 14, T + 15)
    assert _found(good, changes=killed) == []
    (fault,) = _found(REVOKED_AFTER, good, changes=killed)
    assert "after revoked for good" in fault


def test_an_error_must_be_the_one_that_the_fault_permits() -> None:
    """And during the fault."""
    fault = Fault(T + 20, T + 21, frozenset({TRY_LATER}))
    internal = _error(OCSPResponseStatus.INTERNAL_ERROR, T + 20.5)
    assert len(_found(internal, faults=(fault,))) == 1
    assert len(_found(_error(TRY_LATER, T + 22), faults=(fault,))) == 1


def test_different_octets_of_one_time_are_found() -> None:
    """ECDSA signatures differ each time: all clients must get the first."""
    again = _answer(StatusRecord(), T, T + 2)
    (fault,) = _found(GOOD_BEFORE, again)
    assert "has other octets" in fault
    assert _found(GOOD_BEFORE, again._replace(etag="")) == []


def test_octets_may_differ_until_one_answer_is_stored() -> None:
    """For some time after the first answer, and after a fault; and then no more."""
    first = GOOD_BEFORE
    second = _answer(StatusRecord(), T, first.received + 0.5)
    third = second._replace(sent=first.received + 2, received=first.received + 2.1)
    other = first._replace(sent=third.sent + 1, received=third.sent + 1.1)
    history = History((), (first, second, third, other), settling=1.0)
    (fault,) = faults_of(history, _verify)
    assert "has other octets" in fault
    during = Fault(other.sent, other.received, frozenset())
    assert faults_of(history._replace(faults=(during,)), _verify) == []
    assert faults_of(history._replace(answers=(first, second, third)), _verify) == []


def test_caches_count_from_the_date_of_an_answer() -> None:
    """An answer that arrives late is not kept for longer (RFC 9111 §4.2.3)."""
    end = ocsp.load_der_ocsp_response(GOOD_BEFORE.der).next_update_utc
    assert end is not None
    left = int(end.timestamp() - GOOD_BEFORE.received)
    late = GOOD_BEFORE._replace(max_age=left, date=GOOD_BEFORE.received - 2)
    assert _found(late) == []
    (fault,) = _found(late._replace(max_age=left + 3))
    assert "caches may keep it after its end" in fault


def test_what_is_missing_at_the_end_is_found(tmp_path: Path) -> None:
    """An answer that is missing, of an older status, or about to end."""
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        store.add_signer(ca())
        for serial in (1, 2, 3):
            store.add(ca(), serial)
        store.store_answers([signed(1, 1), signed(2, 1)], NOW_SECONDS)
        store.revoke(ca(), 2, NOW)

        def found(*serials: int, now: int = NOW_SECONDS) -> list[str]:
            queries = [query(serial) for serial in serials]
            return faults_at_end(store, queries, [CertIDForm.SHA1], now, 1000)

        assert found(1) == []
        missing = "has no answer of its present status"
        assert found(2, 3) == [f"serial {n}, SHA1: {missing}" for n in (2, 3)]
        assert found(1, now=NOW_SECONDS + 500) == [
            "serial 1, SHA1: its answer ends too soon"
        ]


def _commit(at: float) -> tuple[Change, ...]:
    """Return a revocation that is committed, and never acknowledged."""
    return (REVOCATION._replace(acknowledged=float("inf"), committed=at),)


def _late(sent: float, node: str) -> Received:
    return GOOD_BEFORE._replace(sent=sent, received=sent + 0.1, node=node)


def test_a_change_is_visible_soon_after_its_commit() -> None:
    """Also if its acknowledgement comes late, or never."""
    for changes in (
        _commit(T + 10.5),
        (REVOCATION._replace(acknowledged=T + 30, committed=T + 10.5),),
    ):
        history = History(changes, (_late(T + 12.4, "a"),), visible=2.0)
        assert faults_of(history, _verify) == []
        late = history._replace(answers=(_late(T + 12.6, "a"),))
        (fault,) = faults_of(late, _verify)
        assert "hides a change that has to be visible" in fault


def test_a_cut_hides_only_what_changed_after_it_began() -> None:
    """From its own nodes, and for its time."""
    cut = Fault(T + 10, T + 40, frozenset(), frozenset({"a"}), hides=float("inf"))
    history = History(_commit(T + 10.5), (_late(T + 39, "a"),), (cut,), visible=2.0)
    assert faults_of(history, _verify) == []
    for worse in (
        history._replace(answers=(_late(T + 39, "b"),)),
        history._replace(answers=(_late(T + 40.1, "a"),)),
        history._replace(faults=(cut._replace(begin=T + 13),)),
        history._replace(faults=(cut._replace(hides=5.0),)),
    ):
        (fault,) = faults_of(worse, _verify)
        assert "hides a change that has to be visible" in fault


def test_a_cut_excuses_a_way_back_of_its_own_nodes_only() -> None:
    """Another node has said revoked; this one cannot know it."""
    cut = Fault(T + 10, T + 40, frozenset(), frozenset({"a"}), hides=float("inf"))
    revoked = REVOKED_AFTER._replace(node="b")
    unknown = (REVOCATION._replace(acknowledged=float("inf")),)
    history = History(unknown, (revoked, _late(T + 20, "a")), (cut,), settling=1.0)
    assert faults_of(history, _verify) == []
    (fault,) = faults_of(history._replace(faults=()), _verify)
    assert "after revoked for good" in fault
    other = cut._replace(nodes=frozenset({"b"}))
    assert len(faults_of(history._replace(faults=(other,)), _verify)) == 1


def test_an_error_may_be_about_what_changed_only() -> None:
    """A node that cannot ask has all other answers."""
    cut = Fault(T + 9, T + 40, frozenset({TRY_LATER}), frozenset({"a"}), within=5.0)
    soon = _error(TRY_LATER, T + 13)._replace(node="a")

    def found(error: Received, fault: Fault = cut) -> int:
        history = History(_commit(T + 11), (error,), (fault,))
        return len(faults_of(history, _verify))

    assert found(soon) == 0
    assert found(soon._replace(node="b")) == 1
    assert found(soon._replace(sent=T + 17, received=T + 17)) == 1
    assert found(soon._replace(sent=T + 9.5, received=T + 9.6)) == 1
    assert found(soon, cut._replace(begin=T + 12)) == 1
    assert found(soon, cut._replace(within=0.0)) == 1


def test_only_a_node_that_is_down_may_lose_a_request() -> None:
    """And no other one at that time."""
    lost = Lost("a", T + 1, T + 2, "refused")
    down = Fault(T, T + 3, frozenset(), frozenset({"a"}), is_down=True)
    history = History((), (), (down,), lost=(lost,))
    assert faults_of(history, _verify) == []
    for worse in (
        history._replace(faults=(down._replace(is_down=False),)),
        history._replace(lost=(lost._replace(node="b"),)),
        history._replace(lost=(lost._replace(sent=T + 4, received=T + 5),)),
    ):
        (fault,) = faults_of(worse, _verify)
        assert "was up, and lost a request" in fault
