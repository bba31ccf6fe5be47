"""
Write the first configuration of a responder, from the files of a CA.

The files are recognized by their content: CA certificates, certificates for OCSP
signing, and private keys. A key belongs to the certificate with its public key, and a
signer to the CA that issued its certificate.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.client.certificate_files import load_certificates
from ocsp.errors import ConfigError, OCSPError
from ocsp.guarded.files import read_file
from ocsp.guarded.key_files import load_private_key, private_key_blocks
from ocsp.inspection.vocabulary import one_line
from ocsp.signers.loading import read_private_keys
from ocsp.signing.issued import is_issued_by, names_issuer, why_no_ca
from ocsp.signing.signer import matches_certificate

__all__ = ["FoundIssuer", "FoundSigner", "find_issuers", "left_out", "starter_text"]

MAX_FILES = 2000
"""Files that are looked at. The directory of a CA can have one for each certificate."""

MAX_DEPTH = 2
"""How deep the directories are that are looked at; easy-rsa has ``private/ca.key``."""

MAX_WORKERS = 4
"""Processes in the first configuration, on a machine with more processors."""


class FoundSigner(NamedTuple):
    """
    A certificate and its key, which can sign for an issuer.

    Attributes:
        certificate: The file of the certificate.

        key: The file of the key.

        text: The subject, and the day until which it is valid.
    """

    certificate: Path
    key: Path
    text: str


class FoundIssuer(NamedTuple):
    """
    A CA certificate.

    Attributes:
        certificate: Its file.

        text: Its subject.

        signers: What can sign for it: delegates, or else the CA itself.

        uses_own_key: Whether the CA itself signs, because there is no delegate.
    """

    certificate: Path
    text: str
    signers: tuple[FoundSigner, ...]
    uses_own_key: bool


class _Certificate(NamedTuple):
    path: Path
    certificate: x509.Certificate


class _Key(NamedTuple):
    path: Path
    key: CertificateIssuerPrivateKeyTypes


def find_issuers(paths: Iterable[Path]) -> list[FoundIssuer]:
    """
    Return the CAs in the files and directories *paths*, with what can sign for them.

    A key with a passphrase is not found. A certificate that has ended is left out.

    Raises:
        ConfigError: If there are more than ``MAX_FILES`` files.
    """
    files = list(_files(paths))
    certificates = [
        _Certificate(path, each) for path in files for each in _certificates_in(path)
    ]
    keys = [_Key(path, each) for path in files for each in _keys_in(path)]
    issuers = [each for each in certificates if _is_ca(each.certificate)]
    now = datetime.datetime.now(datetime.UTC)
    return [_found(each, certificates, keys, now) for each in _distinct(issuers)]


def left_out(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """
    Return which files :func:`find_issuers` does not use, and why.

    They are keys with a passphrase, and certificates for OCSP signing that have ended.

    Raises:
        ConfigError: If there are more than ``MAX_FILES`` files.
    """
    now, found = datetime.datetime.now(datetime.UTC), []
    for path in _files(paths):
        if _has_passphrase(path):
            found.append(
                (path, "has a passphrase; add it by hand, with passphrase_file")
            )
        for each in _certificates_in(path):
            end = validity_of(each)[1]
            if _is_delegate(each) and end <= now:
                found.append((path, f"{_subject(each)} ended at {timestamp(end)}"))
    return found


def _found(
    issuer: _Certificate,
    certificates: Sequence[_Certificate],
    keys: Sequence[_Key],
    now: datetime.datetime,
) -> FoundIssuer:
    delegates = [
        each
        for each in _distinct(certificates)
        if _is_delegate(each.certificate)
        and _end(each) > now
        and is_issued_by(each.certificate, issuer.certificate)
    ]
    signers = list(_with_keys(delegates, keys))
    uses_own_key = not signers
    if uses_own_key:
        signers = list(_with_keys([issuer], keys))
    name = _subject(issuer.certificate)
    return FoundIssuer(
        issuer.path, name, tuple(signers), uses_own_key and bool(signers)
    )


def _with_keys(
    certificates: Iterable[_Certificate], keys: Sequence[_Key]
) -> Iterator[FoundSigner]:
    """Return those of *certificates* with a key; that which ends last comes last."""
    for path, certificate in sorted(certificates, key=_end):
        for key in keys:
            if matches_certificate(key.key, certificate):
                _, end = validity_of(certificate)
                text = f"{_subject(certificate)}, valid until {end:%Y-%m-%d}"
                yield FoundSigner(path, key.path, text)
                break


def _end(found: _Certificate) -> datetime.datetime:
    return validity_of(found.certificate)[1]


def _distinct(certificates: Iterable[_Certificate]) -> list[_Certificate]:
    """Return each certificate once, also if it is in several files."""
    found: dict[x509.Certificate, _Certificate] = {}
    for each in certificates:
        found.setdefault(each.certificate, each)
    return list(found.values())


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """
    Return *paths*, and the files in those that are directories, in a fixed order.

    Raises:
        ConfigError: If there are too many.
    """
    count = 0
    for path in paths:
        for each in _below(path, MAX_DEPTH):
            count += 1
            if count > MAX_FILES:
                reason = f"has more than {MAX_FILES:,} files; name those of the CA"
                raise ConfigError(str(path), reason)
            yield each


def _below(path: Path, depth: int) -> Iterator[Path]:
    if not path.is_dir():
        yield path
    elif depth:
        for each in sorted(path.iterdir()):
            yield from _below(each, depth - 1)


def _certificates_in(path: Path) -> list[x509.Certificate]:
    try:
        data = read_file(path, limits.MAX_CERTIFICATE_FILE_BYTES)
        return load_certificates(data, first_needed=False)
    except OCSPError:
        return []


def _keys_in(path: Path) -> list[CertificateIssuerPrivateKeyTypes]:
    try:
        return read_private_keys(path, None)
    except OCSPError:
        return []


def _has_passphrase(path: Path) -> bool:
    try:
        for block in private_key_blocks(read_file(path, limits.MAX_KEY_FILE_BYTES)):
            load_private_key(block, None)
    except TypeError:  # the key is encrypted
        return True
    except (OCSPError, UnsupportedAlgorithm):
        return False
    return False


def _is_ca(certificate: x509.Certificate) -> bool:
    """Return whether it is the certificate of a CA; of version 1, only a root is."""
    try:
        is_v3 = certificate.version is x509.Version.v3
        return not why_no_ca(certificate) and (
            is_v3 or names_issuer(certificate, certificate)
        )
    except OCSPError:
        return False


def _is_delegate(certificate: x509.Certificate) -> bool:
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    return (
        isinstance(purposes, x509.ExtendedKeyUsage)
        and ExtendedKeyUsageOID.OCSP_SIGNING in purposes
    )


def _extension(
    certificate: x509.Certificate, kind: type[x509.ExtensionType]
) -> x509.ExtensionType | None:
    try:
        return extensions_of(certificate).find(kind)
    except OCSPError:
        return None


def _subject(certificate: x509.Certificate) -> str:
    return one_line(name_text(name_of_subject(certificate)))


# --- the text -------------------------------------------------------------------------

_HEAD = """\
# The configuration of an OCSP responder, for: ocsp serve --config {file}
# After a change: ocsp config check {file}
# Paths are relative to the folder of this file. All settings: ocsp config schema

