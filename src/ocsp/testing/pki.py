"""
A PKI to test with: authorities, certificates of any status, their delegates and CRLs.

Rules of this file: everything has a valid default, and a test changes one thing. The
clock is the PKI's own, so that a test can stand at another moment.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.x509 import TLSFeature, TLSFeatureType

from ocsp.asn1.times import utc
from ocsp.errors import ConfigError
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import (
    Authority,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.signing.signer import KeySigner
from ocsp.testing.throwaway_ca import (
    NO_REV_AVAIL,
    Identity,
    Pointers,
    ThrowawayCA,
    Validity,
    new_ec_key,
)

__all__ = ["PKI"]

_PAST = datetime.timedelta(days=30)
"""How long certificates have been valid when they are made: time for stale answers."""

_AUTHORITY_LIFE = datetime.timedelta(days=365)
_LIFE = datetime.timedelta(days=30)
_CRL_LIFE = datetime.timedelta(days=1)
_REVOKED_SINCE = datetime.timedelta(hours=1)

Record = StatusRecord | UnknownSerialPolicy


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class PKI:
    """
    A root CA, on request others below it, and what they have issued.

    Attributes:
        cas: The authorities, the root first.

        url: Where a responder answers for them, or ``None``; certificates issued from
            then on name it.
    """

    def __init__(
        self,
        name: str = "Test",
        *,
        new_key: Callable[[], CertificateIssuerPrivateKeyTypes] = new_ec_key,
        clock: Callable[[], datetime.datetime] = _now,
        delegated: bool = True,
        unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED,
    ) -> None:
        """
        Make the root.

        Args:
            name: What the common names of the authorities begin with.

            new_key: What makes every key; P-256 by default.

            clock: What tells the time, aware.

            delegated: Whether a delegate signs responses (RFC 6960 §4.2.2.2) or the CA
                itself.

            unlisted: What is said of serial numbers that nobody has a record of.
        """
        self._name = name
        self._new_key = new_key
        self._clock = clock
        self._delegated = delegated
        self._unlisted = unlisted
        self._records: dict[StatusQuery, Record] = {}
        self._signers: dict[x509.Certificate, KeySigner] = {}
        self.url: str | None = None
        root = ThrowawayCA.root(
            f"{name} Root CA", self._life(_AUTHORITY_LIFE), new_key()
        )
        self.cas: tuple[ThrowawayCA, ...] = (root,)

    # --- authorities -----------------------------------------------------------------

    @property
    def ca(self) -> ThrowawayCA:
        """The authority that issues: the lowest."""
        return self.cas[-1]

    @property
    def issuer(self) -> x509.Certificate:
        """The certificate of the authority that issues."""
        return self.ca.certificate

    @property
    def root(self) -> x509.Certificate:
        """The certificate of the root: what is to be trusted."""
        return self.cas[0].certificate

    def add_intermediate(self) -> Identity:
        """Put an authority below the one that issues; it issues from now on."""
        ca = self.ca.subordinate(
            f"{self._name} Intermediate CA {len(self.cas)}",
            self._life(_AUTHORITY_LIFE),
            self._new_key(),
            Pointers(ocsp=self._default_urls()),
        )
        self.cas += (ca,)
        self.set_status(ca.identity)
        return ca.identity

    def now(self) -> datetime.datetime:
        """Return the moment, aware, in UTC."""
        return utc(self._clock())

    # --- certificates ----------------------------------------------------------------

    def issue(
        self,
        name: str = "leaf.test",
        *,
        status: OCSPCertStatus | UnknownSerialPolicy = OCSPCertStatus.GOOD,
        revoked_at: datetime.datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        key: CertificateIssuerPrivateKeyTypes | None = None,
        serial_number: int | None = None,
        not_before: datetime.datetime | None = None,
        not_after: datetime.datetime | None = None,
        ocsp_urls: Iterable[str] | None = None,
        crl_urls: Iterable[str] = (),
        ca_issuers_urls: Iterable[str] = (),
        must_staple: bool = False,
        no_rev_avail: bool = False,
        extensions: Iterable[x509.ExtensionType] = (),
    ) -> Identity:
        """
        Return a certificate of the lowest authority, with its key and its issuers.

        Args:
            name: Its common name and its one dNSName.

            status: What the responder says of it: *good*, *revoked*, *unknown*; or, of
                a certificate that was never issued, a member of
                :class:`UnknownSerialPolicy`.

            revoked_at: Since when, aware; for *revoked* only. An hour ago by default.

            reason: Why; for *revoked* only.

            key: Its key; a new one by default.

            serial_number: Its number; random by default.

            not_before: From when on it is valid; for 30 days already by default.

            not_after: Until when it is valid; for 30 days by default.

            ocsp_urls: Its responders; by default :attr:`url`, if there is one.

            crl_urls: Where its CRL is: ``[pki.crl_url]`` for the one that is served.

            ca_issuers_urls: Where its issuer's certificate is: ``[pki.ca_issuers_url]``
                for the one that is served.

            must_staple: Whether it demands a staple (RFC 7633).

            no_rev_avail: Whether it says that there never is a status (RFC 9608), and
                then by default names no responder.

            extensions: What else it has, not critical.

        Raises:
            ConfigError: If time or reason are given for another status.
        """
        if ocsp_urls is None:
            ocsp_urls = () if no_rev_avail else self._default_urls()
        more = [
            *([TLSFeature([TLSFeatureType.status_request])] if must_staple else ()),
            *([NO_REV_AVAIL] if no_rev_avail else ()),
            *extensions,
        ]
        usual = self._life(_LIFE)
        identity = self.ca.leaf(
            name,
            Validity(not_before or usual.begin, not_after or usual.end),
            key or self._new_key(),
            Pointers(
                ocsp=tuple(ocsp_urls),
                ca_issuers=tuple(ca_issuers_urls),
                crls=tuple(crl_urls),
            ),
            serial_number=serial_number,
            extensions=more,
        )
        self.set_status(identity, status, revoked_at=revoked_at, reason=reason)
        return identity

    def set_status(
        self,
        identity: Identity,
        status: OCSPCertStatus | UnknownSerialPolicy = OCSPCertStatus.GOOD,
        *,
        revoked_at: datetime.datetime | None = None,
        reason: x509.ReasonFlags | None = None,
    ) -> None:
        """
        Say what the status of a certificate is from now on.

        Args:
            identity: The certificate.

            status: As for :meth:`issue`, like all that follow.

            revoked_at: See there.

            reason: See there.

        Raises:
            ConfigError: If time or reason are given for another status.
        """
        query = StatusQuery(IssuerKey.of(identity.issuer), identity.serial_number)
        if status is OCSPCertStatus.UNKNOWN:
            status = UnknownSerialPolicy.UNKNOWN
        if isinstance(status, UnknownSerialPolicy):
            if revoked_at is not None or reason is not None:
                raise ConfigError(
                    "revoked_at", "and reason are allowed with status REVOKED only"
                )
            self._records[query] = status
            return
        if status is OCSPCertStatus.REVOKED and revoked_at is None:
            revoked_at = self.now() - _REVOKED_SINCE
        self._records[query] = StatusRecord(
            status=status,
            revocation_time=None if revoked_at is None else utc(revoked_at),
            revocation_reason=reason,
        )

    def new_delegate(
        self, ca: ThrowawayCA, *, ended: bool = False, ocsp_signing: bool = True
    ) -> KeySigner:
        """
        Return a new delegated responder of *ca*.

        Args:
            ca: Who delegates.

            ended: Whether its certificate ended an hour ago.

            ocsp_signing: Whether its certificate is for OCSP signing.
        """
        validity = self._life(-_REVOKED_SINCE if ended else _LIFE)
        name = f"{self._name} Responder"
        delegate = ca.delegate(
            name, validity, self._new_key(), ocsp_signing=ocsp_signing
        )
        return KeySigner(delegate.key, delegate.certificate)

    def unrelated_pki(self) -> PKI:
        """Return another PKI, with the same names, kind of keys, and clock."""
        other = PKI(self._name, new_key=self._new_key, clock=self._clock)
        while len(other.cas) < len(self.cas):
            other.add_intermediate()
        return other

    # --- what is said of them --------------------------------------------------------

    def responder(self) -> Responder:
        """Return the responder for all authorities."""
        return Responder(Authority(ca.certificate, self.signer(ca)) for ca in self.cas)

    def record(self, query: StatusQuery) -> Record:
        """Return what is known of a certificate, or what to say where nothing is."""
        return self._records.get(query, self._unlisted)

    def signer(self, ca: ThrowawayCA) -> KeySigner:
        """Return who signs responses for *ca*; the same at each call."""
        signer = self._signers.get(ca.certificate)
        if signer is None:
            signer = (
                self.new_delegate(ca)
                if self._delegated
                else KeySigner(ca.identity.key, ca.certificate)
            )
            self._signers[ca.certificate] = signer
        return signer

    def crl(
        self,
        ca: ThrowawayCA | None = None,
        *,
        number: int = 1,
        this_update: datetime.datetime | None = None,
        next_update: datetime.datetime | None = None,
    ) -> x509.CertificateRevocationList:
        """
        Return the CRL of an authority (RFC 5280 §5).

        Args:
            ca: Which one; by default the one that issues.

            number: Its CRLNumber.

            this_update: Aware; by default an hour ago.

            next_update: Aware; by default in a day.
        """
        ca, now = ca or self.ca, self.now()
        key = IssuerKey.of(ca.certificate)
        revoked = [
            _crl_entry(query.serial_number, record)
            for query, record in self._records.items()
            if query.issuer == key and isinstance(record, StatusRecord)
            if record.status is OCSPCertStatus.REVOKED
        ]
        begin, end = now - _REVOKED_SINCE, now + _CRL_LIFE
        validity = Validity(this_update or begin, next_update or end)
        return ca.crl(revoked, validity, number)

    # --- where it is served ----------------------------------------------------------

    @property
    def crl_url(self) -> str:
        """
        Where the CRL of the authority that issues is served.

        Raises:
            ConfigError: If nobody serves this PKI.
        """
        return f"{self._served()}crl/{len(self.cas) - 1}.crl"

    @property
    def ca_issuers_url(self) -> str:
        """
        Where the certificate of the authority that issues is served.

        Raises:
            ConfigError: If nobody serves this PKI.
        """
        return f"{self._served()}ca/{len(self.cas) - 1}.cer"

    def _served(self) -> str:
        if self.url is None:
            raise ConfigError("url", "nobody serves this PKI yet")
        return self.url

    def _default_urls(self) -> tuple[str, ...]:
        return () if self.url is None else (self.url,)

    def _life(self, ahead: datetime.timedelta) -> Validity:
        now = self.now()
        return Validity(now - _PAST, now + ahead)


def _crl_entry(serial_number: int, record: StatusRecord) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial_number)
    if record.revocation_time is not None:
        builder = builder.revocation_date(record.revocation_time)
    if record.revocation_reason is not None:
        reason = x509.CRLReason(record.revocation_reason)
        builder = builder.add_extension(reason, critical=False)
    return builder.build()
