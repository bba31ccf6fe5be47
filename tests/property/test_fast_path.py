"""The fast path decides as the rules do, for any question."""

from __future__ import annotations

import dataclasses
import datetime
from functools import cache
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import limits
from ocsp.asn1.algorithms import encode_algorithm
from ocsp.errors import VerificationError
from ocsp.messages.certid import CertID
from ocsp.verification import (
    CertIDHashes,
    DelegateRevocation,
    IssuerKeyUsage,
    MissingNextUpdate,
    Policy,
    ProducedAt,
    SignatureHashes,
)
from ocsp.verification.judging import judge
from tests.cases.builder import (
    CA,
    CA_USAGE,
    CRL_PLACE,
    DAY,
    MINUTE,
    NOCHECK,
    NOT_CA,
    OCSP_SIGNING,
    SECOND,
    SIGNS,
    Builder,
    Identity,
    extension,
    usage,
)
from tests.cases.keys import pss_key_info
from tests.cases.model import NOW

BUILD = Builder()

ISSUERS = {
    "P-256": BUILD.ca,
    "another key": BUILD.authority(key="ca-2"),
    "another name": BUILD.authority("Other CA"),
    "no digitalSignature": BUILD.authority(extensions=(CA, usage("key_cert_sign"))),
    "the same extension twice": BUILD.authority(extensions=(CA, CA)),
    "ended": BUILD.authority(end=NOW - MINUTE),
    "P-224": BUILD.authority(key="p224"),
    "RSA": BUILD.authority(key="rsa-2048", scheme="rsa-sha256"),
    "RSA, small": BUILD.authority(key="rsa-1024", scheme="rsa-sha256"),
    "PSS": BUILD.authority(
        key="rsa-2048", scheme="rsa-sha256", key_info=pss_key_info("rsa-2048")
    ),
    "Ed25519": BUILD.authority(key="ed25519", scheme="ed25519"),
}
"""Issuers by name. The first one issues and signs, unless another one is drawn."""

USUALLY = (NOT_CA, SIGNS, OCSP_SIGNING, NOCHECK)

DELEGATES = [
    BUILD.responder,
    BUILD.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING)),
    BUILD.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING, CRL_PLACE)),
    BUILD.delegate(extensions=(NOT_CA, SIGNS, NOCHECK)),
    BUILD.delegate(extensions=(CA, SIGNS, OCSP_SIGNING, NOCHECK)),
    BUILD.delegate(extensions=(CA_USAGE, OCSP_SIGNING, NOCHECK)),
    BUILD.delegate(extensions=(usage("key_cert_sign"), OCSP_SIGNING, NOCHECK)),
    BUILD.delegate(extensions=(*USUALLY, extension("1.2.3", b"", critical=True))),
    BUILD.delegate(extensions=(*USUALLY, NOCHECK)),
    BUILD.delegate(
        extensions=(*USUALLY, extension("2.5.29.14", b"\x04\x02id", critical=True))
    ),
    BUILD.delegate(end=NOW - MINUTE),
    BUILD.delegate(begin=NOW + MINUTE),
    BUILD.delegate(end=NOW),
    BUILD.delegate(key="p224"),
    BUILD.delegate(key="rsa-1024", scheme="rsa-sha256"),
    BUILD.delegate(key="rsa-2048", scheme="rsa-sha256"),
    BUILD.delegate("Test CA"),
    BUILD.delegate(issuer=BUILD.authority("Other CA")),
    BUILD.delegate(signature_scheme="ecdsa-sha1"),
    BUILD.delegate(inner=encode_algorithm("1.2.840.10045.4.3.3")),
]
"""Delegates of the first issuer; the first one is usual."""

NOTHING = datetime.timedelta(0)
SPANS = [
    NOTHING,
    *(5 * MINUTE + off for off in (-SECOND, NOTHING, SECOND)),
    *(-5 * MINUTE + off for off in (-SECOND, NOTHING, SECOND)),
    *(sign * span for span in (SECOND, DAY) for sign in (1, -1)),
]
UNBOUNDED = datetime.timedelta.max

