"""Malformed extensions and names: they change no verdict, and raise no foreign error."""

from __future__ import annotations

import warnings
from typing import Any

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp.asn1.der import encode, encode_oid
from ocsp.errors import OCSPError
from ocsp.verification import must_staple
from ocsp.verification.chain import needs_no_status
from tests.cases.builder import (
    CA,
    CA_USAGE,
    NOCHECK,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    extension,
)
from tests.cases.model import NOW

BUILD = Builder()
ISSUER = x509.load_der_x509_certificate(BUILD.ca.der)
LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)

NEEDED = ("2.5.29.15", "2.5.29.19", "2.5.29.37", "1.3.6.1.5.5.7.48.1.5")
"""keyUsage, basicConstraints, extendedKeyUsage, id-pkix-ocsp-nocheck."""

UNRELATED = (
    *("2.5.29.9", "2.5.29.14", "2.5.29.17", "2.5.29.18", "2.5.29.30", "2.5.29.31"),
    *("2.5.29.32", "2.5.29.33", "2.5.29.35", "2.5.29.36", "2.5.29.46", "2.5.29.54"),
    *("2.5.29.56", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24", "1.2.3.4"),
    "1.3.6.1.4.1.11129.2.4.2",
)

VALUES = st.one_of(
    st.binary(max_size=12),
    st.binary(max_size=12).map(lambda octets: encode(0x30, octets)),
    st.recursive(
        st.builds(
            encode,
            st.sampled_from((1, 2, 3, 4, 5, 6, 0x0C, 0x16, 0x82, 0x86, 0x87)),
            st.binary(max_size=6),
        ),
        lambda inner: st.builds(
            lambda tag, parts: encode(tag, *parts),
            st.sampled_from((0x30, 0x31, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5)),
            st.lists(inner, max_size=3),
        ),
        max_leaves=5,
    ),
)

BROKEN = st.lists(
    st.builds(extension, st.sampled_from(UNRELATED), VALUES), min_size=1, max_size=3
)

NAMES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(("2.5.4.3", "2.5.4.6", "2.5.4.45", "1.2.3")),
            st.sampled_from(
                (2, 3, 4, 0x0C, 0x12, 0x14, 0x16, 0x1A, 0x1B, 0x1E, 0x30, 0x80)
            ),
            st.binary(max_size=6),
        ),
        min_size=1,
        max_size=2,
    ),
    max_size=3,
).map(
    lambda relatives: encode(
        0x30,
        *(
            encode(
                0x31,
                *sorted(
                    encode(0x30, encode_oid(oid), encode(tag, value))
                    for oid, tag, value in relative
                ),
            )
            for relative in relatives
        ),
    )
)


def _loaded(identity: Identity) -> x509.Certificate | None:
    """Return the certificate; ``None`` for the few that cryptography refuses."""
    try:
        return x509.load_der_x509_certificate(identity.der)
    except ValueError:
        return None


def _verdict(response: bytes, cert: x509.Certificate, issuer: x509.Certificate) -> Any:
    try:
        found = ocsp.verify(response, cert, issuer, at=NOW)
    except ocsp.VerificationError as error:
        return sorted({each.rule for each in error.failures})
    return found.status, found.authorized_by, [each.rule for each in found.warnings]


@given(broken=BROKEN)
def test_unrelated_extensions_change_no_verdict(broken: list[bytes]) -> None:
    """Of the certificate in question, of the issuer, of a delegate and of a decoy."""
    status = BUILD.response()
    leaf = _loaded(BUILD.certificate("leaf.example", extensions=broken))
    issuer = _loaded(BUILD.authority(extensions=(*broken, CA, CA_USAGE)))
    assert leaf is not None
    assert issuer is not None
    good = _verdict(status, LEAF, ISSUER)
    assert _verdict(status, leaf, ISSUER) == good
    assert _verdict(status, LEAF, issuer) == good
    by = BUILD.delegate(extensions=(*broken, SIGNS, OCSP_SIGNING, NOCHECK))
    plain = _verdict(BUILD.response(by=BUILD.responder), LEAF, ISSUER)
    assert _verdict(BUILD.response(by=by), LEAF, ISSUER) == plain
    with_decoy = BUILD.response(
        by=BUILD.responder,
        certs=(
            BUILD.delegate(extensions=broken, key="mallory").der,
            BUILD.responder.der,
        ),
    )
    assert _verdict(with_decoy, LEAF, ISSUER) == plain


