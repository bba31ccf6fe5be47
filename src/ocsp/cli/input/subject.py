"""Load the certificate that a command is about, and its issuer."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.arguments import parse_serial
from ocsp.cli.input.loading import load_certificate, load_issuer
from ocsp.messages.certid import CertID

__all__ = ["load_subject"]


def load_subject(
    command: str, issuer: str, cert: str | None, serial: str | None
) -> tuple[x509.Certificate, x509.Certificate | CertID]:
    """
    Return the issuer, and the certificate or its CertID.

    Args:
        command: The name of the command, for an error.

        issuer: The file of ``--issuer``.

        cert: The file of ``--cert``, or ``None``.

        serial: The value of ``--serial``, or ``None``.

    Raises:
        CommandError: If a file cannot be read, or if both or none of *cert* and
            *serial* are given.
    """
    if (cert is None) == (serial is None):
        raise CommandError(command, "give either --cert or --serial")
    if cert is not None:
        certificate = load_certificate(cert)
        return load_issuer(issuer, [certificate]), certificate
    authority = load_certificate(issuer)
    number = parse_serial(serial or "")
    return authority, CertID.for_serial(authority, number, hashes.SHA256())
