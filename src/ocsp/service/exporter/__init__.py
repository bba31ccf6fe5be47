"""Probe responders in the background, and serve the results to Prometheus."""

from __future__ import annotations

from ocsp.errors import MissingExtraError

try:
    from ocsp.service.exporter.model import ExporterConfiguration, TargetSettings
    from ocsp.service.exporter.running import (
        ExporterFile,
        read_exporter_configuration,
        serve_exporter,
    )
except ModuleNotFoundError as error:
    package = str(error.name).partition(".")[0]
    if package not in {"prometheus_client", "starlette", "uvicorn"}:
        raise
    raise MissingExtraError("an exporter", "admin") from error

__all__ = [
    "ExporterConfiguration",
    "ExporterFile",
    "TargetSettings",
    "read_exporter_configuration",
    "serve_exporter",
]
