"""The status of a certificate by CRLs: RFC 5280 §6.3.3."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from tests.campaigns.oracle import certificates as certs
from tests.campaigns.oracle.crl_reader import (
    CERTIFICATE_ISSUER,
    CRL,
    DELTA,
    INVALIDITY,
    ISSUING_POINT,
    KEY_ID,
    NUMBER,
    REASON,
    REASONS,
    Point,
    implied_point,
    name_forms,
    points_of,
    read_crl,
)
from tests.campaigns.oracle.reader import (
    Certificate,
    Extension,
    Unreadable,
    read_certificate,
)
from tests.campaigns.oracle.signatures import made_by
from tests.campaigns.oracle.usual_form import is_usual_certificate, is_usual_crl
from tests.campaigns.oracle.verdict import Demands, Verdict, demands

__all__ = ["CRLQuestion", "judge_crls"]

_SECOND = datetime.timedelta(seconds=1)
_KNOWN = frozenset({ISSUING_POINT, DELTA, NUMBER, KEY_ID, "2.5.29.18", "2.5.29.46"})
_KNOWN_OF_ITEMS = frozenset({REASON, INVALIDITY, CERTIFICATE_ISSUER})
_EXPIRED_ON_CRL = "2.5.29.60"
_REMOVED = 8


@dataclass(frozen=True, kw_only=True)
class CRLQuestion:
    """Whether CRLs prove the status of a certificate."""

    crls: tuple[bytes, ...]
    """The complete CRLs."""

    deltas: tuple[bytes, ...] = ()
    """The delta CRLs."""

    cert: bytes
    """The certificate in question."""

    issuer: bytes
    """The certificate of its issuer."""

    at: datetime.datetime
    """The moment."""

    crl_issuers: tuple[bytes, ...] = ()
    """Certificates of CRL issuers that the relying party trusts."""

    candidates: tuple[bytes, ...] = ()
    """Certificates from elsewhere that may be that of the CRL issuer."""

    policy: str = "default"
    """The name of the policy."""


class _Judge:
    """One question, with what has been read of it."""

    def __init__(self, asked: CRLQuestion) -> None:
        self.asked = asked
        self.demanded = demands(asked.policy)
        self.cert = read_certificate(asked.cert)
        self.issuer = read_certificate(asked.issuer)
        self.points = [*self._named_points(), implied_point(self.cert.issuer)]

    def _named_points(self) -> list[Point]:
        """Return the certificate's points; none if no reader can read them."""
        try:
            return points_of(self.cert.extensions, self.cert.issuer)
        except Unreadable:
            return []

    def reasons(self, crl: CRL) -> frozenset[str] | None:
        """Return the reasons that *crl* covers; ``None`` if it is out of scope (b, d)."""
        scope, is_ca = crl.scope, certs.is_ca(self.cert)
        if scope.attributes or (scope.users and is_ca) or (scope.cas and not is_ca):
            return None
        direct = certs.names_match(crl.issuer, self.cert.issuer)
        if scope.names is None and direct:
            return scope.reasons
        found = [
            scope.reasons & point.reasons
            for point in self.points
            if self._leads_to(point, crl, direct=direct)
        ]
        return frozenset().union(*found) if found else None

    def _leads_to(self, point: Point, crl: CRL, *, direct: bool) -> bool:
        named = any(certs.names_match(crl.issuer, each) for each in point.issuers)
        if not (named and crl.scope.indirect) and (point.issuers or not direct):
            return False
        return crl.scope.names is None or self._shares_a_name(point, crl.scope.names)

    @staticmethod
    def _shares_a_name(point: Point, names: frozenset[bytes]) -> bool:
        return bool(
            (name_forms(point.issuers) if point.names is None else point.names) & names
        )

    def is_sound(self, crl: CRL) -> bool:
        """Return whether nothing in *crl* forbids to use it (§5.2, §5.3)."""
        if crl.inner != crl.outer or _has_twice(crl.extensions):
            return False
        if any(x.critical and x.oid not in _KNOWN for x in crl.extensions):
            return False
        for item in crl.items:
            if any(
                x.critical and x.oid not in _KNOWN_OF_ITEMS for x in item.extensions
            ) or _has_twice(item.extensions):
                return False
            named = any(x.oid == CERTIFICATE_ISSUER for x in item.extensions)
            if named and not crl.scope.indirect:
                return False
        return bool(self.signers(crl))

    def signers(self, crl: CRL) -> list[Certificate]:
        """Return the certificates whose keys signed *crl* and may do so (f, g)."""
        at, weak = self.asked.at, self.demanded.weak
        trusted = certs.readable(self.asked.crl_issuers)
        issued = [
            each
            for each in certs.readable(self.asked.candidates)
            if certs.is_issued_by(each, self.issuer, weak=weak)
        ]
        others = [each for each in (*trusted, *issued) if certs.is_valid(each, at)]
        return [
            each
            for each in (self.issuer, *others)
            if certs.names_match(each.subject, crl.issuer)
            and certs.allows(each, "crl_sign")
            and made_by(each.key_info, crl.signed, weak=weak)
        ]

    def is_fresh(self, crl: CRL, margin: datetime.timedelta = _SECOND) -> bool:
        """Return whether it counts at the moment, give or take *margin*."""
        at, skew = self.asked.at, self.demanded.skew
        if crl.this_update > at + skew + margin:
            return False
        if crl.next_update is None:
            longest = self.demanded.without_next_update
            return longest is not None and (
                at - longest - skew - margin < crl.this_update
            )
        return at - skew - margin < crl.next_update

    def entries(self, crl: CRL) -> set[str]:
        """Return what the entries for the certificate say."""
        return {
            "good" if item.reason == _REMOVED else "revoked"
            for item in crl.items
            if item.serial == self.cert.serial
            and item.issuer is not None
            and certs.names_match(item.issuer, self.cert.issuer)
        }


