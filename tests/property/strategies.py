"""
Hypothesis strategies for the whole grammar of requests and responses.

The strategies draw plans (:mod:`tests.interop.plans`): this package builds them, and
they state what a reader must find. Extensions are drawn where they belong; unknown
extensions and nonces are drawn anywhere.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import strategies as st

import ocsp
from ocsp import OCSPCertStatus, OCSPResponderEncoding
from tests.interop import known
from tests.interop.kinds import SCHEMES
from tests.interop.plans import (
    Answer,
    Extension,
    RequestEntry,
    RequestPlan,
    ResponsePlan,
    Target,
)
from tests.keys import AVAILABLE
from tests.pki import ca, delegate, leaf
from tests.property.names import general_names, names, oids

__all__ = [
    "extensions_of",
    "request_plans",
    "requests",
    "response_plans",
    "responses",
    "targets",
]

ALGORITHMS: tuple[hashes.HashAlgorithm, ...] = (
    hashes.SHA1(),
    hashes.SHA224(),
    hashes.SHA256(),
    hashes.SHA384(),
    hashes.SHA512(),
)

moments = st.datetimes(
    min_value=datetime.datetime(1950, 1, 1),  # noqa: DTZ001
    max_value=datetime.datetime(2999, 12, 31),  # noqa: DTZ001
    timezones=st.just(datetime.UTC),
).map(lambda moment: moment.replace(microsecond=0))

serials = (
    st.integers(0, 2**160) | st.integers(-300, 300) | st.integers(-(2**400), 2**400)
)
"""Serial numbers of 20 octets, of one or two, and longer (RFC 5280 §4.1.2.2)."""


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """Return the fields of any CertID that can be built."""
    algorithm = draw(st.sampled_from(ALGORITHMS))
    octets = st.binary(min_size=algorithm.digest_size, max_size=algorithm.digest_size)
    return Target(algorithm, draw(octets), draw(octets), draw(serials))


# --- extensions ------------------------------------------------------------------

_urls = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
_critical = {"critical": st.booleans()}
_anywhere: st.SearchStrategy[Extension] = st.builds(
    known.nonce, st.binary(min_size=1, max_size=128), **_critical
) | st.builds(
    known.unknown,
    oids.map(lambda dotted: f"2.999.{dotted}"),
    st.binary(max_size=40),
    **_critical,
)
_identifiers = st.sampled_from(
    [each.identifier for each in SCHEMES.values() if each.kind in AVAILABLE]
)
_curves = st.sampled_from(["301306072a8648ce3d020106082a8648ce3d030107", None])
_of_requests = _anywhere | st.one_of(
    st.builds(
        known.acceptable_responses, st.lists(oids, min_size=1, max_size=3), **_critical
    ),
    st.builds(
        known.preferred_algorithms,
        st.lists(st.tuples(_identifiers, _curves), min_size=1, max_size=3),
        **_critical,
    ),
)
_places = st.tuples(oids, general_names)
_of_questions = _anywhere | st.builds(
    known.service_locator,
    names,
    st.none() | st.lists(_places, min_size=1, max_size=3),
    **_critical,
)
_of_responses = _anywhere | st.builds(known.extended_revoke, **_critical)
_of_answers = _anywhere | st.one_of(
    st.tuples(
        st.none() | _urls,
        st.none() | st.integers(0, 2**70),
        st.none() | moments,
    )
    .filter(lambda fields: fields != (None, None, None))
    .flatmap(
        lambda fields: st.builds(
            known.crl_reference, *map(st.just, fields), **_critical
        )
    ),
    st.builds(known.archive_cutoff, moments, **_critical),
    st.builds(known.crl_reason, st.sampled_from(x509.ReasonFlags), **_critical),
    st.builds(known.invalidity_date, moments, **_critical),
    st.builds(
        known.certificate_issuer,
        st.lists(general_names, min_size=1, max_size=2),
        **_critical,
    ),
    st.builds(
        known.sct_list,
        st.binary(min_size=32, max_size=32),
        st.integers(0, 2**44),
        st.binary(max_size=80),
        **_critical,
    ),
)


def extensions_of(
    values: st.SearchStrategy[Extension], most: int = 4
) -> st.SearchStrategy[list[Extension]]:
    """Return lists of extensions without duplicates."""
    return st.lists(values, max_size=most, unique_by=lambda each: each.value.oid)


# --- messages --------------------------------------------------------------------

_signings = st.sampled_from(
    [
        SCHEMES[each]
        for each in ("p256-sha256", "p384-sha3-384", "ed25519", "mldsa44")
        if SCHEMES[each].kind in AVAILABLE
    ]
)
_certificates = st.lists(
    st.sampled_from([ca(), delegate(), leaf()]), max_size=3, unique_by=id
)
_questions = st.builds(RequestEntry, targets(), extensions_of(_of_questions, 2))


@st.composite
def request_plans(draw: st.DrawFn, *, most: int = 4) -> RequestPlan:
    """Return plans of any request with up to *most* entries."""
    signing = draw(st.none() | _signings)
    requestors = general_names if signing else st.none() | general_names
    return RequestPlan(
        draw(st.lists(_questions, min_size=1, max_size=most)),
        draw(extensions_of(_of_requests)),
        draw(requestors),
        signing,
        draw(_certificates) if signing else [],
    )


@st.composite
def _answers(draw: st.DrawFn) -> Answer:
    status = draw(st.sampled_from(OCSPCertStatus))
    revoked = status is OCSPCertStatus.REVOKED
    return Answer(
        draw(targets()),
        status,
        draw(moments),
        draw(st.none() | moments),
        draw(moments) if revoked else None,
        draw(st.none() | st.sampled_from(x509.ReasonFlags)) if revoked else None,
        draw(extensions_of(_of_answers, 2)),
    )


@st.composite
def response_plans(draw: st.DrawFn, *, most: int = 4) -> ResponsePlan:
    """Return plans of any response with up to *most* entries."""
    return ResponsePlan(
        draw(st.lists(_answers(), min_size=1, max_size=most)),
        draw(moments),
        draw(st.sampled_from(OCSPResponderEncoding)),
        draw(_signings),
        draw(_certificates),
        draw(extensions_of(_of_responses)),
    )


def requests(*, most: int = 4) -> st.SearchStrategy[ocsp.OCSPRequest]:
    """Return any request that the builder can make, with up to *most* entries."""
    return request_plans(most=most).map(RequestPlan.build)


def responses(*, most: int = 4) -> st.SearchStrategy[ocsp.OCSPResponse]:
    """Return any response that the builder can make, with up to *most* entries."""
    return response_plans(most=most).map(ResponsePlan.build)
