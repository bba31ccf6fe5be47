"""The documents that describe messages, and the trees that are drawn from them."""

from __future__ import annotations

import datetime
import io
import json
import warnings
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp as cryptography_ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from rich.console import Console
from rich.theme import Theme

import ocsp
from ocsp.asn1.der import NULL_DER, OCTET_STRING, SEQUENCE, encode, encode_oid
from ocsp.cli.render.console import STYLES
from ocsp.cli.render.tree import NOT_VERIFIED, draw
from ocsp.inspection.certificates import certificate_document
from ocsp.inspection.documents import request_document, response_document
from ocsp.inspection.extension_values import general_name
from ocsp.inspection.parts import serial_document
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.responses.response import load_der_ocsp_response
from tests.cases.builder import Builder
from tests.pki import delegate, name

VECTORS = Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"
NOW = datetime.datetime(2020, 2, 25, tzinfo=datetime.UTC)
READABLE_RESPONSES = [
    path.name
    for path in sorted(VECTORS.glob("*resp*.der"))
    if path.name
    not in {
        "resp-invalid-version.der",
        "resp-response-type-unknown-oid.der",
        "resp-successful-no-response-bytes.der",
        "resp-unknown-response-status.der",
        "req-acceptable-responses.der",
    }
]


def _request(name: str) -> dict[str, Any]:
    der = (VECTORS / name).read_bytes()
    return request_document(load_der_ocsp_request(der, allow_multiple=True))


def _response(name: str) -> dict[str, Any]:
    return response_document(load_der_ocsp_response((VECTORS / name).read_bytes()))


def _drawn(document: dict[str, Any]) -> str:
    console = Console(
        file=io.StringIO(), width=200, highlight=False, theme=Theme(STYLES)
    )
    console.print(draw(document, wrapping="der", now=NOW))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("name", READABLE_RESPONSES)
def test_a_described_response_agrees_with_cryptography(name: str) -> None:
    """Every field of every entry has the value that ``cryptography`` reads."""
    document = _response(name)
    theirs = cryptography_ocsp.load_der_ocsp_response((VECTORS / name).read_bytes())
    if document["response_status"] != "successful":
        assert (
            theirs.response_status
            is not cryptography_ocsp.OCSPResponseStatus.SUCCESSFUL
        )
        return
    assert len(document["responses"]) == len(list(theirs.responses))
    for entry, their in zip(document["responses"], theirs.responses, strict=True):
        cert_id = entry["cert_id"]
        assert str(their.serial_number) == cert_id["serial_number"]["decimal"]
        assert their.serial_number == int(cert_id["serial_number"]["hex"], 16)
        assert their.issuer_name_hash.hex() == cert_id["issuer_name_hash"]
        assert their.issuer_key_hash.hex() == cert_id["issuer_key_hash"]
        assert their.certificate_status.name.lower() == entry["certificate_status"]
        assert their.this_update_utc == _moment(entry["this_update"])
        assert their.next_update_utc == _moment(entry["next_update"])
        assert their.revocation_time_utc == _moment(entry["revocation_time"])
    assert theirs.produced_at_utc == _moment(document["produced_at"])
    assert theirs.signature.hex() == document["signature"]
    assert [
        certificate.fingerprint(hashes.SHA256()).hex()
        for certificate in theirs.certificates
    ] == [certificate["fingerprint_sha256"] for certificate in document["certificates"]]


def _moment(text: str | None) -> datetime.datetime | None:
    return None if text is None else datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize("name", READABLE_RESPONSES)
def test_every_response_can_be_written_as_json_and_drawn(name: str) -> None:
    """A document is plain JSON, and its tree says that nothing is verified."""
    document = _response(name)
    assert document == json.loads(json.dumps(document))
    assert NOT_VERIFIED in _drawn(document)


def test_shared_values_of_many_entries_are_drawn_once() -> None:
    """The tree of 20 entries has their shared values once, and a line for each."""
    document = _response("ocsp-army.deps.mil-resp.der")
    drawn = _drawn(document)
    assert len(document["responses"]) == 20
    assert "20 entries" in drawn
    assert drawn.count("992fc4e3c5ea9e8ea05de4b9a6ca3a773b8432c1") == 1
    assert drawn.count("nextUpdate") == 1
    assert drawn.count("certStatus  revoked") == 4
    assert drawn.count("certStatus  good") == 16
    for serial in range(0x03919F, 0x0391B2 + 1):
        assert f"0x{serial:06x}  {serial}" in drawn


