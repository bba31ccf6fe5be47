"""What the pages show, and what hostile texts become in them."""

from __future__ import annotations

import asyncio
import base64
import datetime
import html.parser
import re
import urllib.parse
from dataclasses import replace
from pathlib import Path

import cryptography_vectors
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import CertID
from ocsp.admin import Check, Level, application
from ocsp.admin.gate import Gate
from ocsp.admin.history import MINUTES, History, Minute
from ocsp.admin.pages.plot import HEIGHT, draw_plot
from ocsp.metrics import Metrics, Report, Totals
from ocsp.responder import IssuerKey
from tests.admin_example import (
    example_checks,
    example_state,
    example_totals,
    hostile_state,
)
from tests.pki import ca, delegate_signer

VECTORS = Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"
REFUSED = {
    "req-invalid-version",
    "resp-invalid-version",
    "resp-response-type-unknown-oid",
    "resp-successful-no-response-bytes",
    "resp-unknown-response-status",
}
"""Messages that no reader here accepts."""

MESSAGES = [each for each in sorted(VECTORS.glob("*.der")) if each.stem not in REFUSED]
REQUEST = VECTORS / "req-sha1.der"


def _get(gate: Gate, path: str) -> str:
    return _send(gate, "GET", path).text


def _inspect(gate: Gate, message: str, profile: str = "rfc6960") -> httpx.Response:
    return _send(
        gate, "POST", "/inspector", data={"message": message, "profile": profile}
    )


def _send(gate: Gate, method: str, path: str, **options: object) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]

    return asyncio.run(send())


class _Elements(html.parser.HTMLParser):
    """Collects the elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.content = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a start tag."""
        self.names.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.content += data


@pytest.fixture(name="gate", scope="module")
def _gate() -> Gate:
    return application(example_state(), example_totals(), example_checks)


def test_the_overview_shows_everything_at_a_glance(gate: Gate) -> None:
    """Level, checks, issuers with counts, signers with days, store, processes."""
    page = _Elements(_get(gate, "/")).content
    for text in (
        "The responder is degraded", "12 stored answers are overdue", "48,210 good, 57 on hold, 1,322 revoked",
        "Status from the CRL", "9 days left", "351 days left", "in reserve", "/var/lib/ocsp/status.db",
        "23.4 MiB", "worker-1", "running",
    ):  # fmt: skip
        assert text in page


def test_the_page_of_an_issuer_counts_its_responses(gate: Gate) -> None:
    """By status and cause."""
    page = "".join(_Elements(_get(gate, "/issuers/issuing-1")).content.split())
    assert "unauthorizedserial80" in page
    assert "successful–10,000" in page


def test_the_page_of_a_signer_shows_its_test(gate: Gate) -> None:
    """And its certificate."""
    page = _Elements(_get(gate, "/signers/ocsp-2026")).content
    assert "Test signature" in page
    assert "Serial number0x" in "".join(page.split("\n"))
    assert "CN=Responder ocsp-2026" in page


@pytest.mark.parametrize("serial", ["7982", "0x1f2e", "1F:2e", " 0x1F2E ", "1F2E"])
def test_a_certificate_is_found_by_its_serial_number(gate: Gate, serial: str) -> None:
    """In each form that the command line accepts."""
    page = _Elements(
        _get(gate, f"/certificates?issuer=issuing-1&serial={serial}")
    ).content
    for text in (
        "CN=www.example.test",
        "revoked",
        "keyCompromise",
        "2026-11-20 08:30:00 UTC",
        "SHA-256",
        "root, ocsp status",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("issuer=issuing-1&serial=1", "has no certificate with this serial number"),
        ("issuer=issuing-1&serial=x", "not a serial number"),
        ("issuer=issuing-1&serial=-1", "not a serial number"),
        ("issuer=issuing-1&serial=" + "9" * 5000, "not a serial number"),
        ("issuer=nothing&serial=1", "Select an issuer"),
        ("serial=1", "Select an issuer"),
        ("issuer=partner&serial=1", "The source cannot answer: the CRL has ended"),
    ],
)
def test_a_look_up_says_what_it_did_not_find(gate: Gate, query: str, text: str) -> None:
    """In words."""
    assert text in _Elements(_get(gate, f"/certificates?{query}")).content


