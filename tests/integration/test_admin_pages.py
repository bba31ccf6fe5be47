"""
The pages of the admin port in a real browser: Chromium, without a window.

axe-core is an independent judge of accessibility: contrast, labels, landmarks, names.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cryptography_vectors
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ocsp.admin import application
from ocsp.metrics import Report, Totals
from tests.admin_example import (
    TOKEN,
    example_checks,
    example_state,
    example_totals,
    hostile_state,
    served,
)

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is missing"),
]

RESPONSE = (
    Path(cryptography_vectors.__file__).parent / "x509/ocsp/resp-sct-extension.der"
)
PAGES = (
    "/",
    "/issuers/issuing-1",
    "/signers/ocsp-2026",
    "/certificates?issuer=issuing-1&serial=0x1f2e",
    "/certificates?issuer=issuing-1&serial=x",
    "/inspector",
    "/log",
    "/nothing",
)

_WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective));
"""


@pytest.fixture(name="browser", scope="module")
def _browser() -> Iterator[Browser]:
    # The sandbox of Chromium does not run as root, as in containers.
    arguments = ["--host-resolver-rules=MAP attacker.example 127.0.0.1"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(name="url", scope="module")
def _url() -> Iterator[str]:
    totals = example_totals()
    totals.add(
        Report("worker-1", lines=("12:00 INFO begins", "12:01 WARNING ends soon"))
    )
    with served(application(example_state(), totals, example_checks)) as url:
        yield url


@pytest.fixture(name="page")
def _page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1180, "height": 900}) as context:
        yield _open(context)


def _open(context: BrowserContext) -> Page:
    """Return a new page in which violations of the policy are noted."""
    context.set_default_timeout(15_000)
    context.add_init_script(_WATCH)
    return context.new_page()


def _inspect(page: Page, url: str) -> None:
    """Show a response in the inspector."""
    page.goto(f"{url}/inspector")
    page.get_by_label("Request or response").fill(
        base64.b64encode(RESPONSE.read_bytes()).decode()
    )
    page.get_by_role("button", name="Inspect").click()
    page.get_by_role("heading", name="Findings").wait_for()


@pytest.mark.parametrize(
    ("scheme", "width"),
    [("light", 320), ("dark", 1180)],
)
def test_every_page_is_accessible_and_fits(
    browser: Browser, url: str, scheme: str, width: int
) -> None:
    """Light and dark, wide and narrow: nothing to scroll sideways, no finding of axe."""
    with browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 800},
    ) as context:
        page = _open(context)
        for path in (*PAGES, "inspection"):
            if path == "inspection":
                _inspect(page, url)
            else:
                page.goto(url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate("violations") == [], path
            results = Axe().run(page)
            assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


def test_dark_is_dark(browser: Browser, url: str) -> None:
    """The pages follow the setting of the system."""
    colours = {}
    for scheme in ("light", "dark"):
        with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
            page = _open(context)
            page.goto(url)
            colours[scheme] = page.evaluate(
                "getComputedStyle(document.body).backgroundColor"
            )
    assert colours == {"light": "rgb(244, 246, 245)", "dark": "rgb(14, 20, 19)"}


_FOCUS = """
(() => {
  const e = document.activeElement, s = getComputedStyle(e);
  const seen = e.getBoundingClientRect();
  return [e.innerText || e.name || e.id, s.outlineStyle, parseFloat(s.outlineWidth), seen.left >= 0];
})()
"""


def test_the_keyboard_alone_reaches_everything(page: Page, url: str) -> None:
    """The skip link comes first; each stop is visible; the order is that of reading."""
    page.goto(f"{url}/certificates")
    stops = []
    for _ in range(9):
        page.keyboard.press("Tab")
        text, style, width, is_visible = page.evaluate(_FOCUS)
        stops.append(text.strip().partition("\n")[0])
        assert (style, width >= 2, is_visible) == ("solid", True, True), text
    assert stops == [
        "Skip to the content", "OCSP responder", "Overview", "Certificate", "Inspector", "Log",
        "issuing-1", "serial", "Look up",
    ]  # fmt: skip


def test_the_skip_link_leads_to_the_content(page: Page, url: str) -> None:
    """The next stop is in the content."""
    page.goto(f"{url}/certificates")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "issuer"


def test_a_certificate_is_looked_up_by_keyboard(page: Page, url: str) -> None:
    """From the overview, without the mouse."""
    page.goto(url)
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Serial number").wait_for()
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "serial":
        page.keyboard.press("Tab")
    page.keyboard.type("0x1f2e")
    page.keyboard.press("Enter")
    page.get_by_text("keyCompromise", exact=True).wait_for()


def test_everything_works_without_javascript(browser: Browser) -> None:
    """Log in, look up, inspect, log out."""
    gate = application(example_state(), example_totals(), example_checks, token=TOKEN)
    with served(gate) as url, browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{url}/inspector")
        assert page.url == f"{url}/login"
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("This is not the token.").wait_for()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="The responder is degraded").wait_for()
        page.get_by_role("link", name="issuing-1").first.click()
        page.get_by_label("Serial number").fill("7982")
        page.get_by_role("button", name="Look up").click()
        page.get_by_text("CN=www.example.test").wait_for()
        _inspect(page, url)
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Token").wait_for()
        page.goto(url)
        assert page.url == f"{url}/login"


