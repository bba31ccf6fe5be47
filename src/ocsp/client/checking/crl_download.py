"""
Download CRLs, each once for all certificates of its issuer.

RFC 5280 §4.2.1.13. The body goes to a temporary file. Checks that need the same CRL at
the same time wait for one download, each until its own deadline. What reads megabytes
runs in a thread, so that an event loop goes on.
"""

from __future__ import annotations

import contextlib
import datetime
import mmap
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from cryptography import x509

from ocsp import limits
from ocsp.asn1.times import later
from ocsp.client.checking.http_fetch import fetch
from ocsp.client.checking.issuer_lookup import fetch_certificates
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import issuer_urls_of_crl
from ocsp.client.engine.effects import Flow, pause
from ocsp.client.memory.crl_memory import Download, KnownCRL
from ocsp.client.memory.sizes import without_frames
from ocsp.client.retry import is_transient
from ocsp.errors import (
    FetchError,
    FetchTimeout,
    LimitExceeded,
    MalformedCRL,
    OCSPError,
    OlderThanKnown,
    TransportError,
    VerificationError,
)
from ocsp.guarded.pem import is_pem
from ocsp.verification.case import Findings
from ocsp.verification.crl.case import CRLQuestion, read_crl, report_malformed
from ocsp.verification.crl.reader import CRLData, ReadCRL
from ocsp.verification.crl.verify import judge_crls
from ocsp.verification.evidence import end_of_hold

__all__ = ["find_crl"]

_ACCEPT = "application/pkix-crl"

_POLL_SECONDS = 0.02
"""How often a check looks whether the download of another check has ended."""


def find_crl(state: CheckState, asked: CRLQuestion, url: str) -> Flow[KnownCRL]:
    """
    Return the CRL at *url*: the kept one, or a new one. Not checked: its signature.

    A kept one counts no longer when a newer one came from another URL.

    Args:
        state: The check that needs it.

        asked: The certificate in question. If a key that may sign for it has signed
            the CRL, the client keeps the CRL until it expires.

        url: The URL of the CRL.

    Raises:
        FetchError: If the CRL cannot be fetched.
        VerificationError: If it cannot be read.
        OlderThanKnown: If a newer CRL of the same issuer and scope is known.
    """
    memory, clock = state.memory.crls, state.environment.monotonic
    while True:
        known = memory.get(url, clock(), state.environment.now())
        if known is not None and _newer(state, known.crl) is None:
            return known
        error = memory.errors.get(url, clock())
        if error is not None:
            raise error.with_traceback(None)
        download, mine = memory.begin(url, clock(), clock() + state.left())
        if mine:
            return (yield from _download_once(state, asked, url, download))
        yield from _wait(state, url, download)
        if isinstance(download.result, KnownCRL):
            return download.result
        if isinstance(download.result, OCSPError):
            raise download.result.with_traceback(None)


def _wait(state: CheckState, url: str, download: Download) -> Flow[None]:
    """Wait for the download of another check, or until it should have ended."""
    while not download.done and state.environment.monotonic() < download.until:
        left = state.left()
        if left <= 0:
            raise FetchTimeout(
                url, "the download that another check began has not ended"
            )
        yield from pause(min(_POLL_SECONDS, left))


def _download_once(
    state: CheckState, asked: CRLQuestion, url: str, download: Download
) -> Flow[KnownCRL]:
    """Download the CRL; keep the error; pass CRL or error on to waiting checks."""
    memory, clock = state.memory.crls, state.environment.monotonic
    try:
        known = yield from _download(state, asked, url)
    except FetchTimeout:  # other checks may have more time
        raise
    except (FetchError, VerificationError, OlderThanKnown) as error:
        download.result = error
        if not is_transient(error):
            until = clock() + state.options.negative_cache_ttl.total_seconds()
            memory.errors.put(url, without_frames(error), until)
        raise
    else:
        download.result = known
        return known
    finally:
        memory.end(url, download)


