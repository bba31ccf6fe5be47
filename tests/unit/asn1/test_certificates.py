"""Which certificates are read again, and which are kept."""

from __future__ import annotations

import pytest

from ocsp.asn1 import certificates
from ocsp.asn1.certificates import parts_of, parts_of_subject
from tests.pki import ca, leaf


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    certificates._parts.clear()
    certificates._latest[0] = None


def test_of_certificates_in_question_the_latest_is_kept() -> None:
    """A program asks about many; each is read once in a row."""
    first = parts_of_subject(leaf(5))
    assert parts_of_subject(leaf(5)) is first
    assert parts_of_subject(leaf(6)).serial == b"\x06"
    again = parts_of_subject(leaf(5))
    assert again is not first
    assert (again.certificate, again.tbs) == (first.certificate, first.tbs)
    assert not certificates._parts


def test_issuers_are_kept() -> None:
    """Also for a question about one: a CA is a subject too."""
    kept = parts_of(ca())
    for serial in range(5, 25):
        assert parts_of_subject(leaf(serial)).certificate is leaf(serial)
        assert parts_of(ca()) is kept
    assert parts_of_subject(ca()) is kept
    assert list(certificates._parts.values()) == [kept]


def test_only_certificates_have_parts() -> None:
    """Whichever function is asked."""
    other: object = b"a certificate"
    for ask in (parts_of, parts_of_subject):
        with pytest.raises(TypeError):
            ask(other)  # type: ignore[arg-type]
