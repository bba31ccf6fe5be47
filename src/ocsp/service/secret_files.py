"""Find files with secrets of the responder that other users of the machine can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ocsp.guarded.files import exposure_of
from ocsp.service.building import spec_of
from ocsp.service.configuration import Configuration, ConfigurationFile
from ocsp.store.address import has_password

__all__ = ["exposed_secrets"]


def exposed_secrets(file: ConfigurationFile) -> list[str]:
    """
    Return which secrets of the configuration *file* other users can read, as sentences.

    They are the keys of signers with their passphrases and PINs, the token of the admin
    port, the key of webhooks, the files with the passwords of PostgreSQL and Valkey,
    and *file* itself if it contains a password. Not looked at: the service file of
    libpq.
    """
    configuration = file.configuration
    secrets = dict.fromkeys(_secrets(configuration))
    found = [
        *map(exposure_of, secrets),
        _exposure_of_password(configuration),
        _exposure_of_settings(file),
    ]
    return list(filter(None, found))


def _secrets(configuration: Configuration) -> Iterator[Path]:
    for issuer in configuration.issuer:
        for signer in issuer.signers:
            yield from spec_of(signer).secrets
    if configuration.admin is not None and configuration.admin.token_file is not None:
        yield configuration.admin.token_file
    if configuration.purge.secret_file is not None:
        yield configuration.purge.secret_file
    if configuration.valkey is not None and configuration.valkey.password_file:
        yield Path(configuration.valkey.password_file)


def _exposure_of_password(configuration: Configuration) -> str:
    """Return who can read the password file of libpq; its group may not either."""
    if not configuration.uses_database or configuration.database.url is None:
        return ""
    # psycopg is there: the database was opened before.
    from ocsp.store.postgresql.database.address import Address

    path = Address(configuration.database).password_file
    return "" if path is None else exposure_of(path, group_of_root=False)


def _exposure_of_settings(file: ConfigurationFile) -> str:
    """Return who can read the passwords that *file* contains."""
    names = ", ".join(dict.fromkeys(_with_password(file.configuration)))
    if file.path is None or not names:
        return ""
    exposure = exposure_of(file.path)
    return exposure and f"{exposure}: it contains the password in {names}"


def _with_password(configuration: Configuration) -> Iterator[str]:
    """Return the settings that contain a password."""
    if has_password(configuration.database.url or ""):
        yield "database"
    valkey = configuration.valkey
    if valkey is not None and valkey.password and not valkey.password_file:
        yield "valkey"
    for issuer in configuration.issuer:
        if issuer.source is not None and has_password(issuer.source.sql or ""):
            yield "issuer.source.sql"