def _keep(state: CheckState, url: str, known: KnownCRL) -> None:
    """
    Keep a CRL for other checks.

    Raises:
        OlderThanKnown: If a newer CRL of the same issuer and scope is known.
    """
    newest = _newer(state, known.crl)
    if newest is not None:
        raise OlderThanKnown(known.crl.this_update, newest)
    seconds, now = _seconds_to_keep(state, known.crl), state.environment.now()
    end = later(now, datetime.timedelta(seconds=seconds))
    state.memory.crls.keep(url, known, state.environment.monotonic() + seconds, end)


def _newer(state: CheckState, crl: ReadCRL) -> datetime.datetime | None:
    """
    Return thisUpdate of a newer CRL of the same issuer and scope, if one is known.

    A CRL from the future is not remembered: its verification fails.
    """
    if crl.this_update - state.environment.now() > state.options.policy.clock_skew:
        return None
    return state.memory.newest_crls.newer_than(crl)


def _seconds_to_keep(state: CheckState, crl: ReadCRL) -> float:
    """Return how long to keep *crl*: shortly if it is old, or its signer unknown."""
    least = state.options.negative_cache_ttl.total_seconds()
    if not crl.signers:
        return least
    end = end_of_hold(crl.this_update, crl.next_update, state.options.policy)
    return max(least, (end - state.environment.now()).total_seconds())


def _download(state: CheckState, asked: CRLQuestion, url: str) -> Flow[KnownCRL]:
    data = yield from _fetch(state, url)

    def read() -> ReadCRL:
        """Read and judge; keep a CRL for which a check may have too little time."""
        crl = _read(data)
        _judge(asked, crl)
        if crl.signers:
            _keep(state, url, KnownCRL(crl))
        return crl

    crl = yield from state.calculate(url, len(data), read)
    if crl.signers:
        return KnownCRL(crl)
    issuers: tuple[x509.Certificate, ...] = ()
    for issuer_url in issuer_urls_of_crl(crl):
        issuers += yield from fetch_certificates(state, issuer_url)
    if issuers:
        trying = asked._replace(candidates=(*asked.candidates, *issuers))
        yield from state.calculate(url, len(data), lambda: _judge(trying, crl))
    known = KnownCRL(crl, issuers)
    _keep(state, url, known)
    return known


def _fetch(state: CheckState, url: str) -> Flow[CRLData]:
    """Return the content of *url*; a large one is a file that is mapped into memory."""
    with SpooledTemporaryFile(limits.MAX_CRL_IN_MEMORY_BYTES) as file:
        try:
            reply = yield from fetch(
                state,
                url,
                url,
                state.options.address_policy,
                accept=_ACCEPT,
                max_bytes=limits.MAX_CRL_BYTES,
                save_to=cast("BinaryIO", file),
            )
            size = file.seek(0, SEEK_END)
            size += file.write(reply.body)  # of a transport that ignores save_to
            if size > limits.MAX_CRL_IN_MEMORY_BYTES:
                file.flush()
                return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            file.seek(0)
            return file.read()
        except FetchError:
            raise
        except OSError as error:
            raise TransportError(url, f"the CRL cannot be saved: {error}") from error


def _read(data: CRLData) -> ReadCRL:
    findings, name = Findings(), "the CRL"
    size, most = len(data), limits.MAX_PEM_CRL_BYTES
    if size > most and is_pem(cast("bytes", data)):
        report_malformed(findings, name, LimitExceeded("MAX_PEM_CRL_BYTES", size, most))
        raise MalformedCRL(findings.failures)
    crl = read_crl(data, name, findings)
    if crl is None:
        raise MalformedCRL(findings.failures)
    return crl


def _judge(asked: CRLQuestion, crl: ReadCRL) -> None:
    """Judge *crl*, which remembers the signature and reads the entries."""
    with contextlib.suppress(VerificationError):
        judge_crls(asked, [(crl, None)])
