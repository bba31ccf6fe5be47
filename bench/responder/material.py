"""Make what the responders of a benchmark serve: a CA, a store, and requests."""

from __future__ import annotations

import base64
import datetime
import hashlib
import random
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner
from ocsp.http import get_url
from ocsp.responder import Authority, CertIDForm, IssuerKey, Responder
from ocsp.store import SQLiteStore
from ocsp.store.values import CertificateRow
from ocsp.testing.throwaway_ca import ThrowawayCA, Validity, new_ec_key

__all__ = ["Material", "load_authority", "make_material"]

HOUR = datetime.timedelta(hours=1)
BATCH = 10_000
HOT = 1
"""Which of the certificates is asked for again and again."""

PEER_ROWS = 1_000
"""Certificates that openssl and cfssl know: both keep all of them in memory."""


class Material:
    """
    Files for the responders and the clients.

    Attributes:
        folder: The folder.

        certificates: How many certificates the store has.
    """

    def __init__(self, folder: Path, certificates: int) -> None:
        self.folder = folder
        self.certificates = certificates

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def load_authority(folder: Path) -> Authority:
    """Return the authority of the CA in *folder*."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    def certificate(name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((folder / name).read_bytes())

    key = load_pem_private_key((folder / "delegate.key").read_bytes(), None)
    signer = KeySigner(key, certificate("delegate.pem"))  # type: ignore[arg-type]
    return Authority(certificate("ca.pem"), [signer])


def make_material(folder: Path, certificates: int) -> Material:
    """Make everything in *folder*; a million certificates take about two minutes."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    validity = Validity(now - HOUR, now + 240 * HOUR)
    ca = ThrowawayCA.root("Benchmark CA", validity, new_ec_key())
    delegate = ca.delegate("Benchmark responder", validity, new_ec_key())
    (folder / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    (folder / "delegate.pem").write_bytes(delegate.certificate_pem)
    (folder / "delegate.key").write_bytes(delegate.key_pem)
    serials = _serials(certificates)
    _fill_store(folder, ca.certificate, serials, now)
    _write_requests(folder, ca.certificate, serials)
    _write_peers(folder, serials, now)
    return Material(folder, certificates)


def _serials(count: int) -> list[int]:
    """Return serial numbers of 16 octets, as public CAs use them."""
    return [
        int.from_bytes(hashlib.sha256(b"%d" % number).digest()[:16]) >> 1 | 1 << 120
        for number in range(count)
    ]


def _fill_store(
    folder: Path,
    issuer: x509.Certificate,
    serials: list[int],
    now: datetime.datetime,
) -> None:
    authority = load_authority(folder)
    responder = Responder([authority], validity=96 * HOUR)
    key = IssuerKey.of(issuer)
    with SQLiteStore(folder / "status.db", create=True) as store:
        for begin in range(0, len(serials), BATCH):
            rows = [
                CertificateRow(serial_number=each)
                for each in serials[begin : begin + BATCH]
            ]
            store.import_rows(issuer, rows, digest=bytes(32), done=begin + len(rows))
        store.sign_ahead(issuer, [CertIDForm.SHA1])
        for signer in authority.signers:
            store.add_signer(signer.certificate)
        second = int(now.timestamp())
        while due := store.due_answers(key, second, BATCH):
            store.store_answers([responder.presign(each, now) for each in due], second)


def _request(
    issuer: x509.Certificate, serial: int, nonce: bytes | None = None
) -> bytes:
    cert_id = CertID.for_serial(issuer, serial, hashes.SHA1())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _write_requests(folder: Path, issuer: x509.Certificate, serials: list[int]) -> None:
    hot = _request(issuer, serials[HOT])
    (folder / "hot.post").write_bytes(hot)
    (folder / "hot.get").write_text(get_url("", hot) + "\n")
    (folder / "nonce.post").write_bytes(
        _request(issuer, serials[HOT], bytes(range(32)))
    )
    chosen = random.Random(1).sample(serials, min(len(serials), 200_000))
    (folder / "random.get").write_text(
        "".join(f"{get_url('', _request(issuer, each))}\n" for each in chosen)
    )


def _write_peers(folder: Path, serials: list[int], now: datetime.datetime) -> None:
    """Write an index for openssl, responses for cfssl, and a file for nginx."""
    authority = load_authority(folder)
    responder = Responder([authority])
    known = serials[:PEER_ROWS]
    expires = f"{now + 240 * HOUR:%y%m%d%H%M%SZ}"
    (folder / "index.txt").write_text(
        "".join(
            f"V\t{expires}\t\t{_even(f'{each:X}')}\tunknown\t/CN={number}\n"
            for number, each in enumerate(known)
        )
    )
    (folder / "index.txt.attr").write_text("unique_subject = no\n")
    from ocsp.responder import StatusRecord

    responses = []
    for each in known:
        step = responder.receive(_request(authority.issuer, each), now)
        answer = responder.finish(step, [StatusRecord()])  # type: ignore[arg-type]
        responses.append(answer.der)
    (folder / "responses.txt").write_text(
        "".join(f"{base64.b64encode(each).decode()}\n" for each in responses)
    )
    static = folder / "static"
    static.mkdir()
    (static / "answer").write_bytes(responses[HOT])


def _even(digits: str) -> str:
    return digits if len(digits) % 2 == 0 else f"0{digits}"
