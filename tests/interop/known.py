"""
The extensions of OCSP, with their meaning (RFC 6960 §4.4).

Each function returns a :class:`tests.interop.plans.Extension`; its meaning is made from
the arguments, in the form that every reader reports.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from tests.interop.plans import REASON_NUMBERS, Extension, iso, name_octets

__all__ = [
    "acceptable_responses",
    "archive_cutoff",
    "certificate_issuer",
    "crl_reason",
    "crl_reference",
    "extended_revoke",
    "invalidity_date",
    "nonce",
    "preferred_algorithms",
    "sct_list",
    "service_locator",
    "unknown",
]


def nonce(octets: bytes, *, critical: bool = False) -> Extension:
    """Return a nonce (§4.4.1, RFC 9654)."""
    return Extension(ocsp.Nonce(octets), critical, octets.hex())


def crl_reference(
    url: str | None = None,
    number: int | None = None,
    time: datetime.datetime | None = None,
    *,
    critical: bool = False,
) -> Extension:
    """Return a reference to a CRL (§4.4.2)."""
    meaning = {"url": url, "number": number, "time": iso(time)}
    value = ocsp.CRLReference(url=url, number=number, time=time)
    return Extension(value, critical, meaning)


def acceptable_responses(types: Sequence[str], *, critical: bool = False) -> Extension:
    """Return the response types that a client accepts (§4.4.3)."""
    value = x509.OCSPAcceptableResponses([x509.ObjectIdentifier(t) for t in types])
    return Extension(value, critical, list(types))


def archive_cutoff(moment: datetime.datetime, *, critical: bool = False) -> Extension:
    """Return an archive cutoff (§4.4.4)."""
    return Extension(ocsp.ArchiveCutoff(moment), critical, iso(moment))


def crl_reason(reason: x509.ReasonFlags, *, critical: bool = False) -> Extension:
    """Return the reason code of a CRL entry (§4.4.5)."""
    return Extension(x509.CRLReason(reason), critical, REASON_NUMBERS[reason])


def invalidity_date(moment: datetime.datetime, *, critical: bool = False) -> Extension:
    """Return the invalidity date of a CRL entry (§4.4.5)."""
    value = x509.InvalidityDate(moment.replace(tzinfo=None))
    return Extension(value, critical, iso(moment))


def certificate_issuer(
    names: Sequence[x509.GeneralName], *, critical: bool = False
) -> Extension:
    """Return the certificate issuer of a CRL entry (§4.4.5)."""
    meaning = [name_octets(each) for each in names]
    return Extension(x509.CertificateIssuer(names), critical, meaning)


def service_locator(
    issuer: x509.Name,
    locator: Sequence[tuple[str, x509.GeneralName]] | None = None,
    *,
    critical: bool = False,
) -> Extension:
    """Return a service locator (§4.4.6)."""
    access = places = None
    if locator is not None:
        access = x509.AuthorityInformationAccess(
            x509.AccessDescription(x509.ObjectIdentifier(method), place)
            for method, place in locator
        )
        places = [[method, name_octets(place)] for method, place in locator]
    meaning = {"issuer": issuer.public_bytes().hex(), "locator": places}
    return Extension(ocsp.ServiceLocator(issuer, access), critical, meaning)


def preferred_algorithms(
    pairs: Sequence[tuple[str, str | None]], *, critical: bool = False
) -> Extension:
    """Return AlgorithmIdentifiers in hex: of signatures, perhaps of keys (§4.4.7)."""
    value = ocsp.PreferredSignatureAlgorithms(
        ocsp.PreferredSignatureAlgorithm(
            bytes.fromhex(signature), None if key is None else bytes.fromhex(key)
        )
        for signature, key in pairs
    )
    return Extension(value, critical, [list(pair) for pair in pairs])


def extended_revoke(*, critical: bool = False) -> Extension:
    """Return the extended revoked definition (§4.4.8)."""
    return Extension(ocsp.ExtendedRevoke(), critical, "NULL")


def sct_list(
    log: bytes, milliseconds: int, signature: bytes, *, critical: bool = False
) -> Extension:
    """Return a list of one timestamp, signed with ECDSA (RFC 6962 §3.2 and §3.3)."""
    sct = b"\x00" + log + milliseconds.to_bytes(8) + b"\x00\x00"
    sct += b"\x04\x03" + len(signature).to_bytes(2) + signature
    items = len(sct).to_bytes(2) + sct
    text = len(items).to_bytes(2) + items
    length = bytes((len(text),)) if len(text) < 128 else bytes((0x81, len(text)))
    value = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.5"), b"\x04" + length + text
    )
    meaning = [[log.hex(), milliseconds, hashes.SHA256.name, signature.hex()]]
    return Extension(value, critical, meaning)


def unknown(dotted: str, content: bytes, *, critical: bool = False) -> Extension:
    """Return an extension that no standard defines."""
    value = x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), content)
    return Extension(value, critical)
