"""``ocsp verify``: exit codes, text, JSON."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import (
    CertID,
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponderEncoding,
    OCSPResponse,
    OCSPResponseBuilder,
    OCSPResponseStatus,
)
from ocsp.cli import main
from ocsp.cli.input.arguments import TIME_FORMS
from tests.pki import (
    DELEGATION,
    NOW,
    ca,
    delegate,
    delegate_signer,
    key,
    leaf,
    make,
)
from tests.vectors import RESPONSES

Run = Callable[..., tuple[int, str, str]]

HOUR = datetime.timedelta(hours=1)
NONCE = bytes(range(32))
AT = "2026-07-01T12:00:00"
ABOUT = ("--cert", "leaf.pem", "--issuer", "ca.pem", "--response", "response.der")


def response(
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
    *,
    serial: int = 0x1F2E,
    this_update: datetime.datetime = NOW - HOUR,
    next_update: datetime.datetime | None = NOW + 3 * 24 * HOUR,
    nonce: bytes | None = None,
    certificates: tuple[x509.Certificate, ...] = (delegate(),),
) -> OCSPResponse:
    """Return a valid response, changed by the arguments."""
    revoked = status is OCSPCertStatus.REVOKED
    builder = (
        OCSPResponseBuilder()
        .add_response_by_id(
            CertID.for_serial(ca(), serial, hashes.SHA256()),
            status,
            this_update,
            next_update,
            NOW - 2 * HOUR if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(OCSPResponderEncoding.HASH, delegate())
        .produced_at(this_update)
    )
    if certificates:
        builder = builder.certificates(certificates)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign_with(delegate_signer())


@pytest.fixture(name="run")
def _run(
    capfdbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run ``ocsp verify`` in a directory with certificates, at :data:`NOW`."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    Path("other.pem").write_bytes(ca("Other CA").public_bytes(Encoding.PEM))
    Path("leaf.pem").write_bytes(leaf().public_bytes(Encoding.PEM))
    Path("responder.pem").write_bytes(delegate().public_bytes(Encoding.PEM))
    _write(response())

    def run(*arguments: str, at: str = AT) -> tuple[int, str, str]:
        code = main(["verify", *arguments, "--at", at])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def _write(message: OCSPResponse | bytes) -> None:
    if isinstance(message, OCSPResponse):
        message = message.public_bytes(Encoding.DER)
    Path("response.der").write_bytes(message)


def _document(out: str) -> Any:
    return json.loads(out)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (OCSPCertStatus.GOOD, 0, "good  CN=leaf-1f2e"),
        (OCSPCertStatus.REVOKED, 1, "revoked (keyCompromise)  CN=leaf-1f2e"),
        (OCSPCertStatus.UNKNOWN, 2, "unknown  CN=leaf-1f2e"),
    ],
)
def test_the_exit_code_is_the_status(
    run: Run, status: OCSPCertStatus, code: int, words: str
) -> None:
    """The first word of the tree and the JSON have the same status."""
    _write(response(status))
    ended, out, err = run(*ABOUT)
    assert (ended, err) == (code, "")
    assert out.startswith(words)
    ended, out, _ = run(*ABOUT, "--json")
    document = _document(out)
    assert ended == code
    assert document["verified"] is True
    assert document["status"] == status.name.lower()


def test_the_tree_shows_signer_authorization_and_times(run: Run) -> None:
    """Each time has its distance to the time of verification."""
    _, out, _ = run(*ABOUT)
    for words in (
        "CN=Test Responder",
        "the issuer issued its certificate for OCSP signing  RFC 6960 §4.2.2.2",
        "2026-07-01 11:00:00 UTC  1 hour ago",
        "2026-07-04 12:00:00 UTC  expires in 3 days",
        "2026-07-01 12:00:00 UTC  policy default",
        "Not checked: the issuer's certificate",
    ):
        assert words in out


@pytest.mark.parametrize(
    ("message", "at", "rule", "error"),
    [
        (response(), "2026-07-05", "V19", "ResponseExpired"),
        (response(OCSPCertStatus.UNKNOWN), "2026-07-05", "V19", "ResponseExpired"),
        (response(serial=7), AT, "V7", "CertIDMismatch"),
        (response(), "2026-06-30T18:00", "V18", "ResponseNotYetValid"),
        (response(certificates=()), AT, "V12", "NoResponderCertificate"),
        (
            OCSPResponseBuilder.build_unsuccessful(OCSPResponseStatus.TRY_LATER),
            AT,
            "V1",
            "UnsuccessfulResponse",
        ),
    ],
)
def test_a_response_that_is_not_verified_exits_with_3(
    run: Run, message: OCSPResponse, at: str, rule: str, error: str
) -> None:
    """The failures have rule, clause, message and values; there is no status."""
    _write(message)
    code, out, err = run(*ABOUT, at=at)
    assert (code, err) == (3, "")
    assert out.startswith("not verified  CN=leaf-1f2e")
    assert "RFC" in out
    code, out, _ = run(*ABOUT, "--json", at=at)
    document = _document(out)
    assert code == 3
    assert (document["verified"], document["status"]) == (False, None)
    assert document["evidence"] is None
    first = document["failures"][0]
    assert (first["rule"], first["error"]) == (rule, error)
    assert first["clause"].startswith("RFC")
    assert first["message"]
    assert first["values"]


def test_a_stale_revoked_response_exits_with_3(run: Run) -> None:
    """The tree and the JSON also say that the response is revoked and stale."""
    _write(response(OCSPCertStatus.REVOKED))
    code, out, _ = run(*ABOUT, at="2026-07-05")
    assert code == 3
    assert out.startswith("not verified: revoked, stale  CN=leaf-1f2e")
    code, out, _ = run(*ABOUT, "--json", at="2026-07-05")
    document = _document(out)
    assert (document["status"], document["revoked_but_stale"]) == (None, True)
    assert document["failures"][0]["values"]["revocation_time"] == (
        "2026-07-01T10:00:00Z"
    )


def test_a_serial_number_replaces_the_certificate(run: Run) -> None:
    """The serial number is decimal or hexadecimal."""
    about = ("--issuer", "ca.pem", "--response", "response.der", "--serial")
    code, out, _ = run(*about, "0x1f2e")
    assert code == 0
    assert out.startswith("good  issued by CN=Test CA  0x1f2e")
    assert run(*about, "7982")[0] == 0
    assert run(*about, "7983")[0] == 3


HUGE = 1 << 16_000
"""A number of 4817 decimal digits, which Python does not convert to decimal."""


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_huge_serial_number_is_shown_in_hexadecimal(
    run: Run, arguments: tuple[str, ...]
) -> None:
    """It can be in the response or on the command line."""
    _write(response(serial=HUGE))
    code, out, err = run(*ABOUT, *arguments)
    assert (code, err) == (3, "")
    assert f"0x1{'0' * 4000}" in out
    about = ("--issuer", "ca.pem", "--response", "response.der", *arguments)
    code, out, err = run(*about, "--serial", hex(HUGE))
    assert (code, err) == (0, "")
    if arguments:
        number = _document(out)["certificate"]["serial_number"]
        assert number == {"hex": f"01{'0' * 4000}", "decimal": None}


def test_a_configured_responder_may_sign(run: Run) -> None:
    """Only the option --responder configures one (RFC 6960 §4.2.2.2, criterion 1)."""
    _write(response(certificates=()))
    assert run(*ABOUT)[0] == 3
    code, out, _ = run(
        *ABOUT, "--responder", "other.pem", "--responder", "responder.pem"
    )
    assert code == 0
    assert "the signer is trusted by --responder" in out


def test_a_candidate_is_not_trusted(run: Run) -> None:
    """The issuer must have issued it, as if it were in the response."""
    _write(response(certificates=()))
    code, out, _ = run(
        *ABOUT, "--candidate", "other.pem", "--candidate", "responder.pem"
    )
    assert code == 0
    assert "the issuer issued its certificate for OCSP signing" in out
    assert run(*ABOUT, "--candidate", "other.pem")[0] == 3


def test_the_response_must_contain_the_nonce(run: Run) -> None:
    """The nonce is given in hexadecimal, or in the request."""
    _write(response(nonce=NONCE))
    cert_id = CertID.for_certificate(leaf(), ca(), hashes.SHA1())
    request = (
        OCSPRequestBuilder()
        .add_certificate_by_id(cert_id)
        .add_extension(x509.OCSPNonce(NONCE), critical=False)
        .build()
    )
    Path("request.b64").write_bytes(
        base64.b64encode(request.public_bytes(Encoding.DER))
    )
    for option in (("--nonce", NONCE.hex(":")), ("--request", "request.b64")):
        code, out, _ = run(*ABOUT, *option)
        assert code == 0
        assert "this is an answer to the request, not a replay" in out
    _write(response())
    code, out, _ = run(*ABOUT, "--request", "request.b64")
    assert code == 3
    assert "V22" in out
    code, out, _ = run(*ABOUT, "--request", "request.b64", "--policy", "rfc9919")
    assert code == 0
    assert "V22" in out


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("default", 0),
        ("strict", 0),
        ("webpki", 3),
        ("rfc9919", 3),
        ("unsafe-legacy", 0),
    ],
)
def test_the_policy_determines_the_exit_code(run: Run, policy: str, code: int) -> None:
    """RFC 9919 §5 and the Baseline Requirements reject a missing nextUpdate."""
    _write(response(next_update=None))
    ended, out, _ = run(*ABOUT, "--policy", policy)
    assert ended == code
    if code == 0:
        assert "accepted until 2026-07-02 11:00:00 UTC" in out


def test_the_issuer_is_found_in_a_file_of_several(run: Run) -> None:
    """The issuer is found by its name, as in the chain file of a server."""
    both = Path("other.pem").read_bytes() + Path("ca.pem").read_bytes()
    Path("chain.pem").write_bytes(both)
    about = [each.replace("ca.pem", "chain.pem") for each in ABOUT]
    assert run(*about)[0] == 0


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("command", ["verify", "lint"])
def test_the_signer_is_chosen_among_issuers_of_one_name(
    command: str,
) -> None:
    """For example after the CA renewed its key; if none has signed, the first."""
    renewed = make("Test CA", "Test CA", public=key("Other CA"), signer=key("Other CA"))
    new, old = (each.public_bytes(Encoding.PEM) for each in (renewed, ca()))
    about = ["--at", AT, "--cert", "leaf.pem", "--issuer", "chain.pem"]
    about += ["--response"] if command == "verify" else ["--severity", "error"]
    for content, code in ((new + old, 0), (old + new, 0), (new + new, None)):
        Path("chain.pem").write_bytes(content)
        ended = main([command, *about, "response.der"])
        assert ended == code or (code is None and ended in (1, 3))


def test_output_to_a_pipe_is_not_wrapped(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each compared value is on one line, whatever its length."""
    monkeypatch.delenv("COLUMNS", raising=False)
    _write(response(nonce=bytes(60_000)))
    _, out, _ = run(*ABOUT, "--nonce", "01")
    assert "00" * 60_000 in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--issuer", "ca.pem"), "--response"),
        (("--response", "response.der"), "--issuer"),
        (ABOUT[2:], "give either --cert or --serial"),
        ((*ABOUT, "--serial", "1"), "give either --cert or --serial"),
        ((*ABOUT, "--nonce", "xyz"), "--nonce: is not hexadecimal"),
        ((*ABOUT, "--nonce", "70534"), "--nonce: has an odd number of digits"),
        ((*ABOUT, "--nonce", ""), "--nonce: has 0 octets; 1 to 128 are allowed"),
        ((*ABOUT, "--nonce", "0" * 258), "--nonce: has 129 octets; 1 to 128"),
        ((*ABOUT[2:], "--serial", "-1"), "--serial: '-1' is not a number"),
        ((*ABOUT, "--policy", "none"), "--policy"),
        (
            (*ABOUT, "--request", "response.der"),
            "response.der: is an OCSP response, not an OCSP request",
        ),
        ((*ABOUT, "--responder", "none.pem"), "none.pem: No such file"),
        (
            (*ABOUT[:2], "--issuer", "other.pem", *ABOUT[4:]),
            "--cert was issued by CN=Test CA",
        ),
        ((*ABOUT[:4], "--response", "leaf.pem"), "leaf.pem: is a certificate"),
    ],
)
def test_wrong_usage_exits_with_4(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    """One line names the file or option, and standard output is empty."""
    code, out, err = run(*arguments)
    assert (code, out) == (4, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err


def test_names_that_are_invalid_utf_8(run: Run) -> None:
    """The subject is shown, and the issuer is compared, as Latin-1."""
    der = leaf().public_bytes(Encoding.DER)
    subject = der.replace(b"\x0c\x09leaf-1f2e", b"\x0c\x09leaf-\xfcber")
    Path("odd.der").write_bytes(subject)
    code, out, _ = run("--cert", "odd.der", *ABOUT[2:])
    assert code == 0
    assert "leaf-\xfcber" in out
    issuer = der.replace(b"\x0c\x07Test CA", b"\x0c\x07T\xeast CA")
    Path("odd.der").write_bytes(issuer)
    code, out, err = run("--cert", "odd.der", *ABOUT[2:])
    assert (code, out) == (4, "")
    assert "--cert was issued by CN=T\xeast CA" in err


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("noon", "'noon' is not a time in ISO 8601 ("),
        ("2026-13-01", "'2026-13-01' is not a time in ISO 8601 ("),
        ("9999-12-31T23:59:59-14:00", "is outside the years 1 to 9999 in UTC ("),
        ("0001-01-01T00:00+14:00", "is outside the years 1 to 9999 in UTC ("),
    ],
)
def test_an_invalid_time_exits_with_4(run: Run, at: str, words: str) -> None:
    """The error has an example of a valid time."""
    code, out, err = run(*ABOUT, at=at)
    assert (code, out) == (4, "")
    assert err.startswith("error: --at: ")
    assert words in err
    assert TIME_FORMS in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("at", ["0001-01-01", "9999-12-31T23:59:59"])
