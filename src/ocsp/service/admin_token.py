"""Read the token that requests to the port for operators must have."""

from __future__ import annotations

from importlib.util import find_spec

from ocsp import limits
from ocsp.errors import ConfigError, MissingExtraError
from ocsp.guarded.files import read_file
from ocsp.service.configuration.model import AdminSettings

__all__ = ["read_token"]


def read_token(admin: AdminSettings) -> str | None:
    """
    Return the first line of the file of the token, if there is one.

    Raises:
        MissingExtraError: If the packages of the port are not installed.
        UnreadableFile: If the file cannot be read.
        ConfigError: If the token is not text, or can be guessed.
    """
    if find_spec("starlette") is None:
        raise MissingExtraError("the admin port", "admin")
    if admin.token_file is None:
        return None
    data = read_file(admin.token_file, limits.MAX_KEY_FILE_BYTES)
    try:
        token = data.decode().partition("\n")[0].strip()
    except UnicodeDecodeError:  # not chained: that error contains the token
        raise ConfigError("token_file", "is not text in UTF-8") from None
    from ocsp.admin.access import Access  # workers without a token save the memory

    Access(token=token)
    return token
