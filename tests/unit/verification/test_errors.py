"""Errors of verification: the class tree, the messages, pickling and copying."""

from __future__ import annotations

import copy
import inspect
import json
import pickle

import pytest
from cryptography.exceptions import InvalidSignature

import ocsp
from ocsp import OCSPResponseStatus
from ocsp.errors import verification as e
from ocsp.verification.case import Findings
from ocsp.verification.judging import judge
from ocsp.verification.table import RULES
from tests.cases.document import DOCUMENT
from tests.cases.run import run

CLASSES = [
    value
    for name in e.__all__
    if isinstance(value := getattr(e, name), type)
    and issubclass(value, e.VerificationError)
]
FINDING = e.Finding("V19", e.ResponseExpired, "RFC 6960 §4.2.2.1", "it is too old")
OTHER = e.Finding(
    "V22", e.NonceMissing, "RFC 6960 §4.4.1", "no nonce", (("sent", b"x"),)
)


def _raised() -> list[e.VerificationError]:
    """Return one error of each kind that the cases raise."""
    found = {}
    for case in json.loads(DOCUMENT.read_text())["cases"]:
        error = run(case).error
        if error is not None:
            found.setdefault((type(error), len(error.failures)), error)
    return list(found.values())


def test_str_has_a_sentence_for_each_failure() -> None:
    """With rule and clause, in one line."""
    assert str(FINDING) == "it is too old [V19, RFC 6960 §4.2.2.1]"
    assert str(e.ResponseExpired([FINDING, OTHER])) == (
        "it is too old [V19, RFC 6960 §4.2.2.1]; no nonce [V22, RFC 6960 §4.4.1]"
    )


def test_failures_are_a_tuple() -> None:
    """Also if an iterator was given."""
    error = e.ResponseExpired(iter([FINDING, OTHER]))
    assert error.failures == (FINDING, OTHER)
    assert error.args == (error.failures,)


def test_long_numbers_in_the_values_are_text() -> None:
    """Python refuses to show numbers with thousands of digits."""
    short, long = (1 << 160) - 1, 1 << 160
    findings = Findings()
    findings.fail("V7", e.CertIDMismatch, "", one=short, found=(long, short))
    (failure,) = findings.failures
    assert failure.values == (("one", short), ("found", (f"{long:#x}", short)))


def test_every_error_survives_pickle_and_copy() -> None:
    """Every error that the cases raise, with failures, values and attributes."""
    raised = _raised()
    assert len({type(error) for error in raised}) > 20
    for error in raised:
        for twin in (
            pickle.loads(pickle.dumps(error)),
            copy.copy(error),
            copy.deepcopy(error),
        ):
            assert type(twin) is type(error)
            assert twin.failures == error.failures
            assert str(twin) == str(error)
            assert twin.__dict__ == error.__dict__


def test_error_has_the_class_of_its_first_failure() -> None:
    """The first failure is the most specific one."""
    for error in _raised():
        assert type(error) is error.failures[0].error


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_is_documented(kind: type[e.VerificationError]) -> None:
    """It has a docstring and is in the tree of the module's docstring."""
    assert inspect.getdoc(kind)
    assert f" {kind.__name__}" in str(e.__doc__)
    assert issubclass(kind, ocsp.OCSPError)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (e.UnsuccessfulResponse, ocsp.ResponseStatusError),
        (e.MalformedResponse, ValueError),
        (e.ResponseSignatureInvalid, ocsp.errors.SignatureInvalid),
        (e.ResponseSignatureInvalid, InvalidSignature),
        (e.MissingOCSPSigningEKU, e.ResponderNotAuthorized),
        (e.ResponderRevoked, e.ResponderRevocationUnknown),
        (e.RevokedButStale, e.ResponseExpired),
        (e.NonceMissing, e.NonceMismatch),
        (e.CertificateNotIssued, e.CertificateRevoked),
    ],
)
def test_base_classes(kind: type, base: type) -> None:
    """A program that catches the base class catches the derived class."""
    assert issubclass(kind, base)


def test_certificate_not_good_is_not_a_verification_error() -> None:
    """A verified *revoked* is a successful verification."""
    assert not issubclass(e.CertificateNotGood, e.VerificationError)


def test_values_are_attributes() -> None:
    """A program reads the attribute instead of the message."""
    by_type = {type(error): error for error in _raised()}
    unsuccessful = by_type[e.UnsuccessfulResponse]
    assert isinstance(unsuccessful, e.UnsuccessfulResponse)
    assert isinstance(unsuccessful.status, OCSPResponseStatus)
    stale = by_type[e.RevokedButStale]
    assert isinstance(stale, e.RevokedButStale)
    values = dict(stale.failures[0].values)
    assert values["revocation_time"] == stale.revocation_time
    assert values["this_update"] == stale.this_update


SPECIFIC_FIRST = ("V20", "V17", "V14", "V16", "V15", "V13", "V6", "V11", "V10", "V12")
"""Failures of the signer come before the failures that follow from them."""


@pytest.mark.parametrize("turned", range(len(RULES)))
def test_the_most_specific_failure_comes_first(turned: int) -> None:
    """The others keep the order in which the rules found them."""
    found = [
        e.Finding(rule.id, error, "RFC 6960", "", (("revocation_time", None),))
        for rule in (*RULES[turned:], *RULES[:turned])
        for error in rule.errors[:1]
    ]
    error = judge.error_of(found)
    rules = tuple(failure.rule for failure in error.failures)
    assert rules[: len(SPECIFIC_FIRST)] == SPECIFIC_FIRST
    assert type(error) is e.RevokedButStale
    others = [each.rule for each in found if each.rule not in SPECIFIC_FIRST]
    assert list(rules[len(SPECIFIC_FIRST) :]) == others
