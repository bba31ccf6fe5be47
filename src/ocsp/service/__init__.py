"""Run a responder as a service: its configuration, its processes, its log."""

from __future__ import annotations

from ocsp.service.configuration import (
    Configuration,
    ConfigurationFile,
    configuration_of,
    read_configuration,
)

__all__ = [
    "Configuration",
    "ConfigurationFile",
    "configuration_of",
    "read_configuration",
]
