"""Load a signer from its files, or from a token (PKCS #11)."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp import limits
from ocsp.client.certificate_files import load_certificates
from ocsp.errors import (
    BuildError,
    ConfigError,
    DecodeError,
    SchemaError,
    UnreadableFile,
)
from ocsp.guarded.files import FileState, file_state, read_file
from ocsp.guarded.key_files import load_private_key, private_key_blocks
from ocsp.inspection.file_kinds import kind_of
from ocsp.pkcs11 import PKCS11Signer, RSAPadding
from ocsp.pkcs11.key_uri import KeyURI
from ocsp.pkcs11.schemes import choose_scheme
from ocsp.signers.loaded_signer import LoadedSigner, RefusingSigner
from ocsp.signers.spec import SignerSpec
from ocsp.signing.signatures import is_only_for_pss
from ocsp.signing.signer import KeySigner, matches_certificate

__all__ = [
    "away_signer",
    "file_states",
    "load_signer",
    "read_passphrase",
    "read_pin",
    "read_private_keys",
    "read_signer_certificate",
    "refusing_signer",
]


def load_signer(spec: SignerSpec) -> LoadedSigner:
    """
    Load the signer that *spec* describes, and make a test signature.

    Not checked: whether the certificate is valid, and whether clients accept its
    signatures; :func:`self_test` finds that out.

    Args:
        spec: Where its key and its certificate are.

    Raises:
        ConfigError: If a file cannot be read, is of another kind or does not belong to
            the others. ``key`` is the setting, and the reason names the file and what
            to do.
        SignerUnavailable: If the token fails.
        MissingExtraError: If the key is in a token, and python-pkcs11 is not installed.
    """
    files = file_states(spec)
    certificate = read_signer_certificate(spec.certificate)
    if spec.key is None:
        return _from_token(spec, certificate, files)
    keys = read_private_keys(spec.key, read_passphrase(spec.passphrase_file))
    signer = _with_key(spec, spec.key, keys, certificate)
    return LoadedSigner(spec, signer, files=files)


def file_states(spec: SignerSpec) -> tuple[FileState | None, ...]:
    """Return the states of the files of *spec*; ``None`` for one that is not there."""
    return tuple(_state_of(each) for each in spec.files)


def _state_of(path: Path) -> FileState | None:
    try:
        return file_state(path)
    except UnreadableFile:  # loading says why
        return None


def _with_key(
    spec: SignerSpec,
    path: Path,
    keys: list[CertificateIssuerPrivateKeyTypes],
    certificate: x509.Certificate,
) -> KeySigner:
    """Return the signer with the key that belongs to *certificate*."""
    try:
        matching = [each for each in keys if matches_certificate(each, certificate)]
        if not matching:
            raise ConfigError(
                "key",
                f"{path}: is not the key of the certificate {spec.certificate}; replace"
                " both files, or name others",
            )
        rsa_padding = None
        if is_only_for_pss(certificate):  # RFC 4055 §1.2: PSS is then required
            mask = padding.MGF1(hashes.SHA256())
            rsa_padding = padding.PSS(mask, padding.PSS.DIGEST_LENGTH)
        return KeySigner(matching[0], certificate, rsa_padding=rsa_padding)
    except (BuildError, SchemaError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError("key", f"{path}: cannot sign: {error}") from error


def _from_token(
    spec: SignerSpec,
    certificate: x509.Certificate,
    files: tuple[FileState | None, ...],
) -> LoadedSigner:
    uri = KeyURI.parse(spec.pkcs11 or "")
    signer = PKCS11Signer.open(
        uri.module,
        token_label=uri.token_label,
        slot=uri.slot,
        pin=read_pin(spec.pin_file),
        key_label=uri.key_label,
        key_id=uri.key_id,
        certificate=certificate,
        rsa_padding=_token_padding(certificate),
    )
    try:
        return LoadedSigner(spec, signer, close=signer.close, files=files)
    except BaseException:
        signer.close()
        raise


def away_signer(spec: SignerSpec, why: str) -> RefusingSigner:
    """
    Return what takes the place of a signer whose token cannot be reached.

    Args:
        spec: Where its key and its certificate are.

        why: Why the token cannot be reached.

    Raises:
        ConfigError: If the certificate cannot be read, or no token has such a key.
    """
    return refusing_signer(read_signer_certificate(spec.certificate), why)


def refusing_signer(certificate: x509.Certificate, why: str) -> RefusingSigner:
    """
    Return a signer with *certificate* that never signs, and says *why*.

    Raises:
        ConfigError: If no token has a key of this kind.
    """
    scheme = choose_scheme(certificate, None, _token_padding(certificate))
    return RefusingSigner(certificate, scheme.identifier, why)


def _token_padding(certificate: x509.Certificate) -> RSAPadding:
    return RSAPadding.PSS if is_only_for_pss(certificate) else RSAPadding.PKCS1V15


def read_signer_certificate(
    path: Path, setting: str = "certificate"
) -> x509.Certificate:
    """
    Return the first certificate in the file *path*, which is the value of *setting*.

    Raises:
        ConfigError: If it cannot be read, or has no certificate.
    """
    data = _read(setting, path, limits.MAX_CERTIFICATE_FILE_BYTES)
    try:
        return load_certificates(data)[0]
    except SchemaError as error:
        kind = kind_of(data)
        is_other = kind not in {None, "a certificate", "a PKCS #7 file"}
        reason = f"is {kind}, not a certificate" if is_other else error.reason
        raise ConfigError(setting, f"{path}: {reason}") from error


def read_private_keys(
    path: Path, passphrase: bytes | None
) -> list[CertificateIssuerPrivateKeyTypes]:
    """
    Return the private keys in the file *path*.

    Raises:
        ConfigError: If it cannot be read, has no private key, or *passphrase* is
            missing or wrong.
    """
    data = _read("key", path, limits.MAX_KEY_FILE_BYTES)
    blocks = private_key_blocks(data)
    if not blocks:
        kind = kind_of(data)
        # Of a file that is cut off, only the label says that it is a private key.
        is_other = kind not in {None, "a private key"}
        reason = f"is {kind}, not a" if is_other else "has no"
        raise ConfigError("key", f"{path}: {reason} private key in PEM or DER")
    return [_read_key(path, each, passphrase) for each in blocks]


def _read_key(
    path: Path, data: bytes, passphrase: bytes | None
) -> CertificateIssuerPrivateKeyTypes:
    try:
        # KeySigner refuses kinds of key that cannot sign.
        return load_private_key(data, passphrase)  # type: ignore[return-value]
    except TypeError as error:
        reason = (
            "is encrypted; name the file of its passphrase in passphrase_file"
            if passphrase is None
            else "is not encrypted; remove passphrase_file"
        )
        raise ConfigError("key", f"{path}: {reason}") from error
    except UnsupportedAlgorithm as error:
        raise ConfigError("key", f"{path}: is of a kind not known: {error}") from error
    except DecodeError as error:
        reason = "is not a private key in PEM or DER"
        if passphrase is not None:
            reason += ", or its passphrase is wrong"
        raise ConfigError("key", f"{path}: {reason}") from error


def read_passphrase(path: Path | None) -> bytes | None:
    """
    Return the first line of the file *path*; ``None`` for no file.

    Raises:
        ConfigError: If it cannot be read, or its first line is empty.
    """
    return None if path is None else _first_line("passphrase_file", path)


def read_pin(path: Path | None) -> str | None:
    """
    Return the PIN in the first line of the file *path*; ``None`` for no file.

    Raises:
        ConfigError: If it cannot be read, or its first line is empty or not UTF-8.
    """
    if path is None:
        return None
    try:
        return _first_line("pin_file", path).decode()
    except UnicodeDecodeError:  # not chained: that error contains the PIN
        raise ConfigError("pin_file", f"{path}: is not UTF-8") from None


def _first_line(setting: str, path: Path) -> bytes:
    data = _read(setting, path, limits.MAX_KEY_FILE_BYTES)
    line = data.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigError(setting, f"{path}: has an empty first line")
    return line


def _read(setting: str, path: Path, maximum: int) -> bytes:
    try:
        return read_file(path, maximum)
    except UnreadableFile as error:
        raise ConfigError(setting, str(error)) from error