def test_the_first_and_last_year_are_accepted(run: Run, at: str) -> None:
    """No comparison overflows the range of datetime."""
    assert run(*ABOUT, at=at)[0] == 3


@pytest.mark.parametrize(
    "garbage", [b"garbage", b"\x30\x80\x00", b"\x30\x03\x0a\x01\x00"]
)
def test_a_malformed_response_exits_with_4(run: Run, garbage: bytes) -> None:
    """The input is wrong, so there is no verdict."""
    _write(garbage)
    code, out, err = run(*ABOUT)
    assert (code, out) == (4, "")
    assert err.startswith("error: response.der: is ")
    assert err.count("\n") == 1


def test_a_malformed_embedded_certificate_is_ignored(run: Run) -> None:
    """If it is the signer's, the failure names it, without the text of the parser."""
    version = b"\xa0\x03\x02\x01\x02"
    der = response().public_bytes(Encoding.DER)
    assert version in der
    _write(der.replace(version, b"\xa0\x03\x04\x01\x02"))
    code, out, err = run(*ABOUT)
    assert code == 3
    assert "certs[0] at offset" in " ".join(out.split())
    assert "ParseError" not in out + err


def test_a_flipped_bit_never_changes_the_status(run: Run) -> None:
    """The result is *good*, not verified or malformed, for a sample of the bits."""
    der = response().public_bytes(Encoding.DER)
    codes = set()
    for position in range(0, len(der), 7):
        changed = bytearray(der)
        changed[position] ^= 1
        _write(bytes(changed))
        codes.add(run(*ABOUT)[0])
    assert codes <= {0, 3, 4}
    assert {3, 4} <= codes


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_every_vector_gives_a_verdict_or_one_error_line(run: Run, name: str) -> None:
    """All are about other certificates, so none is verified."""
    _write(RESPONSES[name])
    code, out, err = run(*ABOUT)
    assert code in (3, 4)
    assert out.startswith("not verified") if code == 3 else err.count("\n") == 1


