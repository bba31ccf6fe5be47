"""Define which files or token the key and the certificate of a signer come from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ocsp.errors import ConfigError

__all__ = ["SignerSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSpec:
    """
    Where the key and the certificate of a signer are.

    Attributes:
        certificate: The file with the certificate, in PEM, DER or PKCS #7. The first
            certificate in it counts.

        key: The file with the private key, in PEM or DER. If it has several keys, the
            one that belongs to the certificate signs. Give this or *pkcs11*.

        pkcs11: The URI of a key in a PKCS #11 token (RFC 7512), with the library in
            ``module-path``.

        passphrase_file: The file with the passphrase of *key* in its first line.

        pin_file: The file with the user PIN of the token in its first line.

        rate: How many signatures a second the signer may make; ``None`` for no bound.
    """

    certificate: Path
    key: Path | None = None
    pkcs11: str | None = None
    passphrase_file: Path | None = None
    pin_file: Path | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        """
        Check which settings are given together; text becomes a ``Path``.

        Raises:
            ConfigError: If a setting is missing, does not fit the others, or *rate* is
                not a positive number.
        """
        for name in ("certificate", "key", "passphrase_file", "pin_file"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, Path(value))  # the class is frozen
        if (self.key is None) == (self.pkcs11 is None):
            raise ConfigError(
                "key", "give the file of the private key in key, or its URI in pkcs11"
            )
        if self.passphrase_file is not None and self.key is None:
            raise ConfigError(
                "passphrase_file", "is for a key in a file; a token needs pin_file"
            )
        if self.pin_file is not None and self.pkcs11 is None:
            raise ConfigError(
                "pin_file", "is for a key in a token; a file needs passphrase_file"
            )
        if self.rate is not None and not 0 < self.rate < math.inf:
            raise ConfigError(
                "rate", f"must be a positive number of signatures, and is {self.rate}"
            )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the signer is loaded from."""
        return (self.certificate, *self.secrets)

    @property
    def secrets(self) -> tuple[Path, ...]:
        """Those of the files that others must not read."""
        named = (self.key, self.passphrase_file, self.pin_file)
        return tuple(each for each in named if each is not None)
