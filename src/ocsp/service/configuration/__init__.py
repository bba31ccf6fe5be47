"""The configuration of a responder: a TOML file, or the options of ``ocsp serve``."""

from __future__ import annotations

from ocsp.service.configuration.model import Configuration
from ocsp.service.configuration.reading import (
    ConfigurationFile,
    configuration_of,
    read_configuration,
)
from ocsp.service.configuration.schema import configuration_schema

__all__ = [
    "Configuration",
    "ConfigurationFile",
    "configuration_of",
    "configuration_schema",
    "read_configuration",
]
