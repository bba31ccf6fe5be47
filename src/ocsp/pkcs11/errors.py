"""What python-pkcs11 raises, in the words and classes of this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ocsp.errors import ConfigError, SignerUnavailable

__all__ = ["translate_errors", "text_of"]


@contextlib.contextmanager
def translate_errors(where: str) -> Iterator[None]:
    """Say where it was that a setting is wrong, or a token fails."""
    import pkcs11

    try:
        yield
    except ConfigError as error:
        raise ConfigError(error.key, f"{where}: {error.reason}") from error
    except pkcs11.PKCS11Error as error:
        raise SignerUnavailable(
            f"{where}: the token fails ({text_of(error)})"
        ) from error


def text_of(error: Exception) -> str:
    """Return the name of the error, and its words if it has any."""
    words = str(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
