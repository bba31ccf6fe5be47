"""
A signer on a key that never leaves its token.

Rules of this file: a signer that was opened works, and its key belongs to its
certificate; a session that was lost is opened anew, once for each signature.
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
from ocsp.pkcs11.errors import translate_errors, text_of
from ocsp.pkcs11.schemes import Scheme, choose_scheme
from ocsp.pkcs11.settings import KeyName, Pin, TokenName, RSAPadding
from ocsp.pkcs11.token import Key, Token, find_key, load

__all__ = ["PKCS11Signer"]

logger = logging.getLogger("ocsp.pkcs11")


@final
class PKCS11Signer:
    """
    A :class:`ocsp.Signer` on a private key that stays in a PKCS#11 token.

    Threads may share one: calls into the module are made one after the other. A
    process that forks opens its signers afterwards, in each child.

    To be closed, or used in a ``with`` block.
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
        """Tie the parts together; :meth:`open` makes them."""
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
        Log in to a token, find the key, and have it sign a probe.

        The probe is verified with the key of *certificate*, so a signer that was
        opened works and signs under the right certificate. Neither the validity of the
        certificate nor its authority to sign responses is checked.

        Args:
            module: The shared library that the maker of the token delivers.

            token_label: The label of the token. Either this or *slot*.

            slot: The number of the slot (``CK_SLOT_ID``) that the token is in.

            pin: The user PIN, kept in memory to log in again; ``None`` for a token
                without a login.

            key_label: The label of the private key (``CKA_LABEL``). This, *key_id*,
                or both.

            key_id: The identifier of the private key (``CKA_ID``).

            certificate: The certificate of that key: RSA, or ECDSA on P-256, P-384 or
                P-521.

            algorithm: SHA-256, SHA-384 or SHA-512. Without one: the hash that fits
                the curve, SHA-256 for RSA.

            rsa_padding: How an RSA key signs. Parameters that the certificate may
                prescribe for PSS are not compared.

        Raises:
            MissingExtraError: If python-pkcs11 is not installed.
            ConfigError: If a setting is wrong; ``key`` says which: the module cannot
                be loaded, there is no such token or key, or more than one, the PIN is
                refused, the key is not that of the certificate, or the token does
                not sign like that.
            SignerUnavailable: If the token fails.
            TypeError: If an argument is of another type.
        """
        scheme = choose_scheme(certificate, algorithm, rsa_padding)
        name = TokenName.of(token_label, slot)
        name = KeyName.of(key_label, key_id)
        secret = Pin(pin)
        loaded = load(os.fspath(module))
        with loaded.lock, translate_errors(f"{name}, {name}"):
            token = loaded.token(name, secret)
            signer = cls(token, name, scheme, certificate)
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
        """The DER of the AlgorithmIdentifier of the signatures."""
        return self._identifier

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, encoded as X.509 has it.

        A session that was lost is opened anew, once for each call; the key then proves
        again that it belongs to the certificate. Blocks while the token works.

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
        Give the token back; the last signer on it logs out. Closing twice is fine.

        Not checked: whether the token still answers.
        """
        if self._token.module.process != os.getpid():
            self._closed = True  # the session is the parent's, and stays open there
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
        raise TypeError("a PKCS11Signer is tied to its token; open another one")

    def _check_process(self) -> None:
        # PKCS #11 v2.40 §5.4: a child process has to initialise the module itself.
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
            # The session is that of another signer, whose login may have ended.
            self._token.drop()
            self._connect()

    def _sign_or_reconnect(self, data: bytes) -> bytes:
        import pkcs11

        token = self._token
        reason = "it had failed"
        if token.session is not None:
            try:
                return self._sign_with(self._current_key(), data)
            except (pkcs11.PKCS11Error, ConfigError) as error:
                token.drop()
                if token.refused:
                    raise
                reason = text_of(error)
        signature = self._sign_with(self._reconnect(), data)
        logger.warning("%s: connected anew, after %s", self, reason)
        return signature

    def _current_key(self) -> Key:
        # Another signer on the token may have opened a new session for both.
        if self._key is not None and self._key.session is self._token.session:
            return self._key
        return self._connect()

    def _reconnect(self) -> Key:
        """Connect anew, with a module that starts anew where that is needed."""
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
        """Find the key, and have it prove that it belongs to the certificate."""
        import pkcs11

        scheme = self._scheme
        key = find_key(self._token.connect(), self._name, scheme.key_type)
        try:
            scheme.verify(self._sign_with(key, _PROBE), _PROBE)
        except (
            pkcs11.KeyTypeInconsistent,
            pkcs11.MechanismInvalid,
            pkcs11.MechanismParamInvalid,
        ) as error:
            reason = f"the token does not sign so ({text_of(error)})"
            raise ConfigError(scheme.setting, reason) from error
        except InvalidSignature as error:
            reason = "the key is not that of the certificate"
            raise ConfigError("certificate", reason) from error
        self._key = key
        return key

    def _sign_with(self, key: Key, data: bytes) -> bytes:
        with self._token.detect_refused_pin():
            return self._scheme.sign(key, data, self._token.pin)


_PROBE = b"ocsp: does this key belong to its certificate?"
"""What a key signs to prove itself. It is no DER, so no message is signed with it."""
