"""
For every rule a response that violates it, and the nearest one that does not.

Each case has a rule, a profile, the changes of the clean response that make the
violation, those that make the near response, and the arguments of the lint. The issuer
is always given unless a case overrides it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

from ocsp.asn1 import oids
from ocsp.asn1.der import OCTET_STRING, SEQUENCE, encode, encode_oid
from ocsp.asn1.times import encode_time
from ocsp.linting import Profile
from tests.pki import NOW, key
from tests.unit.linting import forge as f
from tests.unit.linting.forge import DAY, HOUR, entry

__all__ = ["CASES", "LintCase"]

RFC6960, RFC9919, WEBPKI = Profile

Changes = Mapping[str, Any]


class LintCase(NamedTuple):
    """A rule, a response that violates it, and one that does not."""

    rule: str
    profile: Profile
    against: Changes
    near: Changes
    given: Changes = {}  # noqa: RUF012 - never changed


def _nonce(octets: int, *, wrapped: bool = True) -> list[bytes]:
    value = bytes(octets)
    return [f.extension(oids.NONCE, encode(OCTET_STRING, value) if wrapped else value)]


def _entry(**changes: Any) -> Changes:
    return {"entries": [entry(**changes)]}


def _reason(code: int | None, **changes: Any) -> Changes:
    return _entry(status=f.revoked(code), **changes)


def _delegate(*more: f.Extension, without: type | None = None) -> Changes:
    found = f.extensions(*more, without=without)
    return {"signer": f.delegate(extensions=found)}


_1970 = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NEVER = f.revoked(6, _1970)
_EXTENDED_REVOKE = f.extension(oids.EXTENDED_REVOKE, f.NULL)
_CRL_NUMBER = f.extension(oids.CRL, bytes.fromhex("3005a103020107"))
_UNKNOWN_OID = "1.3.6.1.4.1.55555.1"
_REASON = f.extension(oids.CRL_REASON, bytes.fromhex("0a0101"))


def _cutoff(when: datetime.datetime) -> list[bytes]:
    return [f.extension(oids.ARCHIVE_CUTOFF, encode_time(when))]


def _other_hash(place: int) -> bytes:
    """Return a CertID with the last octet of one hash changed."""
    der = bytearray(f.cert_id())
    der[place] ^= 1
    return bytes(der)


def _short_hash() -> bytes:
    algorithm = encode(SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.1"), f.NULL)
    twenty = encode(OCTET_STRING, bytes(20))
    return encode(SEQUENCE, algorithm, twenty, twenty, b"\x02\x01\x01")


def _md5() -> bytes:
    algorithm = encode(SEQUENCE, encode_oid("1.2.840.113549.2.5"), f.NULL)
    sixteen = encode(OCTET_STRING, bytes(16))
    return encode(SEQUENCE, algorithm, sixteen, sixteen, b"\x02\x01\x01")


_PRINTABLE = x509.Name(
    [x509.NameAttribute(NameOID.COMMON_NAME, "Lint CA", _ASN1Type.PrintableString)]
)
_OCSP_ACCESS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP,
            x509.UniformResourceIdentifier("http://ocsp.test"),
        )
    ]
)
_CA_ACCESS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier("http://ca.test"),
        )
    ]
)
_CRL_POINT = x509.CRLDistributionPoints(
    [
        x509.DistributionPoint(
            [x509.UniformResourceIdentifier("http://crl.test")], None, None, None
        )
    ]
)
_AS_ISSUER = {
    "responder": f.by_key(f.authority()),
    "signer": f.authority(),
    "signing": key("Lint CA"),
    "certs": None,
}

_of_one_size = ed25519.Ed25519PrivateKey.generate()
_small = ec.generate_private_key(ec.SECP224R1())

MESSAGE = (
    LintCase("L101", RFC6960, {"version": b"\xa0\x03\x02\x01\x00"}, {}),
    LintCase("L102", RFC6960, {"status": 4}, {"status": 6, "body": False}),
    LintCase("L103", RFC6960, {"type_oid": "1.3.6.1.5.5.7.48.1.4"}, {}),
    LintCase(
        "L104",
        RFC6960,
        {"produced_at": encode(0x18, b"20260701110000.5Z")},
        {"produced_at": encode(0x18, b"20260701110000Z")},
    ),
    LintCase("L105", RFC6960, {"status": 3}, {"status": 3, "body": False}),
    LintCase("L106", RFC6960, {"certs": []}, {"certs": None}),
    LintCase("L107", RFC6960, {"extensions": []}, {"extensions": None}),
    LintCase("L107", RFC6960, _entry(extensions=[]), _entry(extensions=None)),
    LintCase("L108", RFC6960, {"entries": []}, {}),
    LintCase(
        "L109", RFC6960, {"extensions": _nonce(32) * 2}, {"extensions": _nonce(32)}
    ),
    LintCase(
        "L110",
        RFC6960,
        _entry(extensions=[f.extension(oids.ARCHIVE_CUTOFF, b"\x05\x00")]),
        _entry(extensions=_cutoff(NOW - 400 * DAY)),
    ),
    LintCase(
        "L110",
        RFC6960,
        {"extensions": [f.extension(oids.EXTENDED_REVOKE, b"")]},
        {"extensions": [_EXTENDED_REVOKE]},
    ),
    LintCase(
        "L111",
        RFC6960,
        {"extensions": [f.extension(_UNKNOWN_OID, b"", critical=True)]},
        {"extensions": [f.extension(_UNKNOWN_OID, b"")]},
    ),
    LintCase(
        "L112",
        RFC6960,
        _entry(extensions=_nonce(32)),
        {"extensions": _nonce(32)},
    ),
    LintCase(
        "L112", RFC6960, {"extensions": [_CRL_NUMBER]}, _entry(extensions=[_CRL_NUMBER])
    ),
    LintCase("L113", RFC6960, {"status": 6, "body": False}, {}),
)

_REVOKED = f.revoked()
_SHA1 = f.cert_id(algorithm=hashes.SHA1())
_OF_ANOTHER = f.cert_id(issuer=f.right_delegate(), algorithm=hashes.SHA1())

ENTRIES = (
    LintCase("L201", RFC6960, _entry(about=_md5()), {}),
    LintCase("L202", RFC6960, _entry(about=_short_hash()), {}),
    LintCase(
        "L203",
        RFC9919,
        _entry(about=f.cert_id(algorithm=hashes.SHA1())),
        _entry(about=f.cert_id(algorithm=hashes.SHA384())),
    ),
    LintCase(
        "L204",
        RFC6960,
        _entry(about=_other_hash(-5)),
        _entry(about=f.cert_id(issuer=f.right_delegate())),
    ),
    LintCase(
        "L204",
        RFC6960,
        _entry(about=_other_hash(30)),
        _entry(about=f.cert_id(issuer=f.right_delegate())),
    ),
    LintCase(
        "L205",
        RFC6960,
        _entry(about=f.cert_id(1 << 159)),
        _entry(about=f.cert_id((1 << 159) - 1)),
    ),
    LintCase("L205", RFC6960, _entry(about=f.cert_id(0)), _entry(about=f.cert_id(1))),
    LintCase("L205", RFC6960, _entry(about=f.cert_id(-(1 << 16_000))), {}),
    LintCase(
        "L206",
        RFC6960,
        {"entries": [entry(), entry()]},
        {"entries": [entry(), entry(about=f.cert_id(algorithm=hashes.SHA1()))]},
    ),
    LintCase(
        "L207",
        RFC9919,
        {"entries": [entry(), entry(about=f.cert_id(7))]},
        {"entries": [entry(), entry(about=f.cert_id(algorithm=hashes.SHA1()))]},
    ),
    LintCase(
        "L208",
        RFC6960,
        _entry(about=f.cert_id(7)),
        {"entries": [entry(about=f.cert_id(7)), entry()]},
        {"request": f.request(f.SERIAL)},
    ),
    LintCase(
        "L209",
        RFC6960,
        {"entries": [entry(about=f.cert_id(7)), entry()]},
        {"entries": [entry()]},
        {"request": f.request(f.SERIAL)},
    ),
    LintCase(
        "L210",
        RFC6960,
        _entry(about=f.cert_id(f.SERIAL + 1)),
        _entry(about=f.cert_id(algorithm=hashes.SHA1())),
        {"cert": f.subject()},
    ),
    LintCase(
        "L210",
        RFC6960,
        _entry(about=f.cert_id(issuer=f.right_delegate())),
        _entry(),
        {"cert": f.subject()},
    ),
    LintCase(
        "L210",
        RFC6960,
        _entry(about=f.cert_id(f.SERIAL + 1)),
        {},
        {"cert": f.subject(), "issuer": None},
    ),
    LintCase(
        "L211",
        RFC6960,
        {"entries": [entry(), entry(about=_SHA1, status=f.revoked())]},
        {"entries": [entry(), entry(about=_SHA1, next_update=NOW + 2 * DAY)]},
    ),
    LintCase(
        "L211",
        RFC6960,
        {"entries": [entry(), entry(status=f.UNKNOWN)]},
        {"entries": [entry(), entry(about=f.cert_id(7), status=f.UNKNOWN)]},
    ),
    LintCase(
        "L211",
        RFC6960,
        {"entries": [entry(), entry(status=f.revoked())]},
        {"entries": [entry(), entry(about=_SHA1, status=f.revoked())]},
        {"issuer": None},
    ),
    LintCase(
        "L211",
        RFC6960,
        {"entries": [entry(about=_md5()), entry(about=_md5(), status=_REVOKED)]},
        {"entries": [entry(about=f.cert_id(1)), entry(about=_md5(), status=_REVOKED)]},
    ),
    LintCase(
        "L211",
        RFC6960,
        {"entries": [entry(), entry(about=_SHA1, status=f.revoked())]},
        {"entries": [entry(), entry(about=_OF_ANOTHER, status=f.revoked())]},
    ),
)

_AT = {"at": NOW}

TIMES = (
    LintCase(
        "L301",
        RFC6960,
        _entry(next_update=NOW - 2 * HOUR),
        _entry(next_update=NOW - HOUR),
    ),
    *(
        LintCase("L302", profile, _entry(next_update=None), {})
        for profile in (RFC6960, RFC9919, WEBPKI)
    ),
    LintCase("L303", RFC6960, _entry(this_update=NOW), _entry(this_update=NOW - HOUR)),
    LintCase(
        "L304",
        RFC6960,
        _entry(this_update=NOW - 3 * HOUR, next_update=NOW - 2 * HOUR),
        _entry(this_update=NOW - 3 * HOUR, next_update=NOW - HOUR),
    ),
    LintCase(
        "L305",
        RFC6960,
        _entry(status=f.revoked(1, NOW)),
        _entry(status=f.revoked(1, NOW - HOUR)),
    ),
    LintCase(
        "L306",
        RFC6960,
        _entry(this_update=NOW + HOUR),
        _entry(this_update=NOW),
        _AT,
    ),
    LintCase(
        "L307", RFC6960, _entry(next_update=NOW), _entry(next_update=NOW + HOUR), _AT
    ),
    LintCase("L308", RFC6960, {"produced_at": NOW + HOUR}, {"produced_at": NOW}, _AT),
    LintCase(
        "L309",
        WEBPKI,
        _entry(next_update=NOW - HOUR + 10 * DAY),
        _entry(next_update=NOW - HOUR + 10 * DAY - datetime.timedelta(seconds=1)),
    ),
    LintCase(
        "L309",
        WEBPKI,
        _entry(next_update=NOW + 7 * HOUR - datetime.timedelta(seconds=2)),
        _entry(next_update=NOW + 7 * HOUR - datetime.timedelta(seconds=1)),
    ),
    LintCase("L309", WEBPKI, _entry(next_update=NOW - HOUR), {}),
    LintCase(
        "L310",
        WEBPKI,
        _entry(next_update=NOW - HOUR + 366 * DAY + datetime.timedelta(seconds=1)),
        _entry(next_update=NOW - HOUR + 366 * DAY),
        {"cert": f.subject(ca=True)},
    ),
    LintCase(
        "L310",
        WEBPKI,
        _entry(next_update=NOW + 400 * DAY),
        _entry(next_update=None),
        {"cert": f.subject(ca=True)},
    ),
    LintCase(
        "L311",
        WEBPKI,
        _entry(this_update=NOW - 5 * HOUR, next_update=NOW + 4 * HOUR),
        _entry(this_update=NOW - 4 * HOUR, next_update=NOW + 4 * HOUR),
        _AT,
    ),
    LintCase(
        "L311",
        WEBPKI,
        _entry(this_update=NOW - 20 * HOUR, next_update=NOW + 7 * HOUR),
        _entry(this_update=NOW - 20 * HOUR, next_update=NOW + 8 * HOUR),
        _AT,
    ),
    LintCase(
        "L311",
        WEBPKI,
        _entry(this_update=NOW - 5 * DAY, next_update=NOW + 4 * DAY),
        _entry(this_update=NOW - 4 * DAY, next_update=NOW + 4 * DAY),
        _AT,
    ),
)

REVOCATION = (
    LintCase("L401", RFC6960, _reason(7), _reason(10)),
    LintCase("L402", RFC6960, _reason(0), _reason(None)),
    LintCase("L403", RFC6960, _reason(8), _reason(9)),
    LintCase(
        "L404",
        RFC6960,
        _entry(status=_NEVER),
        _entry(status=_NEVER) | {"extensions": [_EXTENDED_REVOKE]},
    ),
    LintCase(
        "L405",
        RFC6960,
        _entry(extensions=[_EXTENDED_REVOKE]),
        {"extensions": [_EXTENDED_REVOKE]},
    ),
    LintCase(
        "L405",
        RFC6960,
        {"extensions": [f.extension(oids.EXTENDED_REVOKE, f.NULL, critical=True)]},
        {"extensions": [_EXTENDED_REVOKE]},
    ),
    LintCase(
        "L406",
        RFC6960,
        _entry(status=_NEVER, extensions=[_CRL_NUMBER]),
        _entry(status=_NEVER, extensions=[f.extension(_UNKNOWN_OID, b"")]),
    ),
    LintCase(
        "L406",
        RFC6960,
        _entry(status=_NEVER, extensions=[_REASON]),
        _entry(status=f.revoked(1), extensions=[_REASON]),
    ),
    LintCase(
        "L407",
        RFC6960,
        _entry(status=f.revoked(1, _1970)),
        _entry(status=_NEVER),
    ),
    LintCase(
        "L408",
        RFC6960,
        _entry(extensions=_cutoff(NOW)),
        _entry(extensions=_cutoff(NOW - HOUR)),
    ),
    LintCase(
        "L409",
        RFC6960,
        _entry(),
        _entry(extensions=_cutoff(NOW - 400 * DAY)),
        {"cert": f.subject(end=NOW - 10 * DAY)},
    ),
    LintCase(
        "L409",
        RFC6960,
        {"produced_at": NOW},
        {"produced_at": NOW - HOUR},
        {"cert": f.subject(end=NOW - HOUR)},
    ),
    LintCase("L410", WEBPKI, _reason(None), _reason(2), {"cert": f.subject(ca=True)}),
    LintCase("L411", WEBPKI, _reason(None), _reason(4), {"cert": f.subject()}),
    LintCase("L412", WEBPKI, _reason(6), _reason(5)),
    LintCase(
        "L412",
        WEBPKI,
        _reason(6),
        _entry(status=_NEVER) | {"extensions": [_EXTENDED_REVOKE]},
    ),
    LintCase("L412", WEBPKI, _reason(2), _reason(9), {"cert": f.subject()}),
    LintCase(
        "L412",
        WEBPKI,
        _reason(2),
        _reason(2, about=f.cert_id(7)),
        {"cert": f.subject()},
    ),
    LintCase(
        "L413",
        WEBPKI,
        _entry(status=f.revoked(1), extensions=[_REASON]),
        _entry(status=f.revoked(1)),
    ),
)

NONCE = (
    LintCase(
        "L501",
        RFC6960,
        {"extensions": _nonce(16, wrapped=False)},
        {"extensions": _nonce(16)},
    ),
    LintCase("L502", RFC6960, {"extensions": _nonce(129)}, {"extensions": _nonce(128)}),
    LintCase("L502", RFC6960, {"extensions": _nonce(0)}, {"extensions": _nonce(1)}),
    LintCase("L503", RFC6960, {"extensions": _nonce(33)}, {"extensions": _nonce(32)}),
    LintCase("L503", RFC6960, {"extensions": _nonce(15)}, {"extensions": _nonce(16)}),
    LintCase("L503", RFC6960, {"extensions": _nonce(1)}, {"extensions": _nonce(0)}),
    LintCase("L503", RFC6960, {"extensions": _nonce(128)}, {"extensions": _nonce(129)}),
    LintCase(
        "L504",
        RFC6960,
        {"extensions": _nonce(32)},
        {"extensions": _nonce(16)},
        {"request": f.request(f.SERIAL, nonce=bytes(16))},
    ),
    LintCase(
        "L504",
        RFC6960,
        {"extensions": _nonce(32)},
        {"extensions": _nonce(16, wrapped=False)},
        {"request": f.request(f.SERIAL, nonce=bytes(16))},
    ),
    LintCase(
        "L505",
        RFC6960,
        {"extensions": _nonce(16)},
        {},
        {"request": f.request(f.SERIAL)},
    ),
    LintCase(
        "L506",
        RFC6960,
        {},
        {"extensions": _nonce(16)},
        {"request": f.request(f.SERIAL, nonce=bytes(16))},
    ),
    LintCase(
        "L507",
        RFC9919,
        {"extensions": _nonce(16)},
        _entry(extensions=_cutoff(NOW - 400 * DAY)),
    ),
)

SIGNATURE = (
    LintCase(
        "L601",
        RFC6960,
        {"algorithm": f.ECDSA_SHA1, "hash_algorithm": hashes.SHA1()},
        {},
    ),
    LintCase(
        "L602",
        RFC6960,
        {"algorithm": encode(SEQUENCE, encode_oid(_UNKNOWN_OID))},
        {},
    ),
    LintCase("L603", RFC6960, {"signing": key("a stranger")}, {}),
    LintCase(
        "L604",
        RFC6960,
        {"responder": f.by_key(f.authority())},
        {"responder": f.by_name(f.right_delegate())},
    ),
    LintCase("L605", RFC9919, {"certs": None}, _AS_ISSUER),
    LintCase(
        "L605",
        RFC9919,
        {"certs": [f.subject()]},
        {"certs": [f.subject(), f.right_delegate()]},
        {"issuer": None},
    ),
    LintCase(
        "L606",
        RFC6960,
        {"responder": encode(0xA2, encode(OCTET_STRING, bytes(32)))},
        {"responder": encode(0xA2, encode(OCTET_STRING, bytes(20)))},
    ),
    LintCase("L607", RFC9919, {"responder": f.by_name(f.right_delegate())}, {}),
    LintCase("L608", RFC6960, {"certs": [f.right_delegate(), f.authority()]}, {}),
    LintCase("L608", RFC6960, _AS_ISSUER | {"certs": [f.authority()]}, _AS_ISSUER),
    LintCase(
        "L609",
        RFC6960,
        {"signer": f.delegate(public=_small), "signing": _small},
        {"signer": f.delegate(public=_of_one_size)},
    ),
    LintCase(
        "L610",
        RFC6960,
        _AS_ISSUER | {"signer": f.authority(f.CERT_SIGN)},
        {},
        {"issuer": f.authority(f.CERT_SIGN)},
    ),
)
_ANY_PURPOSE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
_TWO_PURPOSES = x509.ExtendedKeyUsage(
    [ExtendedKeyUsageOID.OCSP_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH]
)
_NONSENSE = x509.UnrecognizedExtension(x509.ExtendedKeyUsage.oid, b"\x05\x00")
_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier(_UNKNOWN_OID), b"\x05\x00")
_BAD_NOCHECK = x509.UnrecognizedExtension(x509.OCSPNoCheck.oid, b"\x30\x00")
_SIGNS_CRLS = x509.KeyUsage(True, False, False, False, False, False, True, False, False)

DELEGATE = (
    LintCase("L701", RFC6960, _delegate(without=x509.ExtendedKeyUsage), {}),
    LintCase("L701", RFC6960, _delegate((_ANY_PURPOSE, False)), {}),
    LintCase(
        "L701",
        RFC6960,
        _delegate(without=x509.ExtendedKeyUsage),
        _AS_ISSUER | {"certs": [f.authority()]},
        {"issuer": None},
    ),
    *(
        LintCase("L702", profile, _delegate((_TWO_PURPOSES, False)), {})
        for profile in Profile
    ),
    LintCase(
        "L703",
        RFC6960,
        {"signer": f.delegate(signer="a stranger")},
        {},
    ),
    LintCase(
        "L703",
        RFC6960,
        {"signer": f.delegate(issuer="Other CA")},
        {"signer": f.delegate(issuer_name=_PRINTABLE)},
    ),
    LintCase("L703", RFC6960, {"signer": f.delegate_of_two_algorithms()}, {}),
    LintCase("L703", RFC6960, {"signer": f.delegate_of_no_algorithm()}, {}),
    LintCase(
        "L703",
        RFC6960,
        {"signer": f.delegate(issuer="Other CA")},
        {"signer": f.sha1_delegate()},
    ),
    *(
        LintCase(
            "L704",
            profile,
            {"signer": f.delegate(issuer_name=_PRINTABLE)},
            {"signer": f.delegate(issuer="Other CA")},
        )
        for profile in Profile
    ),
    LintCase(
        "L705",
        RFC6960,
        _delegate((_NONSENSE, False), without=x509.ExtendedKeyUsage),
        {},
    ),
    LintCase(
        "L706", RFC6960, _delegate((_UNKNOWN, True)), _delegate((_UNKNOWN, False))
    ),
    *(
        LintCase("L707", profile, _delegate(without=x509.OCSPNoCheck), {})
        for profile in Profile
    ),
    LintCase(
        "L708",
        RFC6960,
        _delegate((_BAD_NOCHECK, False), without=x509.OCSPNoCheck),
        {},
    ),
    LintCase("L709", RFC6960, _delegate((x509.OCSPNoCheck(), True)), {}),
    LintCase(
        "L710",
        RFC6960,
        _delegate((f.CERT_SIGN, True)),
        _delegate(without=x509.KeyUsage),
    ),
    LintCase("L711", WEBPKI, _delegate(without=x509.KeyUsage), {}),
    LintCase("L711", WEBPKI, _delegate((f.DIGITAL_SIGNATURE, False)), {}),
    LintCase("L711", WEBPKI, _delegate((_SIGNS_CRLS, True)), {}),
    LintCase(
        "L712",
        RFC6960,
        _delegate((x509.BasicConstraints(ca=True, path_length=None), True)),
        _delegate((x509.BasicConstraints(ca=False, path_length=None), True)),
    ),
    LintCase(
        "L712",
        RFC6960,
        _delegate((x509.BasicConstraints(ca=True, path_length=None), True)),
        _AS_ISSUER | {"certs": [f.authority()]},
        {"issuer": None},
    ),
    LintCase("L713", RFC9919, _delegate((_CRL_POINT, False)), {}),
    LintCase(
        "L714",
        RFC9919,
        _delegate((_OCSP_ACCESS, False)),
        _delegate((_CA_ACCESS, False)),
    ),
    LintCase(
        "L715",
        WEBPKI,
        _delegate((x509.SubjectAlternativeName([x509.DNSName("a.test")]), False)),
        _delegate((_UNKNOWN, False)),
    ),
    LintCase("L716", WEBPKI, _delegate(without=x509.AuthorityKeyIdentifier), {}),
    LintCase(
        "L717",
        RFC9919,
        {"signer": f.delegate(end=NOW + 90 * DAY)},
        {"signer": f.delegate(end=NOW + 89 * DAY)},
    ),
    LintCase(
        "L718",
        RFC6960,
        {"signer": f.delegate(begin=NOW)},
        {"signer": f.delegate(begin=NOW - HOUR)},
    ),
    LintCase(
        "L718",
        RFC6960,
        {"signer": f.delegate(end=NOW - 2 * HOUR)},
        {"signer": f.delegate(end=NOW - HOUR)},
    ),
    LintCase(
        "L719",
        RFC6960,
        {"signer": f.delegate(end=NOW + 2 * DAY)},
        {"signer": f.delegate(end=NOW + 3 * DAY)},
    ),
    LintCase("L720", RFC6960, {"signer": f.sha1_delegate()}, {}),
)

CASES = (*MESSAGE, *ENTRIES, *TIMES, *REVOCATION, *NONCE, *SIGNATURE, *DELEGATE)