def _has_twice(extensions: tuple[Extension, ...]) -> bool:
    named = [each.oid for each in extensions]
    return len(set(named)) != len(named)


def judge_crls(asked: CRLQuestion) -> Verdict:
    """Return which results are right for these CRLs."""
    try:
        judge = _Judge(asked)
    except Unreadable as error:
        return Verdict(may=frozenset(), why=f"not readable: {error}")
    crls = [crl for crl in _read(asked.crls) if judge.is_sound(crl)]
    crls = [
        crl
        for crl in crls
        if crl.value(DELTA) is None and judge.reasons(crl) is not None
    ]
    deltas = [crl for crl in _read(asked.deltas) if judge.is_sound(crl)]
    may: set[str] = set()
    covered: frozenset[str] = frozenset()
    for crl in crls:
        own = [delta for delta in deltas if _belongs(delta, crl)]
        said: set[str] = set()
        for each in (crl, *own):
            found = judge.entries(each) or judge.entries(crl) or {"good"}
            # A revocation counts after the end of the CRL, too; it has to begin.
            said |= found if judge.is_fresh(each) else found & {"revoked"}
        may |= said
        if "good" in said:
            covered |= judge.reasons(crl) or frozenset()
    if covered != REASONS or _is_certainly_revoked(judge, crls, asked):
        may.discard("good")
    if not _is_told(judge, crls):
        may.discard("good")
    must = (
        len(may) == 1
        and len(crls) == len(asked.crls) == 1
        and _is_clear(judge, crls[0])
    )
    why = "" if may else "no CRL counts"
    return Verdict(may=frozenset(may), must=must, why=why)


def _read(each: tuple[bytes, ...]) -> list[CRL]:
    found = []
    for der in each:
        try:
            found.append(read_crl(der))
        except Unreadable:
            continue
    return found


def _belongs(delta: CRL, crl: CRL) -> bool:
    """Return whether *delta* is one for *crl* (c)."""
    base, number, own = delta.integer(DELTA), crl.integer(NUMBER), delta.integer(NUMBER)
    return (
        None not in (base, number, own)
        and base <= number <= own  # type: ignore[operator]
        and certs.names_match(delta.issuer, crl.issuer)
        and delta.scope == crl.scope
        and delta.value(KEY_ID) == crl.value(KEY_ID)
    )


def _is_certainly_revoked(judge: _Judge, crls: list[CRL], asked: CRLQuestion) -> bool:
    """Return whether the newest CRL lists it, and no delta CRL may change that."""
    usual = [
        crl
        for crl in crls
        if is_usual_crl(crl.der) and not _breaks_a_demand_on_authors(crl)
    ]
    newest = max((crl.this_update for crl in crls), default=None)
    return not asked.deltas and any(
        judge.entries(crl) == {"revoked"}
        and judge.is_fresh(crl, -_SECOND)
        and crl.this_update == newest
        for crl in usual
    )


def _breaks_a_demand_on_authors(crl: CRL) -> bool:
    """Return whether a certificateIssuer is not critical, as §5.3.3 demands."""
    return any(
        x.oid == CERTIFICATE_ISSUER and not x.critical
        for item in crl.items
        for x in item.extensions
    )


def _is_told(judge: _Judge, crls: list[CRL]) -> bool:
    """Return whether *good* counts, if the certificate has expired."""
    if not judge.demanded.archive_cutoff or judge.cert.end >= judge.asked.at - _SECOND:
        return True
    return any(crl.value(_EXPIRED_ON_CRL) is not None for crl in crls)


def _is_clear(judge: _Judge, crl: CRL) -> bool:
    """Return whether nothing leaves room for a refusal."""
    asked = judge.asked
    extensions = [*crl.extensions, *(x for item in crl.items for x in item.extensions)]
    return (
        asked.policy in ("default", "unsafe-legacy")
        and not asked.deltas
        and is_usual_crl(asked.crls[0])
        and is_usual_certificate(asked.cert)
        and is_usual_certificate(asked.issuer)
        and crl.issuer == judge.cert.issuer == judge.issuer.subject
        and judge.cert.begin < asked.at < judge.cert.end
        and crl.next_update is not None
        and crl.this_update < crl.next_update
        and judge.is_fresh(crl, -_SECOND)
        and len(judge.entries(crl)) <= 1
        and not any(item.reason == _REMOVED for item in crl.items)
        and all(x.oid in (NUMBER, KEY_ID, REASON) for x in extensions)
        and len({item.serial for item in crl.items}) == len(crl.items)
        and judge.signers(crl)[0].der == asked.issuer
        and not _demands_strength(judge.demanded, crl)
    )


def _demands_strength(demanded: Demands, crl: CRL) -> bool:
    return demanded.weak and crl.signed.algorithm in _WEAK


_WEAK = frozenset({"1.2.840.113549.1.1.5", "1.2.840.10045.4.1"})
