"""Name the signers of a responder, for people and for metrics."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from ocsp.asn1.certificates import serial_of
from ocsp.inspection.vocabulary import common_name
from ocsp.responder.authority import Authority

__all__ = ["signer_names"]


def signer_names(authorities: Sequence[Authority]) -> dict[x509.Certificate, str]:
    """
    Return a name for the certificate of each signer.

    It is the common name. If several certificates have the same, as while one replaces
    the other, the end of the serial number follows.
    """
    certificates = dict.fromkeys(
        signer.certificate for each in authorities for signer in each.signers
    )
    commons = [common_name(each) for each in certificates]
    return {
        each: common if commons.count(common) == 1 else _with_serial(common, each)
        for each, common in zip(certificates, commons, strict=True)
    }


def _with_serial(name: str, certificate: x509.Certificate) -> str:
    return f"{name} {serial_of(certificate) & 0xFFFF_FFFF:08x}"
