"""
Create a PKI for tests: CAs, certificates of any status, delegated responders, CRLs.

Every argument has a valid default, so that a test changes only what it is about. The
PKI has its own clock, so that a test can choose the time.
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
"""How long ago notBefore is, so that old answers are within the validity too."""

_CA_LIFE = datetime.timedelta(days=365)
_LIFE = datetime.timedelta(days=30)
_CRL_LIFE = datetime.timedelta(days=1)
_REVOKED_SINCE = datetime.timedelta(hours=1)

Record = StatusRecord | UnknownSerialPolicy


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class PKI:
    """
    A root CA, intermediate CAs on request, and the certificates that they issued.

    Attributes:
        cas: The CAs, the root first.

        url: The URL of the responder that serves this PKI, or ``None``. Certificates
            that are issued while it is set contain it.
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
        Create the root CA.

        Args:
            name: The beginning of the common names of the CAs.

            new_key: Returns a new key; P-256 by default.

            clock: Returns the current time, aware.

            delegated: Whether a delegated responder (RFC 6960 §4.2.2.2) signs the
                responses, or the CA itself.

            unlisted: How the responder answers for serial numbers without a record.
        """
        self._name = name
        self._new_key = new_key
        self._clock = clock
        self._delegated = delegated
        self._unlisted = unlisted
        self._records: dict[StatusQuery, Record] = {}
        self._signers: dict[x509.Certificate, KeySigner] = {}
        self.url: str | None = None
        root = ThrowawayCA.root(f"{name} Root CA", self._validity(_CA_LIFE), new_key())
        self.cas: tuple[ThrowawayCA, ...] = (root,)

    # --- CAs -------------------------------------------------------------------------

    @property
    def ca(self) -> ThrowawayCA:
        """The issuing CA: the lowest one."""
        return self.cas[-1]

    @property
    def issuer(self) -> x509.Certificate:
        """The certificate of the issuing CA."""
        return self.ca.certificate

    @property
    def root(self) -> x509.Certificate:
        """The certificate of the root CA: the trust anchor."""
        return self.cas[0].certificate

    def add_intermediate(self) -> Identity:
        """Create a CA below the issuing CA; it becomes the issuing CA."""
        ca = self.ca.subordinate(
            f"{self._name} Intermediate CA {len(self.cas)}",
            self._validity(_CA_LIFE),
            self._new_key(),
            Pointers(ocsp=self._default_urls()),
        )
        self.cas += (ca,)
        self.set_status(ca.identity)
        return ca.identity

    def now(self) -> datetime.datetime:
        """Return the current time of the PKI's clock, aware, in UTC."""
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
        Issue a certificate from the issuing CA; return it with its key and chain.

        Args:
            name: Its common name and its only dNSName.

            status: How the responder answers for it: *good*, *revoked* or *unknown*.
                With a member of :class:`UnknownSerialPolicy` the responder answers as
                for a certificate that was never issued.

            revoked_at: When it was revoked, aware; for *revoked* only. By default an
                hour ago.

            reason: Why it was revoked; for *revoked* only.

            key: Its key; by default a new one.

            serial_number: Its serial number; by default random.

            not_before: Its notBefore; by default 30 days ago.

            not_after: Its notAfter; by default in 30 days.

            ocsp_urls: The URLs of its responders; by default :attr:`url`, if set.

            crl_urls: The URLs of its CRL; ``[pki.crl_url]`` is the one that
                :class:`LoopbackResponder` serves.

            ca_issuers_urls: The URLs of its issuer's certificate;
                ``[pki.ca_issuers_url]`` is the one that :class:`LoopbackResponder`
                serves.

            must_staple: Whether it requires a staple (RFC 7633).

            no_rev_avail: Whether it states that it never has a status (RFC 9608). It
                then has no responder URL by default.

            extensions: More extensions, not critical.

        Raises:
            ConfigError: If *revoked_at* or *reason* is given for another status than
                *revoked*.
        """
        if ocsp_urls is None:
            ocsp_urls = () if no_rev_avail else self._default_urls()
        more = [
            *([TLSFeature([TLSFeatureType.status_request])] if must_staple else ()),
            *([NO_REV_AVAIL] if no_rev_avail else ()),
            *extensions,
        ]
        usual = self._validity(_LIFE)
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
        Set the status of a certificate from now on.

        Args:
            identity: The certificate.

            status: As for :meth:`issue`.

            revoked_at: As for :meth:`issue`.

            reason: As for :meth:`issue`.

        Raises:
            ConfigError: If *revoked_at* or *reason* is given for another status than
                *revoked*.
        """
        query = StatusQuery(IssuerKey.of(identity.issuer), identity.serial_number)
        if status == OCSPCertStatus.UNKNOWN:
            status = UnknownSerialPolicy.UNKNOWN
        if isinstance(status, UnknownSerialPolicy):
            if revoked_at is not None or reason is not None:
                raise ConfigError(
                    "revoked_at", "and reason are only allowed with status REVOKED"
                )
            self._records[query] = status
            return
        if status == OCSPCertStatus.REVOKED and revoked_at is None:
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
        Return the signer of a new delegated responder of *ca*.

        Args:
            ca: The CA that delegates.

            ended: Whether its certificate expired an hour ago.

            ocsp_signing: Whether its certificate is for OCSP signing.
        """
        validity = self._validity(-_REVOKED_SINCE if ended else _LIFE)
        name = f"{self._name} Responder"
        delegate = ca.delegate(
            name, validity, self._new_key(), ocsp_signing=ocsp_signing
        )
        return KeySigner(delegate.key, delegate.certificate)

    def unrelated_pki(self) -> PKI:
        """Return another PKI: same names, key type and clock, but other keys."""
        other = PKI(self._name, new_key=self._new_key, clock=self._clock)
        while len(other.cas) < len(self.cas):
            other.add_intermediate()
        return other

    # --- status ----------------------------------------------------------------------

    def responder(self) -> Responder:
        """Return the responder for all CAs."""
        return Responder(
            Authority(ca.certificate, [self.signer(ca)]) for ca in self.cas
        )

    def record(self, query: StatusQuery) -> Record:
        """Return the record of a certificate, or the policy if it has no record."""
        return self._records.get(query, self._unlisted)

    def signer(self, ca: ThrowawayCA) -> KeySigner:
        """Return the signer of responses for *ca*; the same one for each call."""
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
        Return the CRL of a CA (RFC 5280 §5).

        Args:
            ca: The CA; by default the issuing CA.

            number: The CRLNumber.

            this_update: Its thisUpdate, aware; by default an hour ago.

            next_update: Its nextUpdate, aware; by default in a day.
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

    # --- URLs ------------------------------------------------------------------------

    @property
    def crl_url(self) -> str:
        """
        The URL of the CRL of the issuing CA.

        Raises:
            ConfigError: If no responder serves this PKI.
        """
        return f"{self._require_url()}crl/{len(self.cas) - 1}.crl"

    @property
    def ca_issuers_url(self) -> str:
        """
        The URL of the certificate of the issuing CA.

        Raises:
            ConfigError: If no responder serves this PKI.
        """
        return f"{self._require_url()}ca/{len(self.cas) - 1}.cer"

    def _require_url(self) -> str:
        if self.url is None:
            raise ConfigError(
                "url", "is not set: pass the PKI to a LoopbackResponder first"
            )
        return self.url

    def _default_urls(self) -> tuple[str, ...]:
        return () if self.url is None else (self.url,)

    def _validity(self, ahead: datetime.timedelta) -> Validity:
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
