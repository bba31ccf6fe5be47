"""
Find the issuers whose answers have ended: those of an offline CA, or its signers.

That is no mistake of the configuration: it comes with time. Clients of such an issuer
get *tryLater*, and the other issuers are answered as before, also after a start.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ocsp.asn1.times import timestamp
from ocsp.errors import ConfigurationProblem
from ocsp.responder import Authority, CannedAnswer, CannedAuthority
from ocsp.responder.requests.issuers import AnyAuthority
from ocsp.service.building import BuiltService
from ocsp.service.configuration.model import IssuerSettings

__all__ = ["ended_issuers", "ending_soon"]

ADVICE = "copy the next responses of the CA there, and send SIGHUP to the responder"


def ended_issuers(
    service: BuiltService, now: datetime.datetime
) -> list[ConfigurationProblem]:
    """
    Return for which issuers clients get *tryLater*, because of the time.

    Args:
        service: The responder.

        now: The current time, aware.
    """
    return [
        problem
        for number, (authority, settings) in enumerate(service.issuers)
        for problem in _ended(authority, settings, number, now)
    ]


def _ended(
    authority: AnyAuthority,
    settings: IssuerSettings,
    number: int,
    now: datetime.datetime,
) -> Iterator[ConfigurationProblem]:
    if isinstance(authority, Authority) and authority.signer_at(now) is None:
        names = ", ".join(str(each.certificate) for each in settings.signers)
        reason = (
            f"no certificate of a signer is valid now ({names}); clients get tryLater:"
            " add a signer"
        )
        yield ConfigurationProblem(("issuer", number, "signers"), reason)
    if isinstance(authority, CannedAuthority):
        for answer in authority.ended(now):
            reason = (
                f"{answer.file} ended at {timestamp(answer.next_update)}; clients that"
                f" ask about its certificates get tryLater: {ADVICE}"
            )
            yield ConfigurationProblem(("issuer", number, "signed"), reason)


def ending_soon(service: BuiltService, now: datetime.datetime) -> list[str]:
    """
    Return which answers of offline CAs end within the alarm, as sentences.

    Args:
        service: The responder.

        now: The current time, aware.
    """
    alarm = service.configuration.signing.alarm
    return [
        f"{answer.file} ends at {timestamp(answer.next_update)}, and no other response"
        f" is about its certificates: {ADVICE}"
        for authority in service.elsewhere
        if isinstance(authority, CannedAuthority)
        for answer in _ending(authority, now, alarm)
    ]


def _ending(
    authority: CannedAuthority, now: datetime.datetime, alarm: datetime.timedelta
) -> list[CannedAnswer]:
    ended = authority.ended(now)
    return [each for each in authority.ended(now, alarm) if each not in ended]
