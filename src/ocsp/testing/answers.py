"""
Build the answer to a request, optionally with one fault in the message.

The real responder answers. A fault of the message decodes that answer, changes one
thing, and signs it again. An answer that is an error stays unchanged: errors are not
signed, so there is nothing to forge.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1 import oids
from ocsp.asn1.der import NULL_DER
from ocsp.errors import DecodeError
from ocsp.messages.certid import CertID
from ocsp.messages.extension_values import nonce_of
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.responses.response import OCSPResponse, load_der_ocsp_response
from ocsp.messages.responses.response_builder import OCSPResponseBuilder
from ocsp.messages.statuses import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseStatus,
)
from ocsp.responder import (
    Answer,
    Authority,
    IssuerKey,
    Lookup,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.signing.signer import KeySigner, Signer
from ocsp.testing.faults import Fault
from ocsp.testing.pki import PKI, Record
from ocsp.testing.throwaway_ca import ThrowawayCA

__all__ = ["build_answer"]

_DAY = datetime.timedelta(days=1)
_OTHER_NONCE = b"not the nonce that you have sent"
_DECOYS = 3
"""Wrong certificates before the right one; ``MAX_SIGNATURES_CHECKED`` allows it."""


def build_answer(pki: PKI, der: bytes, fault: Fault | None = None) -> Answer:
    """
    Return the answer of the responder of *pki* to a request, without a socket.

    Args:
        pki: The PKI that the responder serves; its clock is used.

        der: The request.

        fault: The fault of the message, or ``None``. A fault in how the answer is sent
            changes nothing here.
    """
    if fault in _ERRORS:
        return _error(_ERRORS[fault])
    unlisted = StatusRecord() if fault is Fault.GOOD_FOR_UNLISTED else None
    correct, lookup = _correct_answer(pki, der, unlisted)
    if lookup is None and fault is Fault.UNCHECKED_EXTENSIONS:
        correct, lookup = _correct_answer(pki, _without_extensions(der), None)
    change = None if fault is None else _CHANGES.get(fault)
    if change is None or lookup is None:
        return correct
    if correct.status is not OCSPResponseStatus.SUCCESSFUL:
        return correct
    context = _context(pki, lookup)
    draft = change(_Draft.of(load_der_ocsp_response(correct.der), context), context)
    return correct._replace(der=draft.sign())


_ERRORS: Mapping[Fault | None, OCSPResponseStatus] = {
    Fault.MALFORMED_REQUEST: OCSPResponseStatus.MALFORMED_REQUEST,
    Fault.INTERNAL_ERROR: OCSPResponseStatus.INTERNAL_ERROR,
    Fault.TRY_LATER: OCSPResponseStatus.TRY_LATER,
    Fault.SIG_REQUIRED: OCSPResponseStatus.SIG_REQUIRED,
    Fault.UNAUTHORIZED: OCSPResponseStatus.UNAUTHORIZED,
    Fault.UNAUTHORIZED_FOR_SHA256: OCSPResponseStatus.UNAUTHORIZED,
}


def _error(status: OCSPResponseStatus) -> Answer:
    response = OCSPResponseBuilder.build_unsuccessful(status)
    return Answer(der=response.public_bytes(Encoding.DER), status=status)


# --- the correct answer -------------------------------------------------------------


def _correct_answer(
    pki: PKI, der: bytes, default: StatusRecord | None
) -> tuple[Answer, Lookup | None]:
    """
    Return the answer, and its look-up if the request could be read.

    Args:
        pki: The PKI.

        der: The request.

        default: What is said of serial numbers without a record, or ``None``: then the
            policy of the PKI holds.
    """
    step = pki.responder().receive(der, pki.now())
    if isinstance(step, Answer):
        return step, None
    known = [_known(pki.record(query), default) for query in step.queries]
    records = [each if isinstance(each, StatusRecord) else None for each in known]
    # A real authority has one policy for all serial numbers without a record. Here each
    # serial number may have its own; the first one in the request decides.
    unlisted = next(
        (each for each in known if isinstance(each, UnknownSerialPolicy)), None
    )
    if unlisted is not None:
        # Every CertID of a request without errors names this one authority.
        issuer, signers = step.authority.issuer, step.authority.signers
        changed = Authority(issuer, signers, unlisted=unlisted)
        step = step._replace(authorities=(changed,) * len(step.authorities))
    return pki.responder().finish(step, records), step


def _known(record: Record, default: StatusRecord | None) -> Record:
    return record if default is None or isinstance(record, StatusRecord) else default


def _without_extensions(der: bytes) -> bytes:
    """Return a request for the same certificates; *der* if it cannot be read."""
    try:
        request = load_der_ocsp_request(der, allow_multiple=True)
    except DecodeError:
        return der
    builder = OCSPRequestBuilder(allow_multiple=True)
    for entry in request.requests:
        builder = builder.add_certificate_by_id(entry.cert_id)
    return builder.build().public_bytes(Encoding.DER)


# --- an answer with a fault ---------------------------------------------------------


class _Context(NamedTuple):
    """What a fault works with: the PKI, and the position of its authority."""

    pki: PKI
    number: int

    @property
    def ca(self) -> ThrowawayCA:
        return self.pki.cas[self.number]

    def unrelated_pki(self) -> tuple[PKI, ThrowawayCA]:
        other = self.pki.unrelated_pki()
        return other, other.cas[self.number]


def _context(pki: PKI, lookup: Lookup) -> _Context:
    keys = [IssuerKey.of(ca.certificate) for ca in pki.cas]
    return _Context(pki, keys.index(lookup.authority.key))


class _Entry(NamedTuple):
    """An entry, with the arguments of ``add_response_by_id``."""

    cert_id: CertID
    status: OCSPCertStatus
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    revocation_time: datetime.datetime | None
    revocation_reason: x509.ReasonFlags | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A response before it is signed."""

    entries: tuple[_Entry, ...]
    produced_at: datetime.datetime
    nonce: bytes | None
    extensions: tuple[x509.ExtensionType, ...]
    signer: Signer
    certificates: tuple[x509.Certificate, ...]
    encoding: OCSPResponderEncoding = OCSPResponderEncoding.HASH
    critical: tuple[x509.ExtensionType, ...] = ()

    @classmethod
    def of(cls, response: OCSPResponse, context: _Context) -> Self:
        values = [extension.value for extension in response.extensions]
        return cls(
            entries=tuple(
                _Entry(
                    entry.cert_id,
                    entry.certificate_status,
                    entry.this_update_utc,
                    entry.next_update_utc,
                    entry.revocation_time_utc,
                    entry.revocation_reason,
                )
                for entry in response.responses
            ),
            produced_at=response.produced_at_utc,
            nonce=nonce_of(response.extensions),
            extensions=tuple(
                each for each in values if not isinstance(each, x509.OCSPNonce)
            ),
            signer=context.pki.signer(context.ca),
            certificates=tuple(response.certificates),
        )

    def sign(self) -> bytes:
        builder = (
            OCSPResponseBuilder(allow_multiple=True)
            .responder_id(self.encoding, self.signer.certificate)
            .produced_at(self.produced_at)
        )
        for entry in self.entries:
            builder = builder.add_response_by_id(*entry)
        if self.certificates:
            builder = builder.certificates(self.certificates)
        for extension in self.extensions:
            builder = builder.add_extension(extension, critical=False)
        for extension in self.critical:
            builder = builder.add_extension(extension, critical=True)
        if self.nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(self.nonce), critical=False)
        return builder.sign_with(self.signer).public_bytes(Encoding.DER)

    def signed_by(self, signer: Signer) -> Self:
        return replace(self, signer=signer, certificates=(signer.certificate,))

    def later(self, span: datetime.timedelta) -> Self:
        entries = tuple(
            entry._replace(
                this_update=entry.this_update + span,
                next_update=entry.next_update and entry.next_update + span,
            )
            for entry in self.entries
        )
        return replace(self, entries=entries, produced_at=self.produced_at + span)


