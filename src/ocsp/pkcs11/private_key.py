"""
Use a key in a token as a private key of ``cryptography``, and make a new one.

``cryptography`` then makes certificates and requests with it. A signer of responses
does not need this: :class:`ocsp.pkcs11.PKCS11Signer`.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from ocsp.errors import ConfigError
from ocsp.guarded.key_files import load_public_key, rsa_public_key
from ocsp.pkcs11.errors import translate_errors
from ocsp.pkcs11.key_uri import KeyURI
from ocsp.pkcs11.schemes import scheme_for_key
from ocsp.pkcs11.settings import KeyName, Pin, RSAPadding
from ocsp.pkcs11.token import find_key, load

if TYPE_CHECKING:
    import pkcs11

__all__ = ["generate_key", "open_private_key"]

Sign = Callable[[bytes, hashes.HashAlgorithm, RSAPadding], bytes]


@contextlib.contextmanager
def open_private_key(
    uri: KeyURI, pin: str | None
) -> Iterator[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]:
    """
    Log in to a token, and give its key as a private key that only signs.

    The token must also have the public key, with the same label and identifier.

    Args:
        uri: Which key.

        pin: The user PIN; ``None`` for a token without a login.

    Raises:
        MissingExtraError: If python-pkcs11 is not installed.
        ConfigError: If a setting is wrong; ``key`` names it.
        SignerUnavailable: If the token fails.
    """
    module, name = load(uri.module), uri.key
    with module.lock, translate_errors(f"{uri.token}, {name}"):
        token = module.token(uri.token, Pin(pin))
        try:
            session = token.connect()
            public = _public_key(session, name)
            key = find_key(session, name, scheme_for_key(public, None, _V15).key_type)

            def sign(
                data: bytes, algorithm: hashes.HashAlgorithm, rsa_padding: RSAPadding
            ) -> bytes:
                scheme = scheme_for_key(public, algorithm, rsa_padding)
                return scheme.sign(key, data, token.pin)

            if isinstance(public, rsa.RSAPublicKey):
                yield _RSAKey(public, sign)
            else:
                yield _ECKey(public, sign)
        finally:
            token.release()


_V15 = RSAPadding.PKCS1V15


def _public_key(
    session: pkcs11.Session, name: KeyName
) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """Return the public key with this name; there must be exactly one."""
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import encode_ec_public_key

    found = list(session.get_objects(_template(name, ObjectClass.PUBLIC_KEY)))
    if len(found) != 1:
        raise ConfigError(
            name.setting, f"{len(found)} public keys have this name; one is needed"
        )
    handle: Any = found[0]
    if handle.key_type is KeyType.RSA:
        return rsa_public_key(
            handle[Attribute.MODULUS], handle[Attribute.PUBLIC_EXPONENT]
        )
    public = None
    if handle.key_type is KeyType.EC:
        public = load_public_key(encode_ec_public_key(handle))
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ConfigError(name.setting, "the key is neither RSA nor on a known curve")
    return public


def _template(name: KeyName, kind: pkcs11.ObjectClass) -> dict[Any, object]:
    from pkcs11 import Attribute

    wanted: dict[Any, object] = {Attribute.CLASS: kind}
    if name.label is not None:
        wanted[Attribute.LABEL] = name.label
    if name.identifier is not None:
        wanted[Attribute.ID] = name.identifier
    return wanted


def generate_key(
    uri: KeyURI, pin: str | None, *, curve: str = "", bits: int = 0
) -> None:
    """
    Make a new key pair in a token, whose private key cannot leave it.

    Args:
        uri: Its name. No key may have it already.

        pin: The user PIN; ``None`` for a token without a login.

        curve: The name of the curve of an EC key, such as ``secp256r1``.

        bits: The size of an RSA key, if *curve* is empty.

    Raises:
        MissingExtraError: If python-pkcs11 is not installed.
        ConfigError: If a setting is wrong, or a key has this name.
        SignerUnavailable: If the token fails.
    """
    module, name = load(uri.module), uri.key
    with module.lock, translate_errors(f"{uri.token}, {name}"):
        token = module.token(uri.token, Pin(pin))
        try:
            token.connect()  # with the PIN, which the second session then shares
            with module.find(uri.token).open(rw=True) as session:
                _generate(session, name, curve, bits)
        finally:
            token.release()


def _generate(session: pkcs11.Session, name: KeyName, curve: str, bits: int) -> None:
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import encode_named_curve_parameters

    if any(
        list(session.get_objects(_template(name, kind)))
        for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY)
    ):
        raise ConfigError(name.setting, "a key has this name; choose another")
    settings: dict[str, Any] = {
        "label": name.label or "",
        "id": name.identifier or secrets.token_bytes(8),
        "store": True,
        "private_template": {
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.SIGN: True,
        },
    }
    if curve:
        parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
        domain: Any = session.create_domain_parameters(
            KeyType.EC, parameters, local=True
        )
        domain.generate_keypair(**settings)
    else:
        session.generate_keypair(KeyType.RSA, bits, **settings)


class _OnlySigns:
    """What a key in a token cannot do."""

    def private_numbers(self) -> NoReturn:
        raise TypeError("the private key is in a token, and cannot leave it")

    def private_bytes(self, *_: object) -> NoReturn:
        raise TypeError("the private key is in a token, and cannot leave it")

    def exchange(self, *_: object) -> NoReturn:
        raise TypeError("the key in the token only signs")

    def decrypt(self, *_: object) -> NoReturn:
        raise TypeError("the key in the token only signs")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


class _ECKey(_OnlySigns, ec.EllipticCurvePrivateKey):
    """An EC key in a token."""

    def __init__(self, public: ec.EllipticCurvePublicKey, sign: Sign) -> None:
        self._public = public
        self._sign = sign

    @property
    def curve(self) -> ec.EllipticCurve:
        """Its curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """The bits of its curve."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return its public key."""
        return self._public

    def sign(
        self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm
    ) -> bytes:
        """Return the signature over *data*."""
        return self._sign(bytes(data), _hash(signature_algorithm.algorithm), _V15)


class _RSAKey(_OnlySigns, rsa.RSAPrivateKey):
    """An RSA key in a token."""

    def __init__(self, public: rsa.RSAPublicKey, sign: Sign) -> None:
        self._public = public
        self._sign = sign

    @property
    def key_size(self) -> int:
        """The bits of its modulus."""
        return self._public.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        """Return its public key."""
        return self._public

    def sign(
        self, data: Any, padding: padding.AsymmetricPadding, algorithm: Any
    ) -> bytes:
        """Return the signature over *data*."""
        scheme = RSAPadding.PSS if padding.name != "EMSA-PKCS1-v1_5" else _V15
        return self._sign(bytes(data), _hash(algorithm), scheme)


def _hash(algorithm: hashes.HashAlgorithm | Prehashed) -> hashes.HashAlgorithm:
    if isinstance(algorithm, Prehashed):
        raise TypeError("a key in a token signs data, not digests")
    return algorithm
