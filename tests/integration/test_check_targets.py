"""``ocsp check``: which certificates it checks, and what it says about each."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from tests.integration.live import (
    BEGIN,
    CA,
    CA_NAME,
    END,
    GOOD,
    HOUR,
    NEVER,
    NOW,
    REVOKED,
    Live,
    living,
)
from tests.nested import nested_certificate
from tests.pki import key, make, name

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="live", scope="module")
def _live() -> Iterator[Live]:
    with living() as live:
        yield live


@pytest.fixture(name="run")
def _run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run ``ocsp check`` in an empty folder; COLUMNS is that of a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    _write("ca.pem", CA)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def _write(file: str, *certificates: x509.Certificate) -> str:
    data = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    Path(file).write_bytes(data)
    return file


BASIC = x509.BasicConstraints(ca=True, path_length=None)


def _certificate(
    subject: str, issuer: str, *extensions: x509.ExtensionType, serial: int = 0
) -> x509.Certificate:
    return make(
        subject, issuer, serial=serial or None, begin=BEGIN, end=END,
        extensions=extensions,
    )  # fmt: skip


INTERMEDIATE = _certificate("Silent Intermediate", CA_NAME, BASIC)
"""A CA that names neither a responder nor a CRL."""


NO_STATUS = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00")
"""noRevAvail (RFC 9608)."""


def _points(url: str) -> x509.CRLDistributionPoints:
    uri = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([uri], None, None, None)])


@pytest.fixture(name="crl_url")
def _crl_url() -> Iterator[str]:
    """Serve a CRL of the live CA, on which only REVOKED is."""
    revoked = x509.RevokedCertificateBuilder(REVOKED, NOW - HOUR).build()
    builder = x509.CertificateRevocationListBuilder(name(CA_NAME), NOW - HOUR, END)
    crl = (
        builder.add_revoked_certificate(revoked)
        .add_extension(x509.CRLNumber(1), critical=False)
        .sign(key(CA_NAME), hashes.SHA256())
        .public_bytes(Encoding.DER)
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(crl)))
            self.end_headers()
            self.wfile.write(crl)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/ca.crl"
        finally:
            server.shutdown()
            thread.join()


# --- certificates without a responder --------------------------------------------


@pytest.mark.parametrize(("serial", "code"), [(GOOD, 0), (REVOKED, 1)])
def test_a_certificate_without_a_responder_is_checked_by_its_crl(
    run: Run, crl_url: str, serial: int, code: int
) -> None:
    """By default, and the output says so once."""
    first = _certificate("no responder", CA_NAME, _points(crl_url), serial=serial)
    second = _certificate("neither", CA_NAME, _points(crl_url), serial=0x99)
    _write("first.pem", first, CA)
    _write("second.pem", second, CA)
    found, shown, _ = run("first.pem", "--private")
    assert (found, shown.count("names no responder")) == (code, 1)
    found, shown, _ = run("first.pem", "second.pem", "--private")
    assert (found, shown.count("names no responder")) == (code, 1)
    assert "no responder, neither: the certificate names no responder" in shown


def test_without_crls_the_hint_names_the_option(run: Run, crl_url: str) -> None:
    """And without a CRL in the certificate, it names --url."""
    leaf = _certificate("leaf", CA_NAME, _points(crl_url), serial=GOOD)
    _write("leaf.pem", leaf, CA)
    code, shown, _ = run("leaf.pem", "--crl", "never")
    assert (code, "--crl when-no-responder" in shown) == (3, True)
    _write("leaf.pem", _certificate("leaf", CA_NAME), CA)
    code, shown, _ = run("leaf.pem")
    assert (code, "it names no CRL either; use --url URL" in shown) == (3, True)


def test_a_ca_above_that_names_nothing_does_not_fail_the_leaf(
    run: Run, live: Live
) -> None:
    """Its own line says so; the leaf decides the exit code."""
    leaf = _certificate("leaf", "Silent Intermediate")
    _write("chain.pem", leaf, INTERMEDIATE, CA)
    code, shown, _ = run("chain.pem", "--chain")
    assert code == 3  # the leaf names no responder and no CRL either
    silent = next(line for line in shown.splitlines() if line.startswith("Silent"))
    assert "indeterminate  names no responder and no CRL" in silent
    assert "Silent Intermediate:" not in shown
    # The same intermediate above a leaf that has a status:
    access = live.leaf(GOOD).extensions.get_extension_for_class(
        x509.AuthorityInformationAccess
    )
    answered = _certificate("Answered CA", CA_NAME, access.value, BASIC, serial=GOOD)
    below = _certificate("below", "Answered CA", NO_STATUS)
    _write("chain.pem", below, answered, CA)
    assert run("chain.pem", "--chain", "--private")[0] == 0
    needless = _certificate("needless", "Silent Intermediate", NO_STATUS)
    _write("chain.pem", needless, INTERMEDIATE, CA)
    code, shown, _ = run("chain.pem", "--chain", "--json")
    documents = json.loads(shown)["certificates"]
    assert (code, [each["counts"] for each in documents]) == (0, [True, False])


def test_a_certificate_that_the_user_names_counts(run: Run) -> None:
    """The certificate of a CA too, if it is what the user asks about."""
    _write("intermediate.pem", INTERMEDIATE)
    assert run("intermediate.pem", "--issuer", "ca.pem")[0] == 3


# --- --issuer --------------------------------------------------------------------


def test_issuers_are_found_in_a_chain(run: Run, live: Live) -> None:
    """What they have issued is checked; another certificate is named."""
    old_ca = make(
        CA_NAME, CA_NAME, public=key("old"), signer=key("old"), begin=BEGIN, end=END
    )
    other = _certificate("other", "Other CA")
    _write("fullchain.pem", live.leaf(GOOD), other, CA)
    _write("chain.pem", old_ca, INTERMEDIATE, CA)
    code, shown, errors = run("fullchain.pem", "--issuer", "chain.pem", "--private")
    assert (code, "live-10" in shown) == (0, True)
    assert "CN=other" in errors
    assert "is not checked: no certificate in chain.pem issued it" in errors


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (("leaf.pem", GOOD), "no certificate in chain.pem issued CN=live-10"),
        (("ca.pem", None), "is a root, and no CA states the status of a root"),
    ],
)
def test_nothing_that_the_issuers_have_issued(
    run: Run, live: Live, file: tuple[str, int | None], what: str
) -> None:
    """Nothing is asked."""
    if file[1] is not None:
        _write(file[0], live.leaf(file[1]))
    _write("chain.pem", INTERMEDIATE)
    code, _, errors = run(file[0], "--issuer", "chain.pem", "--private")
    assert (code, what in errors) == (4, True), errors


def test_an_issuer_with_another_key(run: Run, live: Live) -> None:
    """A CA that renewed its key keeps its name: the error does not show one twice."""
    _write("leaf.pem", live.leaf(GOOD))
    _write("new.pem", make(CA_NAME, CA_NAME, public=key("new"), signer=key("new")))
    code, _, errors = run("leaf.pem", "--issuer", "new.pem", "--private")
    assert code == 4
    assert f"(its issuer is CN={CA_NAME}, with another key)" in errors


def test_a_root_has_no_status(run: Run) -> None:
    """The error says why."""
    code, _, errors = run("ca.pem")
    assert (code, "is a root, and no CA states" in errors) == (4, True)


# --- what the output says --------------------------------------------------------


def test_a_table_shows_reasons_and_hints(run: Run, live: Live) -> None:
    """Each once, with the certificates that it is about."""
    for number in (1, 2):
        _write(f"{number}.pem", live.leaf(NEVER + number), CA)
    _write("good.pem", live.leaf(GOOD), CA)
    code, shown, _ = run("1.pem", "2.pem", "good.pem", "--private")
    assert code == 3
    assert shown.count("hint    live-13, live-14: the responder has no record") == 1
    assert "reason  live-13, live-14: " in shown


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://127.0.0.1:1/", "use --scheme http-and-https"),
        ("ftp://127.0.0.1/", "use --url with an http URL"),
    ],
)
def test_a_refused_url_has_its_own_hint(
    run: Run, live: Live, url: str, hint: str
) -> None:
    """The option that allows https; nothing allows ftp."""
    _write("leaf.pem", live.leaf(GOOD), CA)
    code, shown, _ = run("leaf.pem", "--url", url)
    assert (code, hint in shown) == (3, True), shown


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--max-age", "1s"), "--max-age and --max-age-without-next-update change"),
        (("--min-interval", "9d"), "--min-interval and --max-interval change"),
        (
            ("--delegate-revocation", "require-evidence"),
            "--delegate-revocation changes",
        ),
        (("--url", "http://127.0.0.1:1/"), "--url URL for another place"),
    ],
)
def test_the_hint_names_the_option_that_decides(
    run: Run, live: Live, options: tuple[str, ...], hint: str
) -> None:
    """Not only options that the user gave: a profile sets them too."""
    _write("leaf.pem", live.leaf(GOOD), CA)
    code, shown, _ = run("leaf.pem", "--private", *options)
    assert (code, hint in shown) == (3, True), shown


def test_unsafe_options_come_with_a_warning(run: Run, live: Live) -> None:
    """On standard error, and the check runs."""
    _write("leaf.pem", live.leaf(GOOD), CA)
    code, _, errors = run("leaf.pem", "--private", "--policy", "unsafe-legacy")
    assert (code, "--policy unsafe-legacy switches checks off" in errors) == (0, True)
    code, _, errors = run("leaf.pem", "--private", "--policy", "strict")
    assert (code, errors) == (0, "")
    code, shown, errors = run("leaf.pem", "--private", "--max-age", "1s")
    assert (code, "V19" in shown, errors) == (3, True, "")


def test_a_source_that_cannot_be_read_does_not_hide_the_others(
    live: Live, run: Run, tmp_path: Path
) -> None:
    """Each problem is one line; the exit code is 4, or that of a revoked certificate."""
    good = _write("good.pem", live.leaf(GOOD), CA)
    revoked = _write("revoked.pem", live.leaf(REVOKED), CA)
    Path("bad.pem").write_bytes(nested_certificate())
    Path("text.txt").write_text("\x1b[2Jnothing")
    bad = ("bad.pem", "text.txt", "missing.pem", "\udcff.pem", "a\0b")
    code, out, err = run("--private", good, *bad, "missing.pem", good)
    assert code == 4
    assert out.count("good") >= 2
    assert len(err.splitlines()) == len(bad)
    assert all(line.startswith("error: ") for line in err.splitlines())
    code, out, _ = run("--private", "--json", "bad.pem", revoked, good)
    assert code == 1
    found = [each["status"] for each in json.loads(out)["certificates"]]
    assert found == ["revoked", "good"]
    code, out, _ = run("--private", *bad)
    assert (code, out) == (4, "")
