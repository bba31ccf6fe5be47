"""
Odd certificates, wherever they can come from: only documented errors, no lost item.

Each certificate is a decoy in a response, its signer, the certificate in question, the
issuer, a fetched issuer and a member of a chain.
"""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.client import (
    CheckStatus,
    Client,
    CRLFallback,
    Environment,
    HTTPReply,
    HTTPRequest,
    MissingIssuer,
    Options,
)
from ocsp.errors import DecodeError, VerificationError
from ocsp.guarded.certificates import load_certificate
from ocsp.linting import lint_response
from tests.cases.builder import CRL_PLACE, Builder, access
from tests.cases.model import NOW
from tests.odd_certificates import ODD

BUILD = Builder()
ISSUER = x509.load_der_x509_certificate(BUILD.ca.der)
LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)

pytestmark = pytest.mark.filterwarnings(
    # These certificates have what a later release will reject.
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)


def _loaded(der: bytes) -> x509.Certificate | None:
    try:
        return load_certificate(der)
    except DecodeError:
        return None


def _show(value: object) -> None:
    """Use what every object has."""
    assert value == value  # noqa: PLR0124 - the comparison must not raise
    hash(value)
    repr(value)
    str(value)


def _judge(response: bytes, cert: x509.Certificate, issuer: x509.Certificate) -> str:
    """Give *response* to every function that takes one; return the verdict."""
    verdicts = []
    for verify in (ocsp.verify, ocsp.verify_staple):
        try:
            evidence = verify(response, cert, issuer, at=NOW)
        except VerificationError as error:
            _show(error)
            verdicts.append("rejected")
        else:
            assert evidence is not None
            _show(evidence)
            verdicts.append(evidence.status.name)
    try:
        verified = ocsp.verify_chain([cert, issuer], [response], at=NOW)
    except VerificationError as error:
        _show(error)
    else:
        _show(verified)
    report = lint_response(response, cert=cert, issuer=issuer, at=NOW)
    _show(report)
    for finding in report.findings:
        _show(finding)
    try:
        loaded = ocsp.load_der_ocsp_response(response)
    except DecodeError as error:
        _show(error)
    else:
        _show(loaded)
        for entry in loaded.responses:
            _show(entry)
        _ = loaded.certificates
    assert verdicts[0] == verdicts[1]
    return verdicts[0]


@pytest.mark.parametrize("label", ODD)
def test_a_decoy_changes_no_verdict(label: str) -> None:
    """Anyone can add a certificate to a response: the signature does not cover it."""
    decoy, delegate = ODD[label].der, BUILD.responder
    for by, certs in ((BUILD.ca, (decoy,)), (delegate, (decoy, delegate.der))):
        assert _judge(BUILD.response(by=by, certs=certs), LEAF, ISSUER) == "GOOD"


@pytest.mark.parametrize("label", ODD)
def test_an_odd_signer_is_accepted_or_rejected(label: str) -> None:
    """No other error, whatever names the signer."""
    odd = ODD[label]
    for responder_id in (None, BUILD.by_name(BUILD.responder.subject)):
        try:
            response = BUILD.response(by=odd, responder_id=responder_id)
        except (IndexError, ValueError):  # the builder does not find the key
            response = BUILD.response(
                by=BUILD.responder, certs=(odd.der,), responder_id=responder_id
            )
        assert _judge(response, LEAF, ISSUER) in {"GOOD", "rejected"}


@pytest.mark.parametrize("label", ODD)
def test_odd_certificates_of_the_caller_are_judged(label: str) -> None:
    """In the place of the leaf, of the issuer and of a candidate."""
    odd = _loaded(ODD[label].der)
    if odd is None:
        return  # no caller can have it as an object
    assert _judge(BUILD.response(), LEAF, odd) in {"GOOD", "rejected"}
    _judge(BUILD.response(), odd, ISSUER)
    _judge(BUILD.response(), odd, odd)
    crl = b"\x30\x00"
    for cert, issuer in ((LEAF, odd), (odd, ISSUER), (odd, odd)):
        with pytest.raises(VerificationError):
            ocsp.verify_crl(crl, cert, issuer, crl_issuers=[odd], candidates=[odd])


class Replies:
    """A transport with one answer for responders and one for all other places."""

    def __init__(self, response: bytes, other: bytes) -> None:
        self._response = response
        self._other = other

    def send(self, request: HTTPRequest) -> HTTPReply:
        """Return the response, or the other octets."""
        kind = "application/ocsp-response"
        is_ocsp = dict(request.headers)["Accept"] == kind
        return HTTPReply(
            status=200,
            headers=(("content-type", kind),),
            body=self._response if is_ocsp else self._other,
        )

    def close(self) -> None:
        """Do nothing."""


PLACES = (
    access(
        AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS
    ),
    CRL_PLACE,
)
GOOD = x509.load_der_x509_certificate(
    BUILD.certificate("leaf.example", extensions=PLACES).der
)
OPTIONS = Options(
    missing_issuer=MissingIssuer.FETCH,
    crl_fallback=CRLFallback.WHEN_INDETERMINATE,
    retries=0,
)


@pytest.mark.parametrize("label", ODD)
def test_an_odd_certificate_costs_no_other_check(label: str) -> None:
    """Checked, as an issuer, and fetched as one: each other certificate is good."""
    odd = ODD[label].der
    loaded = _loaded(odd)
    items: list[tuple[x509.Certificate, x509.Certificate | None]] = [(GOOD, None)]
    if loaded is not None:
        items += [(loaded, ISSUER), (GOOD, loaded), (loaded, None)]
    items.append((GOOD, ISSUER))
    with Client(
        OPTIONS,
        transport=Replies(BUILD.response(by=BUILD.ca, certs=(odd,)), odd),
        environment=Environment(now=lambda: NOW),
    ) as client:
        outcomes = client.check_many(items)
        for outcome in outcomes:
            _show(outcome)
            _show(outcome.failure)
            for attempt in outcome.attempts:
                _show(attempt)
        if loaded is not None:
            _show(client.check_chain([GOOD, loaded, ISSUER]))
    assert len(outcomes) == len(items)
    assert outcomes[-1].status is CheckStatus.GOOD


@given(
    st.sampled_from(sorted(ODD)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
    st.booleans(),
)
def test_changed_octets_of_a_certificate_raise_no_other_error(
    label: str, changes: list[tuple[int, int]], signer: bool
) -> None:
    """In a response as a decoy or as its signer."""
    der = bytearray(ODD[label].der)
    for position, octet in changes:
        der[position % len(der)] = octet
    by = BUILD.responder
    response = BUILD.response(by=by, certs=(bytes(der),) if signer else (der, by.der))
    try:
        found = ocsp.verify(response, LEAF, ISSUER, at=NOW)
    except VerificationError as error:
        _show(error)
    else:
        _show(found)
    _show(lint_response(response, cert=LEAF, issuer=ISSUER, at=NOW))
