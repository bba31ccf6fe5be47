"""
Renew the certificate of a delegate by a command of the operator's.

The command gets a request and returns a certificate. The certificate is tested before
any file changes, and at each moment the files on disk are a pair that loads: the key
file has both keys until the certificate is replaced.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.client.certificate_files import readable_certificates
from ocsp.errors import ConfigError, HookFailed, OCSPError, StoreError, UnreadableFile
from ocsp.guarded.certificates import request_key, subject_of
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.files import exists, read_file
from ocsp.guarded.system.command import run_command
from ocsp.pkcs11.key_uri import KeyURI
from ocsp.pkcs11.private_key import open_private_key
from ocsp.responder.authority import Authority
from ocsp.signers.enrolment.files import private_key_pem, write_public, write_secret
from ocsp.signers.enrolment.key_kinds import kind_of_key, new_key
from ocsp.signers.enrolment.profile import make_request
from ocsp.signers.loaded_signer import LoadedSigner
from ocsp.signers.loading import (
    load_signer,
    read_passphrase,
    read_pin,
    read_private_keys,
    read_signer_certificate,
)
from ocsp.signers.self_test import self_test
from ocsp.signers.spec import SignerSpec
from ocsp.signing.signatures import public_key_of
from ocsp.signing.signer import KeySigner, matches_certificate

__all__ = ["Renewal", "renew"]

_SKEW = datetime.timedelta(minutes=1)
"""How much later than now a new certificate may begin: clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """
    How to renew the certificate of a signer.

    Attributes:
        spec: Where its key and its certificate are.

        issuer: The certificate of the CA.

        command: The program that gets the certificate, and its arguments. Its input is
            the request in PEM, and it writes the certificate to its output. Instead it
            can read the file in ``OCSP_SIGNER_REQUEST``, and write the file in
            ``OCSP_SIGNER_CERTIFICATE``.

        keep_key: Whether the new certificate is for the present key. A key in a token
            is always kept.
    """

    spec: SignerSpec
    issuer: x509.Certificate
    command: Sequence[str]
    keep_key: bool = False


def renew(renewal: Renewal, now: datetime.datetime) -> x509.Certificate:
    """
    Get a new certificate, test it, and replace the files.

    Whatever fails, the present files stay.

    Args:
        renewal: How to do it.

        now: The current time, aware.

    Returns:
        The new certificate.

    Raises:
        ConfigError: If the present files cannot be read, or clients would reject the
            answers with the new certificate.
        HookFailed: If the command fails, or returns no better certificate for the key.
        StoreError: If a file cannot be written, or another process renews this signer.
        SignerUnavailable: If the key is in a token, which fails.
    """
    spec = renewal.spec
    with _alone(spec.certificate):
        old = read_signer_certificate(spec.certificate)
        if spec.key is None:
            return _renew_in_token(renewal, old, now)
        return _renew_in_file(renewal, spec.key, old, now)


def _renew_in_token(
    renewal: Renewal, old: x509.Certificate, now: datetime.datetime
) -> x509.Certificate:
    spec = renewal.spec
    uri, pin = KeyURI.parse(spec.pkcs11 or ""), read_pin(spec.pin_file)
    with open_private_key(uri, pin) as key:
        request = make_request(key, subject_of(old))
    new = _obtain(renewal, request)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "certificate.pem")
        write_public(file, new, overwrite=False)
        with contextlib.closing(load_signer(replace(spec, certificate=file))) as signer:
            _require_better(renewal, signer, old, now)
    write_public(spec.certificate, new, overwrite=True)
    return new


def _renew_in_file(
    renewal: Renewal, path: Path, old: x509.Certificate, now: datetime.datetime
) -> x509.Certificate:
    spec = renewal.spec
    passphrase = read_passphrase(spec.passphrase_file)
    present = _matching(read_private_keys(path, passphrase), old, path)
    kind = None if renewal.keep_key else kind_of_key(present)
    key = present if kind is None else new_key(kind)
    new = _obtain(renewal, make_request(key, subject_of(old)))
    _require_better(renewal, LoadedSigner(spec, KeySigner(key, new)), old, now)
    own = private_key_pem(key, passphrase)
    if os.path.realpath(path) == os.path.realpath(spec.certificate):
        write_secret(path, own + new.public_bytes(Encoding.PEM), overwrite=True)
        return new
    if key is not present:
        both = private_key_pem(present, passphrase) + own
        write_secret(path, both, overwrite=True)
    write_public(spec.certificate, new, overwrite=True)
    if key is not present:
        write_secret(path, own, overwrite=True)
    return new


def _matching(
    keys: list[CertificateIssuerPrivateKeyTypes],
    certificate: x509.Certificate,
    path: Path,
) -> CertificateIssuerPrivateKeyTypes:
    for each in keys:
        if matches_certificate(each, certificate):
            return each
    raise ConfigError("key", f"{path}: is not the key of the present certificate")


def _obtain(
    renewal: Renewal, request: x509.CertificateSigningRequest
) -> x509.Certificate:
    """Run the command, and return the certificate for the key of *request*."""
    pem = request.public_bytes(Encoding.PEM)
    with tempfile.TemporaryDirectory() as directory:
        asked, answered = Path(directory, "request.pem"), Path(directory, "cert.pem")
        write_public(asked, request, overwrite=False)
        output = run_command(
            renewal.command,
            {
                "OCSP_SIGNER_REQUEST": str(asked),
                "OCSP_SIGNER_CERTIFICATE": str(answered),
            },
            limits.MAX_RENEWAL_SECONDS,
            stdin=pem,
            max_output=limits.MAX_CERTIFICATE_FILE_BYTES,
        )
        if exists(answered):
            output = _read(renewal, answered)
    for certificate in readable_certificates(output):
        with contextlib.suppress(OCSPError):  # a key that cannot be read is another
            if public_key_of(certificate) == request_key(request):
                return certificate
    raise HookFailed(
        renewal.command[0], "returned no certificate for the key of the request"
    )


def _read(renewal: Renewal, path: Path) -> bytes:
    try:
        return read_file(path, limits.MAX_CERTIFICATE_FILE_BYTES)
    except UnreadableFile as error:
        reason = f"wrote a file that cannot be read: {error.reason}"
        raise HookFailed(renewal.command[0], reason) from error


def _require_better(
    renewal: Renewal,
    signer: LoadedSigner,
    old: x509.Certificate,
    now: datetime.datetime,
) -> None:
    """Require that clients accept the signer, and for longer than the present one."""
    (begin, end), present = validity_of(signer.certificate), validity_of(old)[1]
    name = renewal.command[0]
    if begin > now + _SKEW:
        raise HookFailed(
            name, f"returned a certificate that is not valid before {begin}"
        )
    if end <= present:
        raise HookFailed(
            name,
            f"returned a certificate that ends at {end}, no later than the present one,"
            f" which ends at {present}",
        )
    test = self_test(Authority(renewal.issuer, [signer]), max(now, begin))
    if test.failures:
        raise ConfigError(
            "certificate", f"clients would reject it: {'; '.join(test.failures)}"
        )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let only one process renew the certificate *path* at a time."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        handle = lock_file(lock)
    except UnreadableFile as error:
        raise StoreError(str(error)) from error
    if handle is None:
        raise StoreError(f"{path}: another process renews this certificate now")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)