@given(oid=st.sampled_from(NEEDED), value=VALUES)
def test_a_needed_extension_of_a_delegate_grants_nothing_if_it_is_malformed(
    oid: str, value: bytes
) -> None:
    """A second one makes the first ambiguous, or is the same."""
    extensions = {
        "2.5.29.15": SIGNS,
        "2.5.29.37": OCSP_SIGNING,
        "1.3.6.1.5.5.7.48.1.5": NOCHECK,
        "2.5.29.19": x509.BasicConstraints(ca=False, path_length=None),
    }
    extensions.pop(oid)
    odd = extension(oid, value)
    by = BUILD.delegate(extensions=(*extensions.values(), odd))
    certificate = _loaded(by)
    assert certificate is not None
    try:
        known = [each.oid.dotted_string for each in certificate.extensions]
    except Exception:
        known = []
    verdict = _verdict(BUILD.response(by=by), LEAF, ISSUER)
    if oid not in known:
        expected = {"2.5.29.37": ["V14"], "1.3.6.1.5.5.7.48.1.5": None}
        rules = expected.get(oid, ["V16"])
        if rules is not None:
            assert verdict == rules
    twice = BUILD.delegate(extensions=(SIGNS, OCSP_SIGNING, NOCHECK, odd, odd))
    rule = {"2.5.29.15": "V16", "2.5.29.19": "V16", "2.5.29.37": "V14"}.get(oid)
    if rule is not None:
        assert rule in _verdict(BUILD.response(by=twice), LEAF, ISSUER)


@settings(deadline=None)
@given(
    subject=NAMES,
    issuer=NAMES,
    extensions=st.lists(
        st.builds(
            lambda oid, value, critical: extension(oid, value, critical=critical),
            st.sampled_from(UNRELATED + NEEDED),
            VALUES,
            st.booleans(),
        ),
        max_size=3,
    ),
    year_zero=st.booleans(),
    serial=st.one_of(st.integers(-2, 2), st.just(1 << 400)),
    strict=st.booleans(),
)
def test_no_public_function_raises_a_foreign_error(
    subject: bytes,
    issuer: bytes,
    extensions: list[bytes],
    year_zero: bool,
    serial: int,
    strict: bool,
) -> None:
    """Whatever a certificate contains; also if warnings are errors."""
    changes: dict[str, Any] = {"begin": b"00000101000000Z"} if year_zero else {}
    odd = BUILD.certificate(
        subject, issuer_name=issuer, extensions=extensions, serial=serial, **changes
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cert = _loaded(odd)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if strict else "ignore")
        for each in (
            BUILD.response(by=odd, certs=(odd.der,)),
            BUILD.response(by=BUILD.responder, certs=(odd.der, BUILD.responder.der)),
        ):
            _try(ocsp.verify, each, LEAF, ISSUER)
            ocsp.lint_response(each, issuer=ISSUER, cert=LEAF)
        if cert is None:
            return
        about = BUILD.response(BUILD.entry(cert_id=BUILD.cert_id(odd)))
        _try(ocsp.verify, about, cert, ISSUER)
        _try(ocsp.verify, BUILD.response(), LEAF, cert)
        _try(ocsp.verify_staple, None, cert, ISSUER)
        repr(_try(ocsp.verify_chain, [cert, ISSUER], [about]))
        ocsp.lint_response(about, issuer=cert, cert=cert)
        must_staple(cert)
        needs_no_status(cert)


def _try(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments, at=NOW)
    except OCSPError:
        return None
