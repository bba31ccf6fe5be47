"""ML-DSA with a release of ``cryptography`` that does not support it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.signing import ml_dsa, signatures
from tests.cases.document import DOCUMENT

CASE: dict[str, Any] = next(
    each
    for each in json.loads(DOCUMENT.read_text())["cases"]
    if each["id"] == "algorithms::ml-dsa-44"
)
REFUSED = "ML-DSA needs cryptography 48 or later"

WITHOUT = """\
import base64, datetime, json, sys
from cryptography import x509
from cryptography.hazmat.primitives import asymmetric
from cryptography.hazmat.primitives.asymmetric import types  # which imports the module
sys.modules["cryptography.hazmat.primitives.asymmetric.mldsa"] = None
vars(asymmetric).pop("mldsa", None)
import ocsp
import ocsp.signing.signer
read = lambda text: x509.load_der_x509_certificate(base64.b64decode(text))
case = json.load(sys.stdin)
response = base64.b64decode(case["response"])
try:
    ocsp.verify(
        response, read(case["cert"]), read(case["issuer"]),
        at=datetime.datetime.fromisoformat(case["at"]),
    )
except ocsp.VerificationError as error:
    print(*(each.message for each in error.failures), sep="\\n")
print(ocsp.load_der_ocsp_response(response).serial_number)
"""
"""A program that verifies a response by ML-DSA where the key classes are missing."""


def test_without_the_classes_a_response_can_be_read_and_is_not_verified() -> None:
    """As with cryptography 44; other algorithms are not affected."""
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        input=json.dumps(CASE),
        capture_output=True,
        text=True,
        check=True,
    )
    *failures, serial_number = found.stdout.splitlines()
    assert any(REFUSED in each for each in failures)
    assert serial_number.isdigit()


@pytest.mark.parametrize("dotted", ml_dsa.IDENTIFIERS)
def test_a_key_that_openssl_does_not_have(dotted: str) -> None:
    """As with cryptography 47, which has the classes; its error is replaced."""

    class Certificate:
        public_key_algorithm_oid = x509.ObjectIdentifier(dotted)

        def public_key(self) -> object:
            raise UnsupportedAlgorithm(f"Unknown key type: {dotted}")

    stand_in: Any = Certificate()
    with pytest.raises(UnsupportedAlgorithm, match=REFUSED):
        signatures.public_key_of(stand_in)
    stand_in.public_key_algorithm_oid = x509.ObjectIdentifier("1.2.3")
    with pytest.raises(UnsupportedAlgorithm, match="Unknown key type"):
        signatures.public_key_of(stand_in)


def test_the_certificate_of_the_case_has_such_a_key() -> None:
    """Otherwise the tests above would prove nothing."""
    issuer = x509.load_der_x509_certificate(base64.b64decode(CASE["issuer"]))
    assert issuer.public_key_algorithm_oid.dotted_string in ml_dsa.IDENTIFIERS
