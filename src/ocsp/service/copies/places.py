"""Check the places where a node finds answers that others have signed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ocsp.errors import ConfigError, MissingExtraError
from ocsp.sharing import ValkeyAddress
from ocsp.signers.loading import read_signer_certificate

__all__ = ["require_directory", "require_valkey"]


def require_directory(directory: Path) -> None:
    """
    Require the directory that ``ocsp publish`` writes; it may be empty.

    Raises:
        ConfigError: If there is none.
    """
    if not directory.is_dir():
        what = "is not a directory" if directory.exists() else "does not exist"
        raise ConfigError(
            "files", f"{directory} {what}; name the one that ocsp publish --to writes"
        )


def require_valkey(address: ValkeyAddress) -> None:
    """
    Require what connections to a Valkey server need; the server may be away.

    Raises:
        MissingExtraError: If the package is not installed.
        ConfigError: If the file with its CA cannot be read, or has no certificate.
    """
    if find_spec("valkey") is None:
        raise MissingExtraError("sharing answers by Valkey", "valkey")
    if address.ca:
        read_signer_certificate(Path(address.ca), "valkey")