def test_a_time_is_drawn_with_its_age() -> None:
    """A past time is *ago*, a future one *in*; a nextUpdate in the past is *passed*."""
    drawn = _drawn(_response("ocsp-army.deps.mil-resp.der"))
    assert "2020-02-22 11:38:11 UTC  2 days 12 hours ago" in drawn
    assert "nextUpdate      2020-02-29 01:00:00 UTC  in 4 days 1 hour" in drawn
    assert "2022-11-06 14:50:18 UTC  in 2 years" in _drawn(
        _response("resp-revoked-reason.der")
    )
    assert "nextUpdate        2018-09-03 19:48:17 UTC  passed 1 year" in _drawn(
        _response("resp-revoked-reason.der")
    )


def test_an_absent_next_update_is_explained() -> None:
    """The tree says what the absence of nextUpdate means."""
    assert "nextUpdate      absent: newer status is always available" in _drawn(
        _response("resp-revoked-no-next-update.der")
    )


def test_unknown_algorithms_are_shown_by_their_identifier() -> None:
    """An unknown hash or signature algorithm is shown as its OID, not as an error."""
    unknown_hash = _response("resp-unknown-hash-alg.der")
    algorithm = unknown_hash["responses"][0]["cert_id"]["hash_algorithm"]
    assert algorithm == {"oid": "1.3.14.3.2.26.17", "name": None}
    assert "1.3.14.3.2.26.17  unknown algorithm" in _drawn(unknown_hash)
    unknown_signature = _response("resp-invalid-signature-oid.der")
    assert unknown_signature["signature_algorithm"] == {
        "oid": "1.2.840.113549.1.1.2",
        "name": None,
    }


def test_an_error_response_has_only_its_status() -> None:
    """The tree of an error response explains the status."""
    document = _response("resp-unauthorized.der")
    assert document == {
        "type": "response",
        "size": 5,
        "verified": False,
        "tolerated": [],
        "response_status": "unauthorized",
    }
    drawn = _drawn(document)
    assert "has no record of the certificate" in drawn
    assert "is not signed" in drawn


def test_the_entries_of_a_request_are_all_described() -> None:
    """A request about two certificates shows both, and their issuer once."""
    document = _request("req-multi-sha1.der")
    serials = [
        entry["cert_id"]["serial_number"]["hex"] for entry in document["requests"]
    ]
    assert serials == [
        "98d9e5c0b4c373552df77c5d0f1eb5128e4945f9",
        "98d9e5c0b4c373552df77c5d0f1eb5128e4945f0",
    ]
    assert _drawn(document).count("issuerNameHash") == 1


def test_known_extensions_are_decoded() -> None:
    """Nonce, acceptable responses, reason and SCTs have decoded values."""
    (nonce,) = _request("req-ext-nonce.der")["extensions"]
    assert (
        nonce["name"],
        nonce["value"],
        nonce["error"],
    ) == ("id-pkix-ocsp-nonce", "7b805a1d3726b8b84f48d2f8bfd72dfd", None)
    (kinds,) = _request("req-acceptable-responses.der")["extensions"]
    assert kinds["value"] == ["id-pkix-ocsp-basic"]
    entry = _response("resp-single-extension-reason.der")["responses"][0]
    assert entry["extensions"][0]["value"] == "unspecified"
    entry = _response("resp-sct-extension.der")["responses"][0]
    timestamps = entry["extensions"][0]["value"]
    assert timestamps[0]["timestamp"] == "2019-11-15T15:51:33.992Z"
    assert len(timestamps) == 4


LOCATOR = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP,
            x509.UniformResourceIdentifier("http://ocsp.example/"),
        )
    ]
)


