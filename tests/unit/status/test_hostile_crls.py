"""A CRL that is costly to read costs a source little, and nothing at a look-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocsp.errors import SourceUnavailable
from ocsp.guarded.certificates import load_certificate
from ocsp.responder import IssuerKey, StatusQuery
from ocsp.status import CRLSource, NotInCRL
from tests.cases.builder import SERIAL
from tests.cases.model import NOW
from tests.hostile import BUILD
from tests.hostile_crls import KINDS, ordinary


@pytest.mark.parametrize("kind", [ordinary, *KINDS.values()])
def test_a_hostile_crl_is_refused_or_answers(tmp_path: Path, kind: object) -> None:
    """With an error of this package at most, for listed and unlisted numbers."""
    path = tmp_path / "ca.crl"
    path.write_bytes(kind())  # type: ignore[operator]
    issuer = load_certificate(BUILD.ca.der)
    source = CRLSource(issuer, [path], not_in_crl=NotInCRL.UNSAFE_GOOD, now=lambda: NOW)
    for serial in (SERIAL, 0x100000, 1, -1, 0):
        query = StatusQuery(IssuerKey.of(issuer), serial)
        try:
            (record,) = source.look_up_now([query])
        except SourceUnavailable:
            continue
        assert record is not None
