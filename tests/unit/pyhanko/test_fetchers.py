"""The fetchers: pyHanko gets verified answers, and errors of its own classes."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest
from asn1crypto import cms, crl  # type: ignore[import-untyped]
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.authority import AuthorityWithCert, NamedKeyAuthority
from pyhanko_certvalidator.errors import (
    CRLFetchError,
    InsufficientRevinfoError,
    OCSPFetchError,
    OCSPValidationError,
    PathBuildingError,
    RevokedError,
)
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)

import ocsp
from ocsp import OCSPCertStatus, limits
from ocsp.client import CRLFallback, Environment, Options
from ocsp.pyhanko import (
    ClientFetcherBackend,
    CRLNotFetched,
    ResponseNotFetched,
    RevokedNotProven,
)
from ocsp.testing import Fault, Identity, LoopbackResponder
from tests.unit.pyhanko.conftest import LOOPBACK, Scene, to_asn1

REVOKED = OCSPCertStatus.REVOKED


def _fetch(scene: Scene, leaf: Identity) -> Any:
    """Return what the OCSP fetcher returns for *leaf*."""
    fetcher = scene.backend.get_fetchers().ocsp_fetcher
    authority = AuthorityWithCert(to_asn1(leaf.issuer))
    return scene.run(fetcher.fetch(to_asn1(leaf.certificate), authority))


# --- validation by pyHanko --------------------------------------------------------------


def test_a_good_path_is_accepted_with_our_responses(scene: Scene) -> None:
    """One response for the leaf and one for the intermediate; asked for once."""
    leaf = scene.pki.issue()
    context = scene.validate(leaf)
    assert len(context.ocsps) == 2
    assert len(scene.responder.requests) == 2
    for der, cert, issuer in (
        (context.ocsps[0].dump(), scene.pki.issuer, scene.pki.root),
        (context.ocsps[1].dump(), leaf.certificate, leaf.issuer),
    ):
        assert ocsp.verify(der, cert, issuer).status is OCSPCertStatus.GOOD


def test_other_contexts_use_the_cache_of_the_client(scene: Scene) -> None:
    """The second validation asks nobody, and has the same responses."""
    leaf = scene.pki.issue()
    first = [each.dump() for each in scene.validate(leaf).ocsps]
    asked = len(scene.responder.requests)
    assert [each.dump() for each in scene.validate(leaf).ocsps] == first
    assert len(scene.responder.requests) == asked


def test_a_revoked_certificate_is_refused(scene: Scene) -> None:
    """PyHanko reads it in the response."""
    with pytest.raises(RevokedError):
        scene.validate(scene.pki.issue(status=REVOKED))


def test_a_revoked_intermediate_is_refused(scene: Scene) -> None:
    """Although the leaf is good."""
    scene.pki.set_status(scene.pki.ca.identity, REVOKED)
    with pytest.raises(RevokedError):
        scene.validate(scene.pki.issue())


@pytest.mark.parametrize(
    "fault",
    [
        Fault.BAD_SIGNATURE,
        Fault.WRONG_SERIAL,
        Fault.EXPIRED,
        Fault.FOREIGN_DELEGATE,
        Fault.TRY_LATER,
        Fault.CONNECTION_RESET,
    ],
)
def test_no_verified_answer_no_acceptance(scene: Scene, fault: Fault) -> None:
    """Tampered, about another certificate, old, by another signer, or none."""
    leaf = scene.pki.issue()
    scene.responder.fail(fault)
    context = scene.context()
    with pytest.raises(InsufficientRevinfoError):
        scene.validate(leaf, context)
    assert list(context.ocsps) == []


def test_an_unreachable_responder_with_soft_fail(scene: Scene) -> None:
    """PyHanko accepts, because the error is one that it tolerates then."""
    leaf = scene.pki.issue()
    scene.responder.fail(Fault.CONNECTION_RESET)
    context = scene.validate(leaf, scene.context(revocation_mode="soft-fail"))
    errors = context.soft_fail_exceptions
    assert {type(each) for each in errors} == {ResponseNotFetched}


def test_a_crl_is_used_if_no_responder_answers(scene: Scene) -> None:
    """The CRL is verified, and is what pyHanko would embed."""
    leaf = scene.pki.issue(crl_urls=[scene.pki.crl_url])
    revoked = scene.pki.issue(status=REVOKED, crl_urls=[scene.pki.crl_url])
    for each in (leaf, revoked):
        scene.responder.fail(Fault.TRY_LATER, serial_number=each.serial_number)
    context = scene.validate(leaf)
    assert [each.native for each in _crl_numbers(context.crls)] == [1]
    with pytest.raises(RevokedError):
        scene.validate(revoked)


def _crl_numbers(crls: list[Any]) -> list[Any]:
    return [each.crl_number_value for each in crls]


def test_both_can_be_required(scene: Scene) -> None:
    """Although the CRL is older than the response."""
    both = RevocationCheckingRule.CRL_AND_OCSP_REQUIRED
    one = RevocationCheckingRule.OCSP_REQUIRED
    policy = CertRevTrustPolicy(RevocationCheckingPolicy(both, one))
    leaf = scene.pki.issue(crl_urls=[scene.pki.crl_url])
    context = scene.validate(leaf, scene.context(revinfo_policy=policy))
    assert (len(context.ocsps), len(context.crls)) == (2, 1)


def test_a_certificate_with_a_crl_only(scene: Scene) -> None:
    """The CRL fetcher knows the issuer from the backend, or fetches it."""
    names = {"ocsp_urls": [], "crl_urls": [scene.pki.crl_url]}
    leaf = scene.pki.issue(**names)
    assert len(scene.validate(leaf).crls) == 1
    scene.backend = ClientFetcherBackend(scene.client)
    with pytest.raises(InsufficientRevinfoError):
        scene.validate(leaf)
    named = scene.pki.issue(ca_issuers_urls=[scene.pki.ca_issuers_url], **names)
    assert len(scene.validate(named).crls) == 1


def test_the_issuer_is_fetched(scene: Scene) -> None:
    """PyHanko builds the path with it; only the issuer itself is given to it."""
    leaf = scene.pki.issue(ca_issuers_urls=[scene.pki.ca_issuers_url])
    context = scene.context(other_certs=[])
    scene.validate(leaf, context)
    other = scene.responder.publish(
        "/other.cer",
        scene.pki.unrelated_pki().root.public_bytes(Encoding.DER),
        "application/pkix-cert",
    )
    with pytest.raises(PathBuildingError):
        scene.validate(
            scene.pki.issue(ca_issuers_urls=[other]), scene.context(other_certs=[])
        )


# --- the OCSP fetcher -------------------------------------------------------------------


def test_unknown_is_an_answer(scene: Scene) -> None:
    """The responder says so, and signs it; pyHanko does not accept it."""
    leaf = scene.pki.issue(status=OCSPCertStatus.UNKNOWN)
    status = _fetch(scene, leaf).response_data["responses"][0]["cert_status"]
    assert status.name == "unknown"
    with pytest.raises(InsufficientRevinfoError):
        scene.validate(leaf)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"no_rev_avail": True}, "has no status"),
        ({"ocsp_urls": []}, "names no responder"),
        ({"ocsp_urls": ["http://user@a.example/"]}, "user"),
    ],
)
def test_a_certificate_that_no_responder_knows(
    scene: Scene, settings: dict[str, Any], reason: str
) -> None:
    """The error says why, and is also one of this package."""
    with pytest.raises(OCSPFetchError, match=reason) as caught:
        _fetch(scene, scene.pki.issue(**settings))
    assert isinstance(caught.value, ocsp.OCSPError)
    assert isinstance(caught.value.args[0], str)


def test_a_crl_is_no_response(scene: Scene) -> None:
    """Although the client found the status in it."""
    scene.backend = ClientFetcherBackend(
        ocsp.AsyncClient(
            Options(
                address_policy=LOOPBACK.address_policy,
                crl_fallback=CRLFallback.WHEN_INDETERMINATE,
            )
        )
    )
    leaf = scene.pki.issue(ocsp_urls=[], crl_urls=[scene.pki.crl_url])
    with pytest.raises(OCSPFetchError, match="a CRL does"):
        _fetch(scene, leaf)


def test_a_revocation_that_has_ended_is_refused_with_soft_fail(
    responder: LoopbackResponder,
) -> None:
    """Nobody can hide it by blocking the responder."""
    now = datetime.datetime.now(datetime.UTC)
    clock = [now]
    client = ocsp.AsyncClient(LOOPBACK, environment=Environment(now=lambda: clock[0]))
    scene = Scene(responder, client, ClientFetcherBackend(client))
    leaf = scene.pki.issue(status=REVOKED)
    assert _fetch(scene, leaf)
    clock[0] += datetime.timedelta(days=60)
    responder.fail(Fault.CONNECTION_RESET)
    with pytest.raises(OCSPValidationError) as caught:
        _fetch(scene, leaf)
    assert isinstance(caught.value, RevokedNotProven)
    assert not isinstance(caught.value, OCSPFetchError)
    with pytest.raises(Exception, match="revoked"):
        scene.validate(leaf, scene.context(revocation_mode="soft-fail", other_certs=[]))


@pytest.fixture(name="responder")
def _responder() -> Any:
    with LoopbackResponder() as running:
        yield running


def test_an_issuer_that_is_a_name_and_a_key(scene: Scene) -> None:
    """A trust anchor without a certificate: the backend knows the certificate."""
    leaf = scene.pki.issue()
    issuer = to_asn1(leaf.issuer)
    authority = NamedKeyAuthority(issuer.subject, issuer.public_key)
    fetcher = scene.backend.get_fetchers().ocsp_fetcher
    assert scene.run(fetcher.fetch(to_asn1(leaf.certificate), authority))
    nobody = ClientFetcherBackend(scene.client).get_fetchers().ocsp_fetcher
    with pytest.raises(OCSPFetchError, match="neither given nor found"):
        scene.run(nobody.fetch(to_asn1(leaf.certificate), authority))


def test_what_asn1crypto_cannot_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises becomes the error that pyHanko knows."""

    def load(*_: object) -> None:
        raise KeyError("an algorithm")

    leaf = scene.pki.issue(crl_urls=[scene.pki.crl_url])
    monkeypatch.setattr(asn1_ocsp.OCSPResponse, "load", load)
    monkeypatch.setattr(crl.CertificateList, "load", load)
    with pytest.raises(ResponseNotFetched, match="algorithm"):
        _fetch(scene, leaf)
    fetcher = scene.backend.get_fetchers().crl_fetcher
    with pytest.raises(CRLNotFetched, match="algorithm"):
        scene.run(fetcher.fetch(to_asn1(leaf.certificate)))


