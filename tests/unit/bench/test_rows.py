"""The rows of the benchmarks: names, and that both sides do what the row says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="needs the dependency group bench")

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as upstream

import ocsp
from bench import __main__ as command
from bench import corpora, growing
from bench.client import asking, checking, storing
from bench.corpora import Kind
from bench.corpora.files import write_messages
from bench.measure import Pair, Row
from bench.processes import answer
from bench.reading import fields, held
from bench.results.document import read_document
from bench.results.headlines import HEADLINES
from bench.signatures import signing, verifying
from bench.signatures.material import ca, cases
from ocsp import SQLiteCache

ROWS = command._rows()


def test_each_row_has_a_name_of_its_own() -> None:
    """Results are compared by their names."""
    names = [command._name(row) for row in ROWS]
    assert len(set(names)) == len(names)


def test_each_row_says_what_it_repeats() -> None:
    """A ratio says nothing without it."""
    assert all(row.repeated and row.peer for row in ROWS)


def test_readme_shows_rows_that_exist() -> None:
    """A row that was renamed would vanish from README."""
    assert {each.name for each in HEADLINES} <= {command._name(row) for row in ROWS}


@pytest.mark.parametrize("text", ["web mix", "600 delegates", "500 entries"])
def test_rows_of_readers_have_half_the_target_when_compiled(text: str) -> None:
    """The compiled package has targets of its own."""
    rows = [row for row in ROWS if text in row.what and row.target]
    assert rows
    assert all(row.compiled and row.compiled < row.target for row in rows)


# --- reading ---------------------------------------------------------------------

READINGS = {
    fields.TEN: corpora.web_mix(5),
    fields.FIVE: corpora.web_mix(5),
    fields.ENTRIES: corpora.with_entries(20, 2),
    fields.FOUR: corpora.requests(5),
}


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.what)
def test_both_sides_read_the_same(reading: fields.Reading) -> None:
    """All values are equal."""
    for data in READINGS[reading]:
        ours, peer = reading.ours(data), reading.peer(data)
        assert _plain(ours) == _plain(peer)


def _plain(value: object) -> object:
    """Return *value* with the names of enumerations and of hashes."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return getattr(value, "name", value)


def test_asn1crypto_reads_both_kinds() -> None:
    """A peer that failed would be fast."""
    assert fields.ASN1_REQUEST.peer(corpora.requests(1)[0])
    assert fields.ASN1_RESPONSE.peer(fields.vector("resp-sha256"))


@pytest.mark.parametrize("loader", held.LOADERS)
def test_loaders_return_what_is_kept(loader: str) -> None:
    """The object is the message, not its fields."""
    (data,) = corpora.web_mix(1)
    message = held.LOADERS[loader](data)
    assert message.public_bytes(Encoding.DER) == data  # type: ignore[attr-defined]


def test_kept_messages_take_memory(tmp_path: Path) -> None:
    """A process of its own reads them, and answers."""
    path = tmp_path / "messages"
    write_messages(path, corpora.web_mix(3_000))
    found = answer("bench.reading.held", "cryptography", str(path))
    assert 100 < found["octets"] < 5_000
    assert found["collection"] > 0


# --- signatures ------------------------------------------------------------------