def test_the_cookie_is_for_the_pages_of_the_server_only(browser: Browser) -> None:
    """A link from another site does not carry it, and no script can read it."""
    gate = application(example_state(), Totals(), token=TOKEN)
    with served(gate) as url, browser.new_context() as context:
        page = _open(context)
        page.goto(f"{url}/login")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1).wait_for()
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
            True,
            "Strict",
            "/",
        )
        assert page.evaluate("document.cookie") == ""
        page.goto(f"data:text/html,<a href='{url}/log'>link</a>")
        page.get_by_role("link").click()
        page.get_by_label("Token").wait_for()


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202egood\u202c"],
)
def test_hostile_names_are_shown_as_text(browser: Browser, text: str) -> None:
    """No dialog opens, nothing is loaded, and the text is visible."""
    totals = Totals()
    totals.add(Report(text, gauges=(), lines=(text,)))
    with (
        served(application(hostile_state(text), totals)) as url,
        browser.new_context(viewport={"width": 360, "height": 800}) as context,
    ):
        page = _open(context)
        dialogs: list[object] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        for path in ("/", "/certificates", "/log"):
            page.goto(url + path)
            assert page.locator("img").count() == 1  # the mark of the pages
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert all("/x" not in each for each in requested)
        assert text.replace("\u202e", "\\u202e").replace(
            "\u202c", "\\u202c"
        ) in page.inner_text("main")
        assert dialogs == []


def test_the_policy_forbids_scripts_and_foreign_content(page: Page, url: str) -> None:
    """Also where markup got into a page: the browser runs and loads nothing."""
    page.goto(url)
    page.evaluate(
        """() => {
          const add = html => document.body.insertAdjacentHTML('beforeend', html);
          add('<img src="https://attacker.example/x.png" onerror="window.ran = 1">');
          add('<p style="color: red">x</p>');
          const script = document.createElement('script');
          script.textContent = 'window.ran = 1';
          document.body.append(script);
          add('<iframe src="/log"></iframe>');
        }"""
    )
    page.wait_for_function("violations.length >= 4")
    assert page.evaluate("window.ran") is None
    assert {"img-src", "style-src-attr", "script-src-elem", "frame-src"} <= set(
        page.evaluate("violations")
    )


def test_a_rebound_name_shows_nothing(page: Page, url: str) -> None:
    """The name of an attacker that resolves to this machine (DNS rebinding)."""
    response = page.goto(url.replace("127.0.0.1", "attacker.example"))
    assert response is not None
    assert response.status == 421
    assert "issuing-1" not in page.content()


def test_another_page_cannot_send_a_form(page: Page, url: str) -> None:
    """Cross-site request forgery."""
    page.goto(
        "data:text/html,<form method='post' action='"
        f"{url}/inspector'><input name='message' value='x'><button>go</button></form>"
    )
    with page.expect_navigation():
        page.get_by_role("button").click()
    page.get_by_text("not from a page of this server").wait_for()