def test_a_missing_extra_is_not_tolerated(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With soft fail, pyHanko would accept every certificate."""

    def missing(_: ocsp.AsyncClient) -> None:
        raise ocsp.MissingExtraError("sending HTTP requests", "client")

    monkeypatch.setattr(ocsp.AsyncClient, "transport", missing)
    named = {
        "crl_urls": [scene.pki.crl_url],
        "ca_issuers_urls": [scene.pki.ca_issuers_url],
    }
    leaf = scene.pki.issue(**named)
    soft = scene.context(revocation_mode="soft-fail")
    with pytest.raises(ocsp.MissingExtraError):
        scene.validate(leaf, soft)
    fetchers = scene.backend.get_fetchers()
    with pytest.raises(ocsp.MissingExtraError):
        scene.run(fetchers.crl_fetcher.fetch(to_asn1(leaf.certificate)))
    with pytest.raises(ocsp.MissingExtraError):
        _all(scene, fetchers.cert_fetcher.fetch_cert_issuers(to_asn1(leaf.certificate)))


def test_attribute_certificates_are_refused(scene: Scene) -> None:
    """With the errors of the interface."""
    fetchers = scene.backend.get_fetchers()
    cert = cms.AttributeCertificateV2()
    authority = AuthorityWithCert(to_asn1(scene.pki.root))
    with pytest.raises(ResponseNotFetched, match="attribute certificate"):
        scene.run(fetchers.ocsp_fetcher.fetch(cert, authority))
    with pytest.raises(CRLNotFetched, match="attribute certificate"):
        scene.run(fetchers.crl_fetcher.fetch(cert))
    assert _all(scene, fetchers.cert_fetcher.fetch_cert_issuers(cert)) == []


def test_what_was_fetched(scene: Scene) -> None:
    """By certificate, and all of it."""
    fetcher = scene.backend.get_fetchers().ocsp_fetcher
    leaf, other = (scene.pki.issue() for _ in range(2))
    authority = AuthorityWithCert(to_asn1(leaf.issuer))
    found = scene.run(fetcher.fetch(to_asn1(leaf.certificate), authority))
    assert list(fetcher.fetched_responses()) == [found]
    about = fetcher.fetched_responses_for_cert
    assert list(about(to_asn1(leaf.certificate))) == [found]
    assert list(about(to_asn1(other.certificate))) == []


def test_the_number_of_questions_is_a_limit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For all three fetchers together, and for each validation apart."""
    monkeypatch.setattr(limits, "MAX_FETCHES", 2)
    fetchers = scene.backend.get_fetchers()
    leaf = to_asn1(scene.pki.issue().certificate)
    authority = AuthorityWithCert(to_asn1(scene.pki.issuer))
    for _ in range(2):
        scene.run(fetchers.ocsp_fetcher.fetch(leaf, authority))
    with pytest.raises(OCSPFetchError, match="MAX_FETCHES"):
        scene.run(fetchers.ocsp_fetcher.fetch(leaf, authority))
    with pytest.raises(CRLFetchError, match="MAX_FETCHES"):
        scene.run(fetchers.crl_fetcher.fetch(leaf))
    assert _all(scene, fetchers.cert_fetcher.fetch_cert_issuers(leaf)) == []
    assert scene.run(scene.backend.get_fetchers().ocsp_fetcher.fetch(leaf, authority))


def test_what_has_ended_is_fetched_again(responder: LoopbackResponder) -> None:
    """A context that lives long sees a later revocation."""
    clock = [datetime.datetime.now(datetime.UTC)]
    client = ocsp.AsyncClient(LOOPBACK, environment=Environment(now=lambda: clock[0]))
    backend = ClientFetcherBackend(
        client, issuers=[responder.pki.root], clock=lambda: clock[0]
    )
    scene = Scene(responder, client, backend)
    fetchers = backend.get_fetchers()
    leaf = scene.pki.issue(crl_urls=[scene.pki.crl_url])
    cert, authority = to_asn1(leaf.certificate), AuthorityWithCert(to_asn1(leaf.issuer))
    response = scene.run(fetchers.ocsp_fetcher.fetch(cert, authority))
    (crl,) = scene.run(fetchers.crl_fetcher.fetch(cert))
    assert list(fetchers.ocsp_fetcher.fetched_responses_for_cert(cert)) == [response]
    assert list(fetchers.crl_fetcher.fetched_crls_for_cert(cert)) == [crl]
    clock[0] += datetime.timedelta(days=60)
    assert list(fetchers.ocsp_fetcher.fetched_responses_for_cert(cert)) == []
    assert list(fetchers.ocsp_fetcher.fetched_responses()) == []
    assert list(fetchers.crl_fetcher.fetched_crls()) == []
    with pytest.raises(KeyError):
        fetchers.crl_fetcher.fetched_crls_for_cert(cert)


# --- the CRL fetcher --------------------------------------------------------------------


def test_crls_by_certificate(scene: Scene) -> None:
    """Two certificates share one CRL; ``KeyError`` before the first question."""
    fetcher = scene.backend.get_fetchers().crl_fetcher
    one, two = (
        to_asn1(scene.pki.issue(crl_urls=[scene.pki.crl_url]).certificate)
        for _ in range(2)
    )
    with pytest.raises(KeyError):
        fetcher.fetched_crls_for_cert(one)
    for each in (one, two):
        (crl,) = scene.run(fetcher.fetch(each))
        assert list(fetcher.fetched_crls_for_cert(each)) == [crl]
    assert [each.dump() for each in fetcher.fetched_crls()] == [crl.dump()]


def test_a_certificate_without_crls(scene: Scene) -> None:
    """There are none, which is no error."""
    fetcher = scene.backend.get_fetchers().crl_fetcher
    cert = to_asn1(scene.pki.issue().certificate)
    assert list(scene.run(fetcher.fetch(cert))) == []
    assert list(fetcher.fetched_crls_for_cert(cert)) == []


def test_a_crl_of_another_key_is_refused(scene: Scene) -> None:
    """And is not given to pyHanko."""
    forged = scene.pki.unrelated_pki().crl().public_bytes(Encoding.DER)
    url = scene.responder.publish("/forged.crl", forged, "application/pkix-crl")
    fetcher = scene.backend.get_fetchers().crl_fetcher
    with pytest.raises(CRLFetchError) as caught:
        scene.run(fetcher.fetch(to_asn1(scene.pki.issue(crl_urls=[url]).certificate)))
    assert isinstance(caught.value, ocsp.OCSPError)
    assert list(fetcher.fetched_crls()) == []


def test_the_signer_of_a_crl(scene: Scene) -> None:
    """It is known for the CRLs that this validation has fetched."""
    fetchers = scene.backend.get_fetchers()
    leaf = to_asn1(scene.pki.issue(crl_urls=[scene.pki.crl_url]).certificate)
    (crl,) = scene.run(fetchers.crl_fetcher.fetch(leaf, use_deltas=False))
    signers = _all(scene, fetchers.cert_fetcher.fetch_crl_issuers(crl))
    assert [each.dump() for each in signers] == [
        scene.pki.issuer.public_bytes(Encoding.DER)
    ]
    other = scene.backend.get_fetchers().cert_fetcher
    assert _all(scene, other.fetch_crl_issuers(crl)) == []


# --- the backend ------------------------------------------------------------------------


def test_a_client_of_ones_own_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A given one is not."""
    closed = []

    async def aclose(client: ocsp.AsyncClient) -> None:
        closed.append(client)

    monkeypatch.setattr(ocsp.AsyncClient, "aclose", aclose)
    given = ocsp.AsyncClient()

    async def use(backend: ClientFetcherBackend) -> None:
        async with backend as fetchers:
            assert list(fetchers.cert_fetcher.fetched_certs()) == []

    asyncio.run(use(ClientFetcherBackend(given)))
    assert closed == []
    asyncio.run(use(ClientFetcherBackend()))
    assert len(closed) == 1
    assert closed != [given]


def _all(scene: Scene, generator: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [each async for each in generator]

    found = scene.run(collect())
    assert isinstance(found, list)
    return found


def test_fetched_issuers(scene: Scene) -> None:
    """They are remembered, and serve to verify CRLs."""
    backend = ClientFetcherBackend(scene.client)
    fetchers = backend.get_fetchers()
    leaf = scene.pki.issue(
        ocsp_urls=[],
        crl_urls=[scene.pki.crl_url],
        ca_issuers_urls=[scene.pki.ca_issuers_url],
    )
    cert = to_asn1(leaf.certificate)
    (issuer,) = _all(scene, fetchers.cert_fetcher.fetch_cert_issuers(cert))
    assert list(fetchers.cert_fetcher.fetched_certs()) == [issuer]
    assert x509.load_der_x509_certificate(issuer.dump()) == leaf.issuer
    assert len(scene.run(fetchers.crl_fetcher.fetch(cert))) == 1