def test_certificates_are_new_objects() -> None:
    """A cache by the identity of an object has not met them."""
    first, second = list(cases(count=3)), list(cases(count=3))
    assert first == second
    assert all(
        a.certificate is not b.certificate for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("kind", Kind)
def test_both_sides_check_the_signature(kind: Kind) -> None:
    """Both accept the response, and refuse it with another signature."""
    case = next(cases(kind, 1))
    ours, peer = verifying._verify(ca(kind)), verifying._bare(kind)
    ours(case)
    peer(case)
    signature = upstream.load_der_ocsp_response(case.response).signature
    forged = bytearray(case.response)
    forged[forged.index(signature) + len(signature) - 1] ^= 1
    bad = case._replace(response=bytes(forged))
    with pytest.raises(ocsp.VerificationError):
        ours(bad)
    with pytest.raises(InvalidSignature):
        peer(bad)


@pytest.mark.parametrize("module", [ocsp, upstream])
def test_signed_responses_are_about_the_certificate(module: object) -> None:
    """Both builders sign the serial number of the certificate."""
    cert = next(cases(count=1)).certificate
    signed = signing._build_and_sign(module, cert)
    assert signed.serial_number == cert.serial_number


# --- the client ------------------------------------------------------------------


def test_remembered_answers_are_not_asked_for_again() -> None:
    """The transport has no more answers, so a request would fail."""
    client, certificates = checking.remembering(3)
    for cert in [*certificates, *certificates]:
        client.check(cert, ca()).require_good()


def test_a_filled_cache(tmp_path: Path) -> None:
    """It has the entries that its name says, half of them expired, and takes more."""
    path = tmp_path / "cache.sqlite"
    storing.fill(path, 50)
    with closing(sqlite3.connect(path)) as connection:
        counts = connection.execute(
            "SELECT count(*), count(DISTINCT certificate), sum(expires < ?) FROM answer",
            (2_000_000_000,),
        ).fetchone()
    assert counts == (50, 50, 25)
    evidence = storing.evidence_of(Kind.P256, 1, 5)
    assert len(storing.times_of_puts(path, evidence, 100, 2)) == 2
    with SQLiteCache(path) as cache:
        assert all(cache.get(each.canonical_cert_id) for each in evidence)


def test_a_full_cache_does_not_grow(tmp_path: Path) -> None:
    """Expired entries leave for the new ones."""
    path = tmp_path / "cache.sqlite"
    storing.fill(path, 50)
    storing.times_of_puts(path, storing.evidence_of(Kind.P256, 1, 21), 50, 20)
    assert storing._entries(path) <= 50


@pytest.mark.parametrize(
    "fetch",
    [
        asking._check_many,
        asking._check_each,
        asking._by_aiohttp,
        asking._by_httpx,
        asking._by_http_client,
    ],
    ids=lambda fetch: fetch.__name__,
)
def test_the_client_and_its_peers_verify_all(
    fetch: asking.Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each verifies so many responses, and all of them."""
    monkeypatch.setattr(asking, "ASKED", 5)
    asking._targets.cache_clear()
    asking._replies.cache_clear()
    with asking.serving() as url:
        fetch(url, list(cases(count=5)))
    asking._targets.cache_clear()
    asking._replies.cache_clear()


# --- growth ----------------------------------------------------------------------


@pytest.mark.parametrize("decoys", [0, 15, 63])
def test_decoys_do_not_hide_the_signer(decoys: int) -> None:
    """The response is verified, and has so many more certificates."""
    answer = corpora.with_decoys(decoys)
    response = ocsp.load_der_ocsp_response(answer.response)
    assert len(response.certificates) == decoys + 1
    assert growing._verifying(answer)() > 0


def test_responses_about_many_are_verified() -> None:
    """The certificate is the last of them."""
    answer = corpora.about_many(512)
    assert len(list(ocsp.load_der_ocsp_response(answer.response).responses)) == 512
    assert growing._verifying(answer)() > 0


@pytest.mark.parametrize("length", [1, 32])
def test_chains_are_checked(length: int) -> None:
    """Each certificate is issued by the next one, and all are good."""
    encoded, responses = corpora.chain(length)
    chained = [x509.load_der_x509_certificate(each) for each in encoded]
    assert len(responses) == length == len(chained) - 1
    for subject, issuer in pairwise(chained):
        subject.verify_directly_issued_by(issuer)
    assert growing._checking(length)() > 0


# --- the command -----------------------------------------------------------------


def _row(what: str, pair: Pair | Exception) -> Row:
    def measure(_: int) -> Pair:
        if isinstance(pair, Exception):
            raise pair
        return pair

    return Row(
        group="test", what=what, repeated="nothing", peer="peer", measure=measure
    )


def test_a_row_that_fails_does_not_cost_the_others() -> None:
    """The run says what it failed with."""
    pair = Pair.of([(1.0, 2.0)])
    run = command.measured(
        [_row("a", pair), _row("b", ValueError("no peer")), _row("c", pair)], 1
    )
    assert [result.what for result in run.results] == ["a", "c"]
    assert run.failed == {"test: b / peer": "ValueError: no peer"}


def test_an_unknown_row(capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the text."""
    assert command.main(["--only", "no such row"]) == 4
    assert "no such row" in capsys.readouterr().err


def test_the_list_of_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line has the name, and what the row repeats."""
    assert command.main(["--list", "--only", "web mix: ten fields"]) == 0
    assert "150 CAs by Zipf" in capsys.readouterr().out


@pytest.mark.skipif(ocsp.compiled, reason="needs the package in pure Python")
def test_a_folder_without_the_compiled_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pure package would be measured twice: that fails, and its results are kept."""
    path = tmp_path / "results.json"
    arguments = ["--only", "one, req-sha1: load only", "--rounds", "1"]
    arguments += ["--json", str(path), "--compiled", str(tmp_path)]
    assert command.main(arguments) == 1
    assert f"no compiled package in {tmp_path}" in capsys.readouterr().err
    (run,) = read_document(path).runs
    assert [result.what for result in run.results] == ["one, req-sha1: load only"]
