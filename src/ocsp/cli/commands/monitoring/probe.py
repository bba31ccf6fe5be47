"""``ocsp probe``: ask a responder in every way that clients do."""

from __future__ import annotations

from typing import Annotated

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.options.choices import (
    HashChoice,
    MethodChoice,
    ProfileName,
    StatusChoice,
)
from ocsp.cli.options.group import Changes, takes
from ocsp.cli.options.shared import POLICY_OF_PROBES, SIGNERS, ChosenPolicy
from ocsp.cli.parameters import Argument, Option

__all__ = ["probe"]

HELP = """Ask a responder in every way that clients do, and report its answers.

Asks by GET and POST, with and without a nonce, with SHA-1 and SHA-256 CertIDs. Each
answer is verified. Shows for how long it is valid, how long it took, and where it and
its HTTP headers deviate from the standards."""

EPILOG = epilog(
    {
        "ocsp probe http://ocsp.example.org --issuer ca.pem --cert leaf.pem": (
            "ask in eight ways"
        ),
        "ocsp probe http://ocsp.example.org --issuer ca.pem --serial 0x1f2e "
        "--method get --hash sha256 --without-nonce --nagios "
        "--warn-remaining 12h --crit-remaining 1h --warn-latency 1s": (
            "a plugin for Nagios, Icinga and others"
        ),
        "ocsp probe http://ocsp.example.org --issuer ca.pem --cert leaf.pem "
        "--prometheus": "metrics for the textfile collector of Prometheus",
    },
    {
        ExitCode.SUCCESS: "every answer is verified, and within the thresholds",
        ExitCode.PROBLEM: "a threshold is reached, or an answer is not verified",
        ExitCode.NOT_VERIFIED: "no answer is verified",
        ExitCode.INPUT_ERROR: INPUT_ERROR,
    },
)


@helped_by(EPILOG, HELP)
@takes(policy=POLICY_OF_PROBES, signers=SIGNERS)
def probe(
    url: Annotated[str, Argument(metavar="URL", help="The responder; http or https.")],
    issuer: Annotated[str, Option(metavar="FILE", help="Certificate of the issuer.")],
    cert: Annotated[str | None, Option(metavar="FILE", help="The certificate.")] = None,
    serial: Annotated[
        str | None,
        Option(metavar="NUMBER", help="Its serial number, instead of --cert."),
    ] = None,
    method: Annotated[
        list[MethodChoice] | None,
        Option(metavar="get|post", help="Ask only by this method."),
    ] = None,
    hash_name: Annotated[
        list[HashChoice] | None,
        Option(
            "--hash", metavar="sha1|sha256", help="Ask only with this hash algorithm."
        ),
    ] = None,
    without_nonce: Annotated[
        bool, Option("--without-nonce", help="Ask only without a nonce.")
    ] = False,
    expect: Annotated[
        StatusChoice | None,
        Option(metavar="good|revoked|unknown", help="The right status. Default: any."),
    ] = None,
    warn_remaining: Annotated[
        str | None,
        Option(metavar="DURATION", help="WARNING if an answer is valid for less time."),
    ] = None,
    crit_remaining: Annotated[
        str | None,
        Option(
            metavar="DURATION", help="CRITICAL if an answer is valid for less time."
        ),
    ] = None,
    warn_latency: Annotated[
        str | None,
        Option(metavar="DURATION", help="WARNING if an answer takes longer."),
    ] = None,
    crit_latency: Annotated[
        str | None,
        Option(metavar="DURATION", help="CRITICAL if an answer takes longer."),
    ] = None,
    standards: Annotated[
        ProfileName,
        Option(
            "--profile",
            metavar="rfc6960|rfc9919|webpki",
            help="Standards for the findings.",
        ),
    ] = ProfileName.RFC6960,
    timeout: Annotated[
        str, Option(metavar="DURATION", help="Time limit for each answer.")
    ] = "10s",
    proxy: Annotated[
        str,
        Option(
            metavar="PROXY",
            help="The HTTP proxy: environment, none or http://HOST:PORT.",
        ),
    ] = "environment",
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
    as_prometheus: Annotated[
        bool, Option("--prometheus", help="Write the text format of Prometheus.")
    ] = False,
    as_nagios: Annotated[
        bool,
        Option(
            "--nagios",
            help="Write a line and exit as monitoring plugins do: 0 OK, 1 WARNING,"
            " 2 CRITICAL, 3 UNKNOWN.",
        ),
    ] = False,
    *,
    policy: ChosenPolicy,
    signers: Changes,
) -> int:
    """Probe the responder, show the answers, and return the exit code."""
    # What asks and draws is imported only when the command runs, and not for its help.
    from ocsp.cli.actions.probe import Form, Limits, Wanted, run

    forms = {Form.JSON: as_json, Form.PROMETHEUS: as_prometheus, Form.NAGIOS: as_nagios}
    chosen = [form for form, wanted in forms.items() if wanted]
    if len(chosen) > 1:
        raise CommandError("ocsp probe", "give one of --json, --prometheus, --nagios")
    return run(
        Wanted(
            url=url,
            issuer=issuer,
            cert=cert,
            serial=serial,
            methods=[each.name for each in method or MethodChoice],
            hash_names=[each.name for each in hash_name or HashChoice],
            nonces=[False] if without_nonce else [False, True],
            policy=policy.policy,
            signers=signers,
            profile=standards.name,
            timeout=timeout,
            proxy=proxy,
        ),
        Limits(
            warn_remaining=warn_remaining,
            crit_remaining=crit_remaining,
            warn_latency=warn_latency,
            crit_latency=crit_latency,
            expect=None if expect is None else expect.name,
        ),
        next(iter(chosen), Form.TABLE),
    )
