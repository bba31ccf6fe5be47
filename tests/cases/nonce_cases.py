"""V22: the nonce."""

from __future__ import annotations

from ocsp.asn1 import oids
from ocsp.asn1.der import encode
from tests.cases.builder import Builder, extension
from tests.cases.model import Feature, Importance, Scenario, case, good, refused

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
NONCE = bytes(range(32))
OTHER = bytes(range(1, 33))


def _with(build: Builder, octets: bytes, *, raw: bool = False) -> bytes:
    return build.response(extensions=(build.nonce(octets, raw=raw),))


@case("V22", HIGH)
def same(build: Builder) -> Scenario:
    """
    The response repeats the nonce of the request.

    Expected: good, and no replay. RFC 6960 §4.4.1.
    """
    expected = good(nonce_matched=True)
    return build.verify(expected, _with(build, NONCE), nonce=NONCE)


@case("V22", HIGH)
def none_was_sent(build: Builder) -> Scenario:
    """
    Neither the request nor the response has a nonce.

    Expected: good. RFC 9919 §3.1.2.
    """
    return build.verify(good(nonce_matched=False))


@case("V22", HIGH)
def other(build: Builder) -> Scenario:
    """
    The nonce of the response differs from that of the request.

    Expected: no evidence; the response answers another request. RFC 9654 §2.1.
    """
    expected = refused("V22", error="NonceMismatch")
    return build.verify(expected, _with(build, OTHER), nonce=NONCE)


@case("V22", HIGH, Feature.POLICY)
def missing(build: Builder) -> Scenario:
    """
    The request has a nonce and the response has none: a replay, or a prepared response.

    Expected: no evidence. RFC 6960 §4.4.1, §5.
    """
    expected = refused("V22", error="NonceMissing")
    return build.verify(expected, nonce=NONCE)


@case("V22", MEDIUM)
def missing_if_present(build: Builder) -> Scenario:
    """
    The request has a nonce and the response has none, which the relying party accepts.

    Expected: good, with a warning. RFC 9919 §3.2.1.
    """
    expected = good("V22", nonce_matched=False)
    return build.verify(expected, nonce=NONCE, policy={"nonce": "if-present"})


@case("V22", LOW)
def missing_ignored(build: Builder) -> Scenario:
    """
    The request has a nonce and the response has none, which the relying party ignores.

    Expected: good.
    """
    expected = good(nonce_matched=False)
    return build.verify(expected, nonce=NONCE, policy={"nonce": "ignore"})


@case("V22", HIGH)
def other_if_present(build: Builder) -> Scenario:
    """
    The nonces differ, and the relying party accepts responses without nonce.

    Expected: no evidence; that policy accepts no different nonce. RFC 9654 §2.1.
    """
    policy = {"nonce": "if-present"}
    return build.verify(refused("V22"), _with(build, OTHER), nonce=NONCE, policy=policy)


@case("V22", HIGH)
def other_ignored(build: Builder) -> Scenario:
    """
    The nonces differ, and the relying party ignores missing ones.

    Expected: no evidence; that policy accepts no different nonce. RFC 9654 §2.1.
    """
    policy = {"nonce": "ignore"}
    return build.verify(refused("V22"), _with(build, OTHER), nonce=NONCE, policy=policy)


@case("V22", MEDIUM)
def other_accepted(build: Builder) -> Scenario:
    """
    The nonces differ, and the relying party accepts any nonce, because the responder
    sends the same one to all clients.

    Expected: good, with a warning; the response may be a replay.
    """
    expected = good("V22", nonce_matched=False)
    policy = {"nonce": "unsafe-accept-other"}
    return build.verify(expected, _with(build, OTHER), nonce=NONCE, policy=policy)


@case("V22", LOW)
def missing_accepted(build: Builder) -> Scenario:
    """
    The response has no nonce, and the relying party accepts any nonce.

    Expected: good.
    """
    expected = good(nonce_matched=False)
    return build.verify(expected, nonce=NONCE, policy={"nonce": "unsafe-accept-other"})


@case("V22", HIGH)
def prefix(build: Builder) -> Scenario:
    """
    The response has the first half of the nonce.

    Expected: no evidence; nonces are compared in full. RFC 9654 §2.1.
    """
    return build.verify(refused("V22"), _with(build, NONCE[:16]), nonce=NONCE)


@case("V22", HIGH)
def longer(build: Builder) -> Scenario:
    """
    The response has the nonce with one more octet.

    Expected: no evidence; nonces are compared in full. RFC 9654 §2.1.
    """
    return build.verify(refused("V22"), _with(build, NONCE + b"\x00"), nonce=NONCE)


@case("V22", LOW)
def raw(build: Builder) -> Scenario:
    """
    The response has the nonce without OCTET STRING around it, which RFC 2560 allowed.

    Expected: good. RFC 6960 §4.4.1.
    """
    response = _with(build, NONCE, raw=True)
    return build.verify(good(nonce_matched=True), response, nonce=NONCE)


@case("V22", LOW)
def not_asked_for(build: Builder) -> Scenario:
    """
    The response has a nonce and the request has none: a cached answer to another
    request.

    Expected: good, with a warning. RFC 6960 §4.4.1.
    """
    return build.verify(good("V22", nonce_matched=False), _with(build, NONCE))


@case("V22", MEDIUM)
def longest(build: Builder) -> Scenario:
    """
    Request and response have the same nonce of 128 octets.

    Expected: good. RFC 9654 §2.1.
    """
    nonce = bytes(128)
    return build.verify(good(), _with(build, nonce), nonce=nonce)


@case("V22", LOW)
def too_long(build: Builder) -> Scenario:
    """
    Request and response have the same nonce of 129 octets.

    Expected: no evidence. RFC 9654 §2.1.
    """
    nonce = bytes(129)
    return build.verify(refused("V22"), _with(build, nonce), nonce=nonce)


@case("V22", MEDIUM)
def empty(build: Builder) -> Scenario:
    """
    Request and response have an empty nonce, which proves nothing.

    Expected: no evidence. RFC 9654 §2.1.
    """
    return build.verify(refused("V22"), _with(build, b""), nonce=b"")


@case("V22", HIGH)
def of_the_request(build: Builder) -> Scenario:
    """
    The request object has a nonce, and the response has another one.

    Expected: no evidence. RFC 6960 §4.4.1.
    """
    request = build.request(build.cert_id(), extensions=(build.nonce(NONCE),))
    return build.verify(refused("V22"), _with(build, OTHER), request=request)


@case("V22", HIGH)
def same_as_in_the_request(build: Builder) -> Scenario:
    """
    The request object has a nonce, and the response repeats it.

    Expected: good, and no replay. RFC 6960 §4.4.1.
    """
    request = build.request(build.cert_id(), extensions=(build.nonce(NONCE),))
    return build.verify(good(nonce_matched=True), _with(build, NONCE), request=request)


@case("V22", HIGH)
def in_the_entry(build: Builder) -> Scenario:
    """
    The nonce is in the singleExtensions.

    Expected: no evidence. RFC 6960 §4.4.1: it is a responseExtension.
    """
    misplaced = extension(oids.NONCE, encode(0x04, NONCE))
    response = build.response(build.entry(extensions=(misplaced,)))
    return build.verify(refused("V22"), response, nonce=NONCE)


@case("V22", MEDIUM)
def shortest(build: Builder) -> Scenario:
    """
    Request and response have the same nonce of one octet.

    Expected: good. RFC 9654 §2.1.
    """
    return build.verify(good(), _with(build, b"\x05"), nonce=b"\x05")
