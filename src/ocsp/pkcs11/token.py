"""
Tokens, their keys, and PKCS#11 modules.

* A module is initialised once for the whole process. python-pkcs11 calls
  ``C_Initialize`` without arguments, which promises calls from one thread at a time
  (PKCS #11 v2.40 §5.4). So each module has a lock, and every call holds it.
* A login belongs to the process, not to the session (PKCS #11 v2.40 §5.6, ``C_Login``).
  So the signers of one token share one session, and the last one to close logs out.
* A PIN that a token refused is not sent again: tokens lock themselves after a few wrong
  PINs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, final

from ocsp.errors import (
    ConfigError,
    MissingExtraError,
    SignerUnavailable,
    UnreadableFile,
)
from ocsp.guarded.files import file_state
from ocsp.pkcs11.errors import text_of
from ocsp.pkcs11.settings import KeyName, Pin, TokenName

if TYPE_CHECKING:
    import pkcs11

__all__ = ["Key", "Module", "Token", "find_key", "load"]


class Key(NamedTuple):
    """A private key and the session that its handle belongs to."""

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
        """Return the signature of the token; send the PIN if the key needs it."""
        return self.handle.sign(
            data,
            mechanism=mechanism,
            mechanism_param=parameters,
            pin=pin.reveal() if self.always_authenticate else None,
        )


def find_key(session: pkcs11.Session, name: KeyName, key_type: str) -> Key:
    """Return the private key with this name; there must be exactly one."""
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
        raise ConfigError(name.setting, f"no private {key_type} key has this name")
    if len(found) > 1:
        reason = (
            f"{len(found)} private {key_type} keys have this name; give both key_label"
            " and key_id"
        )
        raise ConfigError(name.setting, reason)
    if not isinstance(found[0], pkcs11.SignMixin):
        raise ConfigError(name.setting, "the key is not allowed to sign (CKA_SIGN)")
    try:
        always = bool(found[0][pkcs11.Attribute.ALWAYS_AUTHENTICATE])
    except pkcs11.PKCS11Error:
        always = False  # many tokens do not support the attribute
    return Key(session, found[0], always)


@final
class Token:
    """A token in use, with the one session that all its signers share."""

    __slots__ = ("module", "name", "pin", "refused", "session", "slot", "users")

    def __init__(self, module: Module, slot: int, name: TokenName, pin: Pin) -> None:
        self.module = module
        self.slot = slot
        self.name = name
        self.pin = pin
        self.refused = False
        self.session: pkcs11.Session | None = None
        self.users = 0

    def connect(self) -> pkcs11.Session:
        """Return a working session; open a new one if necessary."""
        import pkcs11

        if self.session is not None and not self._answers(self.session):
            self.drop()
        if self.session is None:
            if self.refused:
                raise ConfigError(
                    "pin",
                    "was refused by the token and is not sent again; open a signer"
                    " with the right PIN",
                )
            token = self.module.find(self.name)
            with self.detect_refused_pin():
                try:
                    self.session = token.open(user_pin=self.pin.reveal())
                except pkcs11.UserAlreadyLoggedIn:
                    # Other code in this process has logged in, which applies to the
                    # whole process. (python-pkcs11 leaves the session open here.)
                    self.session = token.open()
        return self.session

    @staticmethod
    def _answers(session: pkcs11.Session) -> bool:
        """Return whether the session still exists."""
        import pkcs11

        # The cheapest call. (python-pkcs11 cannot clean up after a search in a session
        # that does not exist.)
        try:
            session.generate_random(8)
        except (pkcs11.FunctionNotSupported, pkcs11.RandomNoRNG):
            return True
        except pkcs11.PKCS11Error:
            return False
        return True

    @contextlib.contextmanager
    def detect_refused_pin(self) -> Iterator[None]:
        """Record it if the token refuses the PIN, and raise a ``ConfigError``."""
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
            reason = f"was refused by the token ({text_of(error)})"
            raise ConfigError("pin", reason) from error

    def drop(self) -> None:
        """Close the session, and ignore errors of the token."""
        import pkcs11

        session, self.session = self.session, None
        if session is not None:
            with contextlib.suppress(pkcs11.PKCS11Error):
                session.close()

    def release(self) -> None:
        """Remove one user; the last one closes the session and so logs out."""
        self.users -= 1
        if self.users == 0:
            self.drop()
            self.module.tokens.pop(self.slot, None)

    def is_alive(self) -> bool:
        """Return whether the token answers."""
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
        # Python frees its objects when the process ends, and the library object then
        # calls C_Finalize, which waits for a token that hangs. One reference more keeps
        # it; the sessions of a process end with it.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._library))
        if inherited:
            self._reinitialise()

    def find(self, name: TokenName) -> pkcs11.Token:
        """Return the token with this name; there must be exactly one."""
        import pkcs11

        slots = self._library.get_slots()
        if name.label is None:
            slots = [slot for slot in slots if slot.slot_id == name.slot]
            if not slots:
                raise ConfigError("slot", "the module has no slot with this number")
            return slots[0].get_token()
        found = []
        for slot in slots:
            # Ignore other slots that are empty or fail.
            with contextlib.suppress(pkcs11.PKCS11Error):
                token = slot.get_token()
                if token.label == name.label:
                    found.append(token)
        if not found:
            raise ConfigError("token_label", "no token has this label")
        if len(found) > 1:
            reason = f"{len(found)} tokens have this label; give slot instead"
            raise ConfigError("token_label", reason)
        return found[0]

    def token(self, name: TokenName, pin: Pin) -> Token:
        """Return the token and count one more user of it."""
        slot = self.find(name).slot.slot_id
        token = self.tokens.get(slot)
        if token is None:
            token = self.tokens[slot] = Token(self, slot, name, pin)
        elif token.session is None:
            token.pin, token.refused = pin, False
        elif not token.pin.equals(pin):
            reason = "differs from the PIN with which this process has opened the token"
            raise ConfigError("pin", reason)
        token.users += 1
        return token

    def restart(self, token: Token) -> bool:
        """
        Initialise the module again, unless another of its tokens works.

        Many modules look for tokens, or connect to them, only when initialised. It ends
        all sessions of this process with the module.
        """
        if any(
            other.is_alive() for other in self.tokens.values() if other is not token
        ):
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
    """Load a module, or return it if this process has loaded it already."""
    try:
        import pkcs11
    except ImportError as error:
        raise MissingExtraError("a key in a PKCS#11 token", "pkcs11") from error
    # Resolve links: initialising one library under two paths is an error. The loader
    # of the system finds a name without a directory.
    if os.sep in path:
        try:
            file_state(path)
        except UnreadableFile as error:
            raise ConfigError("module", f"cannot be loaded ({error})") from error
        path = str(Path(path).resolve())
    with _loading:
        known = _modules.get(path)
        if known is not None and known.process == os.getpid():
            return known
        try:
            module = Module(path, inherited=known is not None)
        except pkcs11.PKCS11Error as error:
            if type(error) is pkcs11.PKCS11Error:  # no return code: not a module
                reason = f"cannot be loaded ({text_of(error)})"
                raise ConfigError("module", reason) from error
            reason = f"module {path}: cannot be initialised ({text_of(error)})"
            raise SignerUnavailable(reason) from error
        _modules[path] = module
        return module
