"""
Name the files of published answers, by the targets of the GET requests for them.

A target is the base64 of the request, which contains ``/``. A web server has decoded
``%2F``, ``%2B`` and ``%3D`` before it looks for a file, and has made one slash of
several; so the parts between slashes are folders, and empty parts are left out. A
target that ends with a slash gets the suffix ``.slash``: its name could be a folder of
other targets. No two targets have the same name, because the length of a request is in
its first letters.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Collection, Iterable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.der import NULL_DER, SEQUENCE, content, sequence
from ocsp.messages.certid import CertID
from ocsp.responder import CertIDForm

__all__ = ["Alias", "GetTargets", "file_name", "folder_of"]

MAX_NAME_OCTETS = 255
"""Octets of a file name on Linux, between two slashes."""

_HASHES: dict[CertIDForm, tuple[hashes.HashAlgorithm, ...]] = {
    CertIDForm.SHA1: (hashes.SHA1(),),
    CertIDForm.SHA256: (hashes.SHA256(),),
    # The responder gives this answer to a request with either CertID.
    CertIDForm.BOTH: (hashes.SHA1(), hashes.SHA256()),
}
_URL_SAFE = str.maketrans("+/", "-_")
_BLANK = str.maketrans("+", " ")


class Alias(enum.StrEnum):
    """Other targets under which an answer is published too."""

    NO_PARAMETERS = "no-parameters"
    """Requests whose hash algorithm has no parameters, where most clients send NULL."""

    UNPADDED = "unpadded"
    """Base64 without ``=`` at its end."""

    URL_SAFE = "url-safe"
    """Base64 with ``-`` and ``_`` in place of ``+`` and ``/``."""

    BLANK = "blank"
    """A blank in place of ``+``, which some programs decode it to."""


class GetTargets:
    """The targets of the GET requests about certificates of one issuer."""

    def __init__(
        self, issuer: x509.Certificate, aliases: Collection[Alias] = ()
    ) -> None:
        """
        Name the answers about certificates of *issuer*.

        Args:
            issuer: The certificate of the issuer.

            aliases: Which other targets each answer has.
        """
        self._issuer = issuer
        self._aliases = frozenset(aliases)

    def of(self, serial_number: int, form: CertIDForm) -> list[str]:
        """
        Return the targets of one answer, without the slash before them.

        Args:
            serial_number: The serial number of the certificate.

            form: Which CertIDs the answer has.
        """
        found: list[str] = []
        for algorithm in _HASHES[form]:
            cert_id = CertID.for_serial(self._issuer, serial_number, algorithm).der
            found += self._spelled(cert_id)
            if Alias.NO_PARAMETERS in self._aliases:
                found += self._spelled(_without_parameters(cert_id))
        return found

    def _spelled(self, cert_id: bytes) -> Iterable[str]:
        """Return the request for *cert_id* in all spellings, the usual one first."""
        request = sequence(sequence(sequence(sequence(cert_id))))
        text = base64.b64encode(request).decode()
        if not self._aliases:
            return (text,)
        return dict.fromkeys(self._padded(text))

    def _padded(self, text: str) -> Iterator[str]:
        for each in self._translated(text):
            yield each
            if Alias.UNPADDED in self._aliases:
                yield each.rstrip("=")

    def _translated(self, text: str) -> Iterator[str]:
        yield text
        if Alias.URL_SAFE in self._aliases:
            yield text.translate(_URL_SAFE)
        if Alias.BLANK in self._aliases:
            yield text.translate(_BLANK)


def _without_parameters(cert_id: bytes) -> bytes:
    """Return *cert_id* without the NULL in its AlgorithmIdentifier."""
    start, end = content(cert_id, 0, len(cert_id), SEQUENCE, "reqCert")
    inner, rest = content(cert_id, start, end, SEQUENCE, "hashAlgorithm")
    algorithm = cert_id[inner:rest].removesuffix(NULL_DER)
    return sequence(sequence(algorithm) + cert_id[rest:end])


def file_name(target: str) -> str | None:
    """
    Return the name of the file for *target*: a relative path without empty parts.

    ``None`` if a part is too long for a file name, as with serial numbers of more than
    about 100 octets.
    """
    stripped = target.rstrip("/")
    suffix = ".slash" if len(stripped) < len(target) else ""
    parts = [part for part in stripped.split("/") if part]
    parts[-1] += suffix
    if max(map(len, parts)) > MAX_NAME_OCTETS:
        return None
    return "/".join(parts)


def folder_of(target: str) -> str:
    """
    Return the folder in which the file for *target* is: its last two letters.

    Without folders, some file systems cannot hold ten million files. The letters before
    the padding are those of the last octets of the serial number.
    """
    return target.rstrip("=/").replace("/", "")[-2:]