# The status of the certificates, and the answers that are signed ahead.
database = "sqlite:status.db"

# Where clients ask. A port below 1024 needs a right of its own, or systemd.
listen = [{listen}]

# The processes that answer requests.
workers = {workers}

[answers]
# The time from an answer to its nextUpdate. So long may a client use an answer from
# before a revocation.
validity = "8h"
# How far the clocks of clients may be behind.
backdate = "5m"
# The answers that are signed ahead, by the hash of their CertIDs.
forms = ["sha1", "sha256"]
# The answers that each process keeps in memory.
memory = "64MiB"
# The nonce of a request: echo, ignore or require.
nonce = "echo"

[signing]
# How long before the end of a signer's certificate the warnings begin, or a quarter of
# its validity if that is shorter.
alarm = "14d"

[admin]
# Health, metrics and a page for operators. For other machines, set token_file too.
listen = {admin}

[log]
# text or json.
format = "text"
# debug, info, warning or error.
level = "info"
# off, or requests: a line for each request, without the address of the client.
access = "off"

[retention]
# How long a certificate has a status after its end, and how long it is kept who changed
# a status. Without these lines: for ever.
# expired = "30d"
# audit = "400d"
"""

_ISSUER = """
# {name}
[[issuer]]
certificate = {certificate}
# A serial number that the CA has not issued: unauthorized, unknown or revoked.
unlisted = "unauthorized"
# The first whose certificate is valid signs.
signers = [
{signers}]
"""


def starter_text(
    issuers: Sequence[FoundIssuer], path: Path, *, listen: str, admin: str
) -> str:
    """
    Return a commented configuration.

    Args:
        issuers: The issuers, with their signers.

        path: The file that it will be written to.

        listen: Where clients ask.

        admin: Where operators ask.
    """
    folder = path.absolute().parent
    text = _HEAD.format(
        file=one_line(path.name),
        workers=min(MAX_WORKERS, os.cpu_count() or 1),
        listen=_string(listen),
        admin=_string(admin),
    )
    for issuer in issuers:
        signers = "".join(
            f"  # {each.text}\n"
            f"  {{ certificate = {_quoted(each.certificate, folder)},"
            f" key = {_quoted(each.key, folder)} }},\n"
            for each in issuer.signers
        )
        text += _ISSUER.format(
            name=issuer.text,
            certificate=_quoted(issuer.certificate, folder),
            signers=signers,
        )
    return text


def _quoted(path: Path, folder: Path) -> str:
    """Return *path*, relative to *folder* if it is in it, as a string of TOML."""
    absolute = path.absolute()
    inside = absolute.is_relative_to(folder)
    return _string(str(absolute.relative_to(folder) if inside else absolute))


def _string(text: str) -> str:
    """Return *text* as a string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