def test_the_log_shows_the_newest_line_first() -> None:
    """Warnings and errors are marked."""
    totals = Totals()
    totals.add(Report("worker-1", lines=("12:00 INFO begins", "12:01 ERROR breaks")))
    page = _get(application(example_state(), totals), "/log")
    assert page.index("breaks") < page.index("begins")
    assert '<li class="error">12:01 ERROR breaks' in page


# --- the inspector ---------------------------------------------------------------------


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_the_inspector_shows_every_vector(gate: Gate, path: Path) -> None:
    """All messages of the upstream tests."""
    response = _inspect(gate, base64.b64encode(path.read_bytes()).decode())
    kind = "response" if path.name.startswith("resp") else "request"
    assert (response.status_code, f"OCSP {kind}" in response.text) == (200, True)


def test_the_inspector_gives_the_linter_the_issuer_that_it_knows() -> None:
    """So that more rules can be checked."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    cert_id = CertID.for_serial(ca(), 1, hashes.SHA256())
    signer = delegate_signer()
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(cert_id, ocsp.OCSPCertStatus.GOOD, now, now, None, None)
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        .certificates([signer.certificate])
        .sign_with(signer)
    )
    text = response.public_bytes(Encoding.DER).hex(":")
    gate = application(example_state(), Totals())
    page = _inspect(gate, text, "webpki").text
    assert "with the certificate of issuing-1" in page
    assert ">error</span>" in page


@pytest.mark.parametrize(
    ("text", "profile", "problem"),
    [
        ("hello", "rfc6960", "is neither DER, PEM, base64 nor hexadecimal"),
        ("", "rfc6960", "cannot be read"),
        ("3003020100", "rfc6960", "cannot be read"),
        (ca().public_bytes(Encoding.PEM).decode(), "rfc6960", "is a certificate, not an OCSP message"),
        (base64.b64encode(REQUEST.read_bytes()).decode(), "no-profile", "Select a profile"),
    ],
)  # fmt: skip
def test_the_inspector_says_what_is_wrong(
    gate: Gate, text: str, profile: str, problem: str
) -> None:
    """The text stays in the form."""
    response = _inspect(gate, text, profile)
    assert response.status_code == 422
    assert problem in _Elements(response.text).content


@given(st.text(max_size=200))
def test_the_inspector_survives_any_text(text: str) -> None:
    """No text is an error of the server, or becomes an element."""
    gate = application(example_state(), Totals())
    response = _inspect(gate, text)
    assert response.status_code in {200, 422}
    assert "script" not in _Elements(response.text).names


# --- hostile texts ---------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; onload='alert(1)",
    "</textarea></title></svg><iframe>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt;",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "path", ["/", "/certificates?serial=7982&issuer=", "/inspector", "/log"]
)
def test_hostile_names_are_shown_as_text(text: str, path: str) -> None:
    """A name in a certificate comes from outside. It adds no element and no attribute."""
    totals = Totals()
    totals.add(Report(text, gauges=(), lines=(text,)))
    quoted = httpx.QueryParams({"x": text})
    address = path + str(quoted).removeprefix("x=") if path.endswith("=") else path
    hostile = _Elements(_get(application(hostile_state(text), totals), address))
    plain_totals = Totals()
    plain_totals.add(Report("plain", gauges=(), lines=("plain",)))
    plain_address = path + "plain" if path.endswith("=") else path
    plain = _Elements(
        _get(application(hostile_state("plain"), plain_totals), plain_address)
    )
    assert hostile.names == plain.names
    assert hostile.attributes == plain.attributes


def test_text_that_could_hide_or_reorder_is_made_visible() -> None:
    """Control characters and overrides of the writing direction."""
    state = hostile_state("a\u202eb\u0007c\nd\u200be")
    page = _get(application(state, Totals()), "/")
    assert "a\\u202eb\\u0007c d\\u200be" in page
    assert "\u202e" not in page


def test_a_hostile_message_is_shown_as_text(gate: Gate) -> None:
    """Names and URIs in a response."""
    now = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
    signer = delegate_signer("Test CA", "<script>alert(1)</script>")
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(CertID.for_serial(ca(), 1, hashes.SHA1()), ocsp.OCSPCertStatus.GOOD, now, None, None, None)
        .responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
        .certificates([signer.certificate])
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"<b>"), critical=False)
        .sign_with(signer)
    )  # fmt: skip
    page = _inspect(gate, response.public_bytes(Encoding.DER).hex()).text
    assert "<script" not in page
    assert "&lt;script" in page


# --- history and plot ------------------------------------------------------------------


def _count(totals: Totals, status: str, number: int) -> None:
    metrics = Metrics(totals.add, issuers={IssuerKey.of(ca()): "issuing-1"})
    metrics.outcome(
        method="GET", code=200, status=status, issuer=IssuerKey.of(ca())
    ).count += number
    metrics.flush()


def test_the_history_counts_by_minute() -> None:
    """Counts between two samples belong to the minute of the later one."""
    history, totals = History(), Totals()
    for now, status, number in (
        (0, "successful", 5),
        (30, "tryLater", 2),
        (61, "successful", 7),
        (300, "successful", 1),
    ):
        _count(totals, status, number)
        history.sample(totals, now)
    minutes = history.minutes(300)
    assert len(minutes) == MINUTES
    assert minutes[-6:] == [
        (0, 5, 2),
        (1, 7, 0),
        (2, 0, 0),
        (3, 0, 0),
        (4, 0, 0),
        (5, 1, 0),
    ]


def test_the_history_is_bounded_and_survives_a_clock_that_goes_back() -> None:
    """No count is lost, and no minute comes twice."""
    history, totals = History(), Totals()
    for minute in range(2 * MINUTES):
        _count(totals, "successful", 1)
        history.sample(totals, minute * 60)
    _count(totals, "successful", 4)
    history.sample(totals, 0)
    minutes = history.minutes(0)
    assert len(history._minutes) == MINUTES
    assert minutes[-1] == (2 * MINUTES - 1, 5, 0)
    assert [each.time for each in minutes] == list(range(MINUTES, 2 * MINUTES))


@given(
    st.lists(
        st.builds(Minute, st.just(0), st.integers(0, 10**9), st.integers(0, 10**9)),
        min_size=2, max_size=MINUTES,
    )
)  # fmt: skip
def test_the_plot_stays_inside_its_frame(minutes: list[Minute]) -> None:
    """For all numbers; and the numbers beside it are those of the minutes."""
    plot = draw_plot(minutes)
    assert plot.top >= max(each.answers + each.errors for each in minutes)
    assert plot.total == sum(each.answers + each.errors for each in minutes)
    heights = re.findall(r"V([-0-9.]+)", plot.svg)
    assert all(0 <= float(height) <= HEIGHT for height in heights)


@pytest.mark.parametrize("name", ["a\r\nb", "a\n", "\n", "a/b", "/a", "a%0Ab", "ä;?#"])
def test_the_pages_of_issuers_and_signers_have_any_name(name: str) -> None:
    """Names come from certificates, which can have line ends and slashes in them."""
    state = example_state()
    state.issuer_views = [replace(state.issuer_views[0], name=name)]
    state.signer_views = [replace(state.signer_views[0], name=name)]
    gate = application(state, example_totals(), example_checks)
    for kind in ("issuers", "signers"):
        link = f"/{kind}/{urllib.parse.quote(name)}"
        assert f'href="{link}"' in _get(gate, "/")
        assert _send(gate, "GET", link).status_code == 200


def test_an_offline_ca_has_a_card_and_a_page_without_signers() -> None:
    """With the end of its answers, and the result of its check."""
    state = example_state()
    ends = datetime.datetime(2027, 3, 4, 5, 6, tzinfo=datetime.UTC)
    check = "source partner"
    state.issuer_views[1] = replace(
        state.issuer_views[1],
        signers=(),
        source="/etc/ocsp/signed",
        ends=ends,
        check=check,
    )
    gate = application(state, Totals(), lambda: [_failed(check)])
    overview, page = _get(gate, "/"), _get(gate, "/issuers/partner")
    for text in (overview, page):
        assert "/etc/ocsp/signed" in text
        assert "2027-03-04" in text
    assert "7.der ended" in page
    assert "Look up" not in page
    assert "Signers" not in page


def _failed(name: str) -> Check:
    return Check(name=name, test=lambda: (Level.FAILED, "7.der ended"))
