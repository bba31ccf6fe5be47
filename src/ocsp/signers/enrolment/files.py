"""Write keys and certificates: atomically, and never over a file that was not named."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from ocsp.errors import ConfigError, StoreError, UnreadableFile
from ocsp.guarded.files import exists
from ocsp.guarded.system.atomic_write import PUBLIC, SECRET, write_atomically

__all__ = ["private_key_pem", "refuse_existing", "write_public", "write_secret"]


def private_key_pem(
    key: CertificateIssuerPrivateKeyTypes, passphrase: bytes | None
) -> bytes:
    """Return *key* in PEM (PKCS #8), encrypted if there is a *passphrase*."""
    protection: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        protection = BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def write_secret(path: Path, data: bytes, *, overwrite: bool) -> None:
    """
    Write *data* to a file that only its owner can read.

    A file that exists keeps its owner, its group and their permissions.

    Raises:
        ConfigError: If it exists, and *overwrite* is false.
        StoreError: If it cannot be written.
    """
    _write(path, data, SECRET, overwrite=overwrite)


def write_public(
    path: Path,
    what: x509.Certificate | x509.CertificateSigningRequest,
    *,
    overwrite: bool,
) -> None:
    """
    Write a certificate or a request to a file, in PEM.

    Raises:
        ConfigError: If it exists, and *overwrite* is false.
        StoreError: If it cannot be written.
    """
    _write(path, what.public_bytes(Encoding.PEM), PUBLIC, overwrite=overwrite)


def refuse_existing(path: Path) -> None:
    """
    Check that no file has this name, before work is done for it.

    Raises:
        ConfigError: If there is one.
    """
    if exists(path):
        raise _exists(path)


def _write(path: Path, data: bytes, mode: int, *, overwrite: bool) -> None:
    try:
        write_atomically(path, data, mode=mode, replace=overwrite)
    except FileExistsError as error:
        raise _exists(path) from error
    except UnreadableFile as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def _exists(path: Path) -> ConfigError:
    return ConfigError(str(path), "exists, and is not overwritten without being asked")
