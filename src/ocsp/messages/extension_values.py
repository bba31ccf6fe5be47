"""
The values of extensions (RFC 6960 §4.4): decoded at the first access, list by list.

Each kind of list has decoders for the extensions that belong there; all other
extensions become ``x509.UnrecognizedExtension``. A list with the same extension twice
loads, but raises :class:`x509.DuplicateExtension` at the first access.

The modules of messages import this module when a program first asks for extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from cryptography import x509

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.der import SEQUENCE, content, end_of, oid, oid_text
from ocsp.errors import DecodeError, LimitExceeded
from ocsp.messages.extension_types import (
    ArchiveCutoff,
    CertHash,
    CRLReference,
    ExtendedRevoke,
    KnownExtension,
    PreferredSignatureAlgorithms,
    ServiceLocator,
)
from ocsp.messages.extensions import (
    DecodedExtension,
    ExtensionLayouts,
    nonce_octets,
)
from ocsp.messages.sct import decode_sct_list

__all__ = [
    "REQUEST_EXTENSIONS",
    "RESPONSE_EXTENSIONS",
    "SINGLE_EXTENSIONS",
    "SINGLE_REQUEST_EXTENSIONS",
    "decode_each",
    "decode_extensions",
    "nonce_of",
]

Decoder = Callable[[bytes], x509.ExtensionType]


def decode_extensions(
    data: bytes, raw: ExtensionLayouts, decoders: Mapping[str, Decoder], name: str
) -> x509.Extensions:
    """
    Return the decoded extensions of *raw*, which are in *data*.

    Raises:
        x509.DuplicateExtension: If the list has an extension twice.
        DecodeError: If a known extension has a malformed value.
    """
    seen: set[str] = set()
    for dotted, _, _ in raw:
        if dotted in seen:
            raise x509.DuplicateExtension(
                f"Duplicate {dotted} extension found", oids.identifier(dotted)
            )
        seen.add(dotted)
    return x509.Extensions(
        [
            x509.Extension(
                oids.identifier(dotted),
                critical,
                _decode(dotted, data[value], decoders, name),
            )
            for dotted, critical, value in raw
        ]
    )


def decode_each(
    data: bytes, raw: ExtensionLayouts, decoders: Mapping[str, Decoder], name: str
) -> tuple[DecodedExtension, ...]:
    """
    Return the extensions of *raw*; a malformed one does not hide the others.

    A certificateIssuer with too many names counts as malformed, see
    :data:`ocsp.limits.MAX_CERTIFICATE_ISSUER_BYTES`.
    """
    found = []
    for dotted, critical, position in raw:
        value, error = None, ""
        try:
            octets = data[position]
            _check_size(dotted, octets)
            value = _decode(dotted, octets, decoders, name)
            if isinstance(value, KnownExtension):
                value.check()
        except DecodeError as problem:
            value, error = None, str(problem)
        found.append(DecodedExtension(dotted, critical, value, error))
    return tuple(found)


def _check_size(dotted: str, value: bytes) -> None:
    most = limits.MAX_CERTIFICATE_ISSUER_BYTES
    if dotted == oids.CERTIFICATE_ISSUER and len(value) > most:
        raise LimitExceeded("MAX_CERTIFICATE_ISSUER_BYTES", len(value), most)


def _decode(
    dotted: str, value: bytes, decoders: Mapping[str, Decoder], name: str
) -> x509.ExtensionType:
    decoder = decoders.get(dotted)
    if decoder is None:
        return x509.UnrecognizedExtension(oids.identifier(dotted), value)
    try:
        return decoder(value)
    except DecodeError as error:
        error.offset = None  # it counts from the value, not from the whole message
        error.under(f"{name}[{dotted}]")
        raise


def nonce_of(
    extensions: Iterable[x509.Extension[x509.ExtensionType] | DecodedExtension],
) -> bytes | None:
    """Return the nonce (RFC 9654 §2.1) among *extensions*, or ``None``."""
    for extension in extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            return extension.value.nonce
    return None


def _nonce(value: bytes) -> x509.OCSPNonce:
    return x509.OCSPNonce(nonce_octets(value))


def _acceptable_responses(value: bytes) -> x509.OCSPAcceptableResponses:
    """Read ``AcceptableResponses ::= SEQUENCE OF OBJECT IDENTIFIER`` (§4.4.3)."""
    position, end = content(value, 0, len(value), SEQUENCE, "")
    end_of(end, len(value), "")
    types = []
    while position < end:
        start, position = oid(value, position, end, "")
        types.append(oids.identifier(oid_text(value[start:position])))
    return x509.OCSPAcceptableResponses(types)


def _crl_entry(dotted: str) -> Decoder:
    """Return the decoder of a CRL entry extension (RFC 6960 §4.4.5)."""
    return partial(_decode_crl_entry, dotted)


def _decode_crl_entry(dotted: str, value: bytes) -> x509.ExtensionType:
    # Imported here: few responses have such an extension.
    from ocsp.asn1.extensions import decode_crl_entry_extension

    return decode_crl_entry_extension(dotted, value)


REQUEST_EXTENSIONS: Mapping[str, Decoder] = {
    oids.NONCE: _nonce,
    oids.ACCEPTABLE_RESPONSES: _acceptable_responses,
    oids.PREFERRED_SIGNATURE_ALGORITHMS: PreferredSignatureAlgorithms.read,
}
"""The decoders for requestExtensions."""

SINGLE_REQUEST_EXTENSIONS: Mapping[str, Decoder] = {
    oids.SERVICE_LOCATOR: ServiceLocator.read,
}
"""The decoders for singleRequestExtensions."""

RESPONSE_EXTENSIONS: Mapping[str, Decoder] = {
    oids.NONCE: _nonce,
    oids.EXTENDED_REVOKE: ExtendedRevoke.read,
}
"""The decoders for responseExtensions."""

SINGLE_EXTENSIONS: Mapping[str, Decoder] = {
    oids.SCT_LIST: decode_sct_list,
    oids.CRL: CRLReference.read,
    oids.ARCHIVE_CUTOFF: ArchiveCutoff.read,
    oids.CERT_HASH: CertHash.read,
    oids.CRL_REASON: _crl_entry(oids.CRL_REASON),
    oids.INVALIDITY_DATE: _crl_entry(oids.INVALIDITY_DATE),
    oids.CERTIFICATE_ISSUER: _crl_entry(oids.CERTIFICATE_ISSUER),
}
"""The decoders for singleExtensions."""
