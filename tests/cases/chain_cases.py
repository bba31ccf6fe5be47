"""V27: whole chains."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.cases.builder import (
    CA,
    CA_USAGE,
    NOCHECK,
    NOT_CA,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    extension,
)
from tests.cases.model import (
    Expected,
    Importance,
    Result,
    Scenario,
    case,
    chain,
    good,
    refused,
    revoked,
)

HIGH, MEDIUM = Importance.HIGH, Importance.MEDIUM
NO_REV_AVAIL = extension("2.5.29.56", b"\x05\x00")
NOT_NEEDED = Expected(result=Result.NOT_NEEDED)


def _sub(build: Builder, *more: bytes) -> Identity:
    extensions = (CA, CA_USAGE, *more)
    return build.certificate("Sub CA", key="sub-ca", serial=7, extensions=extensions)


def _two(build: Builder) -> tuple[Identity, Identity, bytes, bytes]:
    """Return leaf and intermediate, and a good response for each."""
    sub = _sub(build)
    leaf = build.certificate("leaf.example", issuer=sub)
    about_leaf = build.response(by=sub, cert_id=build.cert_id(leaf, sub), certs=())
    return leaf, sub, about_leaf, build.response(cert_id=build.cert_id(sub))


@case("V27", HIGH)
def all_good(build: Builder) -> Scenario:
    """
    Leaf, intermediate and root, with a good response for the first two.

    Expected: good, good. RFC 5280 §6.3.
    """
    leaf, sub, first, second = _two(build)
    return build.chain(chain(good(), good()), (leaf, first), (sub, second))


@case("V27", HIGH)
def intermediate_without_response(build: Builder) -> Scenario:
    """
    There is no response for the intermediate.

    Expected: good, not verified; the response for the leaf does not cover it. RFC 5280
    §6.3.
    """
    leaf, sub, first, _ = _two(build)
    return build.chain(chain(good(), refused("V27")), (leaf, first), (sub, None))


@case("V27", HIGH)
def intermediate_revoked(build: Builder) -> Scenario:
    """
    The intermediate is revoked.

    Expected: good, revoked. RFC 5280 §6.3.
    """
    leaf, sub, first, _ = _two(build)
    second = build.response(cert_id=build.cert_id(sub), status=build.revoked())
    return build.chain(chain(good(), revoked()), (leaf, first), (sub, second))


@case("V27", HIGH)
def responses_exchanged(build: Builder) -> Scenario:
    """
    The responses are in the wrong order.

    Expected: not verified, both. RFC 6960 §3.2 (1).
    """
    leaf, sub, first, second = _two(build)
    both = chain(refused("V12", "V7"), refused("V12", "V7"))
    return build.chain(both, (leaf, second), (sub, first))


@case("V27", MEDIUM)
def no_revocation_available(build: Builder) -> Scenario:
    """
    The leaf is short-lived and states that it has no status (noRevAvail).

    Expected: not needed. RFC 9608 §2.
    """
    leaf = build.certificate("leaf.example", extensions=(NO_REV_AVAIL,))
    return build.chain(chain(NOT_NEEDED), (leaf, None))


@case("V27", MEDIUM)
def nocheck_of_a_delegate(build: Builder) -> Scenario:
    """
    The certificate is that of a delegate, with nocheck.

    Expected: not needed. RFC 6960 §4.2.2.2.1.
    """
    return build.chain(chain(NOT_NEEDED), (build.responder, None))


@case("V27", HIGH)
def nocheck_of_a_server(build: Builder) -> Scenario:
    """
    The certificate is that of a server, and has nocheck, which is for responders.

    Expected: not verified; nocheck has no meaning in it. RFC 6960 §4.2.2.2.1.
    """
    leaf = build.certificate("leaf.example", extensions=(NOT_CA, SIGNS, NOCHECK))
    return build.chain(chain(refused("V27")), (leaf, None))


@case("V27", HIGH)
def no_revocation_available_of_a_ca(build: Builder) -> Scenario:
    """
    The intermediate CA states that it has no status (noRevAvail).

    Expected: good, not verified; CA certificates must not have the extension. RFC 9608
    §3.
    """
    sub = _sub(build, NO_REV_AVAIL)
    leaf = build.certificate("leaf.example", issuer=sub)
    first = build.response(by=sub, cert_id=build.cert_id(leaf, sub), certs=())
    return build.chain(chain(good(), refused("V27")), (leaf, first), (sub, None))


@case("V27", MEDIUM)
def no_revocation_available_of_an_end_entity(build: Builder) -> Scenario:
    """
    The leaf states that it has no status, and that it is not a CA.

    Expected: not needed. RFC 9608 §2.
    """
    leaf = build.certificate("leaf.example", extensions=(NOT_CA, NO_REV_AVAIL))
    return build.chain(chain(NOT_NEEDED), (leaf, None))


@case("V27", HIGH)
def no_revocation_available_and_malformed_constraints(build: Builder) -> Scenario:
    """
    The leaf states that it has no status; its basicConstraints are malformed.

    Expected: not verified: it may be a CA, which must not state this. RFC 9608 §3.
    """
    odd = extension("2.5.29.19", b"\x05\x00")
    leaf = build.certificate("leaf.example", extensions=(odd, NO_REV_AVAIL))
    return build.chain(chain(refused("V27")), (leaf, None))


@case("V27", HIGH)
def delegate_without_nocheck(build: Builder) -> Scenario:
    """
    The certificate is that of a delegate, without nocheck.

    Expected: not verified. RFC 6960 §4.2.2.2.1.
    """
    by = build.delegate(extensions=(NOT_CA, SIGNS, OCSP_SIGNING))
    return build.chain(chain(refused("V27")), (by, None))


@case("V27", HIGH)
def nocheck_of_a_client(build: Builder) -> Scenario:
    """
    The certificate has extendedKeyUsage for TLS clients, and nocheck.

    Expected: not verified; nocheck has no meaning in it. RFC 6960 §4.2.2.2.1.
    """
    client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    leaf = build.certificate("leaf.example", extensions=(NOT_CA, client, NOCHECK))
    return build.chain(chain(refused("V27")), (leaf, None))