@pytest.mark.parametrize(
    ("extension", "value", "shown"),
    [
        (
            ocsp.CRLReference(number=42, time=NOW),
            {"url": None, "number": "42", "time": "2020-02-25T00:00:00Z"},
            ["number  42", "time  2020-02-25T00:00:00Z"],
        ),
        (
            ocsp.CRLReference(number=1 << 16_000),
            {"url": None, "number": f"0x1{'0' * 4000}", "time": None},
            ["0x100000000"],
        ),
        (ocsp.ArchiveCutoff(NOW), "2020-02-25T00:00:00Z", ["2020-02-25T00:00:00Z"]),
        (
            ocsp.ServiceLocator(name("Test CA"), LOCATOR),
            {
                "issuer": "CN=Test CA",
                "locator": ["id-ad-ocsp URI:http://ocsp.example/"],
            },
            ["issuer  CN=Test CA", "locator  id-ad-ocsp URI:http://ocsp.example/"],
        ),
        (
            ocsp.PreferredSignatureAlgorithms(
                [
                    ocsp.PreferredSignatureAlgorithm.of(
                        x509.SignatureAlgorithmOID.ECDSA_WITH_SHA256
                    ),
                    ocsp.PreferredSignatureAlgorithm.of(
                        x509.ObjectIdentifier("1.2.3.4")
                    ),
                ]
            ),
            ["ecdsa-with-SHA256", "1.2.3.4"],
            ["ecdsa-with-SHA256", "1.2.3.4"],
        ),
        (ocsp.ExtendedRevoke(), "NULL", ["NULL"]),
    ],
    ids=lambda each: type(each).__name__,
)
def test_the_extensions_of_rfc_6960_are_decoded(
    extension: Any, value: object, shown: list[str]
) -> None:
    """Their values are in the document and in the tree."""
    dotted = extension.oid.dotted_string
    document = _built(_extension(dotted, extension.value))
    (found,) = document["extensions"]
    assert (found["value"], found["error"]) == (value, None)
    lines = _drawn(document).splitlines()
    assert [line for line in shown if not any(line in each for each in lines)] == []
    (broken,) = _built(_extension(dotted, b"\x04\x00"))["extensions"]
    assert broken["value"] is None
    assert "at offset 0" in broken["error"]


def test_an_unknown_extension_is_shown_as_octets() -> None:
    """An unknown extension is shown as its OID and its octets."""
    document = _request("req-ext-unknown-oid.der")
    (extension,) = document["extensions"]
    assert extension["name"] is None
    assert extension["value"] is None
    assert extension["der"] == "04107b805a1d3726b8b84f48d2f8bfd72dfd"
    assert "1.3.6.1.5.5.7.48.1.2213  not decoded" in _drawn(document)


def test_duplicate_extensions_are_shown_and_marked() -> None:
    """A repeated extension is shown each time, with the reason."""
    document = _request("req-duplicate-ext.der")
    errors = [extension["error"] for extension in document["extensions"]]
    assert errors == ["occurs 2 times", "occurs 2 times"]
    assert _drawn(document).count("occurs 2 times") == 2


def _built(
    *extensions: bytes, before: bytes = b"", after: bytes = b""
) -> dict[str, Any]:
    """Describe a request with *extensions*, and more fields before and after."""
    sample = load_der_ocsp_request((VECTORS / "req-sha1.der").read_bytes())
    entries = encode(SEQUENCE, encode(SEQUENCE, sample.requests[0].cert_id.der))
    listed = encode(0xA2, encode(SEQUENCE, *extensions)) if extensions else b""
    tbs = encode(SEQUENCE, before, entries, listed)
    return request_document(load_der_ocsp_request(encode(SEQUENCE, tbs, after)))


def _extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return encode(SEQUENCE, encode_oid(dotted), flag, encode(OCTET_STRING, value))


def test_a_malformed_extension_does_not_hide_others() -> None:
    """A malformed value is shown as octets with the reason; others are decoded."""
    broken = _extension("1.3.6.1.5.5.7.48.1.4", b"\x30\x05\x06", critical=True)
    whole = _extension("1.3.6.1.5.5.7.48.1.2", b"\x04\x01\x07")
    first, second = _built(broken, whole)["extensions"]
    assert first["value"] is None
    assert first["der"] == "300506"
    assert first["critical"] is True
    assert "the length is 5" in first["error"]
    assert (second["value"], second["error"]) == ("07", None)


@pytest.mark.parametrize("milliseconds", [253_402_300_800_000, 2**64 - 1])
def test_a_timestamp_that_no_datetime_has_is_shown_as_octets(milliseconds: int) -> None:
    """A log writes the time in 64 bits, and the year 9999 needs 48."""
    signature = b"\x04\x03\x00\x02ab"
    sct = b"\x00" + b"L" * 32 + milliseconds.to_bytes(8) + b"\x00\x00" + signature
    listed = len(sct).to_bytes(2) + sct
    value = encode(OCTET_STRING, len(listed).to_bytes(2) + listed)
    (extension,) = _built(_extension("1.3.6.1.4.1.11129.2.4.5", value))["extensions"]
    assert extension["value"] is None
    assert "9999" in extension["error"]
    assert extension["der"] == value.hex()


