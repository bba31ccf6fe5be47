"""OCSPRequestData: hashes as openssl computes them, limits as the schemas have them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import CertID
from ocsp.charging import OCPPRelease, OCSPRequestData, request_data
from ocsp.errors import BuildError, NoResponderURL, SchemaError
from ocsp.testing import PKI
from tests.pki import ca, leaf, make

URL = "http://ocsp.example/"
ALGORITHMS = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


def _json(**changes: Any) -> dict[str, Any]:
    fields = OCSPRequestData.of(leaf(0x1F2E), ca(), url=URL).to_json()
    return {**fields, **changes}


@pytest.mark.programs
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda each: each.name)
@pytest.mark.parametrize("serial", [0x1, 0x80, 0x0FED, (1 << 159) - 1], ids=hex)
def test_the_fields_are_those_of_openssl(
    tmp_path: Path, algorithm: Any, serial: int
) -> None:
    """It writes the same hashes and serial number, which has no leading zero in OCPP."""
    pki = PKI()
    cert = pki.issue(serial_number=serial).certificate
    for name, each in (("cert", cert), ("issuer", pki.issuer)):
        (tmp_path / f"{name}.pem").write_bytes(each.public_bytes(Encoding.PEM))
    text = subprocess.run(
        f"openssl ocsp -{algorithm.name} -issuer issuer.pem -cert cert.pem"
        " -req_text -no_nonce".split(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    text = re.sub(r"\\\n *", "", text)  # a long hash has two lines
    printed = {
        field: re.search(f"{field}: ([0-9A-F]+)", text)[1].lower()  # type: ignore[index]
        for field in ("Issuer Name Hash", "Issuer Key Hash", "Serial Number")
    }
    fields = OCSPRequestData.of(cert, pki.issuer, algorithm, url=URL).to_json()
    assert fields["issuerNameHash"] == printed["Issuer Name Hash"]
    assert fields["issuerKeyHash"] == printed["Issuer Key Hash"]
    assert fields["serialNumber"] == printed["Serial Number"].lstrip("0")
    assert fields["hashAlgorithm"] == algorithm.name.upper()


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda each: each.name)
def test_it_is_read_again(algorithm: Any) -> None:
    """The CertID and the URL, with any case of the digits and with leading zeros."""
    data = OCSPRequestData.of(leaf(0x1F2E), ca(), algorithm, url=URL)
    fields = data.to_json()
    assert OCSPRequestData.from_json(fields) == data
    fields["serialNumber"] = "0001F2E"
    fields["issuerKeyHash"] = fields["issuerKeyHash"].upper()
    assert OCSPRequestData.from_json({**fields, "customData": {}}) == data
    assert data.cert_id == CertID.for_certificate(leaf(0x1F2E), ca(), algorithm)


def test_the_url_is_that_of_the_certificate() -> None:
    """The first one; there must be one."""
    pki = PKI()
    cert = pki.issue(ocsp_urls=[URL, "http://b.example/"]).certificate
    assert OCSPRequestData.of(cert, pki.issuer).responder_url == URL
    with pytest.raises(NoResponderURL):
        OCSPRequestData.of(pki.issue(ocsp_urls=[]).certificate, pki.issuer)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hashAlgorithm", "SHA1"),
        ("hashAlgorithm", "sha256"),
        ("hashAlgorithm", "SHA512"),
        ("hashAlgorithm", 256),
        ("issuerNameHash", "aa" * 31),
        ("issuerNameHash", "aa" * 33),
        ("issuerKeyHash", "zz" * 32),
        ("issuerKeyHash", " " + "a" * 63),
        ("issuerKeyHash", None),
        ("serialNumber", ""),
        ("serialNumber", "0x1f"),
        ("serialNumber", "-1"),
        ("serialNumber", "1_0"),
        ("serialNumber", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("serialNumber", "1" * 41),
        ("serialNumber", 7),
        ("responderURL", 1),
        ("responderURL", "http://" + "a" * 2000),
    ],
)
def test_wrong_fields_are_refused(field: str, value: object) -> None:
    """The error names the field."""
    with pytest.raises(SchemaError) as caught:
        OCSPRequestData.from_json(_json(**{field: value}))
    expected = {field, "issuerNameHash"} if value == "SHA512" else {field}
    assert caught.value.path in expected
    missing = {name: each for name, each in _json().items() if name != field}
    with pytest.raises(SchemaError) as caught:
        OCSPRequestData.from_json(missing)
    assert caught.value.path == field


def test_what_ocpp_cannot_express() -> None:
    """Other hashes, long serial numbers and URLs."""
    long = CertID.for_serial(ca(), 1 << 160, hashes.SHA256())
    negative = CertID(
        hash_algorithm=hashes.SHA256(),
        issuer_name_hash=bytes(32),
        issuer_key_hash=bytes(32),
        serial_number=-1,
    )
    old = CertID.for_serial(ca(), 1, hashes.SHA1())
    fine = CertID.for_serial(ca(), 1, hashes.SHA256())
    for cert_id in (long, negative, old):
        with pytest.raises(BuildError):
            OCSPRequestData(cert_id, URL).to_json()
    url = "http://" + "a" * 600
    assert OCSPRequestData(fine, url).to_json(OCPPRelease.V2_1)["responderURL"] == url
    with pytest.raises(BuildError, match="512"):
        OCSPRequestData(fine, url).to_json(OCPPRelease.V2_0_1)


def test_the_length_of_a_serial_number_is_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When it is written and when it is read."""
    monkeypatch.setattr(request_data, "MAX_SERIAL_DIGITS", 3)
    with pytest.raises(BuildError):
        _json()
    monkeypatch.undo()
    fields = _json()
    monkeypatch.setattr(request_data, "MAX_SERIAL_DIGITS", 3)
    with pytest.raises(SchemaError):
        OCSPRequestData.from_json(fields)