def test_a_delegate_with_an_expired_certificate_is_rejected(run: Run) -> None:
    """The failure shows the notAfter of its certificate."""
    ended = make(
        "Test Responder",
        "Test CA",
        extensions=DELEGATION,
        begin=NOW - 48 * HOUR,
        end=NOW - 24 * HOUR,
    )
    _write(response(certificates=(ended,)))
    code, out, _ = run(*ABOUT)
    assert code == 3
    assert "V15" in out
    assert "not_after" in out


# --- evidence about the delegate --------------------------------------------------------


@pytest.fixture(name="listed")
def _listed(run: Run) -> None:
    """Write a response of a delegate that names a CRL, a CRL, and a response about it."""
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://crl.example/")], None, None, None
    )
    names_crl = x509.CRLDistributionPoints([point])
    kept = [each for each in DELEGATION if not isinstance(each, x509.OCSPNoCheck)]
    extensions = (*kept, names_crl)
    found = make("Test Responder", "Test CA", extensions=extensions)
    _write(response(certificates=(found,)))
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca().subject)
        .last_update(NOW - HOUR)
        .next_update(NOW + 24 * HOUR)
    )
    crl = builder.sign(key("Test CA"), hashes.SHA256())
    Path("ca.crl").write_bytes(crl.public_bytes(Encoding.PEM))
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(found.serial_number)
        .revocation_date(NOW - 2 * HOUR)
        .build()
    )
    crl = builder.add_revoked_certificate(entry).sign(key("Test CA"), hashes.SHA256())
    Path("revoked.crl").write_bytes(crl.public_bytes(Encoding.DER))
    about = (
        OCSPResponseBuilder()
        .add_response(
            found,
            ca(),
            hashes.SHA256(),
            OCSPCertStatus.GOOD,
            NOW - HOUR,
            NOW + 24 * HOUR,
            None,
            None,
        )
        .responder_id(OCSPResponderEncoding.HASH, ca())
        .produced_at(NOW - HOUR)
    )
    signed = about.sign(key("Test CA"), hashes.SHA256())
    Path("about.der").write_bytes(signed.public_bytes(Encoding.DER))


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("files", "code"),
    [
        ((), 3),
        (("ca.crl",), 0),
        (("about.der",), 0),
        (("ca.crl", "about.der"), 0),
        (("revoked.crl",), 3),
        (("revoked.crl", "about.der"), 3),
    ],
)
def test_evidence_about_the_delegate(
    run: Run, files: tuple[str, ...], code: int
) -> None:
    """From CRLs and responses; a revocation is evidence too."""
    options = [option for file in files for option in ("--evidence", file)]
    assert run(*ABOUT, *options)[0] == code


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("response.der", "response.der: proves the status of no delegate: "),
        ("leaf.pem", "leaf.pem: proves the status of no delegate: "),
        ("no.crl", "no.crl: No such file or directory"),
    ],
)
def test_a_file_that_is_no_evidence_is_named(run: Run, file: str, says: str) -> None:
    """With the reason."""
    code, _, err = run(*ABOUT, "--evidence", file)
    assert code == 4
    assert says in err
    assert err.count("\n") == 1


def test_evidence_needs_a_delegate(run: Run) -> None:
    """The message says which option gives the certificate."""
    _write(response(certificates=()))
    code, _, err = run(*ABOUT, "--evidence", "leaf.pem")
    assert code == 4
    assert "--candidate" in err
