"""
SoftHSM2: real PKCS#11 tokens, whose keys never leave them.

The module reads its settings and its tokens when it is initialised, once per process.
So a test run has one directory for all tokens. Adding a token initialises the module
again, and no signer may be open at that time.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.attributes import AttributeMapper
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

__all__ = ["PIN", "SO_PIN", "SoftHSM", "Token", "TokenKey", "installed", "softhsm"]

PIN = "pin-4711-never-shown"
SO_PIN = "so-pin-4712"
_MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
_MISSING = (
    "SoftHSM2 is not installed, and the tests of PKCS#11 need it: "
    "apt-get install softhsm2"
)
_SETTINGS = """\
directories.tokendir = {}
objectstore.backend = file
log.level = ERROR
"""


class TokenKey:
    """The public half of a key in a token, for functions that take a private key."""

    def __init__(self, public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> None:
        self._public = public

    def public_key(self) -> Any:
        """Return the public key, as a private key would."""
        return self._public


@dataclass(frozen=True)
class Token:
    """A token of SoftHSM2."""

    home: SoftHSM
    label: str
    serial: str

    @property
    def directory(self) -> Path:
        """Where SoftHSM2 keeps this token; the name ends with the serial number."""
        dashed = f"{self.serial[:4]}-{self.serial[4:]}"
        (found,) = self.home.tokens.glob(f"*-{dashed}")
        return found

    @property
    def slot(self) -> int:
        """The number of its current slot."""
        return self._open().slot.slot_id

    @contextmanager
    def session(self, pin: str = PIN) -> Iterator[pkcs11.Session]:
        """Log in for writing. Leaving the block logs out every session of the process."""
        mapper = AttributeMapper()
        mapper.register_handler(Attribute.ALLOWED_MECHANISMS, _pack, _unpack)
        options: dict[str, Any] = {"user_pin": pin, "attribute_mapper": mapper}
        with self._open().open(rw=True, **options) as session:
            yield session

    def rsa(self, label: str, identifier: bytes = b"\x01", **private: Any) -> TokenKey:
        """Generate an RSA key in the token."""
        with self.session() as session:
            public, _ = session.generate_keypair(
                KeyType.RSA,
                2048,
                label=label,
                id=identifier,
                store=True,
                private_template=_template(private),
            )
            numbers = rsa.RSAPublicNumbers(
                int.from_bytes(public[Attribute.PUBLIC_EXPONENT]),
                int.from_bytes(public[Attribute.MODULUS]),
            )
        return TokenKey(numbers.public_key())

    def ec(
        self,
        label: str,
        curve: str = "secp256r1",
        identifier: bytes = b"\x02",
        **private: Any,
    ) -> TokenKey:
        """Generate an elliptic-curve key in the token."""
        with self.session() as session:
            parameters = session.create_domain_parameters(
                KeyType.EC,
                {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)},
                local=True,
            )
            public, _ = parameters.generate_keypair(
                label=label,
                id=identifier,
                store=True,
                private_template=_template(private),
            )
            loaded = load_der_public_key(encode_ec_public_key(public))
        assert isinstance(loaded, ec.EllipticCurvePublicKey)
        return TokenKey(loaded)

    def destroy(self, label: str) -> None:
        """Destroy the private key with this label."""
        with self.session() as session:
            session.get_key(ObjectClass.PRIVATE_KEY, label=label).destroy()

    def change_pin(self, old: str, new: str) -> None:
        """Change the PIN."""
        with self.session(old) as session:
            session.set_pin(old, new)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Move the directory of the token away, and back at the end of the block."""
        directory = self.directory
        hidden = self.home.directory / "away"
        directory.rename(hidden)
        try:
            yield
        finally:
            hidden.rename(directory)

    def _open(self) -> pkcs11.Token:
        for slot in pkcs11.lib(str(self.home.module)).get_slots():
            # A token that a test has moved away fails until the next initialisation.
            with suppress(pkcs11.GeneralError):
                token = slot.get_token()
                if token.serial == self.serial.encode():
                    return token
        raise LookupError(self.label)


def _pack(mechanisms: tuple[int, ...]) -> bytes:
    return struct.pack(f"{len(mechanisms)}L", *mechanisms)


def _unpack(octets: bytes) -> tuple[int, ...]:
    return struct.unpack(f"{len(octets) // struct.calcsize('L')}L", octets)


def _template(private: dict[str, Any]) -> dict[Attribute, Any]:
    return {Attribute[name.upper()]: value for name, value in private.items()}


class SoftHSM:
    """A token store for the tests, and the module that reads it."""

    def __init__(self, module: Path, directory: Path) -> None:
        self.module = module
        self.directory = directory
        self.tokens = directory / "tokens"
        self.settings = directory / "softhsm2.conf"
        self._labels = (f"token-{number}" for number in count(1))
        self.tokens.mkdir()
        self.settings.write_text(_SETTINGS.format(self.tokens))
        os.environ["SOFTHSM2_CONF"] = str(self.settings)

    def token(self, label: str | None = None) -> Token:
        """Return a new token, with a new label unless one is given."""
        label = label or next(self._labels)
        self.restart()  # the module finds tokens again that a test has moved away
        before = self._serials()
        subprocess.run(
            [
                *("softhsm2-util", "--init-token", "--free", "--label", label),
                *("--pin", PIN, "--so-pin", SO_PIN),
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )
        self.restart()
        (serial,) = self._serials() - before
        return Token(self, label, serial)

    def restart(self) -> None:
        """Initialise the module again, which ends all sessions of this process."""
        pkcs11.lib(str(self.module)).reinitialize()

    def _serials(self) -> set[str]:
        tokens = pkcs11.lib(str(self.module)).get_tokens()
        return {token.serial.decode() for token in tokens if token.serial}


_stores: list[SoftHSM] = []


def softhsm(factory: pytest.TempPathFactory) -> SoftHSM:
    """Return the token store of this process; fail if SoftHSM2 is missing."""
    if not _stores:
        _stores.append(SoftHSM(installed(), factory.mktemp("softhsm")))
    return _stores[0]


def installed() -> Path:
    """Return the module of SoftHSM2; fail with an installation hint if it is missing."""
    module = next(filter(Path.exists, _MODULES), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.fail(_MISSING, pytrace=False)
    return module.resolve()