@dataclass(frozen=True, slots=True)
class _Tampering:
    """A :class:`Signer` that changes each signature."""

    signer: Signer
    change: Callable[[bytes], bytes]

    @property
    def certificate(self) -> x509.Certificate:
        return self.signer.certificate

    @property
    def algorithm_identifier(self) -> bytes:
        return self.signer.algorithm_identifier

    def sign(self, data: bytes) -> bytes:
        return self.change(self.signer.sign(data))


def _wrong_serial(draft: _Draft, _: _Context) -> _Draft:
    return replace(
        draft,
        entries=tuple(
            entry._replace(cert_id=_next_to(entry.cert_id)) for entry in draft.entries
        ),
    )


def _next_to(cert_id: CertID) -> CertID:
    return CertID.from_hashes(
        cert_id.issuer_name_hash,
        cert_id.issuer_key_hash,
        cert_id.serial_number + 1,
        cert_id.hash_algorithm,
    )


def _wrong_signer(draft: _Draft, context: _Context) -> _Draft:
    _, ca = context.unrelated_pki()
    return draft.signed_by(KeySigner(ca.identity.key, ca.certificate))


def _foreign_delegate(draft: _Draft, context: _Context) -> _Draft:
    other, ca = context.unrelated_pki()
    return draft.signed_by(other.signer(ca))


