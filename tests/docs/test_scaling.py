"""The page about scaling: its figures follow from the parameters, which have a source."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("simpy", reason="needs the dependency group bench")

from bench.fleet.__main__ import PAGE
from bench.fleet.capacity import SCENARIOS, needs, sign_period
from bench.fleet.parameters import Parameters, read_parameters
from bench.fleet.popularity import Popularity, cache_hit_rate
from bench.fleet.simulation import ALONE
from bench.fleet.tables import TABLES, filled
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.responder.schedule import due_at
from ocsp.service.configuration import configuration_of
from tests.docs.examples import blocks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    """Read the parameters."""
    return read_parameters()


def test_the_tables_are_those_of_the_parameters(parameters: Parameters) -> None:
    """`python -m bench.fleet --write` would change nothing."""
    text = PAGE.read_text("utf-8")
    assert filled(text, parameters) == text
    assert {name for name in TABLES if f"computed: {name} " in text} == set(TABLES)


def test_a_changed_parameter_changes_the_page(parameters: Parameters) -> None:
    """So a figure cannot be changed in one place only."""
    changed = parameters.with_measured({"answer_octets": 1.0})
    assert filled(PAGE.read_text("utf-8"), changed) != PAGE.read_text("utf-8")


def test_every_measured_figure_has_a_command(parameters: Parameters) -> None:
    """That exists in the checkout, and prints the line."""
    for name, each in parameters.measured.items():
        if each.command.startswith("make "):
            target = each.command.removeprefix("make ")
            assert f"\n{target}:" in (ROOT / "Makefile").read_text()
            continue
        module = each.command.split()[2]
        found = importlib.util.find_spec(module)
        assert found is not None
        assert found.origin is not None
        words = each.row.split(",")[0].removesuffix(ALONE)
        assert words in Path(found.origin).read_text("utf-8"), name


def test_every_figure_is_used(parameters: Parameters) -> None:
    """By the arithmetic, by the simulation, or as the cost of a look-up in a file."""
    text = "".join(
        (ROOT / "bench" / "fleet" / name).read_text("utf-8")
        for name in ("capacity.py", "simulation.py")
    )
    names = {
        name.removesuffix(ALONE) for name in (*parameters.measured, *parameters.assumed)
    }
    assert {name for name in names if f'"{name}"' not in text} == set()


def test_the_scenarios_reach_the_largest_services() -> None:
    """A thousand million certificates, and 200,000 requests a second."""
    assert SCENARIOS[-1].certificates == 1_000_000_000
    assert SCENARIOS[-1].rate == 200_000


@pytest.mark.parametrize("days", [1, 4, 7])
def test_the_period_of_signatures_is_that_of_the_responder(days: int) -> None:
    """What the arithmetic assumes is the time between two signatures."""
    validity = days * 86_400
    query = StatusQuery(IssuerKey(bytes(20), bytes(20)), 1)

    def due(now: int) -> int:
        return due_at(query, CertIDForm.SHA1, now, validity, now + validity)

    first = due(1_800_000_000)
    assert due(first) - first == pytest.approx(sign_period(validity), abs=1)


def test_the_arithmetic_by_hand(parameters: Parameters) -> None:
    """The largest scenario, worked out once more."""
    found = needs(SCENARIOS[-1], parameters)
    period = min(parameters["validity"] * 7 / 16, 3.5) * 86_400
    assert found.signatures == pytest.approx(1e9 * parameters["forms"] / period)
    assert found.database == 1e9 * (
        parameters["certificate_octets"]
        + parameters["forms"] * parameters["answer_octets"]
    )
    assert found.origin_rate == pytest.approx(200_000 * (1 - found.hit_rate))
    assert found.log_a_day == pytest.approx(
        found.signatures * parameters["log_octets"] * 86_400
    )
    assert found.nodes < found.nodes_alone


def test_the_shares_of_all_certificates_are_one() -> None:
    """However many there are."""
    for certificates in (10, 1_000, 1_000_000_000):
        parts = list(Popularity(certificates, 0.9).parts())
        assert sum(share for _, share in parts) == pytest.approx(1)
        assert sum(number for number, _ in parts) == pytest.approx(certificates)


def test_a_cache_that_keeps_nothing_answers_nothing() -> None:
    """And one that keeps everything for ever answers nearly all."""
    popularity = Popularity(1_000, 0.9)
    assert cache_hit_rate(popularity, 100.0, 0.0) == 0
    assert cache_hit_rate(popularity, 100.0, 1e12) > 0.999


@pytest.mark.parametrize("number", [0, 1])
def test_the_configurations_are_accepted(number: int, tmp_path: Path) -> None:
    """By the model, with a password where this machine has it."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    text = blocks("docs/scaling.md", "toml")[number].text
    text = text.replace("/etc/ocsp/valkey-password", str(password))
    settings = configuration_of(tomllib.loads(text), tmp_path)
    assert settings.valkey is not None
    assert settings.valkey.password == "secret"


def test_the_two_lines_of_the_readme_are_accepted(tmp_path: Path) -> None:
    """They are all that changes in a configuration."""
    (two_lines,) = (
        block.text for block in blocks("README.md", "toml") if "valkey" in block.text
    )
    assert len(two_lines.strip().splitlines()) == 2
    issuer = """
[[issuer]]
certificate = "ca.pem"
signers = [{ certificate = "responder.pem", key = "responder.key" }]
"""
    settings = configuration_of(tomllib.loads(two_lines + issuer), tmp_path)
    assert settings.valkey is not None
    assert f"{settings.database}" == "postgresql://ocsp@db.internal/ocsp"


def test_the_stated_errors_are_in_the_text() -> None:
    """Those within which tests/soak/test_simulated_fleet.py compares."""
    pytest.importorskip("psycopg", reason="needs the extra postgresql")
    from bench.fleet.measured import CPU_ERROR, SHARE_ERROR

    text = PAGE.read_text("utf-8")
    assert f"less than {SHARE_ERROR * 100:.0f} points" in text
    assert f"less than {CPU_ERROR * 100:.0f} %" in text
