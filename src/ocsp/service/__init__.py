"""Run a responder as a service: its configuration, its processes, its log."""

from __future__ import annotations

from ocsp.errors import MissingExtraError

try:
    from ocsp.service.building import (
        BuiltService,
        build_degraded,
        build_service,
        check_signers,
        why_database_is_away,
    )
    from ocsp.service.configuration import (
        Configuration,
        ConfigurationFile,
        configuration_of,
        configuration_schema,
        read_configuration,
    )
    from ocsp.service.processes.one_process import serve_in_thread
    from ocsp.service.processes.serving import serve
    from ocsp.service.secret_files import exposed_secrets
    from ocsp.service.sources import why_not_writable, why_unavailable
    from ocsp.service.time.ends import ended_issuers, ending_soon
except ModuleNotFoundError as error:
    if error.name not in {"httptools", "pydantic"}:
        raise
    raise MissingExtraError("a responder as a service", "server") from error

__all__ = [
    "BuiltService",
    "Configuration",
    "ConfigurationFile",
    "build_degraded",
    "build_service",
    "check_signers",
    "configuration_of",
    "configuration_schema",
    "ended_issuers",
    "ending_soon",
    "exposed_secrets",
    "read_configuration",
    "serve",
    "serve_in_thread",
    "why_database_is_away",
    "why_not_writable",
    "why_unavailable",
]
