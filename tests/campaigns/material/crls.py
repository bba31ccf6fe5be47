"""CRLs with their questions: complete, indirect, partial and delta CRLs."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import cache
from typing import Any

from cryptography import x509

from ocsp.asn1.der import encode, encode_integer
from tests.campaigns.material.cast import Signer, build, strangers
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate
from tests.campaigns.material.odd_values import MOMENTS
from tests.campaigns.material.responses import POLICIES
from tests.campaigns.oracle.crls import CRLQuestion
from tests.cases.builder import (
    CA,
    CA_USAGE,
    DAY,
    HOUR,
    NOT_CA,
    SIGNS,
    Identity,
    extension,
    name,
    usage,
)
from tests.cases.keys import SCHEMES, sign
from tests.cases.model import NOW

__all__ = ["ask_crl", "complete_crl", "crl_donors", "draw_crl"]

_URL = x509.UniformResourceIdentifier
HERE, THERE = _URL("http://status.example/ca.crl"), _URL("http://status.example/2.crl")
_KEYS = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise})
_EVERY = frozenset(x509.ReasonFlags) - {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.remove_from_crl,
}


def _directory(common: str) -> x509.DirectoryName:
    attribute = x509.NameAttribute(x509.NameOID.COMMON_NAME, common)
    return x509.DirectoryName(x509.Name([attribute]))


def _point(
    *names: x509.GeneralName,
    by: str | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
) -> x509.DistributionPoint:
    issuer = None if by is None else [_directory(by)]
    return x509.DistributionPoint(list(names) or None, None, reasons, issuer)


@cache
def subjects() -> tuple[Identity, ...]:
    """Return the certificates in question: with no, one and several points."""
    made = build()
    points = (
        (_point(HERE),),
        (_point(HERE, reasons=_KEYS), _point(THERE, reasons=_EVERY - _KEYS)),
        (_point(HERE, by="CRL Issuer"),),
        (_point(by="CRL Issuer"), _point(THERE)),
    )
    return (
        made.leaf,
        *(
            made.certificate(
                "leaf.example", extensions=(x509.CRLDistributionPoints(each),)
            )
            for each in points
        ),
        made.certificate("leaf.example", extensions=(CA, CA_USAGE)),
    )


@cache
def crl_issuers() -> tuple[Signer, ...]:
    """Return the certificates of CRL issuers: two that may sign, and others."""
    made, signs = build(), usage("crl_sign")
    common, key = "CRL Issuer", "responder-2"
    return (
        Signer(made.certificate(common, key=key, serial=9, extensions=(signs,)), "ca"),
        Signer(made.authority(key="sub-ca", issuer=made.ca, serial=10), "ca"),
        Signer(made.certificate(common, key=key, extensions=(SIGNS, NOT_CA)), "ca"),
        Signer(
            made.certificate(
                common, key="mallory", signed_by="mallory", extensions=(signs,)
            ),
            "mallory",
        ),
        *strangers()[:4],
    )


def ask_crl(dice: Dice) -> CRLQuestion:
    """Return a question, with CRLs that are correct, odd or mutated."""
    cert = dice.choice((*subjects(), subjects()[0], subjects()[0]))
    crls = [_mutated(dice, *draw_crl(dice, cert)) for _ in range(dice.usually(1, 2, 3))]
    deltas: list[bytes] = []
    if dice.chance(0.15):
        deltas = [_mutated(dice, *draw_crl(dice, cert, base=5))]
    asked = CRLQuestion(
        crls=tuple(crls),
        deltas=tuple(deltas),
        cert=cert.der,
        issuer=build().ca.der,
        at=dice.usually(NOW, *MOMENTS),
        policy=dice.choice(("default", "default", "default", *POLICIES)),
    )
    others = tuple(each.cert.der for each in crl_issuers())
    if dice.chance(0.3):
        asked = replace(asked, candidates=others)
    if dice.chance(0.1):
        asked = replace(asked, crl_issuers=(others[0],))
    return asked


def _mutated(dice: Dice, data: bytes, key: str) -> bytes:
    return mutate(dice, data, (key,), crl_donors()) if dice.chance(0.5) else data


def draw_crl(dice: Dice, cert: Identity, base: int | None = None) -> tuple[bytes, str]:
    """Return a CRL, and the key that signs it; a delta CRL with *base*."""
    by = Signer(build().ca, "ca")
    if dice.chance(0.25):
        by = dice.choice(crl_issuers())
    key = dice.usually(by.cert.key, "mallory", "ca", "responder")
    indirect = by.cert.subject == name("CRL Issuer") or dice.chance(0.1)
    known: list[bytes] = [extension("2.5.29.20", encode_integer(dice.usually(5, 4, 6)))]
    if base is not None:
        number = encode_integer(dice.usually(base, base + 1))
        known[0] = extension("2.5.29.20", encode_integer(dice.usually(7, 4)))
        known.append(extension("2.5.29.27", number, critical=dice.usually(True, False)))
    if indirect or dice.chance(0.3):
        known.append(_scope(dice, indirect=indirect))
    known += dice.usually((), (extension("1.2.3.4", b"\x05\x00"),), (_CRITICAL,))
    data = _crl(
        by.cert.subject,
        dice.usually(by.cert.subject, name("Test CA"), name("test ca", 0x13)),
        key,
        [
            _item(dice, cert, indirect=indirect)
            for _ in range(dice.choice((0, 0, 1, 3)))
        ],
        known,
        begin=dice.usually(NOW - HOUR, *MOMENTS),
        end=dice.usually(NOW + DAY, None, *MOMENTS),
    )
    return data, key


_CRITICAL = extension("1.2.3.4", b"\x05\x00", critical=True)


def _scope(dice: Dice, *, indirect: bool) -> bytes:
    names = dice.choice(([HERE], [THERE], [_directory("CRL Issuer")], None))
    kinds = dice.choice(
        ((False, False, False),) * 4 + ((True, False, False),) * 2 + _ODD
    )
    reasons = dice.choice((None, None, None, _KEYS, _EVERY - _KEYS))
    if not (names or any(kinds) or reasons or indirect):
        indirect = True
    point = x509.IssuingDistributionPoint(
        names, None, kinds[0], kinds[1], reasons, indirect, kinds[2]
    )
    critical = dice.usually(True, False)
    return extension("2.5.29.28", point.public_bytes(), critical=critical)


_ODD = ((False, True, False), (False, False, True))


def _item(dice: Dice, cert: Identity, *, indirect: bool) -> bytes:
    """Return an entry: about *cert*, or about another certificate."""
    known: list[bytes] = []
    if dice.chance(0.4):
        reason = bytes((0x0A, 1, dice.choice((1, 3, 4, 6, 8, 9))))
        known.append(extension("2.5.29.21", reason))
    if indirect or dice.chance(0.05):
        who = dice.choice(("Test CA", "Test CA", "Other CA", "CRL Issuer"))
        names = x509.CertificateIssuer([_directory(who)])
        critical = dice.usually(True, False)
        known.append(extension("2.5.29.29", names.public_bytes(), critical=critical))
    known += dice.usually((), (_CRITICAL,))
    return encode(
        0x30,
        encode(0x02, dice.choice((cert.serial, b"\x05", b"\x1f", b"\x00\x1f\x2e"))),
        _time(dice.usually(NOW - DAY, *MOMENTS)),
        encode(0x30, *known) if known else b"",
    )


def _crl(
    issuer: bytes,
    stated: bytes,
    key: str,
    items: list[bytes],
    known: list[bytes],
    **times: Any,
) -> bytes:
    """Return a CRL."""
    scheme = "ecdsa-sha256"
    identifier = SCHEMES[scheme].identifier
    end = times["end"]
    tbs = encode(
        0x30,
        encode_integer(1),
        identifier,
        stated or issuer,
        _time(times["begin"]),
        b"" if end is None else _time(end),
        encode(0x30, *items) if items else b"",
        encode(0xA0, encode(0x30, *known)) if known else b"",
    )
    return encode(0x30, tbs, identifier, encode(0x03, b"\x00", sign(key, scheme, tbs)))


def _time(moment: datetime.datetime) -> bytes:
    text = f"{moment:%Y%m%d%H%M%SZ}".encode()
    return encode(0x17, text[2:]) if 1950 <= moment.year < 2050 else encode(0x18, text)


def complete_crl(*serials: bytes) -> bytes:
    """Return a correct CRL of the CA that lists *serials*."""
    items = [encode(0x30, encode(0x02, each), _time(NOW - DAY)) for each in serials]
    number = extension("2.5.29.20", encode_integer(5))
    return _crl(
        build().ca.subject, b"", "ca", items, [number], begin=NOW - HOUR, end=NOW + DAY
    )


@cache
def crl_donors() -> tuple[bytes, ...]:
    """Return documents to take values from."""
    made, dice = build(), Dice("donors of CRLs", oddness=0)
    return (
        complete_crl(),
        complete_crl(made.leaf.serial, b"\x05"),
        *(draw_crl(dice, made.leaf)[0] for _ in range(6)),
        draw_crl(dice, made.leaf, base=5)[0],
        *(each.der for each in subjects()),
        *(each.cert.der for each in crl_issuers()),
    )
