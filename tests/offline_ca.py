"""An offline CA beside the CA of a folder: the responses of its ceremonies."""

from __future__ import annotations

import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPCertStatus
from tests.ca_folder import DAY, CAFolder

__all__ = ["OfflineCA"]

SERIAL = 7


class OfflineCA:
    """
    An offline CA: ``offline.pem``, and ``signed/7.der`` about one certificate.

    Attributes:
        request: A request for that certificate.
    """

    def __init__(self, files: CAFolder) -> None:
        self._now = files.now
        self._ca = files.new_ca("Offline CA")
        self.path = files.folder / "signed" / f"{SERIAL}.der"
        self.path.parent.mkdir()
        (files.folder / "offline.pem").write_bytes(self._ca.identity.certificate_pem)
        self._cert_id = CertID.for_serial(self._ca.certificate, SERIAL, SHA256())
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(self._cert_id)
        self.request = builder.build().public_bytes(Encoding.DER)

    settings = '[[issuer]]\ncertificate = "offline.pem"\nsigned = ["signed"]\n'
    """The table of the configuration."""

    def sign(self, days: float) -> bytes:
        """Let a response begin half a day ago and end in *days*; negative: before."""
        end = self._now.replace(microsecond=0) + days * DAY
        begin = min(end, self._now) - DAY / 2
        signer = KeySigner(self._ca.identity.key, self._ca.certificate)
        builder = ocsp.OCSPResponseBuilder().produced_at(begin)
        builder = builder.add_response_by_id(
            self._cert_id, OCSPCertStatus.GOOD, begin, end, None, None
        )
        builder = builder.responder_id(
            ocsp.OCSPResponderEncoding.HASH, self._ca.certificate
        )
        der = builder.sign_with(signer).public_bytes(Encoding.DER)
        self.path.write_bytes(der)
        return der

    @property
    def end(self) -> datetime.datetime:
        """The nextUpdate of the response in the file."""
        end = ocsp.load_der_ocsp_response(self.path.read_bytes()).next_update_utc
        assert end is not None
        return end
