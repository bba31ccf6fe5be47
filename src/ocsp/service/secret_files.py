"""Find files with secrets of the responder that other users of the machine can read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ocsp.guarded.files import exposure_of
from ocsp.service.building import spec_of
from ocsp.service.configuration import Configuration

__all__ = ["exposed_secrets"]


def exposed_secrets(configuration: Configuration) -> list[str]:
    """
    Return which secrets of *configuration* other users can read, as sentences.

    They are the keys of signers with their passphrases and PINs, the token of the admin
    port, and the key of webhooks. Not looked at: the files of passwords of databases.
    """
    files = dict.fromkeys(_secrets(configuration))
    return list(filter(None, map(exposure_of, files)))


def _secrets(configuration: Configuration) -> Iterator[Path]:
    for issuer in configuration.issuer:
        for signer in issuer.signers:
            yield from spec_of(signer).secrets
    if configuration.admin is not None and configuration.admin.token_file is not None:
        yield configuration.admin.token_file
    if configuration.purge.secret_file is not None:
        yield configuration.purge.secret_file
