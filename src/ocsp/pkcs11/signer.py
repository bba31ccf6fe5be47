"""
A signer for a key that never leaves its token.

Opening a signer makes a test signature, so an opened signer works and its key belongs
to its certificate. If the session is lost, each signature tries once to open a new one.
"""

from __future__ import annotations

import logging
import os
from types import TracebackType
from typing import NoReturn, Self, final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from ocsp.errors import ConfigError, SignerUnavailable
from ocsp.pkcs11.errors import text_of, translate_errors
from ocsp.pkcs11.schemes import Scheme, choose_scheme
from ocsp.pkcs11.settings import KeyName, Pin, RSAPadding, TokenName
from ocsp.pkcs11.token import Key, Token, find_key, load

__all__ = ["PKCS11Signer"]

logger = logging.getLogger("ocsp.pkcs11")


@final
class PKCS11Signer:
    """
    A :class:`ocsp.Signer` for a private key in a PKCS#11 token.

    Threads may share a signer; it makes its calls into the module one after the other.
    A process that forks must open its signers in each child, after the fork.

    Use it in a ``with`` block, or call :meth:`close`.
    """

    __slots__ = (
        "_certificate",
        "_closed",
        "_identifier",
        "_key",
        "_name",
        "_scheme",
        "_token",
    )

    def __init__(
        self, token: Token, name: KeyName, scheme: Scheme, cert: x509.Certificate
    ) -> None:
        """Create a signer from its parts; callers use :meth:`open`."""
        self._token = token
        self._name = name
        self._scheme = scheme
        self._identifier = scheme.identifier
        self._certificate = cert
        self._key: Key | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        module: str | os.PathLike[str],
        *,
        token_label: str | None = None,
        slot: int | None = None,
        pin: str | None,
        key_label: str | None = None,
        key_id: bytes | None = None,
        certificate: x509.Certificate,
        algorithm: hashes.HashAlgorithm | None = None,
        rsa_padding: RSAPadding = RSAPadding.PKCS1V15,
    ) -> PKCS11Signer:
        """
        Log in to a token, find the key, and make a test signature.

        The signature is verified with the public key of *certificate*, so an opened
        signer works and its key belongs to the certificate. Not checked: whether the
        certificate is valid, and whether it may sign responses.

        Args:
            module: The PKCS#11 library from the vendor of the token.

            token_label: The label of the token. Give either this or *slot*.

            slot: The number of the slot (``CK_SLOT_ID``) that the token is in.

            pin: The user PIN, kept in memory to log in again; ``None`` for a token
                without a login.

            key_label: The label of the private key (``CKA_LABEL``). Give this,
                *key_id*, or both.

            key_id: The identifier of the private key (``CKA_ID``).

            certificate: The certificate of that key: RSA, or ECDSA on P-256, P-384 or
                P-521.

            algorithm: SHA-256, SHA-384 or SHA-512. Default: the hash for the curve, or
                SHA-256 for RSA.

            rsa_padding: How an RSA key signs. Not checked: PSS parameters that the
                certificate prescribes.

        Raises:
            MissingExtraError: If python-pkcs11 is not installed.
            ConfigError: If a setting is wrong; ``key`` names it. The module cannot be
                loaded, no token or key matches or several do, the token refuses the
                PIN, the key does not belong to the certificate, or the token does not
                support the signature scheme.
            SignerUnavailable: If the token fails.
            TypeError: If an argument has the wrong type.
        """
        scheme = choose_scheme(certificate, algorithm, rsa_padding)
        token_name = TokenName.of(token_label, slot)
        key_name = KeyName.of(key_label, key_id)
        secret = Pin(pin)
        loaded = load(os.fspath(module))
        with loaded.lock, translate_errors(f"{token_name}, {key_name}"):
            token = loaded.token(token_name, secret)
            signer = cls(token, key_name, scheme, certificate)
            try:
                signer._connect_first_time()
            except BaseException:
                signer.close()
                raise
        return signer

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the public key of this signer."""
        return self._certificate

    @property
    def algorithm_identifier(self) -> bytes:
        """The AlgorithmIdentifier of the signatures, in DER."""
        return self._identifier

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, in the encoding of X.509.

        If the session was lost, each call tries once to open a new one and makes the
        test signature again. The call blocks while the token works.

        Raises:
            SignerUnavailable: If the token fails, or this signer is closed or was
                opened in another process.
        """
        self._check_process()
        with self._token.module.lock, translate_errors(str(self)):
            if self._closed:
                raise SignerUnavailable(f"{self}: the signer is closed")
            try:
                return self._sign_or_reconnect(data)
            except ConfigError as error:
                raise SignerUnavailable(f"{self}: {error.reason}") from error

    def close(self) -> None:
        """
        Close this signer; the last signer of a token logs out.

        Closing twice is allowed. Errors of the token while closing are ignored.
        """
        if self._token.module.process != os.getpid():
            self._closed = True  # the session belongs to the parent and stays open
            return
        with self._token.module.lock:
            if not self._closed:
                self._closed = True
                self._key = None
                self._token.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __str__(self) -> str:
        return f"{self._token.name}, {self._name}"

    def __repr__(self) -> str:
        return f"<PKCS11Signer({self})>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a PKCS11Signer cannot be copied or pickled; open another one instead"
        )

    def _check_process(self) -> None:
        # PKCS #11 v2.40 §5.4: a child process must initialise the module itself.
        if self._token.module.process != os.getpid():
            raise SignerUnavailable(
                f"{self}: the signer was opened in another process; open it in this one"
            )

    def _connect_first_time(self) -> None:
        import pkcs11

        try:
            self._connect()
        except (pkcs11.PKCS11Error, ConfigError):
            if self._token.users == 1 or self._token.refused:
                raise
            # The session was opened by another signer, and its login may have ended.
            self._token.drop()
            self._connect()

    def _sign_or_reconnect(self, data: bytes) -> bytes:
        import pkcs11

        token = self._token
        reason = "an earlier failure"
        if token.session is not None:
            try:
                return self._sign_with(self._current_key(), data)
            except (pkcs11.PKCS11Error, ConfigError) as error:
                token.drop()
                if token.refused:
                    raise
                reason = text_of(error)
        signature = self._sign_with(self._reconnect(), data)
        logger.warning("%s: opened a new session after %s", self, reason)
        return signature

    def _current_key(self) -> Key:
        # Another signer of the token may have opened a new session for both.
        if self._key is not None and self._key.session is self._token.session:
            return self._key
        return self._connect()

    def _reconnect(self) -> Key:
        """Open a new session; if that fails, initialise the module again and retry."""
        import pkcs11

        token = self._token
        try:
            return self._connect()
        except (pkcs11.PKCS11Error, ConfigError):
            token.drop()
            if token.refused or not token.module.restart(token):
                raise
        return self._connect()

    def _connect(self) -> Key:
        """Find the key and check with a test signature that it fits the certificate."""
        import pkcs11

        scheme = self._scheme
        key = find_key(self._token.connect(), self._name, scheme.key_type)
        try:
            scheme.verify(self._sign_with(key, _TEST_DATA), _TEST_DATA)
        except (
            pkcs11.KeyTypeInconsistent,
            pkcs11.MechanismInvalid,
            pkcs11.MechanismParamInvalid,
        ) as error:
            reason = f"the token does not support this scheme ({text_of(error)})"
            raise ConfigError(scheme.setting, reason) from error
        except InvalidSignature as error:
            reason = "the key in the token does not belong to the certificate"
            raise ConfigError("certificate", reason) from error
        self._key = key
        return key

    def _sign_with(self, key: Key, data: bytes) -> bytes:
        with self._token.detect_refused_pin():
            return self._scheme.sign(key, data, self._token.pin)


_TEST_DATA = b"ocsp: does this key belong to its certificate?"
"""The data of the test signature. It is not DER, so no message has this signature."""
