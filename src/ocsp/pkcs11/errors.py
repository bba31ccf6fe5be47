"""Turn exceptions of python-pkcs11 into errors of this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ocsp.errors import ConfigError, SignerUnavailable

__all__ = ["text_of", "translate_errors"]


@contextlib.contextmanager
def translate_errors(where: str) -> Iterator[None]:
    """Add *where* to a ``ConfigError``; turn PKCS#11 errors into SignerUnavailable."""
    import pkcs11

    try:
        yield
    except ConfigError as error:
        raise ConfigError(error.key, f"{where}: {error.reason}") from error
    except pkcs11.PKCS11Error as error:
        raise SignerUnavailable(
            f"{where}: the token failed ({text_of(error)})"
        ) from error


def text_of(error: Exception) -> str:
    """Return the class name of *error*, and its message if it has one."""
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
