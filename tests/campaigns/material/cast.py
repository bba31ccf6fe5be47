"""
The certificates of the campaigns.

::

    Test CA ─┬─ leaf.example     the certificate in question
             ├─ Test Responder   its delegate
             └─ Sub CA           a CA below it
    Test CA ── Test Responder    the same names with other keys: an attacker's PKI
    Other CA ─ Other Responder   an honest CA that has no say here
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.campaigns.material.dice import Dice
from tests.cases.builder import (
    CA,
    CA_USAGE,
    CRL_PLACE,
    DAY,
    NOCHECK,
    NOT_CA,
    OCSP_PLACE,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    extension,
    usage,
)
from tests.cases.model import NOW

__all__ = ["Signer", "build", "draw_delegate", "strangers"]


@cache
def build() -> Builder:
    """Return the builder with the first three certificates."""
    return Builder()


class Signer(NamedTuple):
    """A certificate, and the name of the key that signed it."""

    cert: Identity
    issued_by: str


@cache
def strangers() -> tuple[Signer, ...]:
    """Return the signers that have no say: each is wrong in another way."""
    made = build()
    fake = made.authority(key="mallory")
    other = made.authority("Other CA", key="ca-2")
    sub = made.authority("Sub CA", key="sub-ca", issuer=made.ca, serial=7)
    return (
        Signer(fake, "mallory"),
        Signer(made.delegate(key="mallory", issuer=fake), "mallory"),
        Signer(made.delegate(key="mallory", issuer=None), "mallory"),
        Signer(other, "ca-2"),
        Signer(
            made.delegate("Other Responder", key="responder-2", issuer=other), "ca-2"
        ),
        Signer(made.delegate(key="responder-2", issuer=sub), "sub-ca"),
        Signer(made.delegate("Test CA", key="responder-2", issuer=other), "ca-2"),
        Signer(made.delegate(key="mallory", signed_by="mallory"), "mallory"),
        Signer(sub, "ca"),
        Signer(made.leaf, "ca"),
    )


_ANY_PURPOSE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
_SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
_PURPOSES = (
    _ANY_PURPOSE,
    _SERVER,
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, *OCSP_SIGNING]),
    extension("2.5.29.37", bytes.fromhex("300906072b060105050703")),
    extension("2.5.29.37", b"\x30\x00"),
)
_REST = (
    (),
    (OCSP_PLACE,),
    (CRL_PLACE,),
    (extension("1.3.6.1.5.5.7.48.1.5", b""),),
    (NOCHECK, extension("1.2.3.4", b"\x05\x00")),
    (NOCHECK, extension("1.2.3.4", b"\x05\x00", critical=True)),
)


def draw_delegate(dice: Dice) -> Signer:
    """Return a delegate of the CA, usually a correct one."""
    key = dice.choice(("responder", "responder", "rsa-2048", "ed25519", "p384"))
    scheme = {"rsa-2048": "rsa-sha256", "ed25519": "ed25519"}.get(key, "ecdsa-sha256")
    constraints = dice.usually((NOT_CA,), (CA,), ())
    usages = dice.usually(
        (SIGNS,),
        (usage("content_commitment"),),
        (usage("key_cert_sign"),),
        (),
        (CA_USAGE,),
    )
    purposes = dice.usually((OCSP_SIGNING,), *((each,) for each in _PURPOSES), ())
    rest = dice.usually((NOCHECK,), *_REST)
    days = dice.usually((-365, 365), (-365, -1), (1, 365), (-365, 0), (365, -365))
    issued_by = dice.usually("ca", "mallory", "ca-2", "sub-ca", "leaf")
    cert = build().delegate(
        key=key,
        scheme=scheme,
        signed_by=issued_by,
        begin=NOW + days[0] * DAY,
        end=NOW + days[1] * DAY,
        extensions=(*constraints, *usages, *purposes, *rest),
    )
    return Signer(cert, issued_by)
