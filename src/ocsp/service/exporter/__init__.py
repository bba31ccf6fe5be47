"""Probe responders in the background, and serve the results to Prometheus."""

from __future__ import annotations

from ocsp.service.exporter.model import ExporterConfiguration, TargetSettings
from ocsp.service.exporter.running import (
    ExporterFile,
    read_exporter_configuration,
    serve_exporter,
)

__all__ = [
    "ExporterConfiguration",
    "ExporterFile",
    "TargetSettings",
    "read_exporter_configuration",
    "serve_exporter",
]
