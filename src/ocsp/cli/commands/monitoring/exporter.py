"""
``ocsp exporter``: probe responders in the background, for Prometheus.

The targets come from a file, and not from the requests as with some exporters: each
needs the certificate of an issuer, and no client can make the exporter send requests.
"""

from __future__ import annotations

import socket
from typing import Annotated

import click

from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import note
from ocsp.inspection.vocabulary import count, one_line

__all__ = ["exporter"]

HELP = """Probe responders in the background, and serve the results to Prometheus.

The responders are in a configuration file, with the certificates that they are asked
about. Each is probed as [cyan]ocsp probe[/cyan] does. Runs until Ctrl-C or SIGTERM."""

EPILOG = epilog(
    {
        "ocsp exporter --config exporter.toml": (
            "serve http://127.0.0.1:9081/metrics, or what the file says"
        )
    },
    {
        **COMMON_EXITS,
        ExitCode.SUCCESS: "stopped by SIGTERM",
        ExitCode.INTERRUPTED: "stopped by Ctrl-C",
    },
)


@helped_by(EPILOG, HELP)
def exporter(
    config: Annotated[str, Option(metavar="FILE", help="Configuration file in TOML.")],
) -> None:
    """Read the configuration, and run the exporter."""
    # pydantic is needed only here, and would slow the start of other commands down.
    from ocsp.cli.input.configuration import reported
    from ocsp.server import base_url
    from ocsp.service.exporter import read_exporter_configuration, serve_exporter

    with reported():
        file = read_exporter_configuration(config)
        probes = f"has the probes of {count(len(file.targets), 'target')}"

        def announce(bound: socket.socket) -> None:
            where = bound.getsockname()
            place = f"unix:{where}" if isinstance(where, str) else base_url(bound)
            click.echo(one_line(f"{place}/metrics {probes}"))
            note("[quiet]stop:[/quiet] [command]Ctrl-C[/command]")

        serve_exporter(file, announce)
