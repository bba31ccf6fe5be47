"""Responses with their questions: usually correct ones, by all kinds of signers."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any

from cryptography import x509

from tests.campaigns.material.cast import Signer, build, draw_delegate, strangers
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate
from tests.campaigns.material.odd_values import MOMENTS
from tests.campaigns.oracle.verdict import Question
from tests.cases.builder import DAY, HOUR, Identity, extension
from tests.cases.model import NOW

__all__ = ["NONCE", "POLICIES", "ask", "donors", "draw_response", "mutate_certificate"]

NONCE = bytes(range(32))
POLICIES = ("strict", "webpki", "rfc9919", "unsafe-legacy")
_CRITICAL = extension("1.2.3.4", b"\x05\x00", critical=True)
_IGNORED = extension("1.2.3.4", b"\x05\x00")


def ask(dice: Dice) -> Question:
    """Return a question, with a response that is correct, odd or mutated."""
    made = build()
    response, signed_by, by = draw_response(dice, nonce=dice.chance(0.15))
    asked = Question(
        response=response,
        cert=made.leaf.der,
        issuer=made.ca.der,
        at=dice.usually(NOW, *MOMENTS),
        nonce=dice.usually(None, NONCE) if NONCE not in response else NONCE,
        policy=dice.choice(("default", "default", "default", *POLICIES)),
        responders=dice.usually((), (by.der,)),
        candidates=dice.usually(
            (), (by.der,), tuple(x.cert.der for x in strangers()[:4])
        ),
    )
    if dice.chance(0.6):
        changed = mutate(dice, response, signed_by, donors())
        asked = replace(asked, response=changed)
    if dice.chance(0.03):
        asked = replace(asked, cert=mutate_certificate(dice, made.leaf.der))
    if dice.chance(0.03):
        asked = replace(asked, issuer=mutate_certificate(dice, made.ca.der))
    return asked


def mutate_certificate(dice: Dice, der: bytes) -> bytes:
    """Return a mutation of a certificate of the CA that callers are able to load."""
    changed = mutate(dice, der, ("ca",), donors())
    return changed if _is_loadable(changed) else der


def _is_loadable(cert: bytes) -> bool:
    """Return whether ``cryptography`` makes an object of it, which callers pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            x509.load_der_x509_certificate(cert)
        except Exception:  # each release raises its own
            return False
        return True


def draw_response(
    dice: Dice,
    *,
    nonce: bool = False,
    cert: Identity | None = None,
    issuer: Identity | None = None,
) -> tuple[bytes, tuple[str, ...], Identity]:
    """Return a response, the keys that sign its parts, and the signer."""
    made = build()
    signer = dice.usually(_signer(dice, issuer or made.ca), *strangers())
    by = signer.cert
    signed_by = dice.usually(by.key, "mallory", "ca-2", "leaf", "ca", "responder")
    if signed_by != by.key and by.scheme != "ecdsa-sha256":
        signed_by = by.key
    included = () if by is (issuer or made.ca) else dice.usually((signer,), ())
    included = (*dice.some(strangers()), *included)
    settings: dict[str, Any] = {
        "by": by,
        "signed_by": signed_by,
        "produced_at": dice.usually(NOW - HOUR, *MOMENTS),
        "certs": tuple(each.cert.der for each in included),
        "extensions": (
            *(
                (made.nonce(dice.usually(NONCE, bytes(32), NONCE[1:])),)
                if nonce
                else ()
            ),
            *dice.usually((), (_IGNORED,), (_CRITICAL,), (_IGNORED, _IGNORED)),
        ),
    }
    if dice.chance(0.3):
        settings["responder_id"] = made.by_name(by.subject)
    data = made.response(
        *_entries(dice, cert or made.leaf, issuer or made.ca), **settings
    )
    return data, (signed_by, *(each.issued_by for each in included)), by


def _signer(dice: Dice, issuer: Identity) -> Signer:
    """Return the issuer, or the delegate of the CA."""
    if dice.chance(0.4) or issuer is not build().ca:
        return Signer(issuer, issuer.key)
    return draw_delegate(dice)


def _entries(dice: Dice, cert: Identity, issuer: Identity) -> list[bytes]:
    """Return the entries: usually one, about *cert*."""
    entries = [_entry(dice, cert, issuer, dice.usually(cert.serial, *_SERIALS))]
    for _ in range(dice.usually(0, 1, 2, 3)):
        serial = dice.choice((cert.serial, *_SERIALS))
        entries.insert(
            dice.randint(0, len(entries)), _entry(dice, cert, issuer, serial)
        )
    return entries


_SERIALS = (b"\x1f", b"\x1f\x2e\x00", b"\x00\x1f\x2e", b"\x05", b"\x80\x1f\x2e")


def _entry(dice: Dice, cert: Identity, issuer: Identity, serial: bytes) -> bytes:
    made = build()
    changes: dict[str, Any] = dice.usually({}, *_WRONG_IDS)
    identity = made.cert_id(
        cert,
        hashed=dice.usually(dice.choice(_HASHES), "md5"),
        serial=serial,
        issuer=dice.usually(issuer, strangers()[3].cert, strangers()[0].cert),
        **changes,
    )
    revoked = made.revoked(
        dice.usually(NOW - DAY, *MOMENTS), dice.choice((None, 0, 1, 6, 8))
    )
    return made.entry(
        dice.choice((b"\x80\x00", b"\x80\x00", revoked, made.UNKNOWN)),
        cert_id=identity,
        this_update=dice.usually(NOW - HOUR, *MOMENTS),
        next_update=dice.usually(NOW + 23 * HOUR, None, *MOMENTS),
        extensions=dice.usually((), (_IGNORED,), (_CRITICAL,)),
    )


_HASHES = ("sha1", "sha1", "sha256", "sha384", "sha512")
_WRONG_IDS: tuple[dict[str, Any], ...] = (
    {"name_hash": b""},
    {"key_hash": bytes(20)},
    {"identifier": b"\x30\x00"},
)


@cache
def donors() -> tuple[bytes, ...]:
    """Return documents to take values from."""
    made = build()
    return (
        made.response(by=made.responder, extensions=(made.nonce(NONCE),)),
        made.response(status=made.revoked(reason=1)),
        made.response(by=strangers()[1].cert, status=made.UNKNOWN),
        made.request(made.cert_id(), extensions=(made.nonce(NONCE),)),
        made.ca.der,
        made.responder.der,
        *(each.cert.der for each in strangers()),
    )
