"""
Tokens, their keys, and the modules that reach them.

Rules of this file:

* A module is initialised once for the whole process, and python-pkcs11 promises it
  then to call from one thread at a time (PKCS #11 v2.40 §5.4, ``C_Initialize`` without
  arguments). So there is one lock for each module, and every call is made under it.
* A login is the process's, not the session's (PKCS #11 v2.40 §5.6, ``C_Login``). So
  the signers on one token share one session, and the last to close logs out.
* A PIN that was refused is not sent again: tokens lock themselves after a few.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, final

from ocsp.errors import ConfigError, MissingExtraError, SignerUnavailable
from ocsp.pkcs11.errors import text_of
from ocsp.pkcs11.settings import KeyName, Pin, TokenName

if TYPE_CHECKING:
    import pkcs11

__all__ = ["Key", "Module", "Token", "find_key", "load"]


class Key(NamedTuple):
    """A private key, as one session has it."""

    session: pkcs11.Session
    handle: pkcs11.SignMixin
    always_authenticate: bool

    def sign(
        self,
        data: bytes,
        mechanism: pkcs11.Mechanism,
        parameters: tuple[object, ...] | None,
        pin: Pin,
    ) -> bytes:
        """Return what the token signs; the PIN goes along where the key wants it."""
        return self.handle.sign(
            data,
            mechanism=mechanism,
            mechanism_param=parameters,
            pin=pin.reveal() if self.always_authenticate else None,
        )


def find_key(session: pkcs11.Session, name: KeyName, key_type: str) -> Key:
    """Return the one private key that *name* means."""
    import pkcs11

    wanted: dict[pkcs11.Attribute, object] = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType[key_type],
    }
    if name.label is not None:
        wanted[pkcs11.Attribute.LABEL] = name.label
    if name.identifier is not None:
        wanted[pkcs11.Attribute.ID] = name.identifier
    found = list(session.get_objects(wanted))
    if not found:
        raise ConfigError(name.setting, f"there is no such private {key_type} key")
    if len(found) > 1:
        reason = f"{len(found)} private {key_type} keys fit; give label and id"
        raise ConfigError(name.setting, reason)
    if not isinstance(found[0], pkcs11.SignMixin):
        raise ConfigError(name.setting, "the key may not sign (CKA_SIGN)")
    try:
        always = bool(found[0][pkcs11.Attribute.ALWAYS_AUTHENTICATE])
    except pkcs11.PKCS11Error:
        always = False  # many tokens do not know the attribute
    return Key(session, found[0], always)


@final
class Token:
    """A token as this process uses it: one session for all signers on it."""

    __slots__ = ("module", "pin", "name", "refused", "session", "slot", "users")

    def __init__(self, module: Module, slot: int, name: TokenName, pin: Pin) -> None:
        self.module = module
        self.slot = slot
        self.name = name
        self.pin = pin
        self.refused = False
        self.session: pkcs11.Session | None = None
        self.users = 0

    def connect(self) -> pkcs11.Session:
        """Return a session that answers; open one if there is none."""
        import pkcs11

        if self.session is not None and not self._answers(self.session):
            self.drop()
        if self.session is None:
            if self.refused:
                raise ConfigError("pin", "was refused, and is not sent again")
            token = self.module.find(self.name)
            with self.detect_refused_pin():
                try:
                    self.session = token.open(user_pin=self.pin.reveal())
                except pkcs11.UserAlreadyLoggedIn:
                    # Someone else in this process has logged in, which counts for
                    # all. (python-pkcs11 leaves the session of a failed login open.)
                    self.session = token.open()
        return self.session

    @staticmethod
    def _answers(session: pkcs11.Session) -> bool:
        """Tell whether the session still exists."""
        import pkcs11

        # The smallest thing to ask for. (python-pkcs11 cannot clean up after a search
        # in a session that does not exist.)
        try:
            session.generate_random(8)
        except (pkcs11.FunctionNotSupported, pkcs11.RandomNoRNG):
            return True
        except pkcs11.PKCS11Error:
            return False
        return True

    @contextlib.contextmanager
    def detect_refused_pin(self) -> Iterator[None]:
        """Note that the token refuses the PIN."""
        import pkcs11

        try:
            yield
        except (
            pkcs11.PinExpired,
            pkcs11.PinIncorrect,
            pkcs11.PinInvalid,
            pkcs11.PinLenRange,
            pkcs11.PinLocked,
            pkcs11.UserPinNotInitialized,
        ) as error:
            self.refused = True
            raise ConfigError("pin", f"is refused ({text_of(error)})") from error

    def drop(self) -> None:
        """Give the session up, whatever state it is in."""
        import pkcs11

        session, self.session = self.session, None
        if session is not None:
            with contextlib.suppress(pkcs11.PKCS11Error):
                session.close()

    def release(self) -> None:
        """Leave; the last one logs out."""
        self.users -= 1
        if self.users == 0:
            self.drop()
            self.module.tokens.pop(self.slot, None)

    def is_alive(self) -> bool:
        """Tell whether the token answers."""
        import pkcs11

        if self.session is None:
            return False
        try:
            self.session.token.slot.get_token()
        except pkcs11.PKCS11Error:
            return False
        return True


@final
class Module:
    """A PKCS#11 module, loaded and initialised for this process."""

    __slots__ = ("_library", "lock", "process", "tokens")

    def __init__(self, path: str, *, inherited: bool) -> None:
        import pkcs11

        self.lock = threading.RLock()
        self.process = os.getpid()
        self.tokens: dict[int, Token] = {}
        self._library = pkcs11.lib(path)
        if inherited:
            self._reinitialise()

    def find(self, name: TokenName) -> pkcs11.Token:
        """Return the token that *name* means."""
        import pkcs11

        slots = self._library.get_slots()
        if name.label is None:
            slots = [slot for slot in slots if slot.slot_id == name.slot]
            if not slots:
                raise ConfigError("slot", "there is no such slot")
            return slots[0].get_token()
        found = []
        for slot in slots:
            # Another slot that is empty or fails is no reason not to find this one.
            with contextlib.suppress(pkcs11.PKCS11Error):
                token = slot.get_token()
                if token.label == name.label:
                    found.append(token)
        if not found:
            raise ConfigError("token_label", "there is no such token")
        if len(found) > 1:
            reason = f"{len(found)} tokens have that label; give slot instead"
            raise ConfigError("token_label", reason)
        return found[0]

    def token(self, name: TokenName, pin: Pin) -> Token:
        """Return the token, with one user more."""
        slot = self.find(name).slot.slot_id
        token = self.tokens.get(slot)
        if token is None:
            token = self.tokens[slot] = Token(self, slot, name, pin)
        elif token.session is None:
            token.pin, token.refused = pin, False
        elif not token.pin.equals(pin):
            raise ConfigError("pin", "this process has the token open with another one")
        token.users += 1
        return token

    def restart(self, token: Token) -> bool:
        """
        Initialise the module anew, unless another token of it is at work.

        Many modules look for tokens, or connect to them, only when initialised. But
        that ends all sessions of the process.
        """
        if any(other.is_alive() for other in self.tokens.values() if other is not token):
            return False
        for other in self.tokens.values():
            other.drop()
        self._reinitialise()
        return True

    def _reinitialise(self) -> None:
        import pkcs11

        with contextlib.suppress(pkcs11.PKCS11Error):
            self._library.finalize()
        self._library.initialize()


_modules: dict[str, Module] = {}
_loading = threading.Lock()


def load(path: str) -> Module:
    """Return the module; the same for all signers of this process."""
    try:
        import pkcs11
    except ImportError as error:
        raise MissingExtraError("a key in a PKCS#11 token", "pkcs11") from error
    # One library under two names would be initialised twice, which is an error. A bare
    # name is for the loader to find.
    path = str(Path(path).resolve()) if os.sep in path else path
    with _loading:
        known = _modules.get(path)
        if known is not None and known.process == os.getpid():
            return known
        try:
            module = Module(path, inherited=known is not None)
        except pkcs11.PKCS11Error as error:
            if type(error) is pkcs11.PKCS11Error:  # no return code, so no module
                reason = f"cannot be loaded ({text_of(error)})"
                raise ConfigError("module", reason) from error
            reason = f"module {path}: cannot be initialised ({text_of(error)})"
            raise SignerUnavailable(reason) from error
        _modules[path] = module
        return module
