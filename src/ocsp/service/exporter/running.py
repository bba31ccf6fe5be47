"""Read the configuration of an exporter, and run it until a signal stops it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ocsp.admin import serve as serve_admin
from ocsp.errors import ConfigurationError
from ocsp.server.runner import run_loop
from ocsp.service.admin_token import read_token
from ocsp.service.configuration.toml_file import located, read_toml, validated
from ocsp.service.exporter.application import exporter_application
from ocsp.service.exporter.model import ExporterConfiguration
from ocsp.service.exporter.rounds import Rounds
from ocsp.service.exporter.targets import Target, load_targets
from ocsp.service.listeners import open_admin_socket
from ocsp.service.logs import configure_logging
from ocsp.service.problems import Problems
from ocsp.service.processes.serving import stop_at_signals

__all__ = ["ExporterFile", "read_exporter_configuration", "serve_exporter"]


class ExporterFile(NamedTuple):
    """
    A configuration that was read, with everything loaded that it names.

    Attributes:
        configuration: The settings.

        targets: The responders.

        token: What requests must have, or ``None``.
    """

    configuration: ExporterConfiguration
    targets: tuple[Target, ...]
    token: str | None


def read_exporter_configuration(path: Path | str) -> ExporterFile:
    """
    Read the configuration file *path*, and load the certificates that it names.

    Raises:
        MissingExtraError: If the packages of the extra ``admin`` are missing.
        ConfigurationError: If something cannot be used. It lists all problems.
    """
    path = Path(path)
    text, document = read_toml(path)
    context = {"folder": path.parent.absolute()}
    try:
        configuration = validated(ExporterConfiguration, document, context)
        problems = Problems()
        admin = configuration.admin
        token = problems.collect(("admin", "token_file"), lambda: read_token(admin))
        if problems.found:
            raise ConfigurationError("", problems.found)
        targets = load_targets(configuration)
    except ConfigurationError as error:
        raise located(path, text, error.problems) from error
    return ExporterFile(configuration, targets, token)


def serve_exporter(
    file: ExporterFile, announce: Callable[[socket.socket], None]
) -> None:
    """
    Probe and serve until SIGTERM or SIGINT.

    Args:
        file: The configuration.

        announce: Called with the socket when it listens.

    Raises:
        ConfigurationError: If the address cannot be listened on.
        KeyboardInterrupt: After SIGINT.
    """
    run_loop(_serve(file, announce))


async def _serve(file: ExporterFile, announce: Callable[[socket.socket], None]) -> None:
    configuration = file.configuration
    configure_logging(configuration.log, "exporter")
    bound = open_admin_socket(configuration.admin.listen)
    rounds = Rounds(
        file.targets,
        configuration.interval.total_seconds(),
        configuration.concurrency,
    )
    application = exporter_application(
        rounds, token=file.token, allowed_hosts=configuration.admin.allowed_hosts
    )
    stop = asyncio.Event()
    caught = stop_at_signals(stop)
    announce(bound)
    probing = asyncio.create_task(rounds.run(stop))
    try:
        await serve_admin(application, [bound], stop)
    finally:
        stop.set()
        await probing
    if signal.SIGINT in caught:
        raise KeyboardInterrupt
