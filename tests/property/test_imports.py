"""Imports, in any order and with any content: what they promise."""

from __future__ import annotations

import datetime
import json
import tempfile
from pathlib import Path

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from ocsp.messages.reasons import reason_name
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.status.importing import ImportMode, ImportReport, ReadOptions, import_file
from ocsp.store import SQLiteStore
from tests.pki import NOW, ca

HOLD = x509.ReasonFlags.certificate_hold
Row = tuple[int, datetime.datetime | None, x509.ReasonFlags | None]

TIMES = st.sampled_from([NOW - datetime.timedelta(days=day) for day in (1, 2, 3)])
ROWS = st.tuples(
    st.integers(1, 4),
    st.none() | TIMES,
    st.sampled_from([None, HOLD, x509.ReasonFlags.key_compromise]),
)
IMPORTS = st.lists(st.tuples(st.lists(ROWS, max_size=6), st.booleans()), max_size=5)


def _write(path: Path, rows: list[Row]) -> None:
    lines = [
        {
            "serial_number": f"{serial:#x}",
            "status": "revoked" if since else "good",
            "revocation_time": since and since.isoformat(),
            "revocation_reason": reason_name(reason) if since and reason else None,
        }
        for serial, since, reason in rows
    ]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines))


def _stored(store: SQLiteStore) -> dict[int, StatusRecord]:
    return {each.serial_number: each.record for each in store.entries()}


def _counts(report: ImportReport) -> tuple[int, ...]:
    return report.added, report.revoked, report.released, report.unchanged


@given(IMPORTS)
@settings(max_examples=60, deadline=None)
def test_no_import_loses_a_revocation(imports: list[tuple[list[Row], bool]]) -> None:
    """
    The only way back to good is the release of a hold, and only if it is allowed.

    A dry run foresees the numbers where no serial number comes twice, and to repeat an
    import changes nothing.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "file"
        options = ReadOptions("file", ca())
        with SQLiteStore(Path(directory) / "status.db", create=True) as store:
            for rows, release in imports:
                _write(path, rows)
                before = _stored(store)
                mode = ImportMode(release_holds=release)
                dry = ImportMode(release_holds=release, dry_run=True)
                foreseen = import_file(store, str(path), options, mode=dry)
                assert _stored(store) == before
                report = import_file(store, str(path), options, mode=mode)
                after = _stored(store)
                _check(before, after, {serial for serial, _, _ in rows}, release)
                if len({serial for serial, _, _ in rows}) == len(rows):
                    assert _counts(foreseen) == _counts(report)
                    import_file(store, str(path), options, mode=mode)
                    assert _stored(store) == after


def _check(
    before: dict[int, StatusRecord],
    after: dict[int, StatusRecord],
    named: set[int],
    release: bool,
) -> None:
    assert set(after) == set(before) | named
    for serial, was in before.items():
        now = after[serial]
        if was.status is OCSPCertStatus.GOOD:
            continue
        if was.revocation_reason is not HOLD:
            assert now == was
        elif now.status is OCSPCertStatus.GOOD:
            assert release
        assert serial in named or now == was
