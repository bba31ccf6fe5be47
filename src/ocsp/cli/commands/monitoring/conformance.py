"""``ocsp conformance``: find out whether a responder keeps to the standards."""

from __future__ import annotations

from typing import Annotated

from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.options.group import Changes, takes
from ocsp.cli.options.shared import POLICY_OF_PROBES, SIGNERS, ChosenPolicy
from ocsp.cli.parameters import Argument, Option

__all__ = ["conformance"]

HELP = """Find out whether a responder does what the standards require.

Sends about a hundred requests: ordinary ones, and odd ones such as malformed requests,
unknown extensions, nonces of all lengths, and every form of a GET. Each check has its
clause, its outcome, and what was seen. Ask the operator of the responder first."""

EPILOG = epilog(
    {
        "ocsp conformance http://ocsp.example.org --issuer ca.pem --cert leaf.pem": (
            "make all checks"
        ),
        "ocsp conformance http://ocsp.example.org --issuer ca.pem --serial 0x1f2e "
        "--only max-age --only cacheable": "make two of them",
        "ocsp conformance http://ocsp.example.org --issuer ca.pem --cert leaf.pem "
        "--json | jq .counts": "write JSON, and print how many checks failed",
    },
    {
        ExitCode.SUCCESS: "no check failed of what must or should be",
        ExitCode.FINDINGS: "a check failed",
        ExitCode.NOT_VERIFIED: "no ordinary request got a verified answer",
        ExitCode.INPUT_ERROR: INPUT_ERROR,
    },
)


@helped_by(EPILOG, HELP)
@takes(policy=POLICY_OF_PROBES, signers=SIGNERS)
def conformance(
    url: Annotated[str, Argument(metavar="URL", help="The responder; http or https.")],
    issuer: Annotated[str, Option(metavar="FILE", help="Certificate of the issuer.")],
    cert: Annotated[
        str | None,
        Option(metavar="FILE", help="A certificate that the responder knows."),
    ] = None,
    serial: Annotated[
        str | None,
        Option(metavar="NUMBER", help="Its serial number, instead of --cert."),
    ] = None,
    only: Annotated[
        list[str] | None,
        Option(metavar="CHECK", help="Make only this check; repeatable."),
    ] = None,
    timeout: Annotated[
        str, Option(metavar="DURATION", help="Time limit for each request.")
    ] = "10s",
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
    *,
    policy: ChosenPolicy,
    signers: Changes,
) -> int:
    """Examine the responder, show the results, and return the exit code."""
    # What asks and draws is imported only when the command runs, and not for its help.
    from ocsp.cli.actions.conformance import Wanted, run

    return run(
        Wanted(
            url=url,
            issuer=issuer,
            cert=cert,
            serial=serial,
            only=only or (),
            timeout=timeout,
            policy=policy.policy,
            signers=signers,
        ),
        as_json=as_json,
    )