USUAL: dict[str, list[Any]] = {
    "issuer": list(ISSUERS.values()),
    "by": ["the issuer", BUILD.ca, *DELEGATES],
    "included": ["as needed", (), (BUILD.leaf.der, BUILD.responder.der)],
    "candidates": [(), (BUILD.responder,)],
    "responders": [(), (BUILD.responder,)],
    "delegate_revocation": list(DelegateRevocation),
    "names": [BUILD.by_key, lambda by: BUILD.by_name(by.subject)],
    "forged": [False, True],
    "scheme": [None, "ecdsa-sha1"],
    "leaf": ["of the issuer", BUILD.ca],
    "constraints": [(), (CA,)],
    "end": [DAY, *SPANS],
    "this_update": [-DAY, *SPANS],
    "signed_after": SPANS,
    "next_update": [DAY, None, *SPANS],
    "response_extensions": [(), (BUILD.nonce(b"n" * 16),)],
    "entry_extensions": [(), (extension("1.2.3", b"", critical=True),)],
    "status": [
        b"\x80\x00",
        BUILD.UNKNOWN,
        *(BUILD.revoked(NOW + span) for span in (-DAY, NOTHING, SECOND, DAY)),
        *(BUILD.revoked(reason=code) for code in (1, 7, 11)),
    ],
    "about": ["the certificate", BUILD.responder],
    "hashed": ["sha256", "sha1", "md5"],
    "by_number": [False, True],
    "sent": [None, b"n" * 16],
    "signatures": [limits.MAX_SIGNATURES_CHECKED, 1, 0],
    "clock_skew": [5 * MINUTE, NOTHING, DAY],
    "missing_next_update": list(MissingNextUpdate),
    "max_age": [UNBOUNDED, NOTHING, DAY - SECOND, DAY],
    "min_interval": [NOTHING, 2 * DAY, 2 * DAY + SECOND],
    "max_interval": [UNBOUNDED, 2 * DAY, 2 * DAY - SECOND],
    "ca_min_interval": [NOTHING, 2 * DAY, 2 * DAY + SECOND],
    "ca_max_interval": [UNBOUNDED, 2 * DAY, 2 * DAY - SECOND],
    "issuer_key_usage": list(IssuerKeyUsage),
    "signature_hashes": list(SignatureHashes),
    "cert_id_hashes": list(CertIDHashes),
    "min_ec_bits": [256, 224, 257],
    "produced_at": list(ProducedAt),
}
"""The choices for a response and its verification: the usual one first."""

POLICY = {field.name for field in dataclasses.fields(Policy)} & set(USUAL)
"""The choices that are fields of ``Policy``."""


@cache
def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


@st.composite
def questions(draw: st.DrawFn, given: frozenset[str]) -> dict[str, Any]:
    """Draw all arguments, at most three besides *given* unusual."""
    unusual = given | draw(st.sets(st.sampled_from(sorted(USUAL)), max_size=3))
    return {
        name: draw(st.sampled_from(values)) if name in unusual else values[0]
        for name, values in USUAL.items()
    }


def _asked(drawn: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``verify``."""
    issuer = drawn["issuer"]
    by = issuer if drawn["by"] == "the issuer" else drawn["by"]
    leaf = BUILD.certificate(
        "leaf.example",
        issuer=issuer if drawn["leaf"] == "of the issuer" else drawn["leaf"],
        end=NOW + drawn["end"],
        extensions=drawn["constraints"],
    )
    if drawn["included"] == "as needed":
        drawn["included"] = () if by is issuer else None
    elliptic = by.scheme.startswith("ecdsa")
    this_update, hold = NOW + drawn["this_update"], drawn["next_update"]
    about = leaf if drawn["about"] == "the certificate" else drawn["about"]
    entry = BUILD.entry(
        drawn["status"],
        cert_id=BUILD.cert_id(about, issuer, hashed=drawn["hashed"]),
        this_update=this_update,
        next_update=None if hold is None else NOW + hold,
        extensions=drawn["entry_extensions"],
    )
    data = BUILD.response(
        entry,
        by=by,
        certs=drawn["included"],
        responder_id=drawn["names"](by),
        signed_by="mallory" if drawn["forged"] and elliptic else None,
        scheme=drawn["scheme"] if elliptic else None,
        produced_at=this_update + drawn["signed_after"],
        extensions=drawn["response_extensions"],
    )
    cert: object = _load(leaf)
    if drawn["by_number"]:
        cert = CertID.for_certificate(_load(leaf), _load(issuer), hashes.SHA256())
    return {
        "response": data,
        "cert": cert,
        "issuer": _load(issuer),
        "at": NOW,
        "nonce": drawn["sent"],
        "candidates": [_load(each) for each in drawn["candidates"]],
        "responders": [_load(each) for each in drawn["responders"]],
        "policy": Policy(**{name: drawn[name] for name in POLICY}),
    }


def _outcome(question: dict[str, Any]) -> object:
    try:
        return ocsp.verify(**question)._judgement
    except VerificationError as error:
        return error.failures


def _assert_both_ways_agree(drawn: dict[str, Any]) -> None:
    asked = _asked(drawn)
    number = drawn["signatures"]
    with mock.patch.object(limits, "MAX_SIGNATURES_CHECKED", number):
        found = _outcome(asked)
        with mock.patch.object(judge, "fast_judgement", return_value=None):
            assert _outcome(asked) == found


@settings(max_examples=10 * settings.default.max_examples)  # faults are rare
@given(questions(frozenset()))
def test_the_rules_alone_give_the_same_result(drawn: dict[str, Any]) -> None:
    """Evidence with all attributes, or all failures with all values."""
    _assert_both_ways_agree(drawn)


@settings(max_examples=5 * settings.default.max_examples)
@given(questions(frozenset({"by"})))
def test_the_rules_give_the_same_result_for_delegates(drawn: dict[str, Any]) -> None:
    """Whoever they are."""
    _assert_both_ways_agree(drawn)
