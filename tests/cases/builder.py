"""
The builder of the cases: valid defaults, and any deviation by keyword.

It encodes every field itself, so it can make messages that no library encodes.

::

    Test CA (P-256) ─┬─ leaf.example, serial 0x1F2E        the certificate in question
                     └─ Test Responder, id-kp-OCSPSigning   its delegate, with nocheck
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from ocsp.asn1 import oids
from ocsp.asn1.der import NULL_DER, encode, encode_integer, encode_oid
from tests.cases.keys import SCHEMES, public_key_info, sign
from tests.cases.model import NOW, Evidence, Expected, How, PolicySpec, Scenario

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Builder",
    "Identity",
    "algorithm",
    "extension",
    "name",
]

SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
BEGIN = NOW - 365 * DAY
END = NOW + 365 * DAY

SERIAL = 0x1F2E
STRICT = PolicySpec()

HASHES = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}

Extension = bytes | x509.ExtensionType


class Identity(NamedTuple):
    """
    A certificate and the name of its key.

    Attributes:
        der: The certificate.

        key: The name of its key.

        scheme: The name of the signature scheme of the key.

        subject: The DER of its subject.

        key_info: Its SubjectPublicKeyInfo.

        serial: The content octets of its serialNumber.
    """

    der: bytes
    key: str
    scheme: str
    subject: bytes
    key_info: bytes
    serial: bytes

    @property
    def key_bits(self) -> bytes:
        """The content of subjectPublicKey, which OCSP hashes."""
        return self.key_info[_bits_start(self.key_info) :]


def _bits_start(info: bytes) -> int:
    """Return the offset of the key in a SubjectPublicKeyInfo."""
    outer = 2 + (info[1] & 0x7F if info[1] & 0x80 else 0)
    start = outer + 2 + info[outer + 1]  # an AlgorithmIdentifier below 128 octets
    if info[outer + 1] & 0x80:
        start = outer + 2 + (info[outer + 1] & 0x7F)
        start += int.from_bytes(info[outer + 2 : start])
    length = info[start + 1]
    return start + 2 + (length & 0x7F if length & 0x80 else 0) + 1


def name(common: str, tag: int = 0x0C) -> bytes:
    """Return a Name with one common name; *tag* is its string type (UTF8String)."""
    attribute = encode(0x30, encode_oid("2.5.4.3"), encode(tag, common.encode()))
    return encode(0x30, encode(0x31, attribute))


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """Return an Extension."""
    flag = b"\x01\x01\xff" if critical else b""
    return encode(0x30, encode_oid(dotted), flag, encode(0x04, value))


def algorithm(named: str, parameters: bytes = NULL_DER) -> bytes:
    """Return the AlgorithmIdentifier of a hash."""
    return encode(0x30, encode_oid(HASHES[named]), parameters)


def time(moment: datetime.datetime | bytes) -> bytes:
    """Return a GeneralizedTime; octets are used as its content."""
    if isinstance(moment, datetime.datetime):
        moment = f"{moment:%Y%m%d%H%M%SZ}".encode().rjust(15, b"0")
    return encode(0x18, moment)


def _extensions(each: Sequence[Extension]) -> bytes:
    return encode(0x30, *map(_extension, each))


_CRITICAL = (x509.BasicConstraints, x509.KeyUsage)


def _extension(each: Extension) -> bytes:
    if isinstance(each, bytes):
        return each
    critical = isinstance(each, _CRITICAL)
    return extension(each.oid.dotted_string, each.public_bytes(), critical=critical)


def access(*methods: x509.ObjectIdentifier) -> x509.AuthorityInformationAccess:
    """Return an authorityInfoAccess with one URL, for each of *methods*."""
    url = x509.UniformResourceIdentifier("http://status.example/")
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, url) for method in methods]
    )


OCSP_PLACE = access(AuthorityInformationAccessOID.OCSP)
CRL_PLACE = x509.CRLDistributionPoints(
    [
        x509.DistributionPoint(
            [x509.UniformResourceIdentifier("http://status.example/ca.crl")],
            relative_name=None,
            reasons=None,
            crl_issuer=None,
        )
    ]
)
CA = x509.BasicConstraints(ca=True, path_length=None)
NOT_CA = x509.BasicConstraints(ca=False, path_length=None)
OCSP_SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
NOCHECK = x509.OCSPNoCheck()
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def usage(*chosen: str) -> x509.KeyUsage:
    """Return a KeyUsage with these bits."""
    return x509.KeyUsage(**{each: each in chosen for each in _USAGES})


SIGNS = usage("digital_signature")
CA_USAGE = usage("digital_signature", "key_cert_sign", "crl_sign")


class Builder:
    """Makes certificates, responses and scenarios."""

    def __init__(self) -> None:
        """Make the CA, the certificate in question and the delegate."""
        self.ca = self.certificate(
            "Test CA", key="ca", issuer=None, extensions=(CA, CA_USAGE), serial=1
        )
        self.leaf = self.certificate("leaf.example", key="leaf")
        self.responder = self.delegate()

    def certificate(
        self,
        subject: str | bytes,
        *,
        key: str = "leaf",
        scheme: str = "ecdsa-sha256",
        issuer: Identity | str | None = "Test CA",
        issuer_name: bytes | None = None,
        signed_by: str | None = None,
        signature_scheme: str | None = None,
        inner: bytes | None = None,
        outer: bytes | None = None,
        serial: int | bytes = SERIAL,
        begin: datetime.datetime | bytes = BEGIN,
        end: datetime.datetime | bytes = END,
        version: int = 2,
        key_info: bytes | None = None,
        extensions: Sequence[Extension] = (),
    ) -> Identity:
        """
        Return a certificate.

        Args:
            subject: Its subject, a common name or the DER of a Name.

            key: Its key.

            scheme: The signature scheme of its key.

            issuer: The issuer; ``None`` makes it self-signed.

            issuer_name: The issuer name, instead of the issuer's subject.

            signed_by: The key that signs it, instead of the issuer's.

            signature_scheme: The scheme of its signature, instead of the issuer's.

            inner: The inner AlgorithmIdentifier, instead of that of the scheme.

            outer: The outer AlgorithmIdentifier, instead of that of the scheme.

            serial: Its serial number, or the content octets of it.

            begin: notBefore; octets are the content of a GeneralizedTime.

            end: notAfter, likewise.

            version: The number of its version.

            key_info: Its SubjectPublicKeyInfo, instead of that of the key.

            extensions: Its extensions.
        """
        if isinstance(issuer, str):
            issuer = self.ca
        subject = name(subject) if isinstance(subject, str) else subject
        number = serial if isinstance(serial, bytes) else encode_integer(serial)[2:]
        how = signature_scheme or (issuer.scheme if issuer else scheme)
        known = SCHEMES[how].identifier
        info = key_info or public_key_info(key)
        tbs = encode(
            0x30,
            encode(0xA0, encode_integer(version)),
            encode(0x02, number),
            inner or known,
            issuer_name or (issuer.subject if issuer else subject),
            encode(0x30, _certificate_time(begin), _certificate_time(end)),
            subject,
            info,
            encode(0xA3, _extensions(extensions)) if extensions else b"",
        )
        signature = sign(signed_by or (issuer.key if issuer else key), how, tbs)
        der = encode(0x30, tbs, outer or known, encode(0x03, b"\x00", signature))
        return Identity(der, key, scheme, subject, info, number)

    def delegate(
        self, subject: str | bytes = "Test Responder", **changes: Any
    ) -> Identity:
        """Return the certificate of a delegate."""
        defaults: dict[str, Any] = {
            "key": "responder",
            "serial": 0x0C5B,
            "extensions": (NOT_CA, SIGNS, OCSP_SIGNING, NOCHECK),
        }
        return self.certificate(subject, **defaults | changes)

    def authority(self, subject: str = "Test CA", **changes: Any) -> Identity:
        """Return the self-signed certificate of a CA."""
        defaults: dict[str, Any] = {
            "key": "ca",
            "issuer": None,
            "serial": 1,
            "extensions": (CA, CA_USAGE),
        }
        return self.certificate(subject, **defaults | changes)

    def cert_id(
        self,
        cert: Identity | None = None,
        issuer: Identity | None = None,
        *,
        hashed: str = "sha1",
        identifier: bytes | None = None,
        name_hash: bytes | None = None,
        key_hash: bytes | None = None,
        serial: bytes | None = None,
    ) -> bytes:
        """Return a CertID: that of the certificate in question, or of another."""
        cert, issuer = cert or self.leaf, issuer or self.ca
        digest = lambda octets: hashlib.new(hashed, octets).digest()  # noqa: E731
        return encode(
            0x30,
            identifier or algorithm(hashed),
            encode(0x04, digest(issuer.subject) if name_hash is None else name_hash),
            encode(0x04, digest(issuer.key_bits) if key_hash is None else key_hash),
            encode(0x02, cert.serial if serial is None else serial),
        )

    def entry(
        self,
        status: bytes = b"\x80\x00",
        *,
        cert_id: bytes | None = None,
        this_update: datetime.datetime | bytes = NOW - HOUR,
        next_update: datetime.datetime | bytes | None = NOW + 23 * HOUR,
        extensions: Sequence[Extension] = (),
    ) -> bytes:
        """Return a SingleResponse, *good* by default."""
        return encode(
            0x30,
            cert_id or self.cert_id(),
            status,
            time(this_update),
            encode(0xA0, time(next_update)) if next_update is not None else b"",
            encode(0xA1, _extensions(extensions)) if extensions else b"",
        )

    def response(
        self,
        *entries: bytes,
        by: Identity | None = None,
        responder_id: bytes | None = None,
        version: bytes = b"",
        produced_at: datetime.datetime | bytes = NOW - HOUR,
        extensions: Sequence[Extension] = (),
        signed_by: str | None = None,
        scheme: str | None = None,
        identifier: bytes | None = None,
        signature: bytes | None = None,
        damage: int = 0,
        certs: Sequence[bytes] | None = None,
        empty: bool = False,
        tail: bytes = b"",
        **entry: Any,
    ) -> bytes:
        """
        Return a successful response.

        Args:
            entries: Its entries; by default one for the certificate in question.

            by: The signer; by default the CA. A delegate's certificate is included.

            responder_id: The responderID, instead of the hash of the signer's key.

            version: The version field, in DER.

            produced_at: producedAt.

            extensions: responseExtensions.

            signed_by: The key that signs it, instead of the signer's.

            scheme: The scheme of its signature, instead of the signer's.

            identifier: The AlgorithmIdentifier, instead of that of the scheme.

            signature: The signature, instead of one that is made.

            damage: The octet of the signed part to change after signing, counted from
                its end.

            certs: The certificates to include, instead of the delegate's.

            empty: Omit the entries.

            tail: The end of the signed part, instead of the extensions.

            entry: Changes of the default entry.
        """
        by = by or self.ca
        if not entries and not empty:
            entries = (self.entry(**entry),)
        tbs = encode(
            0x30,
            version,
            self.by_key(by) if responder_id is None else responder_id,
            time(produced_at),
            encode(0x30, *entries),
            encode(0xA1, _extensions(extensions)) if extensions else tail,
        )
        how = scheme or by.scheme
        if signature is None:
            signature = sign(signed_by or by.key, how, tbs)
        if damage:
            tbs = (
                tbs[:-damage]
                + bytes((tbs[-damage] ^ 1,))
                + tbs[len(tbs) - damage + 1 :]
            )
        if certs is None:
            certs = () if by.der == self.ca.der else (by.der,)
        basic = encode(
            0x30,
            tbs,
            identifier or SCHEMES[how].identifier,
            encode(0x03, b"\x00", signature),
            encode(0xA0, encode(0x30, *certs)) if certs else b"",
        )
        return self.wrapped(basic)

    @staticmethod
    def wrapped(
        basic: bytes, *, status: int = 0, kind: str = oids.OCSP_BASIC, rest: bytes = b""
    ) -> bytes:
        """Return an OCSPResponse with an encoded BasicOCSPResponse."""
        inner = encode(0x30, encode_oid(kind), encode(0x04, basic), rest)
        return encode(0x30, encode(0x0A, bytes((status,))), encode(0xA0, inner))

    @staticmethod
    def failed(status: int) -> bytes:
        """Return an OCSP error."""
        return encode(0x30, encode(0x0A, bytes((status,))))

    @staticmethod
    def by_key(of: Identity) -> bytes:
        """Return the responderID of a key."""
        return encode(0xA2, encode(0x04, hashlib.sha1(of.key_bits).digest()))

    @staticmethod
    def by_name(subject: bytes) -> bytes:
        """Return the responderID of a name."""
        return encode(0xA1, subject)

    @staticmethod
    def revoked(
        since: datetime.datetime | bytes = NOW - DAY, reason: int | None = None
    ) -> bytes:
        """Return the certStatus *revoked*."""
        why = b"" if reason is None else encode(0xA0, encode(0x0A, bytes((reason,))))
        return encode(0xA1, time(since), why)

    UNKNOWN = b"\x82\x00"

    @staticmethod
    def nonce(octets: bytes, *, raw: bool = False, critical: bool = False) -> bytes:
        """Return the nonce extension; *raw* omits the OCTET STRING, as in RFC 2560."""
        value = octets if raw else encode(0x04, octets)
        return extension(oids.NONCE, value, critical=critical)

    def request(self, *cert_ids: bytes, extensions: Sequence[Extension] = ()) -> bytes:
        """Return a request for these certificates."""
        asked = encode(0x30, *(encode(0x30, each) for each in cert_ids))
        rest = encode(0xA2, _extensions(extensions)) if extensions else b""
        return encode(0x30, encode(0x30, asked, rest))

    def evidence_about(self, of: Identity, **changes: Any) -> Evidence:
        """Return a response of the CA about a delegate."""
        response = self.response(cert_id=self.cert_id(of), **changes)
        return Evidence(response=response, cert=of.der, issuer=self.ca.der)

    def verify(
        self,
        expected: Expected,
        response: bytes | None = None,
        *,
        cert: Identity | None = None,
        issuer: Identity | None = None,
        responders: Sequence[Identity] = (),
        candidates: Sequence[Identity] = (),
        policy: PolicySpec | dict[str, Any] | str = STRICT,
        **inputs: Any,
    ) -> Scenario:
        """Return a scenario of one response, a good one by default."""
        if "cert_id" not in inputs:
            inputs["cert"] = (cert or self.leaf).der
        return Scenario(
            expected=expected,
            response=self.response() if response is None else response,
            issuer=(issuer or self.ca).der,
            responders=tuple(each.der for each in responders),
            candidates=tuple(each.der for each in candidates),
            policy=self.policy(policy),
            **inputs,
        )

    def staple(
        self, expected: Expected, response: bytes | None, **inputs: Any
    ) -> Scenario:
        """Return a scenario of a staple; ``None`` if the server sent none."""
        scenario = self.verify(expected, response or b"", **inputs)
        return replace(scenario, how=How.STAPLE, response=response)

    def chain(
        self,
        expected: Expected,
        *certificates: tuple[Identity, bytes | None],
        root: Identity | None = None,
        policy: PolicySpec | dict[str, Any] | str = STRICT,
    ) -> Scenario:
        """Return a scenario of a chain: certificates, each with its response."""
        last = (root or self.ca).der
        return Scenario(
            expected=expected,
            how=How.CHAIN,
            chain=(*(each.der for each, _ in certificates), last),
            responses=tuple(response for _, response in certificates),
            policy=self.policy(policy),
        )

    @staticmethod
    def policy(chosen: PolicySpec | dict[str, Any] | str) -> PolicySpec:
        """Return a policy: a profile, or changes to the default."""
        if isinstance(chosen, PolicySpec):
            return chosen
        if isinstance(chosen, str):
            return PolicySpec(profile=chosen)
        return PolicySpec(changes=chosen)


def _certificate_time(moment: datetime.datetime | bytes) -> bytes:
    """Return a Time (RFC 5280 §4.1.2.5): UTCTime until 2049."""
    if isinstance(moment, datetime.datetime) and 1950 <= moment.year < 2050:
        return encode(0x17, f"{moment:%y%m%d%H%M%SZ}".encode())
    return time(moment)
