"""Work out what a fleet needs, from measured costs and named assumptions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.fleet.parameters import Parameters
from bench.fleet.popularity import Popularity, cache_hit_rate
from bench.fleet.simulation import ALONE

__all__ = ["SCENARIOS", "Needs", "Scenario", "needs"]

DAY = 86_400.0
MICRO = 1e-6


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    How large a responder is.

    Attributes:
        certificates: Certificates that have not expired.

        rate: Requests of clients, a second.
    """

    certificates: int
    rate: int


SCENARIOS = (
    Scenario(1_000_000, 1_000),
    Scenario(10_000_000, 10_000),
    Scenario(100_000_000, 50_000),
    Scenario(1_000_000_000, 200_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """
    What a scenario needs. Rates are a second, sizes in octets.

    Attributes:
        hit_rate: The share of all requests that the CDN answers.

        origin_rate: Requests that reach the nodes.

        node_cores: CPUs of the nodes, at the assumed load.

        nodes: Nodes, with those that may fail.

        nodes_alone: Nodes without a CDN.

        look_up_cores: CPUs of PostgreSQL for the requests.

        signatures: Signatures that are made ahead.

        sign_cores: CPUs of the signers, which can catch up after a failure.

        sign_database_cores: CPUs of PostgreSQL for what they write.

        tokens: HSMs, if the keys are in them.

        database: Size of the database.

        log_a_day: Write-ahead log of a day, for standbys and backups.

        shared: Memory of Valkey, with all answers in it.

        bits: Bits to the clients.

        first_signing: Seconds in which the signers sign everything once.

        loading: CPU seconds of PostgreSQL in which the certificates are imported.
    """

    hit_rate: float
    origin_rate: float
    node_cores: float
    nodes: int
    nodes_alone: int
    look_up_cores: float
    signatures: float
    sign_cores: float
    sign_database_cores: float
    tokens: int
    database: float
    log_a_day: float
    shared: float
    bits: float
    first_signing: float
    loading: float


def needs(scenario: Scenario, costs: Parameters) -> Needs:
    """Return what *scenario* needs."""
    hit_rate = _hit_rate(scenario, costs)
    origin = scenario.rate * (1 - hit_rate)
    answers = scenario.certificates * costs["forms"]
    signatures = answers / sign_period(costs["validity"] * DAY)
    catching_up = signatures * costs["catch_up"]
    sign_cores = max(1.0, catching_up * costs["sign_ahead"] * MICRO)
    return Needs(
        hit_rate=hit_rate,
        origin_rate=origin,
        node_cores=_cores(origin, scenario, costs),
        nodes=_nodes(origin, scenario, costs),
        nodes_alone=_nodes(scenario.rate, scenario, costs, more=costs["connection"]),
        look_up_cores=origin * costs["database_look_up"] * MICRO,
        signatures=signatures,
        sign_cores=sign_cores,
        sign_database_cores=catching_up * costs["database_sign_ahead"] * MICRO,
        tokens=math.ceil(catching_up / costs["token_rate"]),
        database=scenario.certificates * costs["certificate_octets"]
        + answers * costs["answer_octets"],
        log_a_day=signatures * costs["log_octets"] * DAY,
        shared=answers * costs["shared_octets"],
        bits=scenario.rate * costs["response_octets"] * 8,
        first_signing=answers * costs["sign_ahead"] * MICRO / sign_cores,
        loading=scenario.certificates * costs["database_import"] * MICRO,
    )


def sign_period(validity: float) -> float:
    """Return the seconds between two signatures: see ``ocsp.responder.schedule``."""
    return min(validity * 7 / 16, 3.5 * DAY)


def _hit_rate(scenario: Scenario, costs: Parameters) -> float:
    popularity = Popularity(scenario.certificates, costs["exponent"])
    places = costs["cdn_places"]
    cacheable = 1 - costs["uncacheable"]
    rate = scenario.rate * cacheable / places
    return cacheable * cache_hit_rate(popularity, rate, costs["cdn_kept"] * DAY)


def _cores(
    rate: float, scenario: Scenario, costs: Parameters, more: float = 0.0
) -> float:
    """
    Return the CPUs for *rate*.

    Requests with a nonce are never answered before. Each costs *more* microseconds.
    """
    live = min(rate, scenario.rate * costs["nonces"])
    stored = rate - live
    busy = (
        stored * _cost("stored_database", costs)
        + live * _cost("fresh", costs)
        + rate * more
    )
    return busy * MICRO / costs["load"]


def _cost(name: str, costs: Parameters) -> float:
    """Return the cost of a request: as often as the load says, it finds a busy node."""
    load = costs["load"]
    return load * costs[name] + (1 - load) * costs[f"{name}{ALONE}"]


def _nodes(
    rate: float, scenario: Scenario, costs: Parameters, more: float = 0.0
) -> int:
    cores = _cores(rate, scenario, costs, more)
    return math.ceil(cores / costs["node_cores"]) + int(costs["spare_nodes"])
