"""
Find the certificates that ``ocsp check`` checks: in files, and from TLS servers.

A certificate is paired with an issuer only if the key of the issuer has signed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject
from ocsp.asn1.names import name_text
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.loading import load_certificates, place
from ocsp.cli.input.server_address import ServerAddress, server_address
from ocsp.cli.render.console import warn
from ocsp.client import (
    Attempt,
    Options,
    Outcome,
    Source,
    StartTLS,
    TLSPeer,
    read_tls_peer,
)
from ocsp.errors import (
    ConfigError,
    TLSPeerError,
    TLSPeerNotTrusted,
    TLSPeerWrongName,
    VerificationError,
)
from ocsp.signing.issued import is_issued_by, issuer_among, names_issuer
from ocsp.verification.staple import verify_staple

__all__ = ["Target", "Wanted", "find_targets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    One certificate to check.

    Attributes:
        certificate: The certificate.

        issuer: The certificate of its issuer, if it was found.

        is_above: Whether it is the certificate of a CA above the one that matters.

        outcome: The outcome, if the staple of a server gave one.
    """

    certificate: x509.Certificate
    issuer: x509.Certificate | None
    is_above: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which certificates to check, and how to read them from a server.

    Attributes:
        issuer: The file with the certificates of issuers, or ``None``.

        chain: Whether to check all certificates of a file.

        leaf: Whether to check only the certificate of a server, not its chain.

        ca: The file with the trusted roots for servers; ``None`` for the system's.

        server_name: The name expected of a server; ``None`` for its host name.

        starttls: The protocol in which a server starts TLS, or ``None``.

        options: The options of the client; staples are verified by their policy.
    """

    issuer: str | None
    chain: bool
    leaf: bool
    ca: str | None
    server_name: str | None
    starttls: StartTLS | None
    options: Options


def find_targets(source: str, wanted: Wanted) -> Iterator[Target]:
    """
    Return the certificates of *source*, a file or a TLS server.

    Raises:
        CommandError: If *source* cannot be read, or nothing in it can be checked.
    """
    server = server_address(source, wanted.starttls)
    if server is not None:
        yield from _from_server(server, wanted)
    else:
        yield from _from_file(source, wanted)


# --- files -----------------------------------------------------------------------


def _from_file(source: str, wanted: Wanted) -> Iterator[Target]:
    certificates = load_certificates(source)
    if wanted.issuer is not None:
        issuers = load_certificates(wanted.issuer, first_needed=False)
        return _issued(source, certificates, issuers, wanted.issuer)
    if wanted.chain:
        if len(certificates) < 2:
            raise CommandError(
                place(source), "contains one certificate; --chain needs two or more"
            )
        return _issued(source, certificates, certificates, source)
    first, *others = certificates
    if _is_root(first):
        raise CommandError(place(source), f"{_name(first)} {_ROOT}")
    return iter([Target(certificate=first, issuer=issuer_among(first, others))])


def _issued(
    source: str,
    certificates: Sequence[x509.Certificate],
    issuers: Sequence[x509.Certificate],
    where: str,
) -> Iterator[Target]:
    """Return the *certificates* that *issuers* have issued, and name the others."""
    pairs = [
        (certificate, issuer_among(certificate, issuers))
        for certificate in certificates
        if not _is_root(certificate)
    ]
    above = [issuer for _, issuer in pairs if issuer is not None]
    if not above:
        raise CommandError(
            place(source), *_why_not_issued(certificates, issuers, where)
        )
    for certificate, issuer in pairs:
        is_above = certificate in above
        if issuer is not None:
            yield Target(certificate=certificate, issuer=issuer, is_above=is_above)
        elif not is_above:
            warn(
                f"{place(source)}: {_name(certificate)} is not checked: no certificate "
                f"in {place(where)} issued it"
            )


def _why_not_issued(
    certificates: Sequence[x509.Certificate],
    issuers: Sequence[x509.Certificate],
    where: str,
) -> tuple[str, str]:
    for each in certificates:
        if not _is_root(each):
            what = f"no certificate in {place(where)} issued {_name(each)}"
            wanted = f"its issuer is {name_text(name_of_issuer(each))}"
            if any(names_issuer(each, issuer) for issuer in issuers):
                wanted += ", with another key"
            return what, wanted
    return f"{_name(certificates[0])} {_ROOT}", ""


_ROOT = "is a root, and no CA states the status of a root"


def _is_root(certificate: x509.Certificate) -> bool:
    return is_issued_by(certificate, certificate)


def _name(certificate: x509.Certificate) -> str:
    return name_text(name_of_subject(certificate))


# --- servers ---------------------------------------------------------------------


def _from_server(server: ServerAddress, wanted: Wanted) -> Iterator[Target]:
    found = _read_server(server, wanted)
    pairs = list(pairwise(found.chain))
    if not pairs:
        raise CommandError(
            str(server),
            f"its certificate, {_name(found.chain[0])}, is itself a trusted root, so "
            "its issuer is not known",
            "give the certificate of its CA with --ca FILE",
        )
    (leaf, issuer), *above = pairs
    outcome = _stapled_outcome(str(server), found.staple, leaf, issuer, wanted)
    yield Target(certificate=leaf, issuer=issuer, outcome=outcome)
    if not wanted.leaf:
        for certificate, issuer in above:
            yield Target(certificate=certificate, issuer=issuer, is_above=True)


def _read_server(server: ServerAddress, wanted: Wanted) -> TLSPeer:
    roots = (
        None if wanted.ca is None else load_certificates(wanted.ca, first_needed=False)
    )
    try:
        return read_tls_peer(
            server.host,
            server.port,
            server_name=wanted.server_name,
            starttls=wanted.starttls,
            roots=roots,
            timeout=wanted.options.timeout.total_seconds(),
        )
    except TLSPeerWrongName as error:
        raise CommandError(
            error.server, error.reason, "--servername NAME asks for another name"
        ) from error
    except TLSPeerNotTrusted as error:
        raise CommandError(
            error.server,
            f"its certification path is not trusted: {error.reason}",
            "" if roots else "--ca FILE gives other roots",
        ) from error
    except TLSPeerError as error:
        raise CommandError(error.server, error.reason) from error
    except ConfigError as error:
        raise CommandError("--ca", error.reason, "give a file") from error


def _stapled_outcome(
    server: str,
    staple: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    wanted: Wanted,
) -> Outcome | None:
    """Return the outcome that the staple gives, or ``None`` to ask the responder."""
    attempt = Attempt(url=f"staple of {server}", octets=len(staple))
    try:
        evidence = verify_staple(
            staple,
            certificate,
            issuer,
            policy=wanted.options.policy,
            responders=wanted.options.responders,
            candidates=wanted.options.candidates,
        )
    except VerificationError as error:
        if not any(failure.rule == "V28" for failure in error.failures):
            warn(f"{server}: the staple is not accepted: {error}")
            return None
        attempt = Attempt(url=attempt.url, octets=len(staple), error=error)
        return Outcome.indeterminate(certificate, issuer, (error,), (attempt,))
    if evidence is None:
        return None
    return Outcome.of(evidence, certificate, issuer, Source.STAPLE, (attempt,))