def _delegate_without_eku(draft: _Draft, context: _Context) -> _Draft:
    return draft.signed_by(context.pki.new_delegate(context.ca, ocsp_signing=False))


def _expired_delegate(draft: _Draft, context: _Context) -> _Draft:
    return draft.signed_by(context.pki.new_delegate(context.ca, ended=True))


def _bad_signature(draft: _Draft, _: _Context) -> _Draft:
    return replace(draft, signer=_Tampering(draft.signer, _with_a_bit_flipped))


def _with_a_bit_flipped(signature: bytes) -> bytes:
    # In every scheme the last octet is part of a value: the encoding stays valid.
    return signature[:-1] + bytes((signature[-1] ^ 1,))


def _stale_signature(draft: _Draft, _: _Context) -> _Draft:
    old = load_der_ocsp_response(draft.later(-_DAY).sign()).signature
    return replace(draft, signer=_Tampering(draft.signer, lambda _: old))


def _expired(draft: _Draft, _: _Context) -> _Draft:
    held = max(
        (entry.next_update or entry.this_update) - entry.this_update
        for entry in draft.entries
    )
    return draft.later(-_DAY - held)


def _not_yet_valid(draft: _Draft, _: _Context) -> _Draft:
    return draft.later(_DAY)


def _missing_next_update(draft: _Draft, _: _Context) -> _Draft:
    entries = tuple(entry._replace(next_update=None) for entry in draft.entries)
    return replace(draft, entries=entries)


def _missing_nonce(draft: _Draft, _: _Context) -> _Draft:
    return replace(draft, nonce=None)


def _wrong_nonce(draft: _Draft, _: _Context) -> _Draft:
    return replace(draft, nonce=_OTHER_NONCE)


def _decoy_certificates(draft: _Draft, context: _Context) -> _Draft:
    decoys = (_foreign_delegate(draft, context) for _ in range(_DECOYS))
    return replace(
        draft,
        certificates=(
            *(certificate for each in decoys for certificate in each.certificates),
            *draft.certificates,
        ),
        encoding=OCSPResponderEncoding.NAME,
    )


def _by_name(draft: _Draft, _: _Context) -> _Draft:
    return replace(draft, encoding=OCSPResponderEncoding.NAME)


def _critical_extension(draft: _Draft, _: _Context) -> _Draft:
    unknown = x509.UnrecognizedExtension(oids.identifier(_UNKNOWN), NULL_DER)
    return replace(draft, critical=(unknown,))


_UNKNOWN = "1.3.6.1.4.1.99999.1"
"""An identifier below the arc of a number that IANA has not assigned."""


def _first_entry_only(draft: _Draft, _: _Context) -> _Draft:
    return replace(draft, entries=draft.entries[:1])


_CHANGES: Mapping[Fault, Callable[[_Draft, _Context], _Draft]] = {
    Fault.WRONG_SERIAL: _wrong_serial,
    Fault.WRONG_SIGNER: _wrong_signer,
    Fault.FOREIGN_DELEGATE: _foreign_delegate,
    Fault.DELEGATE_WITHOUT_EKU: _delegate_without_eku,
    Fault.EXPIRED_DELEGATE: _expired_delegate,
    Fault.BAD_SIGNATURE: _bad_signature,
    Fault.STALE_SIGNATURE: _stale_signature,
    Fault.EXPIRED: _expired,
    Fault.NOT_YET_VALID: _not_yet_valid,
    Fault.MISSING_NEXT_UPDATE: _missing_next_update,
    Fault.MISSING_NONCE: _missing_nonce,
    Fault.WRONG_NONCE: _wrong_nonce,
    Fault.DECOY_CERTIFICATES: _decoy_certificates,
    Fault.BY_NAME: _by_name,
    Fault.CRITICAL_EXTENSION: _critical_extension,
    Fault.FIRST_ENTRY_ONLY: _first_entry_only,
}
"""The function for each fault of the message."""