def test_crl_entry_extensions_are_decoded() -> None:
    """Invalidity date and certificate issuer are a time and a list of names."""
    date = x509.InvalidityDate(
        datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
    ).public_bytes()
    issuer = x509.CertificateIssuer([x509.DNSName("ca.test")]).public_bytes()
    document = _built(_extension("2.5.29.24", date), _extension("2.5.29.29", issuer))
    assert [extension["value"] for extension in document["extensions"]] == [
        "2026-07-01T00:00:00Z",
        ["DNS:ca.test"],
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (x509.DNSName("a.test"), "DNS:a.test"),
        (x509.RFC822Name("a@a.test"), "email:a@a.test"),
        (x509.UniformResourceIdentifier("http://a.test"), "URI:http://a.test"),
        (x509.DirectoryName(x509.Name([])), "DirName:"),
        (x509.RegisteredID(x509.ObjectIdentifier("1.2.3")), "RID:1.2.3"),
        (
            x509.OtherName(x509.ObjectIdentifier("1.2.3"), NULL_DER),
            "otherName:1.2.3:0500",
        ),
    ],
)
def test_general_names_are_written_with_their_kind(
    name: x509.GeneralName, words: str
) -> None:
    """Every kind of GeneralName has its own prefix."""
    assert words == general_name(name)


def test_requestor_and_signature_of_a_request_are_shown() -> None:
    """A requestorName is shown; of a signature, only its presence."""
    signature = encode(
        0xA0,
        encode(
            SEQUENCE,
            encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2")),
            encode(0x03, b"\x00\x01"),
        ),
    )
    requestor = encode(0xA1, encode(0x82, b"client.test"))
    document = _built(before=requestor, after=signature)
    assert (
        document["requestor_name"],
        document["signed"],
    ) == ("DNS:client.test", True)
    assert "optionalSignature  present, not decoded" in _drawn(document)
    assert (
        _request("req-sha1.der")["requestor_name"],
        _request("req-sha1.der")["signed"],
    ) == (None, False)


@pytest.mark.parametrize(
    ("number", "digits"), [(0, "00"), (0x1F2, "01f2"), (255, "ff"), (-129, "-81")]
)
def test_serial_numbers_have_whole_octets(number: int, digits: str) -> None:
    """Hexadecimal has an even number of digits; a negative number keeps its sign."""
    document = serial_document(number)
    assert {"hex": digits, "decimal": str(number)} == document


def test_the_certificate_of_a_delegate_shows_its_purpose() -> None:
    """The description contains the extensions of a delegated responder."""
    document = certificate_document(delegate())
    assert document["subject"] == "CN=Test Responder"
    assert document["issuer"] == "CN=Test CA"
    assert document["public_key"] == "EC secp256r1"
    assert document["extended_key_usage"] == ["OCSPSigning"]
    assert document["ocsp_no_check"] is True


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (encode(0x0C, b"\xff\xfe"), "CN=\xff\xfe"),  # Latin-1
        (encode(0x02, b"\x01"), "CN=#020101"),  # a number
        (encode(0x03, b"\x00ab"), "CN=#0303006162"),  # bits
    ],
)
def test_a_certificate_with_a_name_that_cryptography_cannot_decode_is_shown(
    value: bytes, shown: str
) -> None:
    """As text if possible, or in hexadecimal."""
    attribute = encode(SEQUENCE, encode_oid("2.5.4.3"), value)
    unreadable = encode(SEQUENCE, encode(0x31, attribute))
    made = Builder().delegate(unreadable, issuer_name=unreadable)
    document = certificate_document(x509.load_der_x509_certificate(made.der))
    assert document["subject"] == shown
    assert document["issuer"] == shown
    assert document["ocsp_no_check"] is True


def test_text_of_a_message_cannot_control_the_terminal() -> None:
    """Escape sequences and markup in a name are shown as plain text."""
    document = _response("resp-revoked-reason.der")
    document["responder_id"]["by_name"] = "CN=\x1b[2J\u202e[bold]x[/bold]\nerror: y"
    drawn = _drawn(document)
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert "CN=\\u001b[2J\\u202e[bold]x[/bold] error: y" in drawn


def test_no_deprecated_attribute_is_read() -> None:
    """Only the aware datetimes are read, so there is no DeprecationWarning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _response("resp-revoked-reason.der")
