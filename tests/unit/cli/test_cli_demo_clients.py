"""The clients of the demo, with right and wrong answers."""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import (
    CertID,
    KeySigner,
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
)
from ocsp.cli.demo.clients import UNSIGNED, OpenSSLClient, PackageClient, read_openssl
from ocsp.testing.throwaway_ca import Pointers, ThrowawayCA, Validity, new_ec_key

GOOD = """good.pem: good
\tThis Update: Jul  1 12:00:00 2026 GMT
\tNext Update: Jul  2 12:00:00 2026 GMT
Response verify OK
"""
REVOKED = """/tmp/a b/revoked.pem: revoked
\tThis Update: Jul  1 12:00:00 2026 GMT
\tNext Update: Jul  2 12:00:00 2026 GMT
\tReason: keyCompromise
\tRevocation Time: Jun 30 12:00:00 2026 GMT
Response verify OK
"""


@pytest.mark.parametrize(
    ("printed", "says", "verified_by"),
    [
        (GOOD, "good", "openssl: verify OK"),
        (REVOKED, "revoked (keyCompromise)", "openssl: verify OK"),
        (
            "WARNING: no nonce in response\n" + GOOD,
            "good",
            "openssl: verify OK, no nonce",
        ),
        ("Responder Error: unauthorized (6)\n", "unauthorized", UNSIGNED),
        (
            GOOD.replace("verify OK", "Verify Failure"),
            "rejected: Response Verify Failure",
            "-",
        ),
        ("", "rejected: nothing printed", "-"),
    ],
)
def test_the_output_of_openssl_becomes_an_answer(
    printed: str, says: str, verified_by: str
) -> None:
    """A status counts only if openssl also verified the response."""
    answer = read_openssl(printed)
    assert (says, verified_by) == (answer.says, answer.verified_by)


def test_a_program_that_cannot_be_started_is_an_answer(tmp_path: Path) -> None:
    """The failure is shown in the table, and the demo continues."""
    program = str(tmp_path / "none")
    client = OpenSSLClient(program, "http://127.0.0.1:1/", tmp_path, str.encode)
    answer = client.post(tmp_path / "leaf.pem")
    assert answer.says.startswith("no answer: ")
    assert answer.verified_by == "-"


def test_the_package_rejects_an_answer_that_is_not_verified() -> None:
    """A response signed for another CA is rejected, and the table says why."""
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    validity = Validity(now - hour, now + hour)
    authority = ThrowawayCA.root("Demo CA", validity, new_ec_key())
    other_ca = ThrowawayCA.root("Demo CA", validity, new_ec_key())
    leaf = authority.leaf(
        "leaf.demo.test", validity, new_ec_key(), Pointers()
    ).certificate
    client = PackageClient("http://127.0.0.1:1/", authority.certificate)
    with contextlib.closing(client):
        for ca, says in ((authority, "good"), (other_ca, "rejected: ")):
            signer = ca.delegate("Demo Responder", validity, new_ec_key())
            cert_id = CertID.for_certificate(
                leaf, authority.certificate, hashes.SHA256()
            )
            answer = (
                OCSPResponseBuilder()
                .add_response_by_id(
                    cert_id,
                    OCSPCertStatus.GOOD,
                    now,
                    now + hour,
                    None,
                    None,
                )
                .responder_id(OCSPResponderEncoding.HASH, signer.certificate)
                .certificates([signer.certificate])
                .sign_with(KeySigner(signer.key, signer.certificate))
            )
            judged = client.judge(answer.public_bytes(Encoding.DER), leaf, None)
            assert judged.says.startswith(says)
