"""The stapler: an attacked site costs the other sites nothing, and gets no forged staple."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp.stapling import STAPLE_OPTIONS, Site, StapleEvent, Stapler, StapleReport
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate, mutate_octets
from tests.campaigns.material.responses import donors, draw_response
from tests.campaigns.material.wire import Network, Responder, draw_reply
from tests.campaigns.oracle.responses import judge_response
from tests.campaigns.oracle.verdict import Question
from tests.campaigns.targets.verify import load
from tests.cases.builder import Identity
from tests.unit.client.scene import Clock

__all__ = ["run"]

BUDGET = 500_000
HOSTS = ("http://a.example/", "http://b.example/", "http://c.example/")
ATTACKED = 1
OPTIONS = replace(STAPLE_OPTIONS, retries=0)
_GARBAGE = (
    b"",
    b"\0",
    b"\x30\x80" * 2000,
    bytes(200_000),
    b"-----BEGIN CERTIFICATE-----",
)


def run(dice: Dice) -> str:
    """Take one step for three sites, and return what came of the attacked one."""
    folder = Path(tempfile.mkdtemp(prefix="ocsp-campaign-"))
    try:
        return _step(dice, folder)
    finally:
        shutil.rmtree(folder)


def _step(dice: Dice, folder: Path) -> str:
    sites = [_write(folder, place) for place in range(len(HOSTS))]
    attacked = sites[ATTACKED]
    if dice.chance(0.3):
        _attack_files(dice, attacked)
    clock = Clock()
    servers = {
        host: Responder(
            dice if place == ATTACKED else _calm(),
            (lambda: _attack(dice)) if place == ATTACKED else _honest(place),
        )
        for place, host in enumerate(HOSTS)
    }

    def step() -> list[StapleReport]:
        stapler = Stapler(
            sites,
            options=OPTIONS,
            transport=Network(servers),
            environment=clock.environment(),
        )
        return list(stapler.step(now=True))

    reports = call(step, budget=BUDGET)
    if not isinstance(reports, list):
        raise Violation(f"the step failed: {reports!r}")
    events = {each.site.certificate: each.event for each in reports}
    for place, site in enumerate(sites):
        if place == ATTACKED:
            continue
        if events.get(site.certificate) is not StapleEvent.WRITTEN:
            raise Violation(f"site {place} has no staple: {reports}")
        if site.staple_file.read_bytes() != _response(place):
            raise Violation(f"site {place} has another staple")
    found = [each for each in reports if each.site == attacked]
    if len(found) != 1:
        raise Violation(f"{len(found)} reports about the attacked site")
    return _judge(found[0], clock)


def _judge(report: StapleReport, clock: Clock) -> str:
    """Check the staple of the attacked site."""
    if report.event is StapleEvent.WRITTEN:
        der = report.site.staple_file.read_bytes()
        asked = Question(
            response=der,
            cert=_site(ATTACKED).der,
            issuer=build().ca.der,
            at=clock.now(),
            delegates_checked=True,
        )
        if not judge_response(asked).may:
            raise Violation(f"a forged staple was written\n  {der.hex()}")
    return report.event.value


@cache
def _site(place: int) -> Identity:
    url = x509.UniformResourceIdentifier(HOSTS[place])
    method = AuthorityInformationAccessOID.OCSP
    access = x509.AuthorityInformationAccess([x509.AccessDescription(method, url)])
    return build().certificate(
        f"site-{place}.example", serial=0x100 + place, extensions=(access,)
    )


@cache
def _response(place: int) -> bytes:
    made = build()
    return made.response(cert_id=made.cert_id(_site(place)))


def _calm() -> Dice:
    return Dice("nothing odd", oddness=0)


def _honest(place: int) -> Callable[[], bytes]:
    return lambda: (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(_response(place)), _response(place))
    )


def _attack(dice: Dice) -> bytes:
    body, signed_by, _ = draw_response(dice, cert=_site(ATTACKED))
    if dice.chance(0.5):
        body = mutate(dice, body, signed_by, donors())
    return draw_reply(dice, body)


def _write(folder: Path, place: int) -> Site:
    path = folder / f"site-{place}.pem"
    certificates = load(_site(place).der), load(build().ca.der)
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return Site(path)


def _attack_files(dice: Dice, site: Site) -> None:
    """Replace the certificate file, or leave an odd staple file."""
    if dice.chance(0.5):
        data, _, _ = draw_response(dice, cert=_site(ATTACKED))
        site.staple_file.write_bytes(dice.choice((data, *_GARBAGE)))
        return
    draw = dice.random()
    data = site.certificate.read_bytes()
    if draw < 0.5:
        data = mutate_octets(dice, data)
    elif draw < 0.8:
        data = mutate(dice, _site(ATTACKED).der, ("ca",), donors())
    else:
        data = dice.choice(_GARBAGE)
    site.certificate.write_bytes(data)
