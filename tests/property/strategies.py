"""Hypothesis strategies for what requests and responses are made of."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import strategies as st

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding
from tests.pki import ca, delegate, key

__all__ = [
    "Entry",
    "ResponsePlan",
    "cert_ids",
    "extensions",
    "requests",
    "response_plans",
    "sign",
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

serials = st.integers(min_value=0, max_value=2**160) | st.integers(0, 300)


@st.composite
def cert_ids(draw: st.DrawFn) -> CertID:
    """Return any CertID that the documented builders can make."""
    algorithm = draw(st.sampled_from(ALGORITHMS))
    size = algorithm.digest_size
    octets = st.binary(min_size=size, max_size=size)
    return CertID.from_hashes(draw(octets), draw(octets), draw(serials), algorithm)


_nonces = st.binary(min_size=1, max_size=128).map(x509.OCSPNonce)
_unknown = st.builds(
    x509.UnrecognizedExtension,
    st.integers(0, 10**6).map(lambda last: x509.ObjectIdentifier(f"1.2.3.{last}")),
    st.binary(max_size=40),
)
_acceptable = st.lists(
    st.sampled_from(["1.3.6.1.5.5.7.48.1.1", "1.2.3.4", "2.999.1"]).map(
        x509.ObjectIdentifier
    ),
    min_size=1,
    max_size=3,
    unique=True,
).map(x509.OCSPAcceptableResponses)


def extensions(
    *, of_request: bool
) -> st.SearchStrategy[list[tuple[x509.ExtensionType, bool]]]:
    """Return lists of extensions with their criticality, none twice."""
    values: st.SearchStrategy[x509.ExtensionType] = _nonces | _unknown
    if of_request:
        values = values | _acceptable
    return st.lists(
        st.tuples(values, st.booleans()), max_size=4, unique_by=lambda pair: pair[0].oid
    )


@st.composite
def requests(draw: st.DrawFn, *, most: int = 4) -> ocsp.OCSPRequest:
    """Return any request that our builder can make, with up to *most* entries."""
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for cert_id in draw(st.lists(cert_ids(), min_size=1, max_size=most)):
        builder = builder.add_certificate_by_id(cert_id)
    for value, critical in draw(extensions(of_request=True)):
        builder = builder.add_extension(value, critical)
    return builder.build()


@dataclass(frozen=True)
class Entry:
    """What a response says of one certificate."""

    cert_id: CertID
    status: OCSPCertStatus
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    revocation_time: datetime.datetime | None
    reason: x509.ReasonFlags | None


@dataclass(frozen=True)
class ResponsePlan:
    """What a response is built of."""

    entries: list[Entry]
    produced_at: datetime.datetime
    encoding: OCSPResponderEncoding
    certificates: list[x509.Certificate]
    extensions: list[tuple[x509.ExtensionType, bool]]


@st.composite
def _entries(draw: st.DrawFn) -> Entry:
    status = draw(st.sampled_from(OCSPCertStatus))
    revoked = status is OCSPCertStatus.REVOKED
    return Entry(
        draw(cert_ids()),
        status,
        draw(moments),
        draw(st.none() | moments),
        draw(moments) if revoked else None,
        draw(st.none() | st.sampled_from(x509.ReasonFlags)) if revoked else None,
    )


@st.composite
def response_plans(draw: st.DrawFn, *, most: int = 4) -> ResponsePlan:
    """Return what any response is built of, with up to *most* entries."""
    return ResponsePlan(
        draw(st.lists(_entries(), min_size=1, max_size=most)),
        draw(moments),
        draw(st.sampled_from(OCSPResponderEncoding)),
        draw(st.lists(st.sampled_from([ca(), delegate()]), max_size=2, unique_by=id)),
        draw(extensions(of_request=False)),
    )


def sign(plan: ResponsePlan) -> ocsp.OCSPResponse:
    """Build and sign what *plan* says, with the key of the test CA."""
    builder = ocsp.OCSPResponseBuilder(allow_multiple=True)
    builder = builder.produced_at(plan.produced_at)
    for entry in plan.entries:
        builder = builder.add_response_by_id(
            entry.cert_id,
            entry.status,
            entry.this_update,
            entry.next_update,
            entry.revocation_time,
            entry.reason,
        )
    if plan.certificates:
        builder = builder.certificates(plan.certificates)
    for value, critical in plan.extensions:
        builder = builder.add_extension(value, critical)
    builder = builder.responder_id(plan.encoding, ca())
    return builder.sign(key("Test CA"), hashes.SHA256())
