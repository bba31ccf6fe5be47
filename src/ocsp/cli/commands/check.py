"""
``ocsp check``: check whether certificates are revoked, and show how it was determined.

The module is imported for the help too; what the command does is in
:mod:`ocsp.cli.actions.check`.
"""

from __future__ import annotations

from typing import Annotated

from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.options.group import Changes, takes
from ocsp.cli.options.shared import (
    POLICY,
    SIGNERS,
    ChosenPolicy,
    network_group,
    options_from,
)
from ocsp.cli.parameters import Argument, Option
from ocsp.client.options import Options
from ocsp.client.starttls.protocols import StartTLS

__all__ = ["check"]

HELP = """Check whether certificates are revoked.

Asks the responders that each certificate names, and verifies their answers. The
certification path is verified for a TLS server, but not for a certificate in a file."""

EPILOG = epilog(
    {
        "ocsp check leaf.pem --issuer ca.pem": "check one certificate",
        "ocsp check fullchain.pem --chain": "check every certificate below the root",
        "ocsp check www.example.org": "check the chain and staple of a TLS server",
        "ocsp check mail.example.org --starttls smtp --leaf": (
            "check the certificate of a mail server only"
        ),
        "ocsp check leaf.pem --issuer ca.pem --url http://127.0.0.1:8080 --verbose": (
            "ask another responder, and show each step"
        ),
        "ocsp check *.pem --issuer ca.pem --json | jq '.certificates[].status'": (
            "check many certificates, and print only the status of each"
        ),
    },
    {
        ExitCode.GOOD: "good, or no status is needed",
        ExitCode.REVOKED: "revoked",
        ExitCode.UNKNOWN: "unknown to the responder",
        ExitCode.NOT_VERIFIED: "indeterminate: no responder gave a verified answer",
        ExitCode.INPUT_ERROR: INPUT_ERROR,
    },
)

NETWORK = network_group(Options())


@helped_by(EPILOG, HELP)
@takes(network=NETWORK, policy=POLICY, signers=SIGNERS)
def check(
    sources: Annotated[
        list[str],
        Argument(
            metavar="CERT...",
            help="Files with certificates, or TLS servers as HOST[:PORT] or URL.",
        ),
    ],
    issuer: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Certificates of issuers. Default: found in the file of CERT.",
        ),
    ] = None,
    url: Annotated[
        list[str] | None,
        Option(
            metavar="URL",
            help="Responder URL to use instead of the certificate's; repeatable.",
        ),
    ] = None,
    chain: Annotated[
        bool,
        Option(
            "--chain", help="Check all certificates of a file whose issuer is in it."
        ),
    ] = False,
    leaf: Annotated[
        bool,
        Option(
            "--leaf", help="Check only the certificate of a TLS server, not its chain."
        ),
    ] = False,
    ca: Annotated[
        str | None,
        Option(
            metavar="FILE",
            help="Trusted roots for TLS servers. Default: the system's.",
        ),
    ] = None,
    server_name: Annotated[
        str | None,
        Option(
            "--servername",
            metavar="NAME",
            help="Name of a TLS server. Default: its host name.",
        ),
    ] = None,
    starttls: Annotated[
        StartTLS | None,
        Option(
            metavar="PROTOCOL",
            help=f"How a server starts TLS: {', '.join(p.value for p in StartTLS)}.",
        ),
    ] = None,
    cache: Annotated[
        str | None,
        Option(metavar="FILE", help="Cache verified answers in this file."),
    ] = None,
    soft_fail: Annotated[
        bool,
        Option("--soft-fail", help="Exit with 0 if the status is indeterminate."),
    ] = False,
    verbose: Annotated[
        bool, Option("--verbose", help="Show each step: URL, time, failed rule.")
    ] = False,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
    *,
    policy: ChosenPolicy,
    signers: Changes,
    network: Changes,
) -> int:
    """Check all *sources*, show the outcomes, and return the worst exit code."""
    # The help needs none of these.
    from ocsp.cli.actions.check import run
    from ocsp.cli.input.targets import Wanted
    from ocsp.client.outcome import FailMode

    wanted = Wanted(
        issuer=issuer,
        chain=chain,
        leaf=leaf,
        ca=ca,
        server_name=server_name,
        starttls=starttls,
        options=options_from(Options(), policy, signers, network, NETWORK),
    )
    return run(
        sources,
        wanted,
        url=url,
        cache=cache,
        fail=FailMode.UNSAFE_SOFT if soft_fail else FailMode.HARD,
        verbose=verbose,
        as_json=as_json,
    )
