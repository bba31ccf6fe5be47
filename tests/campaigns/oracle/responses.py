"""The acceptance of a response: RFC 6960 §3.2, §4.2.2 and §4.4."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from dataclasses import replace
from typing import NamedTuple

from asn1crypto import core

from tests.campaigns.oracle import certificates as certs
from tests.campaigns.oracle.reader import (
    Certificate,
    Entry,
    Extension,
    Response,
    Unreadable,
    moment,
    read_certificate,
    read_response,
    split,
)
from tests.campaigns.oracle.signatures import made_by
from tests.campaigns.oracle.usual_form import (
    has_der_values,
    is_usual_certificate,
    is_usual_response,
)
from tests.campaigns.oracle.verdict import Demands, Question, Verdict, demands

__all__ = ["Stated", "judge_response", "states"]

_NOTHING, _SECOND = datetime.timedelta(0), datetime.timedelta(seconds=1)
_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
    **{
        f"2.16.840.1.101.3.4.2.{last}": f"sha3_{bits}"
        for last, bits in ((7, 224), (8, 256), (9, 384), (10, 512))
    },
}
NONCE, ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.6"
CERT_HASH = "1.3.36.8.3.13"
_KNOWN = frozenset(
    {
        *(f"1.3.6.1.5.5.7.48.1.{last}" for last in (2, 3, 6, 9)),
        *("2.5.29.21", "2.5.29.24", "2.5.29.29", "2.5.29.27", "2.5.29.20"),
        "1.3.6.1.4.1.11129.2.4.5",
        CERT_HASH,
    }
)
"""The extensions of RFC 6960 §4.4, RFC 5280 §5.3, RFC 6962 and Common PKI."""

_RANK = {"good": 0, "unknown": 1, "revoked": 2}
_USUAL_EXTENSIONS = frozenset({NONCE})


def judge_response(asked: Question) -> Verdict:
    """Return which results are right for this response."""
    demanded = demands(asked.policy)
    try:
        response = read_response(asked.response)
        cert, issuer = read_certificate(asked.cert), read_certificate(asked.issuer)
    except Unreadable as error:
        return _refused(f"not readable: {error}")
    if asked.delegates_checked:
        demanded = replace(demanded, no_delegate_status=True)
    if certs.is_ca(cert):
        longest = demanded.longest_of_ca
        demanded = replace(demanded, longest=longest, shortest=datetime.timedelta(0))
    try:
        matching = [each for each in response.entries if _is_for(each, cert, issuer)]
    except ValueError as error:
        return _refused(f"not readable: {error}")
    signers = _signers(response, issuer, asked, demanded)
    why = _objection(response, asked, demanded)
    if why or not signers or not matching:
        return _refused(why or ("no entry" if signers else "no authorized signer"))
    current = [e for e in matching if _is_current(e, asked.at, demanded)]
    may = _worst(current, asked.at, demanded)
    may = {each for each in may if _is_told(each, cert, matching, asked, demanded)}
    if not may:
        return _refused("no current entry")
    must = len(current) == len(matching) == 1 and _is_clear(
        response, current[0], asked, (cert, issuer)
    )
    return Verdict(may=frozenset(may), must=must)


class Stated(NamedTuple):
    """
    What a result says of the certificate.

    Attributes:
        status: ``good``, ``revoked`` or ``unknown``.

        this_update: thisUpdate of the entry.

        next_update: Its nextUpdate.

        revoked_at: Its revocationTime.

        signer: The certificate of the signer.
    """

    status: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    revoked_at: datetime.datetime | None
    signer: bytes


def states(asked: Question, stated: Stated) -> bool:
    """Return whether an entry says this, and that signer signed it."""
    response = read_response(asked.response)
    cert, issuer = read_certificate(asked.cert), read_certificate(asked.issuer)
    signer = read_certificate(stated.signer)
    known = (asked.issuer, *response.certificates, *asked.candidates)
    return (
        stated.signer in (*known, *asked.responders)
        and made_by(signer.key_info, response.signed, weak=True)
        and any(
            _is_for(each, cert, issuer)
            and stated[:4]
            == (each.status, each.this_update, each.next_update, each.revoked_at)
            for each in response.entries
        )
    )


def _refused(why: str) -> Verdict:
    return Verdict(may=frozenset(), why=why)


# --- the entry -----------------------------------------------------------------------


def _is_for(entry: Entry, cert: Certificate, issuer: Certificate) -> bool:
    """Return whether the CertID is that of *cert* (§4.1.1)."""
    named = _HASHES.get(entry.hashed)
    if named is None or entry.serial != cert.serial:
        return False
    if not certs.names_match(cert.issuer, issuer.subject):
        return False
    said = entry.name_hash, entry.key_hash
    return any(
        said == (_digest(named, name), _digest(named, issuer.key_bits))
        for name in (cert.issuer, issuer.subject)
    )


def _digest(named: str, data: bytes) -> bytes:
    return hashlib.new(named, data).digest()


def _is_current(
    entry: Entry,
    at: datetime.datetime,
    demanded: Demands,
    margin: datetime.timedelta = _NOTHING,
) -> bool:
    """Return whether the entry counts, *margin* away from each limit (§4.2.2.1)."""
    if entry.this_update > at + demanded.skew - margin:
        return False
    if entry.next_update is None:
        longest = demanded.without_next_update
        longer = -demanded.skew if margin else _SECOND
        return longest is not None and at - longest - longer < entry.this_update
    if entry.next_update < entry.this_update:
        return False
    interval = entry.next_update - entry.this_update
    if demanded.longest is not None and interval > demanded.longest:
        return False
    return interval >= demanded.shortest and (
        at - demanded.skew + margin < entry.next_update
    )


def _worst(current: list[Entry], at: datetime.datetime, demanded: Demands) -> set[str]:
    """Return the statuses that can count: *good* only if no entry says otherwise."""
    clear = [e for e in current if _is_current(e, at, demanded, _SECOND)]
    least = max((_RANK[each.status] for each in clear), default=0)
    return {each.status for each in current if _RANK[each.status] >= least}


def _is_told(
    status: str,
    cert: Certificate,
    matching: list[Entry],
    asked: Question,
    demanded: Demands,
) -> bool:
    """Return whether the responder still knows it, and says it of this certificate."""
    if demanded.archive_cutoff and status == "good" and cert.end < asked.at - _SECOND:
        cut = [x for e in matching for x in e.extensions if x.oid == ARCHIVE_CUTOFF]
        if not any(_is_kept(each.value, cert) for each in cut):
            return False
    return any(
        each.status == status
        and not _is_unknown(each.extensions)
        and _fits(each.extensions, asked.cert)
        for each in matching
    )


def _is_kept(cutoff: bytes, cert: Certificate) -> bool:
    """Return whether the archive still has the status of *cert* (§4.4.4)."""
    try:
        return moment(core.GeneralizedTime.load(cutoff, strict=True)) <= cert.end
    except (ValueError, TypeError, Unreadable):
        return False


def _fits(extensions: tuple[Extension, ...], cert: bytes) -> bool:
    """Return whether CertHash, if there is one, may be that of *cert*."""
    for each in extensions:
        if each.oid != CERT_HASH:
            continue
        try:
            (whole,) = split(each.value)
            algorithm, digest = split(core.Sequence.load(whole).contents)
            identifier = split(core.Sequence.load(algorithm).contents)[0]
            named = _HASHES.get(core.ObjectIdentifier.load(identifier).dotted)
            said = core.OctetString.load(digest).native
        except (ValueError, TypeError, IndexError):
            return False
        if named is None and each.critical:
            return False
        if named is not None and said != _digest(named, cert):
            return False
    return True


# --- the signer ----------------------------------------------------------------------


def _signers(
    response: Response, issuer: Certificate, asked: Question, demanded: Demands
) -> list[Certificate]:
    """Return the certificates of authorized responders that signed it (§4.2.2.2)."""
    trusted = [
        each
        for each in certs.readable(asked.responders)
        if certs.is_valid(each, asked.at)
        and certs.allows(each, "digital_signature", "non_repudiation")
    ]
    others = certs.readable((*response.certificates, *asked.candidates))
    issuing = [issuer, *(each for each in others if _is_same_ca(each, issuer))]
    if not certs.is_understood(issuer) or (
        demanded.issuer_key_usage and not certs.allows(issuer, "digital_signature")
    ):
        issuing = []
    delegates = [
        each for each in others if certs.is_delegate(each, issuer, asked.at, demanded)
    ]
    return [
        each
        for each in (*issuing, *trusted, *delegates)
        if _is_named(response, each)
        and made_by(each.key_info, response.signed, weak=demanded.weak)
    ]


def _is_same_ca(cert: Certificate, issuer: Certificate) -> bool:
    return cert.key_info == issuer.key_info and certs.names_match(
        cert.subject, issuer.subject
    )


def _is_named(response: Response, signer: Certificate) -> bool:
    """Return whether responderID is that of *signer* (§4.2.2.3)."""
    if response.responder_name is not None:
        return certs.names_match(response.responder_name, signer.subject)
    return response.responder_key == hashlib.sha1(signer.key_bits).digest()


# --- the message ---------------------------------------------------------------------


def _objection(response: Response, asked: Question, demanded: Demands) -> str:
    """Return what forbids the message as a whole, or nothing."""
    if response.version != 0:
        return "the version"
    if not demanded.tolerant and not has_der_values(response.signed.data):
        return "not DER"
    for each in (response.extensions, *(e.extensions for e in response.entries)):
        named = [extension.oid for extension in each]
        if len(set(named)) != len(named):
            return "an extension twice"
    if _is_unknown(response.extensions):
        return "an unknown critical extension"
    if asked.nonce is not None and not _is_answered(response, asked.nonce, demanded):
        return "the nonce"
    return ""


def _is_unknown(extensions: tuple[Extension, ...]) -> bool:
    return any(each.critical and each.oid not in _KNOWN for each in extensions)


def _is_answered(response: Response, nonce: bytes, demanded: Demands) -> bool:
    """Return whether the nonce is that of the request, or may be missing (§4.4.1)."""
    values = [each.value for each in response.extensions if each.oid == NONCE]
    if not values:
        return not demanded.nonce
    return any(
        hmac.compare_digest(form, nonce)
        for value in values
        for form in (value, *_unwrapped(value))
    )


def _unwrapped(value: bytes) -> list[bytes]:
    try:
        return [core.OctetString.load(value, strict=True).native]
    except (ValueError, TypeError):
        return []


# --- what has to be accepted ---------------------------------------------------------


def _is_clear(
    response: Response,
    entry: Entry,
    asked: Question,
    given: tuple[Certificate, Certificate],
) -> bool:
    """Return whether nothing about the response leaves room for a refusal."""
    cert, issuer = given
    signer = _usual_signer(response, issuer, asked)
    extensions = [*response.extensions, *entry.extensions]
    return (
        asked.policy in ("default", "unsafe-legacy")
        and not asked.delegates_checked
        and is_usual_response(asked.response)
        and is_usual_certificate(asked.cert)
        and is_usual_certificate(asked.issuer)
        and cert.issuer == issuer.subject
        and certs.is_understood(issuer)
        and certs.allows(issuer, "digital_signature", "key_cert_sign")
        and cert.begin < asked.at < cert.end
        and signer is not None
        and all(each.oid in _USUAL_EXTENSIONS for each in extensions)
        and not any(each.extensions for each in response.entries)
        and _is_within(response, entry, asked)
    )


def _is_within(response: Response, entry: Entry, asked: Question) -> bool:
    """Return whether all times are well away from every limit."""
    demanded = demands(asked.policy)
    values = [each.value for each in response.extensions]
    return (
        _is_current(entry, asked.at, demanded, _SECOND)
        and not entry.removed
        and (entry.revoked_at is None or entry.revoked_at <= asked.at)
        and (asked.nonce is None or values == [b"\x04\x20" + asked.nonce])
        and all(value[:1] == b"\x04" and value[2:] for value in values)
    )


def _usual_signer(
    response: Response, issuer: Certificate, asked: Question
) -> Certificate | None:
    """Return a signer about whom there is no doubt, if there is one."""
    found = _signers(response, issuer, asked, _WITHOUT_DOUBT)
    for each in found:
        if response.responder_name not in (None, each.subject):
            continue
        if each.der == issuer.der or (
            each.der in (*response.certificates, *asked.responders)
            and is_usual_certificate(each.der)
            and each.issuer == issuer.subject
            and each.begin < asked.at < each.end
            and all(x.oid in _USUAL_OF_SIGNERS for x in each.extensions)
            and (b"\x05\x00" in each.values(certs.NOCHECK))
        ):
            return each if _PSS not in each.key_info[:32] else None
    return None


_PSS = bytes.fromhex("06092a864886f70d01010a")
_WITHOUT_DOUBT = Demands(delegate_status=True)
_USUAL_OF_SIGNERS = frozenset(
    {certs.BASIC_CONSTRAINTS, certs.KEY_USAGE, certs.PURPOSES, certs.NOCHECK}
)