@pytest.mark.parametrize("release", list(OCPPRelease), ids=lambda each: each.value)
def test_the_limits_are_those_of_the_schemas(release: OCPPRelease) -> None:
    """As the package ``ocpp`` has them, and what we write is valid by them."""
    import jsonschema
    import ocpp

    folder = Path(ocpp.__file__).parent / f"v{release.value.replace('.', '')}/schemas"

    def schema(name: str) -> Any:
        # The schemas of 2.0.1 begin with a byte order mark.
        return json.loads((folder / name).read_text("utf-8-sig"))

    request = schema("GetCertificateStatusRequest.json")
    fields = request["definitions"]["OCSPRequestDataType"]["properties"]
    assert fields["responderURL"]["maxLength"] == release.max_url
    assert fields["serialNumber"]["maxLength"] == request_data.MAX_SERIAL_DIGITS
    answer = schema("GetCertificateStatusResponse.json")
    assert answer["properties"]["ocspResult"]["maxLength"] == release.max_result
    algorithms = request["definitions"]["HashAlgorithmEnumType"]["enum"]
    for algorithm in ALGORITHMS:
        data = OCSPRequestData.of(leaf(), ca(), algorithm, url=URL)
        jsonschema.validate({"ocspRequestData": data.to_json(release)}, request)
    assert algorithms == ["SHA256", "SHA384", "SHA512"]


def test_the_key_hash_is_of_the_key_without_tag_and_length() -> None:
    """As OCPP 2.1 words it: the value of subjectPublicKey in the issuer's certificate."""
    import hashlib

    from cryptography.hazmat.primitives.serialization import PublicFormat

    issuer: x509.Certificate = make("Issuer", "Issuer")
    point = issuer.public_key().public_bytes(  # type: ignore[union-attr]
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    data = OCSPRequestData.of(make("a", "Issuer"), issuer, url=URL).to_json()
    assert data["issuerKeyHash"] == hashlib.sha256(point).hexdigest()
    name = issuer.subject.public_bytes()
    assert data["issuerNameHash"] == hashlib.sha256(name).hexdigest()
