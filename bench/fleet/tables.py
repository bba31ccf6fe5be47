"""The tables of docs/scaling.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from bench.fleet.capacity import SCENARIOS, Needs, needs
from bench.fleet.parameters import Parameters
from bench.fleet.simulation import Failure, Fleet, Kind, simulate

__all__ = ["TABLES", "filled"]

_PLACE = re.compile(r"<!-- computed: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(text: str, parameters: Parameters) -> str:
    """
    Return *text* with the tables at their places.

    Raises:
        KeyError: If a place names no table.
    """

    def table(found: re.Match[str]) -> str:
        lines = "\n".join(TABLES[found[1]](parameters))
        return f"<!-- computed: {found[1]} -->\n\n{lines}\n\n<!-- end -->"

    return _PLACE.sub(table, text)


def _measured(parameters: Parameters) -> Iterable[str]:
    yield "| name | figure | what | measured by | its line |"
    yield "|---|---|---|---|---|"
    for name, each in parameters.measured.items():
        yield (
            f"| `{name}` | {_figure(each.value)} {each.unit} | {each.what}"
            f" | `{each.command}` | {each.row} |"
        )


def _assumed(parameters: Parameters) -> Iterable[str]:
    yield "| name | figure | what | why |"
    yield "|---|---|---|---|"
    for name, each in parameters.assumed.items():
        yield (
            f"| `{name}` | {_figure(each.value)} {each.unit} | {each.what}"
            f" | {each.why} |"
        )


def _capacity(parameters: Parameters) -> Iterable[str]:
    found = [needs(each, parameters) for each in SCENARIOS]
    yield _row("certificates", [f"{each.certificates:,}" for each in SCENARIOS])
    yield "|---|" + "---:|" * len(SCENARIOS)
    yield _row("requests a second", [f"{each.rate:,}" for each in SCENARIOS])
    for what, text in _ROWS:
        yield _row(what, [text(each) for each in found])


_ROWS: tuple[tuple[str, Callable[[Needs], str]], ...] = (
    ("answered by the CDN", lambda n: f"{n.hit_rate:.1%}"),
    ("requests a second that reach the nodes", lambda n: _count(n.origin_rate)),
    ("CPUs of the nodes", lambda n: _short(n.node_cores)),
    ("**nodes**, with spares", lambda n: f"{n.nodes:,}"),
    ("nodes without a CDN, with spares", lambda n: f"{n.nodes_alone:,}"),
    ("CPUs of PostgreSQL for look-ups", lambda n: _short(n.look_up_cores)),
    ("**signatures** a second", lambda n: _count(n.signatures)),
    ("CPUs of the signers, to catch up", lambda n: _short(n.sign_cores)),
    ("CPUs of PostgreSQL for signing", lambda n: _short(n.sign_database_cores)),
    ("HSMs, if the keys are in them", lambda n: f"{n.tokens:,}"),
    ("signing everything once", lambda n: _time(n.first_signing)),
    (
        "importing all certificates, with one CPU of PostgreSQL",
        lambda n: _time(n.loading),
    ),
    ("**size of the database**", lambda n: _size(n.database)),
    ("write-ahead log a day", lambda n: _size(n.log_a_day)),
    ("memory of Valkey, with all answers", lambda n: _size(n.shared)),
    ("bits a second to the clients", lambda n: _size(n.bits, "bit")),
)

SMALL = Fleet(
    nodes=4, certificates=100_000, rate=5_000.0, seconds=2.0, cached=False,
    look_up="stored_database", database_cores=2, signers=2, period=30.0,
)  # fmt: skip
"""The fleet of the table of failures: small, so that a test computes it in seconds."""

_HALF = {"begin": 0.5, "seconds": 1.0}
_FAILURES: tuple[tuple[str, Fleet], ...] = (
    ("nothing", SMALL),
    ("a node", replace(SMALL, failures=(Failure(kind=Kind.NODE, **_HALF),))),
    ("a signer", replace(SMALL, failures=(Failure(kind=Kind.SIGNER, **_HALF),))),
    ("PostgreSQL", replace(SMALL, failures=(Failure(kind=Kind.DATABASE, **_HALF),))),
    (
        "PostgreSQL, with Valkey",
        replace(SMALL, shared=True, failures=(Failure(kind=Kind.DATABASE, **_HALF),)),
    ),
)


def _failures(parameters: Parameters) -> Iterable[str]:
    yield "| fails for a second | load of a node | p99 | no answer | *tryLater* | due |"
    yield "|---|---:|---:|---:|---:|---:|"
    for what, fleet in _FAILURES:
        result = simulate(fleet, parameters)
        load = max(node.cpu for node in result.nodes) / fleet.seconds / fleet.workers
        yield (
            f"| {what} | {load:.0%} | {result.latency(99):.2g} ms | {result.failed:,}"
            f" | {result.try_later / result.requests:.0%} | {result.overdue:,} |"
        )


TABLES: dict[str, Callable[[Parameters], Iterable[str]]] = {
    "measured": _measured,
    "assumed": _assumed,
    "capacity": _capacity,
    "failures": _failures,
}
"""What can be computed, by the name in the document."""


def _row(what: str, cells: list[str]) -> str:
    return f"| {what} | {' | '.join(cells)} |"


def _figure(value: float) -> str:
    return f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"


def _count(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 10 else f"{value:.1f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _size(octets: float, unit: str = "B") -> str:
    for prefix in ("", "k", "M", "G", "T"):
        if octets < 1000 or prefix == "T":
            return f"{octets:.3g} {prefix}{unit}"
        octets /= 1000
    raise AssertionError


def _time(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{_short(seconds / size)} {unit}"
    return f"{_short(seconds)} s"
