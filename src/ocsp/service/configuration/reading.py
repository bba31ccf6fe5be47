"""Read the configuration file of a responder, and say on which line it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocsp.errors import ConfigurationError, ConfigurationProblem
from ocsp.service.configuration.model import Configuration
from ocsp.service.configuration.toml_file import located, read_toml, validated

__all__ = ["ConfigurationFile", "configuration_of", "read_configuration"]


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """
    A configuration, and the file that it was read from.

    Attributes:
        configuration: The settings.

        path: The file, or ``None`` if the settings are not from a file.

        text: Its content.
    """

    configuration: Configuration
    path: Path | None = None
    text: str = ""

    def locate(self, error: ConfigurationError) -> ConfigurationError:
        """Return *error* with the lines of this file."""
        if self.path is None:
            return error
        return located(self.path, self.text, error.problems)


def read_configuration(path: Path | str) -> ConfigurationFile:
    """
    Read the configuration file *path*.

    Paths in it are relative to its folder. Not checked: the files that it names.

    Raises:
        ConfigurationError: If the file cannot be read, is not TOML (1.0), has unknown
            keys or wrong values. It lists all problems.
    """
    path = Path(path)
    text, document = read_toml(path, advice="ocsp config init writes one")
    try:
        configuration = configuration_of(document, path.parent)
        _check_edge(configuration, document)
    except ConfigurationError as error:
        raise located(path, text, error.problems) from error
    return ConfigurationFile(configuration, path, text)


def configuration_of(
    document: Mapping[str, Any], folder: Path | str = "."
) -> Configuration:
    """
    Return the configuration with the settings in *document*.

    Args:
        document: The tables of a configuration file.

        folder: The folder to which paths are relative.

    Raises:
        ConfigurationError: If there are unknown keys or wrong values. It lists all
            problems.
    """
    # The role decides which settings an issuer needs.
    context = {"folder": Path(folder).absolute(), "role": document.get("role")}
    return validated(Configuration, document, context)


def _check_edge(configuration: Configuration, document: Mapping[str, Any]) -> None:
    """
    Refuse a database of an edge node; a process gets the default one with the others.

    Raises:
        ConfigurationError: If there is one.
    """
    if configuration.is_edge and "database" in document:
        reason = "is not for an edge node, which has none: take it out"
        raise ConfigurationError("", [ConfigurationProblem(("database",), reason)])
